//! `ListExperiments`, `ListTrials`, `ListTrialComponents`: summaries, newest first unless asked otherwise.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::not_found;
use super::record::record;
use super::store::{Entity, Held, Kind};
use crate::field;
use crate::sagemaker::cut::{Order, SortKey, cut};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

pub(super) fn list(services: &Services, kind: Kind, input: &Value) -> ApiResult {
    let found: Vec<Entity> = {
        let held = services.experiments.hold();
        known(services, &held, input)?;
        held.list(kind).filter(|entity| selected(&held, entity, input)).cloned().collect()
    };
    let sort_by = field::text(input, "SortBy").unwrap_or("CreationTime");
    let entries = found
        .into_iter()
        .map(|entity| {
            let key = match sort_by {
                "Name" => SortKey::Text(entity.name.clone()),
                _ => SortKey::Time(entity.created_at_ms),
            };
            (key, entity.name.clone(), entity)
        })
        .collect();
    let page = cut(entries, input, sort_by, Order::Descending)?;
    let summaries: Value = page.items.iter().map(|entity| summary(services, entity)).collect::<Result<_, _>>()?;
    let member = format!("{}Summaries", kind.prefix());
    Ok(field::object([(member.as_str(), Some(summaries)), ("NextToken", page.next_token)]))
}

/// A filter by something that does not exist is a mistake, not an empty list.
fn known(services: &Services, held: &Held<'_>, input: &Value) -> Result<(), ApiError> {
    for kind in Kind::ALL {
        if let Some(name) = field::text(input, &kind.name_member())
            && held.get(kind, name).is_none()
        {
            return Err(not_found(services, kind, name));
        }
    }
    Ok(())
}

fn selected(held: &Held<'_>, entity: &Entity, input: &Value) -> bool {
    let bound = |name: &str| input.get(name).and_then(field::time_ms);
    let by_experiment = |experiment: &str| match entity.kind {
        Kind::TrialComponent => {
            let trials: BTreeSet<&str> =
                held.list(Kind::Trial).filter(|it| it.experiment() == Some(experiment)).map(|it| &*it.name).collect();
            entity.trials.iter().any(|trial| trials.contains(trial.as_str()))
        }
        _ => entity.experiment() == Some(experiment),
    };
    let by_component = |component: &str| {
        held.get(Kind::TrialComponent, component).is_some_and(|component| component.trials.contains(&entity.name))
    };
    let by_source = |arn: &str| {
        entity.job.as_ref().is_some_and(|job| job.arn.eq_ignore_ascii_case(arn))
            || entity.sources.iter().any(|source| source.eq_ignore_ascii_case(arn))
    };
    bound("CreatedAfter").is_none_or(|bound| entity.created_at_ms >= bound)
        && bound("CreatedBefore").is_none_or(|bound| entity.created_at_ms <= bound)
        && field::text(input, "ExperimentName").is_none_or(by_experiment)
        && field::text(input, "TrialName").is_none_or(|trial| entity.trials.contains(trial))
        && field::text(input, "TrialComponentName").is_none_or(by_component)
        && field::text(input, "SourceArn").is_none_or(by_source)
}

fn summary(services: &Services, entity: &Entity) -> ApiResult {
    let members: &[&str] = match entity.kind {
        Kind::Experiment => &["ExperimentArn", "ExperimentName", "DisplayName", "CreationTime", "LastModifiedTime"],
        Kind::Trial => &["TrialArn", "TrialName", "DisplayName", "CreationTime", "LastModifiedTime"],
        Kind::TrialComponent => &[
            "TrialComponentName",
            "TrialComponentArn",
            "DisplayName",
            "Status",
            "StartTime",
            "EndTime",
            "CreationTime",
            "CreatedBy",
            "LastModifiedTime",
            "LastModifiedBy",
        ],
    };
    let mut record = record(services, entity)?;
    let mut summary: Map<String, Value> = members.iter().filter_map(|member| record.remove_entry(*member)).collect();
    if let Some(source) = record.remove("Source") {
        summary.insert("TrialComponentSource".to_owned(), source);
    }
    Ok(Value::Object(summary))
}
