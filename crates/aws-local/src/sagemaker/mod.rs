//! SageMaker's training-job operations, as <https://docs.aws.amazon.com/sagemaker/latest/APIReference/> describes them.
//!
//! To add one: name it in `data/sagemaker_model.py`, run that, write a function in a file of its own, add its line here.

mod create;
mod describe;
mod filter;
mod list;
mod model;
mod search;
mod stop;
mod tags;

use serde_json::Value;

use crate::job::{JobError, JobRecord};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

/// `None` when this service has no such operation.
pub(crate) fn call(services: &Services, operation: &str, input: &Value) -> Option<ApiResult> {
    let run = match operation {
        "CreateTrainingJob" => create::create_training_job,
        "DescribeTrainingJob" => describe::describe_training_job,
        "ListTrainingJobs" => list::list_training_jobs,
        "Search" => search::search,
        "StopTrainingJob" => stop::stop_training_job,
        "AddTags" => tags::add_tags,
        "ListTags" => tags::list_tags,
        _ => return None,
    };
    Some(model::parse(operation, input).and_then(|input| run(services, &input)))
}

/// The text of an unknown job: a `ValidationException`, because the SDKs' waiters fail on that code.
fn not_found() -> ApiError {
    ApiError::validation("Requested resource not found.")
}

fn job(services: &Services, name: &str) -> Result<JobRecord, ApiError> {
    services.jobs.get(name).ok_or_else(not_found)
}

/// What the job host refuses, in SageMaker's words (attested texts).
pub(crate) fn job_error(error: JobError) -> ApiError {
    match error {
        JobError::NameInUse { arn, .. } => ApiError::client(
            "ResourceInUse",
            format!(
                "Training job names must be unique within an AWS account and region, and a training job with this name already \
                 exists ({arn})"
            ),
        ),
        JobError::NotFound { .. } => not_found(),
        JobError::NotRunning { status } | JobError::NotEnded { status } => {
            ApiError::validation(format!("The request was rejected because the training job is in status {status}."))
        }
        JobError::WarmPoolAvailable => ApiError::validation(
            "The request was rejected because the warm pool of the training job is in status Available. Set its \
             KeepAlivePeriodInSeconds to 0 with UpdateTrainingJob first.",
        ),
        JobError::Invalid { message } | JobError::NotInterruptible { message } => ApiError::validation(message),
        error @ JobError::Machine { .. } => ApiError::internal(format!("{error}: {}", source_chain(&error))),
    }
}

fn source_chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

fn job_arn(services: &Services, name: &str) -> String {
    format!("arn:aws:sagemaker:{}:{}:training-job/{}", services.region, services.account, name)
}

/// The job that an ARN names; ARNs of older jobs are lower-cased.
fn job_by_arn(services: &Services, arn: &str) -> Result<JobRecord, ApiError> {
    let unknown =
        || ApiError::validation(format!("The resource {} does not exist.", arn.chars().take(256).collect::<String>()));
    let name = arn
        .strip_prefix(&format!("arn:aws:sagemaker:{}:{}:training-job/", services.region, services.account))
        .ok_or_else(unknown)?;
    services
        .jobs
        .get(name)
        .or_else(|| {
            let name = services.jobs.names().into_iter().find(|known| known.eq_ignore_ascii_case(name))?;
            services.jobs.get(&name)
        })
        .ok_or_else(unknown)
}
