//! What is told about the training jobs of a tuning job: summaries, counters, and the best of them.

use serde_json::{Map, Value, json};

use super::plan::{Objective, Plan};
use super::store::{Child, ChildEnd, TuningJob};
use crate::clock::seconds;
use crate::field;
use crate::job::JobRecord;
use crate::sagemaker::job_arn;
use crate::services::Services;

/// An improvement of less than this share of the best value is none.
const IMPROVEMENT: f64 = 0.01;

/// A training job as it is now.
pub(super) fn end_of(record: &JobRecord, objective: &Objective) -> ChildEnd {
    let value = record.final_metrics.iter().find(|(metric, ..)| *metric == objective.metric);
    ChildEnd {
        status: record.status.clone(),
        objective: value.map(|(_, value, _)| *value).filter(|value| value.is_finite()),
        started_at_ms: record.started_at_ms,
        ended_at_ms: record.ended_at_ms,
        failure_reason: record.failure_reason.clone(),
    }
}

/// What the child is now: its end, or its state while it runs. Only an end has an objective that counts.
fn now(services: &Services, child: &Child, objective: &Objective) -> ChildEnd {
    child.end.clone().unwrap_or_else(|| match services.jobs.get(&child.name) {
        Some(record) => end_of(&record, objective),
        None => ChildEnd {
            status: "InProgress".to_owned(),
            objective: None,
            started_at_ms: None,
            ended_at_ms: None,
            failure_reason: None,
        },
    })
}

/// The objective of a child that is over and has one.
pub(super) fn result(child: &Child) -> Option<f64> {
    let end = child.end.as_ref().filter(|end| matches!(end.status.as_str(), "Completed" | "Stopped"))?;
    end.objective
}

fn objective_status(child: &Child) -> &'static str {
    match (&child.end, result(child)) {
        (None, _) => "Pending",
        (Some(_), Some(_)) => "Succeeded",
        (Some(_), None) => "Failed",
    }
}

/// `HyperParameterTrainingJobSummary`.
pub(super) fn summary(services: &Services, plan: &Plan, child: &Child) -> Value {
    let definition = &plan.definitions[child.definition];
    let now = now(services, child, &definition.objective);
    let chosen: Map<String, Value> =
        child.chosen.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let objective = result(child).map(|value| {
        json!({ "Type": definition.objective.kind(), "MetricName": definition.objective.metric, "Value": value })
    });
    field::object([
        ("TrainingJobDefinitionName", definition.name.clone().map(Value::from)),
        ("TrainingJobName", Some(child.name.clone().into())),
        ("TrainingJobArn", Some(job_arn(services, &child.name).into())),
        ("CreationTime", Some(json!(seconds(child.created_at_ms)))),
        ("TrainingStartTime", now.started_at_ms.map(|at| json!(seconds(at)))),
        ("TrainingEndTime", now.ended_at_ms.map(|at| json!(seconds(at)))),
        ("TrainingJobStatus", Some(now.status.into())),
        ("TunedHyperParameters", Some(chosen.into())),
        ("FailureReason", now.failure_reason.map(|reason| reason.chars().take(1024).collect::<String>().into())),
        ("FinalHyperParameterTuningJobObjectiveMetric", objective),
        ("ObjectiveStatus", Some(objective_status(child).into())),
    ])
}

/// Index of the child with the best result; of equal ones the first.
pub(super) fn best(plan: &Plan, job: &TuningJob) -> Option<usize> {
    let losses = job.children.iter().enumerate().filter_map(|(index, child)| Some((index, loss(plan, child)?)));
    losses.min_by(|left, right| left.1.total_cmp(&right.1)).map(|(index, _)| index)
}

fn loss(plan: &Plan, child: &Child) -> Option<f64> {
    result(child).map(|value| plan.definitions[child.definition].objective.loss(value))
}

/// Results in a row, at the end, that did not improve the best by one per cent.
pub(super) fn not_improving(plan: &Plan, job: &TuningJob) -> usize {
    let mut ended: Vec<&Child> = job.children.iter().filter(|child| child.end.is_some()).collect();
    ended.sort_by_key(|child| child.end.as_ref().and_then(|end| end.ended_at_ms));
    let (mut best, mut count) = (f64::INFINITY, 0);
    for loss in ended.into_iter().filter_map(|child| loss(plan, child)) {
        let improves = best.is_infinite() || best - loss >= best.abs() * IMPROVEMENT && loss < best;
        count = if improves { 0 } else { count + 1 };
        best = best.min(loss);
    }
    count
}

/// `TrainingJobStatusCounters` and `ObjectiveStatusCounters`.
pub(super) fn counters(job: &TuningJob) -> (Value, Value) {
    let by_status = |status: Option<&str>| {
        job.children.iter().filter(|child| child.end.as_ref().map(|end| end.status.as_str()) == status).count()
    };
    let by_objective = |status: &str| job.children.iter().filter(|child| objective_status(child) == status).count();
    (
        json!({
            "Completed": by_status(Some("Completed")), "InProgress": by_status(None), "RetryableError": 0,
            "NonRetryableError": by_status(Some("Failed")), "Stopped": by_status(Some("Stopped")),
        }),
        json!({
            "Succeeded": by_objective("Succeeded"), "Pending": by_objective("Pending"), "Failed": by_objective("Failed"),
        }),
    )
}
