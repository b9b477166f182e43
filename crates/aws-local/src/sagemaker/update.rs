//! UpdateTrainingJob: the profiler and remote debugging of a job that runs, and how long its warm pool is kept.

use serde_json::{Map, Value, json};

use super::{job, job_error};
use crate::field;
use crate::job::JobRecord;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

/// Secondary statuses in which remote debugging may be switched.
const DEBUGGABLE: [&str; 2] = ["Downloading", "Training"];

pub(super) fn update_training_job(services: &Services, input: &Value) -> ApiResult {
    let name = field::text(input, "TrainingJobName").unwrap_or_default();
    let job = job(services, name)?;
    let changes: Map<String, Value> = input
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(member, _)| *member != "TrainingJobName")
        .map(|(member, value)| (member.clone(), value.clone()))
        .collect();
    for member in changes.keys() {
        match member.as_str() {
            "ResourceConfig" => pool_can_change(services, &job)?,
            "RemoteDebugConfig" => must_be_in(&job, &DEBUGGABLE, member)?,
            _ => must_run(&job, member)?,
        }
    }
    services.jobs.update(name, &Value::Object(changes)).map_err(job_error)?;
    Ok(json!({ "TrainingJobArn": job.arn }))
}

fn pool_can_change(services: &Services, job: &JobRecord) -> Result<(), ApiError> {
    match services.jobs.warm_pool(&job.name).map(|pool| pool.status) {
        None => Err(ApiError::validation(format!(
            "KeepAlivePeriodInSeconds cannot be updated: the training job {} was created without one and keeps no warm pool.",
            job.name
        ))),
        Some(status @ ("Terminated" | "Reused")) => Err(ApiError::validation(format!(
            "KeepAlivePeriodInSeconds cannot be updated: the warm pool of the training job {} is in status {status}.",
            job.name
        ))),
        Some(_) => Ok(()),
    }
}

fn must_be_in(job: &JobRecord, allowed: &[&str], member: &str) -> Result<(), ApiError> {
    if allowed.contains(&job.secondary_status.as_str()) {
        return Ok(());
    }
    Err(ApiError::validation(format!(
        "{member} can only be updated while the secondary status is {}; it is {}.",
        allowed.join(" or "),
        job.secondary_status
    )))
}

fn must_run(job: &JobRecord, member: &str) -> Result<(), ApiError> {
    if job.status == "InProgress" {
        return Ok(());
    }
    Err(ApiError::validation(format!("{member} cannot be updated: the training job is in status {}.", job.status)))
}
