//! GetLogEvents: one stream, forwards or backwards.
//!
//! A token names a place between two events: `f/N` reads from event N on, `b/N` the events before N. Both are always
//! answered; the end of a stream is where the token comes back unchanged, and a running job's stream goes on from there.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::streams::stream;
use super::{EVENT_OVERHEAD, PAGE_BYTES, PAGE_EVENTS, invalid, limit};
use crate::field;
use crate::job::{JobHost, LogEvent};
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
    let stream = stream(services, input)?;
    let jobs = &services.jobs;
    // `startTime` is inclusive, `endTime` exclusive.
    let time = |name: &str| field::integer(input, name);
    let total = stream.event_count;
    let from = time("startTime").map_or(0, |start| first_at(jobs, &stream.name, total, start));
    let to = time("endTime").map_or(total, |end| first_at(jobs, &stream.name, total, end)).max(from);

    let from_head = field::boolean(input, "startFromHead").unwrap_or(false);
    let token = match field::text(input, "nextToken") {
        Some(token) => Token::parse(token)?,
        None if from_head => Token::Forward(from),
        None => Token::Backward(to),
    };
    let (events, before, after) = match token {
        Token::Forward(place) => {
            let events = forward(jobs, &stream.name, place.max(from), to, limit);
            let place = place.max(from);
            let after = events.last().map_or(place, |event| event.index + 1);
            (events, place, after)
        }
        Token::Backward(place) => {
            let place = place.min(to);
            let events = backward(jobs, &stream.name, from, place, limit);
            let before = events.first().map_or(place, |event| event.index);
            (events, before, place)
        }
    };
    let events: Value = events
        .iter()
        .map(|event| json!({ "timestamp": event.at_ms, "message": event.message, "ingestionTime": event.at_ms }))
        .collect();
    Ok(json!({
        "events": events,
        "nextForwardToken": format!("f/{after:056}"),
        "nextBackwardToken": format!("b/{before:056}"),
    }))
}

/// Events `from..to`, at most `limit` of them and a page's bytes.
pub(super) fn forward(jobs: &JobHost, stream: &str, from: u64, to: u64, limit: usize) -> Vec<LogEvent> {
    let mut events = Vec::new();
    let (mut next, mut bytes) = (from, 0);
    while next < to && events.len() < limit {
        let read = jobs.log_read(stream, next, limit - events.len(), PAGE_BYTES);
        if read.events.is_empty() {
            break;
        }
        next = read.next;
        for event in read.events {
            bytes += event.message.len() + EVENT_OVERHEAD;
            if event.index >= to || (bytes > PAGE_BYTES && !events.is_empty()) {
                return events;
            }
            events.push(event);
        }
    }
    events
}

/// The last events of `from..to`, at most `limit` of them and a page's bytes, in order.
fn backward(jobs: &JobHost, stream: &str, from: u64, to: u64, limit: usize) -> Vec<LogEvent> {
    let mut events: VecDeque<LogEvent> = VecDeque::new();
    let (mut end, mut bytes) = (to, 0);
    while end > from && events.len() < limit {
        let start = end.saturating_sub(CHUNK.min((limit - events.len()) as u64)).max(from);
        let mut chunk = Vec::new();
        let mut next = start;
        while next < end {
            let read = jobs.log_read(stream, next, usize::try_from(end - next).unwrap_or(usize::MAX), PAGE_BYTES);
            if read.events.is_empty() {
                break;
            }
            next = read.next;
            chunk.extend(read.events);
        }
        for event in chunk.into_iter().rev() {
            bytes += event.message.len() + EVENT_OVERHEAD;
            if bytes > PAGE_BYTES && !events.is_empty() {
                return events.into();
            }
            events.push_front(event);
        }
        end = start;
    }
    events.into()
}

/// Index of the first event at that time or later. Events of a stream are in order of time.
pub(super) fn first_at(jobs: &JobHost, stream: &str, total: u64, at_ms: i64) -> u64 {
    let (mut low, mut high) = (0, total);
    while low < high {
        let middle = low + (high - low) / 2;
        let earlier =
            jobs.log_read(stream, middle, 1, PAGE_BYTES).events.first().is_some_and(|event| event.at_ms < at_ms);
        if earlier {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
