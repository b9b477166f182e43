//! CloudWatch Logs over the jobs' log files: one group, one stream per host and attempt. Times are epoch milliseconds.
//!
//! The group exists from the first stream on, as at AWS: asking before is `ResourceNotFoundException`, which the SDKs
//! expect.

mod events;
mod filter;
mod pattern;
mod streams;

use serde_json::Value;

use crate::field;
use crate::job::LogStream;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

/// The only group there is.
const GROUP: &str = "/aws/sagemaker/TrainingJobs";

/// The most that one answer holds, counted as CloudWatch Logs counts: message bytes and 26 per event.
const PAGE_EVENTS: usize = 10_000;
const PAGE_BYTES: usize = 1 << 20;
const EVENT_OVERHEAD: usize = 26;

/// `None` when this service has no such operation.
pub(crate) fn call(services: &Services, operation: &str, input: &Value) -> Option<ApiResult> {
    Some(match operation {
        "DescribeLogGroups" => streams::describe_log_groups(services, input),
        "DescribeLogStreams" => streams::describe_log_streams(services, input),
        "GetLogEvents" => events::get_log_events(services, input),
        "FilterLogEvents" => filter::filter_log_events(services, input),
        _ => return None,
    })
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}

/// Checks `logGroupName` (or `logGroupIdentifier`: name or ARN) and answers the streams whose names begin so.
fn streams_of(services: &Services, input: &Value, prefix: &str) -> Result<Vec<LogStream>, ApiError> {
    let missing = || ApiError::client("ResourceNotFoundException", "The specified log group does not exist.");
    let group = match (field::text(input, "logGroupName"), field::text(input, "logGroupIdentifier")) {
        (Some(_), Some(_)) => return Err(invalid("Specify either logGroupName or logGroupIdentifier, not both.")),
        (Some(name), None) => name,
        (None, Some(identifier)) => {
            identifier.split_once(":log-group:").map_or(identifier, |(_, name)| name.trim_end_matches(":*"))
        }
        (None, None) => {
            return Err(invalid(
                "1 validation error detected: Value null at 'logGroupName' failed to satisfy constraint: Member must not be null",
            ));
        }
    };
    if group != GROUP || !any_stream(services) {
        return Err(missing());
    }
    Ok(matching_streams(services, prefix))
}

fn any_stream(services: &Services) -> bool {
    services.jobs.names().iter().any(|name| !services.jobs.log_streams(name).is_empty())
}

/// In order of name. A stream's name begins with its job's, so a prefix that holds a slash means one job.
fn matching_streams(services: &Services, prefix: &str) -> Vec<LogStream> {
    let jobs = match prefix.split_once('/') {
        Some((job, _)) => services.jobs.get(job).map(|job| job.name).into_iter().collect(),
        None => services.jobs.names().into_iter().filter(|name| name.starts_with(prefix)).collect::<Vec<_>>(),
    };
    let mut streams: Vec<LogStream> = jobs
        .iter()
        .flat_map(|job| services.jobs.log_streams(job))
        .filter(|stream| stream.name.starts_with(prefix))
        .collect();
    streams.sort_by(|left, right| left.name.cmp(&right.name));
    streams
}

/// A page size within `1..=most`; absent is the most.
fn limit(input: &Value, name: &str, most: usize) -> Result<usize, ApiError> {
    match field::integer(input, name) {
        None => Ok(most),
        Some(limit) => usize::try_from(limit).ok().filter(|limit| (1..=most).contains(limit)).ok_or_else(|| {
            invalid(format!(
                "1 validation error detected: Value '{limit}' at '{name}' failed to satisfy constraint: Member must have value \
                 from 1 to {most}"
            ))
        }),
    }
}
