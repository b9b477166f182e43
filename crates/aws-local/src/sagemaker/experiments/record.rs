//! `DescribeExperiment`, `DescribeTrial`, `DescribeTrialComponent`.

use serde_json::{Map, Value, json};

use super::store::{Entity, Kind};
use super::{arn, job, name_of, not_found};
use crate::clock::seconds;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

pub(super) fn describe(services: &Services, kind: Kind, input: &Value) -> ApiResult {
    let name = name_of(input, kind);
    let entity = services.experiments.get(kind, name).ok_or_else(|| not_found(services, kind, name))?;
    Ok(Value::Object(record(services, &entity)?))
}

/// All that Describe says about an entity.
pub(super) fn record(services: &Services, entity: &Entity) -> Result<Map<String, Value>, ApiError> {
    let mut record = match entity.kind {
        Kind::TrialComponent => component_members(services, entity)?,
        _ => entity.members.clone(),
    };
    record.entry("DisplayName").or_insert_with(|| entity.name.clone().into());
    let head = [
        (entity.kind.name_member(), entity.name.clone().into()),
        (entity.kind.arn_member(), arn(services, entity.kind, &entity.name).into()),
        ("CreationTime".to_owned(), json!(seconds(entity.created_at_ms))),
        ("CreatedBy".to_owned(), json!({})),
        ("LastModifiedTime".to_owned(), json!(seconds(entity.modified_at_ms))),
        ("LastModifiedBy".to_owned(), json!({})),
    ];
    record.extend(head);
    Ok(record)
}

fn component_members(services: &Services, entity: &Entity) -> Result<Map<String, Value>, ApiError> {
    let own_arn = arn(services, Kind::TrialComponent, &entity.name);
    let summaries = services.experiments.metrics.summaries(&entity.name).map_err(ApiError::internal)?;
    let mut metrics: Vec<Value> = summaries.iter().map(|(metric, summary)| summary.to_json(metric, &own_arn)).collect();
    let mut members = entity.members.clone();
    let mut sources: Vec<Value> = entity.sources.iter().map(|arn| source(arn)).collect();
    if let Some(from) = &entity.job {
        if let (false, Some(record)) = (from.settled, services.jobs.get(&from.name)) {
            members = job::laid_over(job::members(&record), members);
            metrics.extend(job::metrics(services, &record));
        } else {
            metrics.extend(from.metrics.iter().cloned());
        }
        members.insert("Source".to_owned(), source(&from.arn));
        sources.push(source(&from.arn));
    }
    for map in ["Parameters", "InputArtifacts", "OutputArtifacts"] {
        members.entry(map).or_insert_with(|| json!({}));
    }
    members.insert("Metrics".to_owned(), metrics.into());
    members.insert("Sources".to_owned(), sources.into());
    Ok(members)
}

fn source(arn: &str) -> Value {
    json!({ "SourceArn": arn, "SourceType": "SageMakerTrainingJob" })
}
