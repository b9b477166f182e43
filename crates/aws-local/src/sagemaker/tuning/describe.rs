//! `DescribeHyperParameterTuningJob`.

use serde_json::{Map, Value, json};

use super::plan::Plan;
use super::store::{ParentResult, TuningJob};
use super::{not_found, view};
use crate::clock::{now_ms, seconds};
use crate::field;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

pub(super) fn describe(services: &Services, input: &Value) -> ApiResult {
    let name = field::text(input, "HyperParameterTuningJobName").unwrap_or_default();
    let job = services.tuning.get(name).ok_or_else(not_found)?;
    Ok(Value::Object(record(services, &job)?))
}

pub(super) fn record(services: &Services, job: &TuningJob) -> Result<Map<String, Value>, ApiError> {
    let plan = Plan::parse(&job.request)?;
    let mut record = job.request.as_object().cloned().unwrap_or_default();
    let (statuses, objectives) = view::counters(job);
    let best = view::best(&plan, job);
    let best_summary = best.map(|index| view::summary(services, &plan, &job.children[index]));
    let details = field::object([
        ("NumberOfTrainingJobsObjectiveNotImproving", Some(view::not_improving(&plan, job).into())),
        ("ConvergenceDetectedTime", job.converged_at_ms.map(|at| json!(seconds(at)))),
    ]);
    let runtime_seconds = (job.ended_at_ms.unwrap_or_else(now_ms) - job.created_at_ms).max(0) / 1000;
    let members = [
        ("HyperParameterTuningJobArn", Some(job.arn.clone().into())),
        ("HyperParameterTuningJobStatus", Some(job.status.name().into())),
        ("CreationTime", Some(json!(seconds(job.created_at_ms)))),
        ("HyperParameterTuningEndTime", job.ended_at_ms.map(|at| json!(seconds(at)))),
        ("LastModifiedTime", Some(json!(seconds(job.modified_at_ms)))),
        ("TrainingJobStatusCounters", Some(statuses)),
        ("ObjectiveStatusCounters", Some(objectives)),
        ("OverallBestTrainingJob", overall_best(&plan, job, best_summary.as_ref())),
        ("BestTrainingJob", best_summary),
        ("FailureReason", job.failure_reason.clone().map(Value::from)),
        ("TuningJobCompletionDetails", Some(details)),
        ("ConsumedResources", Some(json!({ "RuntimeInSeconds": runtime_seconds }))),
    ];
    for (name, value) in members {
        record.extend(value.map(|value| (name.to_owned(), value)));
    }
    Ok(record)
}

/// The best of this job and its parents, for warm starts with identical data and algorithm.
fn overall_best(plan: &Plan, job: &TuningJob, own: Option<&Value>) -> Option<Value> {
    if job.request.pointer("/WarmStartConfig/WarmStartType") != Some(&json!("IdenticalDataAndAlgorithm")) {
        return None;
    }
    let objective = &plan.definitions[0].objective;
    let loss = |parent: &ParentResult| objective.loss(parent.value);
    let parent = job.parents.iter().min_by(|left, right| loss(left).total_cmp(&loss(right)));
    let own_loss =
        view::best(plan, job).and_then(|index| view::result(&job.children[index])).map(|it| objective.loss(it));
    match (parent, own_loss) {
        (Some(parent), Some(own_loss)) if loss(parent) < own_loss => Some(parent.summary.clone()),
        (Some(parent), None) => Some(parent.summary.clone()),
        _ => own.cloned(),
    }
}
