//! SageMaker's training-job operations, as <https://docs.aws.amazon.com/sagemaker/latest/APIReference/> describes them.
//!
//! To add one: name it in `data/sagemaker_model.py`, run that, write a function in a file of its own, add its line here.

mod create;
mod cut;
mod delete;
mod describe;
pub(crate) mod experiments;
mod list;
mod model;
mod search;
mod stop;
mod tags;
pub(crate) mod tuning;
mod update;

use serde_json::Value;

pub(crate) use search::JobRecords;
pub(crate) use tags::TagStore;

use crate::job::{JobError, JobRecord};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

/// What carries out an operation, given its checked input.
type Operation = fn(&Services, &Value) -> ApiResult;

/// `None` when this service has no such operation.
pub(crate) fn call(services: &Services, operation: &str, input: &Value) -> Option<ApiResult> {
    let run: Operation = match operation {
        "CreateTrainingJob" => create::create_training_job,
        "DescribeTrainingJob" => describe::describe_training_job,
        "ListTrainingJobs" => list::list_training_jobs,
        "Search" => search::search,
        "GetSearchSuggestions" => search::get_search_suggestions,
        "StopTrainingJob" => stop::stop_training_job,
        "UpdateTrainingJob" => update::update_training_job,
        "DeleteTrainingJob" => delete::delete_training_job,
        "AddTags" => tags::add_tags,
        "ListTags" => tags::list_tags,
        "DeleteTags" => tags::delete_tags,
        other => experiments::operation(other).or_else(|| tuning::operation(other))?,
    };
    Some(model::parse(operation, input).and_then(|input| run(services, &input)))
}

/// What goes on without a request. May be called at any time, any number of times.
pub(crate) fn carry_on(services: &Services) {
    tuning::step(services);
    experiments::settle(services);
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

fn no_such_resource(arn: &str) -> ApiError {
    ApiError::validation(format!("The resource {} does not exist.", arn.chars().take(256).collect::<String>()))
}

/// The job that an ARN names; ARNs of older jobs are lower-cased.
pub(crate) fn job_by_arn(services: &Services, arn: &str) -> Result<JobRecord, ApiError> {
    let unknown = || no_such_resource(arn);
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
