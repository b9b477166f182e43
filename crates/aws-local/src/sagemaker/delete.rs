//! DeleteTrainingJob: forgets a job that has ended, with its logs and metrics; its name may be used again.

use serde_json::{Value, json};

use super::job_error;
use crate::field;
use crate::services::Services;
use crate::wire::ApiResult;

pub(super) fn delete_training_job(services: &Services, input: &Value) -> ApiResult {
    let name = field::text(input, "TrainingJobName").unwrap_or_default();
    services.jobs.delete(name).map_err(job_error)?;
    tracing::info!(job.name = name, "training job deleted");
    Ok(json!({}))
}
