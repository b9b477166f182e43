//! GetLogEvents: one stream, forwards or backwards.
//!
//! A token names a place between two events: `f/N` reads from event N on, `b/N` the events before N. Both are always
//! answered; the end of a stream is where the token comes back unchanged, and a running job's stream goes on from there.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::source::{Stream, stream_of};
use super::stream_file::Event;
use super::{EVENT_OVERHEAD, PAGE_BYTES, PAGE_EVENTS, invalid, limit};
use crate::field;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

/// Events read from a file at once when going backwards.
const CHUNK: u64 = 512;

enum Token {
    Forward(u64),
    Backward(u64),
}

impl Token {
    fn parse(token: &str) -> Result<Self, ApiError> {
        let place = |digits: &str| digits.parse().map_err(|_| invalid("The specified nextToken is invalid."));
        match token.split_once('/') {
            Some(("f", digits)) => Ok(Self::Forward(place(digits)?)),
            Some(("b", digits)) => Ok(Self::Backward(place(digits)?)),
            _ => Err(invalid("The specified nextToken is invalid.")),
        }
    }
}

pub(super) fn get_log_events(services: &Services, input: &Value) -> ApiResult {
    let limit = limit(input, "limit", PAGE_EVENTS)?;
    let (_, stream) = stream_of(services, input)?;
    // `startTime` is inclusive, `endTime` exclusive.
    let time = |name: &str| field::integer(input, name);
    let total = stream.event_count;
    let from = stream.first_at(services, time("startTime").unwrap_or_default())?;
    let to = time("endTime").map_or(Ok(total), |end| stream.first_at(services, end))?.max(from);

    let from_head = field::boolean(input, "startFromHead").unwrap_or(false);
    let token = match field::text(input, "nextToken") {
        Some(token) => Token::parse(token)?,
        None if from_head => Token::Forward(from),
        None => Token::Backward(to),
    };
    let (events, before, after) = match token {
        Token::Forward(place) => {
            let events = forward(services, &stream, place.max(from), to, limit)?;
            let place = place.max(from);
            let after = events.last().map_or(place, |event| event.index + 1);
            (events, place, after)
        }
        Token::Backward(place) => {
            let place = place.min(to);
            let events = backward(services, &stream, from, place, limit)?;
            let before = events.first().map_or(place, |event| event.index);
            (events, before, place)
        }
    };
    let events: Value = events
        .iter()
        .map(|event| json!({ "timestamp": event.at_ms, "message": event.message, "ingestionTime": event.ingested_at_ms }))
        .collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": format!("f/{after:056}"),
        "nextBackwardToken": format!("b/{before:056}"),
    }))
}

/// Events `from..to`, at most `limit` of them and a page's bytes.
fn forward(services: &Services, stream: &Stream, from: u64, to: u64, limit: usize) -> Result<Vec<Event>, ApiError> {
    let mut events: Vec<Event> = Vec::new();
    let (mut next, mut bytes) = (from, 0);
    while next < to && events.len() < limit {
        let read = stream.read(services, next, limit - events.len(), PAGE_BYTES)?;
        let Some(last) = read.last() else { break };
        next = last.index + 1;
        for event in read {
            bytes += event.message.len() + EVENT_OVERHEAD;
            if event.index >= to || (bytes > PAGE_BYTES && !events.is_empty()) {
                return Ok(events);
            }
            events.push(event);
        }
    }
    Ok(events)
}

/// The last events of `from..to`, at most `limit` of them and a page's bytes, in order.
fn backward(services: &Services, stream: &Stream, from: u64, to: u64, limit: usize) -> Result<Vec<Event>, ApiError> {
    let mut events: VecDeque<Event> = VecDeque::new();
    let (mut end, mut bytes) = (to, 0);
    while end > from && events.len() < limit {
        let start = end.saturating_sub(CHUNK.min((limit - events.len()) as u64)).max(from);
        let mut chunk: Vec<Event> = Vec::new();
        let mut next = start;
        while next < end {
            let read = stream.read(services, next, usize::try_from(end - next).unwrap_or(usize::MAX), PAGE_BYTES)?;
            let Some(last) = read.last() else { break };
            next = last.index + 1;
            chunk.extend(read);
        }
        for event in chunk.into_iter().rev() {
            bytes += event.message.len() + EVENT_OVERHEAD;
            if bytes > PAGE_BYTES && !events.is_empty() {
                return Ok(events.into());
            }
            events.push_front(event);
        }
        end = start;
    }
    Ok(events.into())
}
