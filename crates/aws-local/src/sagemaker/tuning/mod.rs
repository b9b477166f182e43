//! Hyperparameter tuning jobs: training jobs with hyperparameters that are chosen from the results so far.
//!
//! | module | says |
//! |---|---|
//! | `space`, `strategy` | the ranges, and what to try next |
//! | `plan` | the request, checked; the CreateTrainingJob request of a training job |
//! | `store` | `DATA/tuning/<name>.json`, the one place where a tuning job is kept |
//! | `step` | carries all tuning jobs on by one step; run on a period and after each change |
//! | `halting` | which running training jobs are not worth their time |
//! | `view` and the operations | what is told about them |
//!
//! Invariants: a training job is written down, with its name and hyperparameters, before it is started, and started by
//! the same function as CreateTrainingJob, which takes a name once: however often a step is cut short, none is started
//! twice. With `RandomSeed` the choices are the same every time; those of the Bayesian strategy depend on the results so
//! far, so with parallel training jobs on their order too.

mod create;
mod describe;
mod halting;
mod list;
mod plan;
pub(super) mod search;
mod space;
mod step;
mod stop;
mod store;
mod strategy;
mod view;

pub(super) use step::step;
pub(crate) use store::TuningStore;

use super::Operation;
use crate::services::Services;
use crate::wire::ApiError;

pub(super) fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        "CreateHyperParameterTuningJob" => create::create,
        "DescribeHyperParameterTuningJob" => describe::describe,
        "ListHyperParameterTuningJobs" => list::list,
        "ListTrainingJobsForHyperParameterTuningJob" => list::list_training_jobs,
        "StopHyperParameterTuningJob" => stop::stop,
        "DeleteHyperParameterTuningJob" => stop::delete,
        _ => return None,
    })
}

fn tuning_arn(services: &Services, name: &str) -> String {
    format!("arn:aws:sagemaker:{}:{}:hyper-parameter-tuning-job/{name}", services.region, services.account)
}

fn not_found() -> ApiError {
    ApiError::client("ResourceNotFound", "Requested resource not found.")
}
