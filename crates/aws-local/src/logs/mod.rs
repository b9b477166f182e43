//! CloudWatch Logs: the jobs' log files in the group that SageMaker writes to, one stream per host and attempt, and what
//! clients make and put. Times are epoch milliseconds.
//!
//! The jobs' group exists from the first stream on, as at AWS: asking before is `ResourceNotFoundException`, which the
//! SDKs expect. Live Tail is not there because boto3 would call a host of its own for it (`streaming-<host>`), which no
//! single address can answer; nor are Insights queries.

mod events;
mod filter;
mod groups;
mod pattern;
mod put;
mod source;
mod store;
mod stream_file;
mod streams;
mod tags;

pub(crate) use store::LogStore;

use serde_json::Value;

use crate::field;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

/// Where SageMaker puts the logs of all training jobs.
const GROUP: &str = "/aws/sagemaker/TrainingJobs";

/// The most that one answer holds, counted as CloudWatch Logs counts: message bytes and 26 per event.
const PAGE_EVENTS: usize = 10_000;
const PAGE_BYTES: usize = 1 << 20;
const EVENT_OVERHEAD: usize = 26;

/// `None` when this service has no such operation.
pub(crate) fn call(services: &Services, operation: &str, input: &Value) -> Option<ApiResult> {
    Some(match operation {
        "CreateLogGroup" => groups::create_log_group(services, input),
        "DeleteLogGroup" => groups::delete_log_group(services, input),
        "DescribeLogGroups" => groups::describe_log_groups(services, input),
        "PutRetentionPolicy" => groups::put_retention_policy(services, input),
        "DeleteRetentionPolicy" => groups::delete_retention_policy(services, input),
        "TagLogGroup" => tags::tag_log_group(services, input),
        "UntagLogGroup" => tags::untag_log_group(services, input),
        "ListTagsLogGroup" => tags::list_tags_log_group(services, input),
        "TagResource" => tags::tag_resource(services, input),
        "UntagResource" => tags::untag_resource(services, input),
        "ListTagsForResource" => tags::list_tags_for_resource(services, input),
        "CreateLogStream" => streams::create_log_stream(services, input),
        "DeleteLogStream" => streams::delete_log_stream(services, input),
        "DescribeLogStreams" => streams::describe_log_streams(services, input),
        "PutLogEvents" => put::put_log_events(services, input),
        "GetLogEvents" => events::get_log_events(services, input),
        "FilterLogEvents" => filter::filter_log_events(services, input),
        _ => return None,
    })
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}

/// The text of CloudWatch Logs for a value that its model forbids.
fn constraint(value: &str, member: &str, rule: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}"
    ))
}

fn missing_member(member: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    ))
}

/// A text of 1 to `most` characters of which each fits.
fn name<'a>(
    input: &'a Value,
    member: &str,
    most: usize,
    pattern: &str,
    fits: impl Fn(char) -> bool,
) -> Result<&'a str, ApiError> {
    let name = field::text(input, member).ok_or_else(|| missing_member(member))?;
    if name.is_empty() {
        return Err(constraint(name, member, "have length greater than or equal to 1"));
    }
    if name.len() > most {
        // Whole, as CloudWatch answers it; a request's size bounds it.
        return Err(constraint(name, member, &format!("have length less than or equal to {most}")));
    }
    if !name.chars().all(fits) {
        return Err(constraint(name, member, &format!("satisfy regular expression pattern: {pattern}")));
    }
    Ok(name)
}

/// A page size within `1..=most`; absent is the most.
fn limit(input: &Value, name: &str, most: usize) -> Result<usize, ApiError> {
    let Some(limit) = field::integer(input, name) else { return Ok(most) };
    match usize::try_from(limit) {
        Ok(size) if (1..=most).contains(&size) => Ok(size),
        Ok(1..) => Err(constraint(&limit.to_string(), name, &format!("have value less than or equal to {most}"))),
        _ => Err(constraint(&limit.to_string(), name, "have value greater than or equal to 1")),
    }
}
