//! `GetMetricStatistics`: one metric, several statistics, at most 1,440 points.

use serde_json::{Value, json};

use super::data::{key, unit};
use super::series::{Statistic, buckets, whole_buckets};
use super::{invalid, period, range, required_text};
use crate::clock::seconds;
use crate::field;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

const MAX_DATAPOINTS: i64 = 1440;

pub(super) fn get_metric_statistics(services: &Services, input: &Value) -> ApiResult {
    let name = required_text(input, "MetricName")?;
    let key = key(input, required_text(input, "Namespace")?, name)?;
    let (start, end) = range(input)?;
    let period = period(input)?;
    let asked = (end - start + period * 1000 - 1) / (period * 1000);
    if asked > MAX_DATAPOINTS {
        return Err(ApiError::client(
            "InvalidParameterCombinationException",
            format!(
                "You have requested up to {asked} datapoints, which exceeds the limit of {MAX_DATAPOINTS}. You may reduce the \
                 datapoints requested by increasing Period, or decreasing the time range."
            ),
        ));
    }
    if !field::list(input, "ExtendedStatistics").is_empty() {
        return Err(invalid("ExtendedStatistics (percentiles) are not provided by the local endpoint."));
    }
    let statistics = field::list(input, "Statistics")
        .iter()
        .map(|name| Statistic::parse(name.as_str().unwrap_or_default()))
        .collect::<Result<Vec<_>, _>>()?;
    if statistics.is_empty() {
        return Err(ApiError::client(
            "InvalidParameterCombinationException",
            "Must specify either Statistics or ExtendedStatistics",
        ));
    }

    let (from, to) = whole_buckets(start, end, period);
    let samples = services.metrics.samples(&services.jobs, &key, from, to);
    let mut units: Vec<_> = samples.iter().map(|sample| sample.unit).collect();
    units.sort_unstable();
    units.dedup();
    if let Some(wanted) = unit(input)? {
        units.retain(|unit| *unit == wanted);
    }
    // Samples of different units are different numbers: they are never mixed in one point.
    let mut points = Vec::new();
    for unit in units {
        for (at, bucket) in buckets(samples.iter().filter(|sample| sample.unit == unit), period) {
            let mut point = json!({ "Timestamp": seconds(at), "Unit": unit.name() });
            for statistic in &statistics {
                point[statistic.name()] = json!(bucket.value(*statistic));
            }
            points.push(point);
        }
    }
    Ok(json!({ "Label": name, "Datapoints": points }))
}
