//! Experiments, trials and trial components as Search answers them: what Describe says, with tags and relatives.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::arn;
use super::record::record;
use super::store::{Entity, Kind};
use crate::field;
use crate::sagemaker::search::{self, Record};
use crate::sagemaker::{describe, tags};
use crate::services::Services;
use crate::wire::ApiError;

pub(in crate::sagemaker) const EXPERIMENT: search::Kind = search::Kind {
    resource: "Experiment",
    member: "Experiment",
    properties: &[
        "CreatedBy",
        "CreationTime",
        "Description",
        "DisplayName",
        "ExperimentArn",
        "ExperimentName",
        "LastModifiedBy",
        "LastModifiedTime",
        "Source",
        "Tags",
    ],
    records: |services| records(services, Kind::Experiment),
};

pub(in crate::sagemaker) const TRIAL: search::Kind = search::Kind {
    resource: "ExperimentTrial",
    member: "Trial",
    properties: &[
        "CreatedBy",
        "CreationTime",
        "DisplayName",
        "ExperimentName",
        "LastModifiedBy",
        "LastModifiedTime",
        "MetadataProperties",
        "Source",
        "Tags",
        "TrialArn",
        "TrialComponentSummaries",
        "TrialName",
    ],
    records: |services| records(services, Kind::Trial),
};

pub(in crate::sagemaker) const TRIAL_COMPONENT: search::Kind = search::Kind {
    resource: "ExperimentTrialComponent",
    member: "TrialComponent",
    properties: &[
        "CreatedBy",
        "CreationTime",
        "DisplayName",
        "EndTime",
        "InputArtifacts",
        "LastModifiedBy",
        "LastModifiedTime",
        "LineageGroupArn",
        "MetadataProperties",
        "Metrics",
        "OutputArtifacts",
        "Parameters",
        "Parents",
        "RunName",
        "Source",
        "SourceDetail",
        "StartTime",
        "Status",
        "Tags",
        "TrialComponentArn",
        "TrialComponentName",
    ],
    records: |services| records(services, Kind::TrialComponent),
};

/// Those whose metrics cannot be read are left out, and named in the log.
fn records(services: &Services, kind: Kind) -> Vec<Record> {
    let made = services.experiments.list(kind).into_iter().filter_map(|entity| {
        let members = members(services, &entity).ok()?;
        Some(Record { name: entity.name, members: Arc::new(members) })
    });
    made.collect()
}

fn members(services: &Services, entity: &Entity) -> Result<Value, ApiError> {
    let mut found = record(services, entity)?;
    let tags = services.tags.get(&arn(services, entity.kind, &entity.name));
    found.insert("Tags".to_owned(), tags::tag_list(&tags));
    match entity.kind {
        Kind::Experiment => {}
        Kind::Trial => {
            found.insert("TrialComponentSummaries".to_owned(), components(services, entity)?.into());
        }
        Kind::TrialComponent => {
            found.remove("Sources");
            found.insert("Parents".to_owned(), parents(services, entity).into());
            if let Some(from) = &entity.job {
                let job = services.jobs.get(&from.name).map(|job| describe::record(&job));
                let detail = field::object([
                    ("SourceArn", Some(from.arn.clone().into())),
                    ("TrainingJob", job.map(Value::Object)),
                ]);
                found.insert("SourceDetail".to_owned(), detail);
                found.extend(from.run_name.clone().map(|run| ("RunName".to_owned(), run.into())));
            }
        }
    }
    Ok(Value::Object(found))
}

/// The components of a trial.
fn components(services: &Services, trial: &Entity) -> Result<Vec<Value>, ApiError> {
    let members = ["TrialComponentName", "TrialComponentArn", "CreationTime", "CreatedBy"];
    let inside = services.experiments.list(Kind::TrialComponent).into_iter();
    inside
        .filter(|component| component.trials.contains(&trial.name))
        .map(|component| {
            let mut record = record(services, &component)?;
            let mut summary: Map<String, Value> =
                members.iter().filter_map(|member| record.remove_entry(*member)).collect();
            summary.extend(record.remove("Source").map(|source| ("TrialComponentSource".to_owned(), source)));
            Ok(Value::Object(summary))
        })
        .collect()
}

/// The trials that a component is in, with their experiments.
fn parents(services: &Services, component: &Entity) -> Vec<Value> {
    let held = services.experiments.hold();
    let trials = component.trials.iter().filter_map(|trial| held.get(Kind::Trial, trial));
    trials.map(|trial| json!({ "TrialName": trial.name, "ExperimentName": trial.experiment() })).collect()
}
