//! Log streams: create, delete, describe.

use serde_json::{Value, json};

use super::groups::head_ensure;
use super::source::{Stream, group_of, stream_of, streams_of};
use super::{constraint, invalid, limit, name};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{clock, field, page};

const MOST: usize = 50;
const MAX_NAME: usize = 512;

pub(super) fn create_log_stream(services: &Services, input: &Value) -> ApiResult {
    let group = group_of(services, input)?;
    let name = name(input, "logStreamName", MAX_NAME, "[^:*]*", |char| !matches!(char, ':' | '*'))?;
    let is_known = streams_of(services, group, name)?.iter().any(|stream| stream.name == name);
    head_ensure(services, group)?;
    if is_known || !services.logs.stream_create(group, name, clock::now_ms()).map_err(ApiError::internal)? {
        return Err(ApiError::client("ResourceAlreadyExistsException", "The specified log stream already exists"));
    }
    Ok(json!({}))
}

pub(super) fn delete_log_stream(services: &Services, input: &Value) -> ApiResult {
    let (group, stream) = stream_of(services, input)?;
    if stream.put.is_none() {
        return Err(ApiError::client(
            "OperationAbortedException",
            "The local endpoint keeps the logs of training jobs with the jobs; this stream cannot be deleted.",
        ));
    }
    services.logs.stream_delete(group, &stream.name).map_err(ApiError::internal)?;
    Ok(json!({}))
}

/// A `nextToken` is answered only when there is more: SDK v2 asks until there is none, without sending it back.
pub(super) fn describe_log_streams(services: &Services, input: &Value) -> ApiResult {
    let prefix = field::text(input, "logStreamNamePrefix").unwrap_or_default();
    let is_by_time = match field::text(input, "orderBy") {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") if prefix.is_empty() => true,
        Some("LastEventTime") => return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")),
        Some(other) => {
            return Err(constraint(other, "orderBy", "satisfy enum value set: [LogStreamName, LastEventTime]"));
        }
    };
    let is_descending = field::boolean(input, "descending").unwrap_or(false);
    let limit = limit(input, "limit", MOST)?;
    let group = group_of(services, input)?;
    let key = |stream: &Stream| {
        (if is_by_time { stream.last_event_ms.unwrap_or(stream.created_at_ms) } else { 0 }, stream.name.clone())
    };
    let mut streams = streams_of(services, group, prefix)?;
    streams.sort_by_key(key);
    if is_descending {
        streams.reverse();
    }
    if let Some(token) = field::text(input, "nextToken") {
        let after: (i64, String) = page::decode(token).ok_or_else(|| invalid("The specified nextToken is invalid."))?;
        streams.retain(|stream| if is_descending { key(stream) < after } else { key(stream) > after });
    }
    let more = streams.len() > limit;
    streams.truncate(limit);
    let next = streams.last().filter(|_| more).map(|stream| Value::from(page::encode(&key(stream))));
    let described: Value = streams.iter().map(|stream| describe(services, group, stream)).collect();
    Ok(field::object([("logStreams", Some(described)), ("nextToken", next)]))
}

fn describe(services: &Services, group: &str, stream: &Stream) -> Value {
    let arn =
        format!("arn:aws:logs:{}:{}:log-group:{group}:log-stream:{}", services.region, services.account, stream.name);
    field::object([
        ("logStreamName", Some(stream.name.clone().into())),
        ("creationTime", Some(stream.created_at_ms.into())),
        ("firstEventTimestamp", stream.first_event_ms.map(Value::from)),
        ("lastEventTimestamp", stream.last_event_ms.map(Value::from)),
        ("lastIngestionTime", stream.last_ingestion_ms.map(Value::from)),
        // Deprecated at AWS, where any value is accepted; SDKs still show it.
        ("uploadSequenceToken", Some(format!("{:056}", stream.event_count).into())),
        ("arn", Some(arn.into())),
        ("storedBytes", Some(0.into())),
    ])
}
