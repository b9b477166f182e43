//! Experiments, trials and trial components: names for what was tried, with parameters, artifacts and metrics.
//!
//! An experiment has trials; a trial has any number of components; a component may be in several trials. The three have
//! the same life (create, describe, list, update, delete), so each operation is written once, for a [`Kind`].
//! Experiments with trials, trials with components and components in trials cannot be deleted.
//!
//! A training job with an `ExperimentConfig` gets a component of its own, `<job>-aws-training-job` (`job`). What that
//! component says about the job is read from the job until the job is over, and kept then.
//!
//! <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrialComponent.html>

mod associate;
mod create;
mod delete;
mod job;
mod list;
mod metrics;
mod record;
pub(super) mod search;
mod store;
mod update;

pub(super) use job::{settle, start_in_experiment};
pub(crate) use metrics::{Put, Sample, Summary};
pub(crate) use store::{ExperimentStore, Kind};

use serde_json::Value;

use super::Operation;
use crate::field;
use crate::services::Services;
use crate::wire::ApiError;

pub(super) fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        "CreateExperiment" => |services, input| create::create(services, Kind::Experiment, input),
        "CreateTrial" => |services, input| create::create(services, Kind::Trial, input),
        "CreateTrialComponent" => |services, input| create::create(services, Kind::TrialComponent, input),
        "DescribeExperiment" => |services, input| record::describe(services, Kind::Experiment, input),
        "DescribeTrial" => |services, input| record::describe(services, Kind::Trial, input),
        "DescribeTrialComponent" => |services, input| record::describe(services, Kind::TrialComponent, input),
        "ListExperiments" => |services, input| list::list(services, Kind::Experiment, input),
        "ListTrials" => |services, input| list::list(services, Kind::Trial, input),
        "ListTrialComponents" => |services, input| list::list(services, Kind::TrialComponent, input),
        "UpdateExperiment" => |services, input| update::update(services, Kind::Experiment, input),
        "UpdateTrial" => |services, input| update::update(services, Kind::Trial, input),
        "UpdateTrialComponent" => |services, input| update::update(services, Kind::TrialComponent, input),
        "DeleteExperiment" => |services, input| delete::delete(services, Kind::Experiment, input),
        "DeleteTrial" => |services, input| delete::delete(services, Kind::Trial, input),
        "DeleteTrialComponent" => |services, input| delete::delete(services, Kind::TrialComponent, input),
        "AssociateTrialComponent" => associate::associate,
        "DisassociateTrialComponent" => associate::disassociate,
        _ => return None,
    })
}

pub(crate) fn arn(services: &Services, kind: Kind, name: &str) -> String {
    format!("arn:aws:sagemaker:{}:{}:{}/{name}", services.region, services.account, kind.arn_part())
}

fn name_of(input: &Value, kind: Kind) -> &str {
    field::text(input, &kind.name_member()).unwrap_or_default()
}

fn not_found(services: &Services, kind: Kind, name: &str) -> ApiError {
    ApiError::client("ResourceNotFound", format!("{} '{}' does not exist.", kind.prefix(), arn(services, kind, name)))
}

/// The answer of most operations.
fn arn_answer(services: &Services, kind: Kind, name: &str) -> Value {
    field::object([(kind.arn_member().as_str(), Some(arn(services, kind, name).into()))])
}
