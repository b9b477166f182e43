//! `ListMetrics`: which metrics there are, in pages of 500.

use serde_json::{Value, json};

use super::metric::MetricKey;
use super::store::job_in;
use super::{dimensions, invalid};
use crate::services::Services;
use crate::wire::ApiResult;
use crate::{clock, field, page};

const PAGE: usize = 500;

/// CloudWatch lists metrics with samples in the last two weeks, or three hours when asked so.
const LISTED_MS: i64 = 14 * 24 * 3600 * 1000;
const RECENT_MS: i64 = 3 * 3600 * 1000;

pub(super) fn list_metrics(services: &Services, input: &Value) -> ApiResult {
    let wanted = dimensions(input)?;
    let name = field::text(input, "MetricName");
    let listed_ms = match field::text(input, "RecentlyActive") {
        None => LISTED_MS,
        Some("PT3H") => RECENT_MS,
        Some(_) => return Err(invalid("The parameter RecentlyActive must be PT3H.")),
    };
    let after: Option<MetricKey> = match field::text(input, "NextToken") {
        Some(token) => Some(page::decode(token).ok_or_else(|| invalid("Request parameter NextToken is invalid"))?),
        None => None,
    };
    // A dimension that names a job spares a look into all the others.
    let job = wanted.iter().find_map(|(name, value)| job_in(name, value.as_deref()?));
    let now = clock::now_ms();
    let mut found = services
        .metrics
        .keys(&services.jobs, job, field::text(input, "Namespace"))
        .into_iter()
        .filter(|key| after.as_ref().is_none_or(|after| key > after))
        .filter(|key| name.is_none_or(|name| key.name == name))
        .filter(|key| wanted.iter().all(|(name, value)| has_dimension(key, name, value.as_deref())))
        // The two hours are how far ahead of the clock a sample may be.
        .filter(|key| !services.metrics.samples(&services.jobs, key, now - listed_ms, now + 2 * 3600 * 1000).is_empty())
        .take(PAGE + 1)
        .collect::<Vec<_>>();
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| more).map(|key| Value::from(page::encode(key)));
    let metrics: Value = found.iter().map(metric).collect();
    Ok(field::object([("Metrics", Some(metrics)), ("NextToken", next)]))
}

fn has_dimension(key: &MetricKey, name: &str, value: Option<&str>) -> bool {
    key.dimensions.iter().any(|(known, known_value)| known == name && value.is_none_or(|value| known_value == value))
}

fn metric(key: &MetricKey) -> Value {
    let dimensions: Value =
        key.dimensions.iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    json!({ "Namespace": key.namespace, "MetricName": key.name, "Dimensions": dimensions })
}
