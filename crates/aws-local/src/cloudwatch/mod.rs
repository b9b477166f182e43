//! CloudWatch metrics: what the jobs measured and reported, and what clients put.
//!
//! Buckets of a period begin at multiples of it since the epoch, so a bucket's value does not depend on the range that
//! was asked. There are no expressions, alarms or dashboards.

mod data;
mod list;
mod put;
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

/// The time range of a request in milliseconds.
fn range(input: &Value) -> Result<(i64, i64), ApiError> {
    let time = |name: &str| {
        field::time_ms(required(input, name)?)
            .ok_or_else(|| invalid(format!("The parameter {name} must be a timestamp.")))
    };
    let (start, end) = (time("StartTime")?, time("EndTime")?);
    if start >= end {
        return Err(ApiError::client(
            "InvalidParameterValueException",
            "The parameter StartTime must be less than the parameter EndTime.",
        ));
    }
    Ok((start, end))
}

/// A period in seconds: 1, 5, 10, 20, 30 or a multiple of 60.
fn period(input: &Value) -> Result<i64, ApiError> {
    required(input, "Period")?;
    field::integer(input, "Period")
        .filter(|period| matches!(period, 1 | 5 | 10 | 20 | 30) || (*period >= 60 && period % 60 == 0))
        .ok_or_else(|| invalid("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60."))
}

/// Dimensions in order of name. Values may be left out where the request is a filter.
fn dimensions(input: &Value) -> Result<Vec<(String, Option<String>)>, ApiError> {
    let mut dimensions = Vec::new();
    for dimension in field::list(input, "Dimensions") {
        let name = required_text(dimension, "Name")?;
        dimensions.push((name.to_owned(), field::text(dimension, "Value").map(str::to_owned)));
    }
    dimensions.sort();
    if dimensions.len() > 30 {
        return Err(invalid("The parameter Dimensions must have at most 30 entries."));
    }
    Ok(dimensions)
}
