//! CloudWatch metrics: what the jobs measured and reported, and what clients put.
//!
//! Buckets of a period begin at multiples of it since the epoch, so a bucket's value does not depend on the range that
//! was asked. Times are taken by the second. There are no alarms, dashboards, insight rules or metric streams.
//!
//! `put` checks and `store` keeps (`kept` what clients put, with the `retention` of CloudWatch); `query` reads what
//! GetMetricData is asked, `evaluate` computes it with `math`, `search` and `series`.

mod data;
mod evaluate;
mod kept;
mod list;
mod math;
mod metric;
mod put;
mod query;
mod retention;
mod search;
mod series;
mod statistics;
mod store;

pub(crate) use store::MetricStore;

use serde_json::Value;

use crate::field;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

/// Where SageMaker puts both kinds of a training job's metrics.
const JOB_NAMESPACE: &str = "/aws/sagemaker/TrainingJobs";

/// The end of the year 9999.
const LATEST_MS: i64 = 253_402_300_799_999;

/// The most dimensions of a metric.
const MAX_DIMENSIONS: usize = 30;

/// `None` when this service has no such operation.
pub(crate) fn call(services: &Services, operation: &str, input: &Value) -> Option<ApiResult> {
    Some(match operation {
        "PutMetricData" => put::put_metric_data(services, input),
        "GetMetricData" => data::get_metric_data(services, input),
        "GetMetricStatistics" => statistics::get_metric_statistics(services, input),
        "ListMetrics" => list::list_metrics(services, input),
        _ => return None,
    })
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterValueException", message)
}

fn required<'a>(input: &'a Value, name: &str) -> Result<&'a Value, ApiError> {
    input.get(name).ok_or_else(|| {
        ApiError::client("MissingRequiredParameterException", format!("The parameter {name} is required."))
    })
}

fn required_text<'a>(input: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    required(input, name)?.as_str().ok_or_else(|| invalid(format!("The parameter {name} must be text.")))
}

/// What GetMetricData says about a wrong query.
fn failed_validation(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationError", message)
}

/// The time range of a request in milliseconds, by the second.
fn range(input: &Value) -> Result<(i64, i64), ApiError> {
    let time = |name: &str| {
        field::time_ms(required(input, name)?)
            .filter(|at| (0..=LATEST_MS).contains(at))
            .map(|at| at / 1000 * 1000)
            .ok_or_else(|| invalid(format!("The parameter {name} must be a timestamp.")))
    };
    Ok((time("StartTime")?, time("EndTime")?))
}

/// A period in seconds.
fn period(input: &Value) -> Result<i64, ApiError> {
    required(input, "Period")?;
    field::integer(input, "Period")
        .filter(|period| is_period(*period))
        .ok_or_else(|| invalid("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60."))
}

/// 1, 5, 10, 20, 30 or a multiple of 60, up to the time that CloudWatch keeps anything.
fn is_period(seconds: i64) -> bool {
    matches!(seconds, 1 | 5 | 10 | 20 | 30) || ((60..=455 * 24 * 3600).contains(&seconds) && seconds % 60 == 0)
}

/// Dimensions in order of name. Values may be left out where the request is a filter.
fn dimensions(input: &Value) -> Result<Vec<(String, Option<String>)>, ApiError> {
    let asked = field::list(input, "Dimensions");
    if asked.len() > MAX_DIMENSIONS {
        return Err(invalid(format!("The collection Dimensions must not have a size greater than {MAX_DIMENSIONS}.")));
    }
    let mut dimensions = Vec::new();
    for dimension in asked {
        let name = required_text(dimension, "Name")?;
        if name.is_empty() || name.len() > 255 {
            return Err(invalid("The parameter Name of a dimension must have 1 to 255 characters."));
        }
        let value = field::text(dimension, "Value");
        if value.is_some_and(|value| value.len() > 1024) {
            return Err(invalid("The parameter Value of a dimension must have at most 1024 characters."));
        }
        dimensions.push((name.to_owned(), value.map(str::to_owned)));
    }
    dimensions.sort();
    Ok(dimensions)
}
