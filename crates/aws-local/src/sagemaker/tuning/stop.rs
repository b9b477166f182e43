//! `StopHyperParameterTuningJob` and `DeleteHyperParameterTuningJob`.

use serde_json::{Value, json};

use super::not_found;
use super::store::{Status, TuningJob};
use crate::clock::now_ms;
use crate::field;
use crate::sagemaker::tags::Tags;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

/// Its training jobs are stopped by the next step.
pub(super) fn stop(services: &Services, input: &Value) -> ApiResult {
    let mut held = services.tuning.hold();
    let mut job = named(held.get(name(input)))?;
    if job.status != Status::InProgress {
        return Err(refused(&job));
    }
    job.status = Status::Stopping;
    job.modified_at_ms = now_ms();
    held.put(job).map_err(ApiError::internal)?;
    services.tuning.poke();
    Ok(json!({}))
}

/// Its training jobs stay.
pub(super) fn delete(services: &Services, input: &Value) -> ApiResult {
    let mut held = services.tuning.hold();
    let job = named(held.get(name(input)))?;
    if job.status.is_active() {
        return Err(refused(&job));
    }
    held.remove(&job.name).map_err(ApiError::internal)?;
    services.tags.put(&job.arn, &Tags::new()).map_err(ApiError::internal)?;
    services.tuning.forget_series(&job.children);
    Ok(json!({}))
}

fn name(input: &Value) -> &str {
    field::text(input, "HyperParameterTuningJobName").unwrap_or_default()
}

fn named(found: Option<&TuningJob>) -> Result<TuningJob, ApiError> {
    found.cloned().ok_or_else(not_found)
}

fn refused(job: &TuningJob) -> ApiError {
    ApiError::validation(format!(
        "The request was rejected because the hyperparameter tuning job is in status {}.",
        job.status.name()
    ))
}
