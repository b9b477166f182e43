//! `GetMetricStatistics`: one metric, several statistics, at most 1,440 points.

use serde_json::{Value, json};

use super::query::{key, unit};
use super::series::{Statistic, buckets, whole_buckets};
use super::{invalid, period, range, required_text};
use crate::clock::seconds;
use crate::field;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

const MAX_DATAPOINTS: i64 = 1440;

/// The most names in each of the two lists of statistics.
const MAX_STATISTICS: usize = 10;

pub(super) fn get_metric_statistics(services: &Services, input: &Value) -> ApiResult {
    let name = required_text(input, "MetricName")?;
    let key = key(input, required_text(input, "Namespace")?, name)?;
    let (start, end) = range(input)?;
    if start >= end {
        return Err(invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
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
    let statistics = named(input, "Statistics", Statistic::simple)?;
    let extended = named(input, "ExtendedStatistics", Statistic::percentile)?;
    if statistics.is_empty() == extended.is_empty() {
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
            for (name, statistic) in &statistics {
                point[name] = json!(bucket.value(*statistic));
            }
            if !extended.is_empty() {
                let values = extended
                    .iter()
                    .filter_map(|(name, percentile)| Some(((*name).to_owned(), json!(bucket.value(*percentile)?))));
                point["ExtendedStatistics"] = Value::Object(values.collect());
            }
            points.push(point);
        }
    }
    Ok(json!({ "Label": name, "Datapoints": points }))
}

/// The statistics that a member lists, with the names that the answer calls them by.
fn named<'a>(
    input: &'a Value,
    member: &str,
    parse: fn(&str) -> Option<Statistic>,
) -> Result<Vec<(&'a str, Statistic)>, ApiError> {
    let asked = field::list(input, member);
    if asked.len() > MAX_STATISTICS {
        return Err(invalid(format!("The collection {member} must not have a size greater than {MAX_STATISTICS}.")));
    }
    asked
        .iter()
        .map(|name| {
            let name = name.as_str().unwrap_or_default();
            parse(name).map(|statistic| (name, statistic)).ok_or_else(|| {
                let shown: String = name.chars().take(40).collect();
                invalid(format!("The value {shown} for parameter {member} is not supported."))
            })
        })
        .collect()
}
