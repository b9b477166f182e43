//! PutMetricData, with the limits of <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html>.

use serde_json::{Value, json};

use super::metric::{MetricKey, Sample, Unit};
use super::query::{key, unit};
use super::{invalid, required, required_text};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{clock, field};

const MAX_METRICS: usize = 1000;
const MAX_VALUES: usize = 150;

/// 2 to the power of 360: the range of CloudWatch's values. NaN and infinity are outside of it.
const MAX_VALUE: f64 = 2.348_542_582_773_833_2e108;

/// How far from now a sample may be.
const PAST_MS: i64 = 14 * 24 * 3600 * 1000;
const FUTURE_MS: i64 = 2 * 3600 * 1000;

pub(super) fn put_metric_data(services: &Services, input: &Value) -> ApiResult {
    let namespace = required_text(input, "Namespace")?;
    if namespace.is_empty() || namespace.len() > 255 || namespace.starts_with("AWS/") {
        return Err(invalid(
            "The value for parameter Namespace must have 1 to 255 characters and must not begin with AWS/.",
        ));
    }
    let data = field::list(input, "MetricData");
    if data.is_empty() {
        return Err(missing("The parameter MetricData is required.".to_owned()));
    }
    if data.len() > MAX_METRICS {
        return Err(invalid(format!("The collection MetricData must not have a size greater than {MAX_METRICS}.")));
    }
    let mut samples = Vec::new();
    for (index, datum) in data.iter().enumerate() {
        let path = format!("MetricData.member.{}", index + 1);
        read(namespace, datum, &path, &mut samples)?;
    }
    services.metrics.put(samples).map_err(ApiError::internal)?;
    Ok(json!({}))
}

fn read(namespace: &str, datum: &Value, path: &str, samples: &mut Vec<(MetricKey, Sample)>) -> Result<(), ApiError> {
    let name = required_text(datum, "MetricName")?;
    if name.is_empty() || name.len() > 255 {
        return Err(invalid(format!("The parameter {path}.MetricName must have 1 to 255 characters.")));
    }
    let key = key(datum, namespace, name)?;
    let unit = unit(datum)?.unwrap_or(Unit::NONE);
    let now = clock::now_ms();
    let at_ms = match datum.get("Timestamp") {
        None => now,
        Some(time) => {
            field::time_ms(time).ok_or_else(|| invalid(format!("The parameter {path}.Timestamp is not a time.")))?
        }
    };
    if !(now - PAST_MS..=now + FUTURE_MS).contains(&at_ms) {
        return Err(invalid(format!(
            "The parameter {path}.Timestamp must specify a time within the past two weeks and at most two hours in the future."
        )));
    }
    let finite = |value: &Value, member: &str| {
        let shown =
            || value.as_str().map_or_else(|| value.to_string(), str::to_owned).chars().take(40).collect::<String>();
        field::number(value)
            .filter(|value| value.abs() <= MAX_VALUE)
            .ok_or_else(|| invalid(format!("The value {} for parameter {path}.{member} is invalid.", shown())))
    };
    if datum.get("StorageResolution").is_some() && field::integer(datum, "StorageResolution").is_none_or(|it| it < 1) {
        return Err(invalid(format!("The parameter {path}.StorageResolution must be greater than or equal to 1.")));
    }
    one_way(datum, path)?;

    if let Some(value) = datum.get("Value") {
        samples.push((key, Sample::one(at_ms, finite(value, "Value")?, unit)));
    } else if let Some(set) = datum.get("StatisticValues") {
        let member = |name: &str| finite(required(set, name)?, &format!("StatisticValues.{name}"));
        let (count, sum, min, max) = (member("SampleCount")?, member("Sum")?, member("Minimum")?, member("Maximum")?);
        if count <= 0.0 || min > max {
            return Err(invalid(format!(
                "{path}.StatisticValues must have a SampleCount above 0 and Minimum up to Maximum."
            )));
        }
        samples.push((key, Sample { at_ms, count, sum, min, max, unit }));
    } else {
        let (values, counts) = (field::list(datum, "Values"), field::list(datum, "Counts"));
        if values.is_empty() {
            return Err(missing(format!("The parameter {path}.Values is required.")));
        }
        if values.len() > MAX_VALUES {
            return Err(invalid(format!(
                "The collection {path}.Values must not have a size greater than {MAX_VALUES}."
            )));
        }
        if !counts.is_empty() && counts.len() != values.len() {
            return Err(invalid(format!("The parameters {path}.Values and {path}.Counts must be of the same size.")));
        }
        for (index, value) in values.iter().enumerate() {
            let value = finite(value, "Values")?;
            let count = counts.get(index).map_or(Ok(1.0), |count| finite(count, "Counts"))?;
            if count <= 0.0 {
                return Err(invalid(format!("{path}.Counts must be above 0.")));
            }
            samples.push((key.clone(), Sample { at_ms, count, sum: value * count, min: value, max: value, unit }));
        }
    }
    Ok(())
}

/// A datum has one of three forms. The codes are CloudWatch's own: they differ with what is there twice.
fn one_way(datum: &Value, path: &str) -> Result<(), ApiError> {
    let has = |member: &str| datum.get(member).is_some();
    let both = |left: &str, right: &str| {
        format!("The parameters {path}.{left} and {path}.{right} are mutually exclusive and you have specified both.")
    };
    match (has("Value"), has("Values"), has("StatisticValues")) {
        (true, true, _) => Err(invalid(both("Value", "Values"))),
        (true, _, true) => Err(combination(both("Value", "StatisticValues"))),
        (_, true, true) => Err(combination(both("Values", "StatisticValues"))),
        (false, false, false) => Err(combination(format!(
            "At least one of the parameters {path}.Value, {path}.Values or {path}.StatisticValues must be specified."
        ))),
        _ => Ok(()),
    }
}

fn combination(message: String) -> ApiError {
    ApiError::client("InvalidParameterCombinationException", message)
}

fn missing(message: String) -> ApiError {
    ApiError::client("MissingRequiredParameterException", message)
}
