//! `sagemaker-metrics`: samples of trial components' metrics in, series of components and training jobs out.
//!
//! What AWS leaves open and is decided here: a sample without a step counts as the next iteration of its metric (so the
//! metrics of training jobs, which have no steps, have an iteration axis too); times on the x-axis are epoch seconds;
//! `Start` and `End` are bounds of the x-axis, both included; samples of any time are accepted.
//! <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Metrics_Service.html>

mod get;
mod put;

use serde_json::Value;

use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

/// `None` when this service has no such operation.
pub(crate) fn call(services: &Services, operation: &str, input: &Value) -> Option<ApiResult> {
    match operation {
        "BatchPutMetrics" => Some(put::batch_put_metrics(services, input)),
        "BatchGetMetrics" => Some(get::batch_get_metrics(services, input)),
        _ => None,
    }
}

/// A list that must have between one and `most` entries.
fn entries<'a>(input: &'a Value, name: &str, path: &str, most: usize) -> Result<&'a [Value], ApiError> {
    let refused = |what: &str, rule: String| {
        ApiError::validation(format!(
            "1 validation error detected: Value {what} at '{path}' failed to satisfy constraint: {rule}"
        ))
    };
    match input.get(name) {
        Some(Value::Array(list)) if list.is_empty() => {
            Err(refused("'[]'", "Member must have length greater than or equal to 1".to_owned()))
        }
        Some(Value::Array(list)) if list.len() > most => {
            let what = format!("of {} entries", list.len());
            Err(refused(&what, format!("Member must have length less than or equal to {most}")))
        }
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(ApiError::client("SerializationException", "Expected list or null")),
        None => Err(refused("null", "Member must not be null".to_owned())),
    }
}
