//! PutLogEvents, with the limits of
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>. Sequence tokens are
//! ignored, as at AWS.

use serde_json::Value;

use super::source::stream_of;
use super::store::lock;
use super::{EVENT_OVERHEAD, constraint, invalid, missing_member};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{clock, field};

const MAX_EVENTS: usize = 10_000;
const MAX_BYTES: usize = 1 << 20;

const HOUR_MS: i64 = 3600 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How far from now an event may be, and how far apart those of one batch.
const PAST_MS: i64 = 14 * DAY_MS;
const FUTURE_MS: i64 = 2 * HOUR_MS;
const SPAN_MS: i64 = DAY_MS;

pub(super) fn put_log_events(services: &Services, input: &Value) -> ApiResult {
    let (group, stream) = stream_of(services, input)?;
    let events = events(input)?;
    let Some(put) = &stream.put else {
        return Err(invalid("Only its training job writes to this log stream of the local endpoint."));
    };

    let now = clock::now_ms();
    let too_new = events.partition_point(|(at, _)| *at <= now + FUTURE_MS);
    let too_old = events.partition_point(|(at, _)| *at < now - PAST_MS);
    let kept_ms = services.logs.group(group).and_then(|head| head.retention_days).map(|days| days * DAY_MS);
    let expired = kept_ms.map_or(0, |kept| events.partition_point(|(at, _)| *at < now - kept));
    let accepted = &events[too_old.max(expired).min(too_new)..too_new];
    if let (Some((first, _)), Some((last, _))) = (accepted.first(), accepted.last())
        && last - first > SPAN_MS
    {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    if !accepted.is_empty() {
        lock(put).append(accepted, now).map_err(ApiError::internal)?;
    }

    let count = lock(put).extent().map_err(ApiError::internal)?.event_count;
    let index = |at: usize, is_some: bool| is_some.then(|| Value::from(at));
    // The start is inclusive and the ends are exclusive.
    let rejected = field::object([
        ("tooNewLogEventStartIndex", index(too_new, too_new < events.len())),
        ("tooOldLogEventEndIndex", index(too_old, too_old > 0)),
        ("expiredLogEventEndIndex", index(expired, expired > too_old)),
    ]);
    Ok(field::object([
        ("nextSequenceToken", Some(format!("{count:056}").into())),
        ("rejectedLogEventsInfo", rejected.as_object().is_some_and(|it| !it.is_empty()).then_some(rejected.clone())),
    ]))
}

/// Times and messages, in order of time.
fn events(input: &Value) -> Result<Vec<(i64, &str)>, ApiError> {
    let asked = input.get("logEvents").and_then(Value::as_array).ok_or_else(|| missing_member("logEvents"))?;
    if asked.is_empty() {
        return Err(constraint("[]", "logEvents", "have length greater than or equal to 1"));
    }
    if asked.len() > MAX_EVENTS {
        return Err(constraint("[...]", "logEvents", &format!("have length less than or equal to {MAX_EVENTS}")));
    }
    let (mut events, mut bytes) = (Vec::new(), 0);
    for (index, event) in asked.iter().enumerate() {
        let path = |member: &str| format!("logEvents.{}.member.{member}", index + 1);
        let at = field::integer(event, "timestamp").ok_or_else(|| missing_member(&path("timestamp")))?;
        let message = field::text(event, "message").ok_or_else(|| missing_member(&path("message")))?;
        if at < 0 {
            return Err(constraint(&at.to_string(), &path("timestamp"), "have value greater than or equal to 0"));
        }
        if message.is_empty() {
            return Err(constraint("", &path("message"), "have length greater than or equal to 1"));
        }
        bytes += message.len() + EVENT_OVERHEAD;
        events.push((at, message));
    }
    if bytes > MAX_BYTES {
        return Err(invalid(format!("Upload too large: {bytes} bytes exceeds limit of {MAX_BYTES}")));
    }
    if !events.is_sorted_by_key(|(at, _)| *at) {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    Ok(events)
}
