//! Operations of this endpoint that AWS does not have: `X-Amz-Target: TrainyardLocal.<operation>`, JSON 1.1.
//!
//! No AWS client can send them by mistake, and no web page can send them at all (see `guard`).

use serde_json::{Value, json};

use crate::field;
use crate::sagemaker::job_error;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

/// `None` when there is no such operation.
pub(crate) fn call(services: &Services, operation: &str, input: &Value) -> Option<ApiResult> {
    match operation {
        "InterruptTrainingJob" => Some(interrupt_training_job(services, input)),
        _ => None,
    }
}

/// `{"TrainingJobName": ..}` -> `{}`: takes the spot capacity of a job that trains away, as AWS does.
fn interrupt_training_job(services: &Services, input: &Value) -> ApiResult {
    let Some(name) = field::text(input, "TrainingJobName") else {
        return Err(ApiError::validation("TrainingJobName is missing."));
    };
    services.jobs.interrupt(name).map_err(job_error)?;
    tracing::info!(job.name = name, "training job interrupted");
    Ok(json!({}))
}
