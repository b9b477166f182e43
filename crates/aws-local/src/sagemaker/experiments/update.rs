//! `UpdateExperiment`, `UpdateTrial`, `UpdateTrialComponent`: given members replace what was there; maps are merged.

use serde_json::{Map, Value};

use super::create::one_value_each;
use super::store::Kind;
use super::{arn_answer, name_of, not_found};
use crate::clock::now_ms;
use crate::field;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

/// Maps of a component, the member that takes keys out of each, and the most keys of each.
const MAPS: [(&str, &str, usize); 3] = [
    ("Parameters", "ParametersToRemove", 300),
    ("InputArtifacts", "InputArtifactsToRemove", 60),
    ("OutputArtifacts", "OutputArtifactsToRemove", 60),
];

pub(super) fn update(services: &Services, kind: Kind, input: &Value) -> ApiResult {
    let name = name_of(input, kind);
    one_value_each(input)?;
    let mut held = services.experiments.hold();
    let mut entity = held.get(kind, name).cloned().ok_or_else(|| not_found(services, kind, name))?;
    for (member, value) in input.as_object().into_iter().flatten() {
        let is_map = MAPS.iter().any(|(map, remove, _)| member == map || member == remove);
        if *member != kind.name_member() && !is_map {
            entity.members.insert(member.clone(), value.clone());
        }
    }
    for (map, remove, most) in MAPS {
        let Some(entries) = merged(entity.members.get(map), input, map, remove) else { continue };
        if entries.len() > most {
            return Err(ApiError::client(
                "ResourceLimitExceeded",
                format!("A trial component can have at most {most} {map}; this one would have {}.", entries.len()),
            ));
        }
        entity.members.insert(map.to_owned(), Value::Object(entries));
    }
    entity.modified_at_ms = now_ms();
    held.put(entity).map_err(ApiError::internal)?;
    Ok(arn_answer(services, kind, name))
}

/// `None` when the request says nothing about this map.
fn merged(before: Option<&Value>, input: &Value, map: &str, remove: &str) -> Option<Map<String, Value>> {
    let given = input.get(map).and_then(Value::as_object);
    let removed = field::list(input, remove);
    if given.is_none() && removed.is_empty() {
        return None;
    }
    let mut entries = before.and_then(Value::as_object).cloned().unwrap_or_default();
    entries.retain(|key, _| !removed.iter().any(|removed| removed == key));
    entries.extend(given.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
    Some(entries)
}
