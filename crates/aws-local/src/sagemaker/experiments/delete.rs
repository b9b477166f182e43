//! `DeleteExperiment`, `DeleteTrial`, `DeleteTrialComponent`: only what nothing else names.

use serde_json::Value;

use super::store::{Held, Kind};
use super::{arn, arn_answer, name_of, not_found};
use crate::sagemaker::tags::Tags;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

pub(super) fn delete(services: &Services, kind: Kind, input: &Value) -> ApiResult {
    let name = name_of(input, kind);
    let mut held = services.experiments.hold();
    if held.get(kind, name).is_none() {
        return Err(not_found(services, kind, name));
    }
    if let Some(reason) = in_use(&held, kind, name) {
        return Err(ApiError::validation(reason));
    }
    if kind == Kind::TrialComponent {
        services.experiments.metrics.remove(name).map_err(ApiError::internal)?;
    }
    held.remove(kind, name).map_err(ApiError::internal)?;
    services.tags.put(&arn(services, kind, name), &Tags::new()).map_err(ApiError::internal)?;
    Ok(arn_answer(services, kind, name))
}

fn in_use(held: &Held<'_>, kind: Kind, name: &str) -> Option<String> {
    match kind {
        Kind::Experiment => held.list(Kind::Trial).find(|trial| trial.experiment() == Some(name)).map(|trial| {
            format!(
                "The experiment {name} cannot be deleted: it has trials ({}). Delete all its trials first.",
                trial.name
            )
        }),
        Kind::Trial => {
            held.list(Kind::TrialComponent).find(|component| component.trials.contains(name)).map(|component| {
                format!(
                    "The trial {name} cannot be deleted: it has trial components ({}). Disassociate all of them first.",
                    component.name
                )
            })
        }
        Kind::TrialComponent => {
            let trial = held.get(kind, name)?.trials.first()?;
            Some(format!(
                "The trial component {name} cannot be deleted: it is associated with the trial {trial}. Disassociate it \
                 from all trials first."
            ))
        }
    }
}
