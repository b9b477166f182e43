//! One view of both kinds of streams: the jobs' (in the group that SageMaker writes to) and those that clients made.

use serde_json::Value;

use super::store::{SharedStream, lock};
use super::stream_file::Event;
use super::{GROUP, PAGE_BYTES, invalid, missing_member};
use crate::services::Services;
use crate::wire::ApiError;
use crate::{clock, field};

const DAY_MS: i64 = 24 * 3600 * 1000;

/// A stream as it was when it was looked for.
pub(super) struct Stream {
    pub name: String,
    pub created_at_ms: i64,
    pub first_event_ms: Option<i64>,
    pub last_event_ms: Option<i64>,
    pub last_ingestion_ms: Option<i64>,
    pub event_count: u64,
    /// What clients made; a job's stream otherwise.
    pub put: Option<SharedStream>,
    /// The group's retention: earlier events are not answered.
    kept_from_ms: i64,
}

impl Stream {
    /// Events from number `from` on, until `max_events` or `max_bytes` of text are reached; at least one.
    pub(super) fn read(
        &self,
        services: &Services,
        from: u64,
        max_events: usize,
        max_bytes: usize,
    ) -> Result<Vec<Event>, ApiError> {
        if let Some(put) = &self.put {
            return lock(put).read(from, max_events, max_bytes).map_err(ApiError::internal);
        }
        let read = services.jobs.log_read(&self.name, from, max_events, max_bytes);
        let events = read.events.into_iter().map(|event| Event {
            index: event.index,
            at_ms: event.at_ms,
            ingested_at_ms: event.at_ms,
            message: event.message,
        });
        Ok(events.collect())
    }

    /// Index of the first event at that time or later, and within the retention.
    pub(super) fn first_at(&self, services: &Services, at_ms: i64) -> Result<u64, ApiError> {
        let at_ms = at_ms.max(self.kept_from_ms);
        if let Some(put) = &self.put {
            return lock(put).earlier_than(at_ms).map_err(ApiError::internal);
        }
        // Events of a job's stream are in order of time.
        let (mut low, mut high) = (0, self.event_count);
        while low < high {
            let middle = low + (high - low) / 2;
            let read = services.jobs.log_read(&self.name, middle, 1, PAGE_BYTES);
            if read.events.first().is_some_and(|event| event.at_ms < at_ms) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}

/// The group that a request means, by `logGroupName` or by `logGroupIdentifier` (name or ARN).
pub(super) fn group_of<'a>(services: &Services, input: &'a Value) -> Result<&'a str, ApiError> {
    let group = match (field::text(input, "logGroupName"), field::text(input, "logGroupIdentifier")) {
        (Some(_), Some(_)) => return Err(invalid("Specify either logGroupName or logGroupIdentifier, not both.")),
        (Some(name), None) => name,
        (None, Some(identifier)) => {
            let fits = |char: char| char.is_ascii_alphanumeric() || "_#+=/:,.@-".contains(char);
            if !identifier.chars().all(fits) {
                return Err(invalid(
                    "1 validation error detected: Value at 'logGroupIdentifier' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w#+=/:,.@-]*",
                ));
            }
            identifier.split_once(":log-group:").map_or(identifier, |(_, name)| name)
        }
        (None, None) => return Err(missing_member("logGroupName")),
    };
    if exists(services, group) { Ok(group) } else { Err(no_group()) }
}

pub(super) fn exists(services: &Services, group: &str) -> bool {
    services.logs.group(group).is_some() || (group == GROUP && any_job_stream(services))
}

pub(super) fn no_group() -> ApiError {
    ApiError::client("ResourceNotFoundException", "The specified log group does not exist.")
}

/// The jobs' group exists from the first stream on, as at AWS.
pub(super) fn any_job_stream(services: &Services) -> bool {
    services.jobs.names().iter().any(|name| !services.jobs.log_streams(name).is_empty())
}

/// The streams of a group whose names begin so, in order of name.
pub(super) fn streams_of(services: &Services, group: &str, prefix: &str) -> Result<Vec<Stream>, ApiError> {
    let retention_days = services.logs.group(group).and_then(|head| head.retention_days);
    let kept_from_ms = retention_days.map_or(0, |days| clock::now_ms() - days * DAY_MS);
    let mut streams = Vec::new();
    for put in services.logs.streams(group, prefix) {
        let mut file = lock(&put);
        let extent = file.extent().map_err(ApiError::internal)?;
        streams.push(Stream {
            name: file.name.clone(),
            created_at_ms: file.created_at_ms,
            first_event_ms: extent.first_event_ms,
            last_event_ms: extent.last_event_ms,
            last_ingestion_ms: extent.last_ingestion_ms,
            event_count: extent.event_count,
            kept_from_ms,
            put: Some(SharedStream::clone(&put)),
        });
    }
    if group == GROUP {
        streams.extend(job_streams(services, prefix, kept_from_ms));
        streams.sort_by(|left, right| left.name.cmp(&right.name));
    }
    Ok(streams)
}

/// A job's stream's name begins with its job's, so a prefix that holds a slash means one job.
fn job_streams(services: &Services, prefix: &str, kept_from_ms: i64) -> Vec<Stream> {
    let jobs = match prefix.split_once('/') {
        Some((job, _)) => services.jobs.get(job).map(|job| job.name).into_iter().collect(),
        None => services.jobs.names().into_iter().filter(|name| name.starts_with(prefix)).collect::<Vec<_>>(),
    };
    jobs.iter()
        .flat_map(|job| services.jobs.log_streams(job))
        .filter(|stream| stream.name.starts_with(prefix))
        .map(|stream| Stream {
            name: stream.name,
            created_at_ms: stream.created_at_ms,
            first_event_ms: stream.first_event_ms,
            last_event_ms: stream.last_event_ms,
            last_ingestion_ms: stream.last_event_ms,
            event_count: stream.event_count,
            put: None,
            kept_from_ms,
        })
        .collect()
}

/// The stream of exactly the name that a request says, and its group.
pub(super) fn stream_of<'a>(services: &Services, input: &'a Value) -> Result<(&'a str, Stream), ApiError> {
    let group = group_of(services, input)?;
    let name = field::text(input, "logStreamName").ok_or_else(|| missing_member("logStreamName"))?;
    let stream = streams_of(services, group, name)?.into_iter().find(|stream| stream.name == name);
    stream
        .map(|stream| (group, stream))
        .ok_or_else(|| ApiError::client("ResourceNotFoundException", "The specified log stream does not exist."))
}
