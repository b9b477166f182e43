//! `DescribeLogGroups` and DescribeLogStreams.

use serde_json::{Value, json};

use super::{GROUP, any_stream, invalid, limit, streams_of};
use crate::job::LogStream;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{field, page};

const MOST: usize = 50;

pub(super) fn describe_log_groups(services: &Services, input: &Value) -> ApiResult {
    let prefix = field::text(input, "logGroupNamePrefix").unwrap_or_default();
    let part = field::text(input, "logGroupNamePattern").unwrap_or_default();
    limit(input, "limit", MOST)?;
    let arn = format!("arn:aws:logs:{}:{}:log-group:{GROUP}", services.region, services.account);
    let first = services.jobs.list().iter().map(|job| job.created_at_ms).min().unwrap_or_default();
    let groups = if GROUP.starts_with(prefix) && GROUP.contains(part) && any_stream(services) {
        vec![json!({
            "logGroupName": GROUP, "arn": format!("{arn}:*"), "logGroupArn": arn, "creationTime": first,
            "metricFilterCount": 0, "storedBytes": 0, "logGroupClass": "STANDARD",
        })]
    } else {
        Vec::new()
    };
    Ok(json!({ "logGroups": groups }))
}

/// A `nextToken` is answered only when there is more: SDK v2 asks until there is none, without sending it back.
pub(super) fn describe_log_streams(services: &Services, input: &Value) -> ApiResult {
    let prefix = field::text(input, "logStreamNamePrefix").unwrap_or_default();
    let by_time = match field::text(input, "orderBy") {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") if prefix.is_empty() => true,
        Some("LastEventTime") => return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")),
        Some(_) => return Err(invalid("orderBy must be LogStreamName or LastEventTime.")),
    };
    let descending = field::boolean(input, "descending").unwrap_or(false);
    let limit = limit(input, "limit", MOST)?;
    let key = |stream: &LogStream| {
        (if by_time { stream.last_event_ms.unwrap_or(stream.created_at_ms) } else { 0 }, stream.name.clone())
    };
    let mut streams = streams_of(services, input, prefix)?;
    streams.sort_by_key(key);
    if descending {
        streams.reverse();
    }
    if let Some(token) = field::text(input, "nextToken") {
        let after: (i64, String) = page::decode(token).ok_or_else(|| invalid("The specified nextToken is invalid."))?;
        streams.retain(|stream| if descending { key(stream) < after } else { key(stream) > after });
    }
    let more = streams.len() > limit;
    streams.truncate(limit);
    let next = streams.last().filter(|_| more).map(|stream| Value::from(page::encode(&key(stream))));
    let described: Value = streams.iter().map(|stream| describe(services, stream)).collect();
    Ok(field::object([("logStreams", Some(described)), ("nextToken", next)]))
}

fn describe(services: &Services, stream: &LogStream) -> Value {
    let arn =
        format!("arn:aws:logs:{}:{}:log-group:{GROUP}:log-stream:{}", services.region, services.account, stream.name);
    field::object([
        ("logStreamName", Some(stream.name.clone().into())),
        ("creationTime", Some(stream.created_at_ms.into())),
        ("firstEventTimestamp", stream.first_event_ms.map(Value::from)),
        ("lastEventTimestamp", stream.last_event_ms.map(Value::from)),
        ("lastIngestionTime", stream.last_event_ms.map(Value::from)),
        // Deprecated at AWS, where any value is accepted; SDKs still show it.
        ("uploadSequenceToken", Some(format!("{:056}", stream.event_count).into())),
        ("arn", Some(arn.into())),
        ("storedBytes", Some(0.into())),
    ])
}

/// The stream of that exact name.
pub(super) fn stream(services: &Services, input: &Value) -> Result<LogStream, ApiError> {
    let name = field::text(input, "logStreamName").ok_or_else(|| {
        invalid("1 validation error detected: Value null at 'logStreamName' failed to satisfy constraint: Member must not be null")
    })?;
    streams_of(services, input, name)?
        .into_iter()
        .find(|stream| stream.name == name)
        .ok_or_else(|| ApiError::client("ResourceNotFoundException", "The specified log stream does not exist."))
}
