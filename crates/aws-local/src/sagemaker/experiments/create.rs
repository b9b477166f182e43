//! `CreateExperiment`, `CreateTrial`, `CreateTrialComponent`.

use serde_json::{Map, Value};

use super::store::{Entity, Held, Kind};
use super::{arn, arn_answer, name_of, not_found};
use crate::clock::now_ms;
use crate::field;
use crate::sagemaker::tags::tags_of;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

pub(super) fn create(services: &Services, kind: Kind, input: &Value) -> ApiResult {
    let name = name_of(input, kind);
    let mut entity = Entity::new(kind, name, now_ms());
    entity.members = members(input, kind);
    let tags = tags_of(input)?;
    one_value_each(input)?;
    let mut held = services.experiments.hold();
    unique(&held, kind, name)?;
    if kind == Kind::Trial {
        let experiment = field::text(input, "ExperimentName").unwrap_or_default();
        held.get(Kind::Experiment, experiment).ok_or_else(|| not_found(services, Kind::Experiment, experiment))?;
    }
    services.tags.put(&arn(services, kind, name), &tags).map_err(ApiError::internal)?;
    held.put(entity).map_err(ApiError::internal)?;
    Ok(arn_answer(services, kind, name))
}

/// The SDKs look for "already exists" in a `ValidationException`: they load what is there then.
pub(super) fn unique(held: &Held<'_>, kind: Kind, name: &str) -> Result<(), ApiError> {
    match held.get(kind, name) {
        None => Ok(()),
        Some(_) => Err(ApiError::validation(format!(
            "{0} names must be unique within an AWS account and region. {0} with name ({name}) already exists.",
            kind.prefix()
        ))),
    }
}

/// What Describe repeats of a request.
fn members(input: &Value, kind: Kind) -> Map<String, Value> {
    let own = kind.name_member();
    let members = input.as_object().into_iter().flatten();
    members
        .filter(|(member, _)| **member != own && *member != "Tags")
        .map(|(member, value)| (member.clone(), value.clone()))
        .collect()
}

/// A parameter is a text or a number.
pub(super) fn one_value_each(input: &Value) -> Result<(), ApiError> {
    let parameters = input.get("Parameters").and_then(Value::as_object).into_iter().flatten();
    for (name, value) in parameters {
        if value.get("StringValue").is_none() && value.get("NumberValue").is_none() {
            return Err(ApiError::validation(format!(
                "The parameter {name:?} must have a StringValue or a NumberValue."
            )));
        }
    }
    Ok(())
}
