//! StopTrainingJob: the job gets SIGTERM, and SIGKILL 120 seconds later; its artifacts are uploaded all the same.

use serde_json::{Value, json};

use super::job_error;
use crate::field;
use crate::services::Services;
use crate::wire::ApiResult;

pub(super) fn stop_training_job(services: &Services, input: &Value) -> ApiResult {
    let name = field::text(input, "TrainingJobName").unwrap_or_default();
    services.jobs.stop(name).map_err(job_error)?;
    Ok(json!({}))
}
