//! `CreateHyperParameterTuningJob`: everything that can be refused is refused here, not in a step.

use serde_json::{Value, json};

use super::plan::Plan;
use super::space::Chosen;
use super::store::{ParentResult, Status, TuningJob};
use super::{tuning_arn, view};
use crate::clock::now_ms;
use crate::field;
use crate::sagemaker::{create as training_job, model, tags};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

pub(super) fn create(services: &Services, input: &Value) -> ApiResult {
    let name = field::text(input, "HyperParameterTuningJobName").unwrap_or_default();
    let plan = Plan::parse(input)?;
    let tags = tags::tags_of(input)?;
    check_definitions(services, &plan)?;
    let arn = tuning_arn(services, name);
    let mut request = input.clone();
    if let Some(members) = request.as_object_mut() {
        members.remove("Tags");
    }
    let seed = field::integer(&input["HyperParameterTuningJobConfig"], "RandomSeed");
    let now = now_ms();
    let mut held = services.tuning.hold();
    if held.get(name).is_some() {
        return Err(ApiError::client(
            "ResourceInUse",
            format!(
                "Hyperparameter tuning job names must be unique within an AWS account and region, and a hyperparameter \
                 tuning job with this name already exists ({arn})"
            ),
        ));
    }
    let mut parents = Vec::new();
    for parent in input.pointer("/WarmStartConfig/ParentHyperParameterTuningJobs").into_iter().flat_map(entries) {
        let parent_name = field::text(parent, "HyperParameterTuningJobName").unwrap_or_default();
        let known = held.get(parent_name).ok_or_else(|| {
            ApiError::validation(format!("The parent hyperparameter tuning job {parent_name:?} does not exist."))
        })?;
        parents.extend(results(services, &plan, known)?);
    }
    let job = TuningJob {
        name: name.to_owned(),
        arn: arn.clone(),
        created_at_ms: now,
        modified_at_ms: now,
        ended_at_ms: None,
        request,
        seed: seed.map_or_else(rand::random, i64::unsigned_abs),
        status: Status::InProgress,
        closing: false,
        converged_at_ms: None,
        failure_reason: None,
        parents,
        children: Vec::new(),
    };
    services.tags.put(&arn, &tags).map_err(ApiError::internal)?;
    held.put(job).map_err(ApiError::internal)?;
    services.tuning.poke();
    tracing::info!(tuning_job.name = name, "hyperparameter tuning job created");
    Ok(json!({ "HyperParameterTuningJobArn": arn }))
}

fn entries(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

/// A definition whose training jobs would all be refused is refused itself.
fn check_definitions(services: &Services, plan: &Plan) -> Result<(), ApiError> {
    for definition in &plan.definitions {
        let chosen: Chosen = definition.parameters.iter().map(|it| (it.name.clone(), it.text(0.0))).collect();
        let request = definition.request("trainyard-check", &chosen, &json!([]));
        training_job::check(services, &model::parse("CreateTrainingJob", &request)?)?;
    }
    Ok(())
}

/// What a parent of a warm start has found out.
fn results(services: &Services, plan: &Plan, parent: &TuningJob) -> Result<Vec<ParentResult>, ApiError> {
    if parent.status.is_active() {
        return Err(ApiError::validation(format!(
            "The parent hyperparameter tuning job {:?} must be in a terminal state; it is in status {}.",
            parent.name,
            parent.status.name()
        )));
    }
    let parent_plan = Plan::parse(&parent.request)?;
    let objective = &plan.definitions[0].objective;
    if parent_plan.definitions[0].objective != *objective {
        return Err(ApiError::validation(format!(
            "The parent hyperparameter tuning job {:?} must have the same objective ({} {}).",
            parent.name,
            objective.kind(),
            objective.metric
        )));
    }
    let found = parent.children.iter().filter_map(|child| {
        let mut summary = view::summary(services, &parent_plan, child);
        summary["TuningJobName"] = parent.name.clone().into();
        Some(ParentResult { chosen: child.chosen.clone(), value: view::result(child)?, summary })
    });
    Ok(found.collect())
}
