//! `AssociateTrialComponent` and `DisassociateTrialComponent`. Both may be repeated.

use serde_json::{Value, json};

use super::store::Kind;
use super::{arn, name_of, not_found};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

/// The most trials that one component can be in.
const MAX_TRIALS: usize = 500;

pub(super) fn associate(services: &Services, input: &Value) -> ApiResult {
    let (component, trial) = (name_of(input, Kind::TrialComponent), name_of(input, Kind::Trial));
    let mut held = services.experiments.hold();
    if held.get(Kind::Trial, trial).is_none() {
        return Err(not_found(services, Kind::Trial, trial));
    }
    let mut entity = held
        .get(Kind::TrialComponent, component)
        .cloned()
        .ok_or_else(|| not_found(services, Kind::TrialComponent, component))?;
    if entity.trials.insert(trial.to_owned()) {
        if entity.trials.len() > MAX_TRIALS {
            return Err(ApiError::client(
                "ResourceLimitExceeded",
                format!("A trial component can be associated with at most {MAX_TRIALS} trials."),
            ));
        }
        held.put(entity).map_err(ApiError::internal)?;
    }
    Ok(arns(services, component, trial))
}

/// What is not associated, or not there at all, is disassociated already.
pub(super) fn disassociate(services: &Services, input: &Value) -> ApiResult {
    let (component, trial) = (name_of(input, Kind::TrialComponent), name_of(input, Kind::Trial));
    let mut held = services.experiments.hold();
    if let Some(mut entity) = held.get(Kind::TrialComponent, component).cloned()
        && entity.trials.remove(trial)
    {
        held.put(entity).map_err(ApiError::internal)?;
    }
    Ok(arns(services, component, trial))
}

fn arns(services: &Services, component: &str, trial: &str) -> Value {
    json!({
        "TrialComponentArn": arn(services, Kind::TrialComponent, component),
        "TrialArn": arn(services, Kind::Trial, trial),
    })
}
