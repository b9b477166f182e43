//! FilterLogEvents: across streams in order of time. A token holds the place in each stream; without one it is the end.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::pattern::Pattern;
use super::source::{Stream, group_of, streams_of};
use super::stream_file::Event;
use super::{EVENT_OVERHEAD, PAGE_BYTES, PAGE_EVENTS, invalid, limit};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{field, page};

/// The most stream names of one request.
const MAX_NAMES: usize = 100;

/// Events looked at in one call: a rare term in a long log is found over several pages, as at AWS.
const SCAN_EVENTS: usize = 200_000;

/// Events read from a file at once.
const CHUNK: usize = 1000;

/// One stream's part of the merge.
struct Source {
    stream: Stream,
    next: u64,
    end: u64,
    buffer: VecDeque<Event>,
}

impl Source {
    /// The next event, without taking it.
    fn peek(&mut self, services: &Services) -> Result<Option<&Event>, ApiError> {
        if self.buffer.is_empty() && self.next < self.end {
            let read = self.stream.read(services, self.next, CHUNK, PAGE_BYTES)?;
            self.buffer = read.into_iter().filter(|event| event.index < self.end).collect();
            if self.buffer.is_empty() {
                self.end = self.next;
            }
        }
        Ok(self.buffer.front())
    }

    fn take(&mut self) -> Option<Event> {
        let event = self.buffer.pop_front()?;
        self.next = event.index + 1;
        Some(event)
    }
}

pub(super) fn filter_log_events(services: &Services, input: &Value) -> ApiResult {
    let limit = limit(input, "limit", PAGE_EVENTS)?;
    let pattern = Pattern::parse(field::text(input, "filterPattern").unwrap_or_default())?;
    let names = field::list(input, "logStreamNames");
    let prefix = field::text(input, "logStreamNamePrefix");
    if !names.is_empty() && prefix.is_some() {
        return Err(invalid("Specify either logStreamNames or logStreamNamePrefix, not both."));
    }
    if names.len() > MAX_NAMES {
        return Err(invalid(format!("At most {MAX_NAMES} logStreamNames may be given.")));
    }
    let mut streams = streams_of(services, group_of(services, input)?, prefix.unwrap_or_default())?;
    if !names.is_empty() {
        streams.retain(|stream| names.iter().any(|name| name.as_str() == Some(&stream.name)));
    }
    let places: BTreeMap<String, u64> = match field::text(input, "nextToken") {
        Some(token) => page::decode(token).ok_or_else(|| invalid("The specified nextToken is invalid."))?,
        None => BTreeMap::new(),
    };
    let (start, end) = (field::integer(input, "startTime"), field::integer(input, "endTime"));
    let mut sources = Vec::new();
    for stream in streams {
        // Whole streams outside of the asked time need no look inside.
        if start.is_some_and(|start| stream.last_event_ms.is_none_or(|last| last < start))
            || end.is_some_and(|end| stream.first_event_ms.is_none_or(|first| first > end))
        {
            continue;
        }
        let from = stream.first_at(services, start.unwrap_or_default())?;
        // Unlike GetLogEvents, FilterLogEvents includes events at `endTime`.
        let to = end.map_or(Ok(stream.event_count), |end| stream.first_at(services, end.saturating_add(1)))?;
        let next = places.get(&stream.name).copied().unwrap_or(from).max(from);
        sources.push(Source { stream, next, end: to, buffer: VecDeque::new() });
    }

    let mut found = Vec::new();
    let mut bytes = 0;
    for _ in 0..SCAN_EVENTS {
        let Some(source) = earliest(services, &mut sources)? else { break };
        let stream = source.stream.name.clone();
        let Some(event) = source.peek(services)? else { break };
        if pattern.matches(&event.message) {
            let size = event.message.len() + EVENT_OVERHEAD;
            if found.len() == limit || (bytes + size > PAGE_BYTES && !found.is_empty()) {
                break;
            }
            bytes += size;
            found.push(answer(&stream, event));
        }
        source.take();
    }
    let more = earliest(services, &mut sources)?.is_some();
    let next = more.then(|| {
        let places: BTreeMap<&str, u64> =
            sources.iter().map(|source| (source.stream.name.as_str(), source.next)).collect();
        Value::from(page::encode(&places))
    });
    Ok(field::object([("events", Some(found.into())), ("searchedLogStreams", Some(json!([]))), ("nextToken", next)]))
}

fn earliest<'a>(services: &Services, sources: &'a mut [Source]) -> Result<Option<&'a mut Source>, ApiError> {
    let mut first = None;
    for (index, source) in sources.iter_mut().enumerate() {
        if let Some(at_ms) = source.peek(services)?.map(|event| event.at_ms)
            && first.is_none_or(|(earliest, _)| at_ms < earliest)
        {
            first = Some((at_ms, index));
        }
    }
    Ok(first.and_then(|(_, index)| sources.get_mut(index)))
}

fn answer(stream: &str, event: &Event) -> Value {
    // 56 digits that order by time, then stream, then place: AWS's event ids have that length.
    let digest = Sha256::digest(stream);
    let stream_number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    json!({
        "logStreamName": stream,
        "timestamp": event.at_ms,
        "message": event.message,
        "ingestionTime": event.ingested_at_ms,
        "eventId": format!("{:020}{stream_number:020}{:016}", event.at_ms, event.index),
    })
}
