//! FilterLogEvents: across streams in order of time. A token holds the place in each stream; without one it is the end.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::events::first_at;
use super::pattern::Pattern;
use super::{EVENT_OVERHEAD, PAGE_BYTES, PAGE_EVENTS, invalid, limit, streams_of};
use crate::job::{JobHost, LogEvent};
use crate::services::Services;
use crate::wire::ApiResult;
use crate::{field, page};

/// The most stream names of one request.
const MAX_NAMES: usize = 100;

/// Events looked at in one call: a rare term in a long log is found over several pages, as at AWS.
const SCAN_EVENTS: usize = 200_000;

/// Events read from a file at once.
const CHUNK: usize = 1000;

/// One stream's part of the merge.
struct Source {
    stream: String,
    next: u64,
    end: u64,
    buffer: VecDeque<LogEvent>,
}

impl Source {
    /// The next event, without taking it.
    fn peek(&mut self, jobs: &JobHost) -> Option<&LogEvent> {
        if self.buffer.is_empty() && self.next < self.end {
            let read = jobs.log_read(&self.stream, self.next, CHUNK, PAGE_BYTES);
            self.buffer = read.events.into_iter().filter(|event| event.index < self.end).collect();
            if self.buffer.is_empty() {
                self.end = self.next;
            }
        }
        self.buffer.front()
    }

    fn take(&mut self) -> Option<LogEvent> {
        let event = self.buffer.pop_front()?;
        self.next = event.index + 1;
        Some(event)
    }
}

pub(super) fn filter_log_events(services: &Services, input: &Value) -> ApiResult {
    let jobs = &services.jobs;
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
    let mut streams = streams_of(services, input, prefix.unwrap_or_default())?;
    if !names.is_empty() {
        streams.retain(|stream| names.iter().any(|name| name.as_str() == Some(&stream.name)));
    }
    let places: BTreeMap<String, u64> = match field::text(input, "nextToken") {
        Some(token) => page::decode(token).ok_or_else(|| invalid("The specified nextToken is invalid."))?,
        None => BTreeMap::new(),
    };
    let (start, end) = (field::integer(input, "startTime"), field::integer(input, "endTime"));
    let mut sources: Vec<Source> = streams
        .into_iter()
        // Whole streams outside of the asked time need no look inside.
        .filter(|stream| start.is_none_or(|start| stream.last_event_ms.is_some_and(|last| last >= start)))
        .filter(|stream| end.is_none_or(|end| stream.first_event_ms.is_some_and(|first| first <= end)))
        .map(|stream| {
            let total = stream.event_count;
            let from = start.map_or(0, |start| first_at(jobs, &stream.name, total, start));
            // Unlike GetLogEvents, FilterLogEvents includes events at `endTime`.
            let to = end.map_or(total, |end| first_at(jobs, &stream.name, total, end.saturating_add(1)));
            let next = places.get(&stream.name).copied().unwrap_or(from).max(from);
            Source { stream: stream.name, next, end: to, buffer: VecDeque::new() }
        })
        .collect();

    let mut found = Vec::new();
    let mut bytes = 0;
    for _ in 0..SCAN_EVENTS {
        let Some(source) = earliest(jobs, &mut sources) else {
            break;
        };
        let stream = source.stream.clone();
        let Some(event) = source.peek(jobs) else { break };
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
    let more = sources.iter_mut().any(|source| source.peek(jobs).is_some());
    let next = more.then(|| {
        let places: BTreeMap<&str, u64> = sources.iter().map(|source| (source.stream.as_str(), source.next)).collect();
        Value::from(page::encode(&places))
    });
    Ok(field::object([("events", Some(found.into())), ("searchedLogStreams", Some(json!([]))), ("nextToken", next)]))
}

fn earliest<'a>(jobs: &JobHost, sources: &'a mut [Source]) -> Option<&'a mut Source> {
    sources
        .iter_mut()
        .filter_map(|source| source.peek(jobs).map(|event| event.at_ms).map(|at| (at, source)))
        .min_by_key(|(at, _)| *at)
        .map(|(_, source)| source)
}

fn answer(stream: &str, event: &LogEvent) -> Value {
    // 56 digits that order by time, then stream, then place: AWS's event ids have that length.
    let digest = Sha256::digest(stream);
    let stream_number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    json!({
        "logStreamName": stream,
        "timestamp": event.at_ms,
        "message": event.message,
        "ingestionTime": event.at_ms,
        "eventId": format!("{:020}{stream_number:020}{:016}", event.at_ms, event.index),
    })
}
