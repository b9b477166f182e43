//! `ListHyperParameterTuningJobs` and `ListTrainingJobsForHyperParameterTuningJob`. By name from A unless asked otherwise.

use serde_json::{Value, json};

use super::plan::Plan;
use super::store::TuningJob;
use super::{not_found, view};
use crate::clock::seconds;
use crate::field;
use crate::sagemaker::cut::{Order, SortKey, cut};
use crate::services::Services;
use crate::wire::ApiResult;

pub(super) fn list(services: &Services, input: &Value) -> ApiResult {
    let sort_by = field::text(input, "SortBy").unwrap_or("Name");
    let jobs = services.tuning.list().into_iter().filter(|job| selected(job, input));
    let entries = jobs.map(|job| {
        let key = match sort_by {
            "CreationTime" => SortKey::Time(job.created_at_ms),
            "Status" => SortKey::Text(job.status.name().to_owned()),
            _ => SortKey::Text(job.name.clone()),
        };
        (key, job.name.clone(), job)
    });
    let page = cut(entries.collect(), input, sort_by, Order::Ascending)?;
    let summaries: Value = page.items.iter().map(summary).collect();
    Ok(field::object([("HyperParameterTuningJobSummaries", Some(summaries)), ("NextToken", page.next_token)]))
}

fn selected(job: &TuningJob, input: &Value) -> bool {
    let bound = |name: &str| input.get(name).and_then(field::time_ms);
    bound("CreationTimeAfter").is_none_or(|bound| job.created_at_ms >= bound)
        && bound("CreationTimeBefore").is_none_or(|bound| job.created_at_ms <= bound)
        && bound("LastModifiedTimeAfter").is_none_or(|bound| job.modified_at_ms >= bound)
        && bound("LastModifiedTimeBefore").is_none_or(|bound| job.modified_at_ms <= bound)
        && field::text(input, "NameContains").is_none_or(|part| job.name.contains(part))
        && field::text(input, "StatusEquals").is_none_or(|status| job.status.name() == status)
}

fn summary(job: &TuningJob) -> Value {
    let config = job.request.get("HyperParameterTuningJobConfig").unwrap_or(&Value::Null);
    let (statuses, objectives) = view::counters(job);
    field::object([
        ("HyperParameterTuningJobName", Some(job.name.clone().into())),
        ("HyperParameterTuningJobArn", Some(job.arn.clone().into())),
        ("HyperParameterTuningJobStatus", Some(job.status.name().into())),
        ("Strategy", config.get("Strategy").cloned()),
        ("CreationTime", Some(json!(seconds(job.created_at_ms)))),
        ("HyperParameterTuningEndTime", job.ended_at_ms.map(|at| json!(seconds(at)))),
        ("LastModifiedTime", Some(json!(seconds(job.modified_at_ms)))),
        ("TrainingJobStatusCounters", Some(statuses)),
        ("ObjectiveStatusCounters", Some(objectives)),
        ("ResourceLimits", config.get("ResourceLimits").cloned()),
    ])
}

/// Sorted by the objective, training jobs without one are left out, as the API says.
pub(super) fn list_training_jobs(services: &Services, input: &Value) -> ApiResult {
    let name = field::text(input, "HyperParameterTuningJobName").unwrap_or_default();
    let job = services.tuning.get(name).ok_or_else(not_found)?;
    let plan = Plan::parse(&job.request)?;
    let sort_by = field::text(input, "SortBy").unwrap_or("Name");
    let status = field::text(input, "StatusEquals");
    let mut entries = Vec::new();
    for child in &job.children {
        let summary = view::summary(services, &plan, child);
        let child_status = field::text(&summary, "TrainingJobStatus").unwrap_or_default().to_owned();
        if status.is_some_and(|status| child_status != status) {
            continue;
        }
        let key = match sort_by {
            "CreationTime" => SortKey::Time(child.created_at_ms),
            "Status" => SortKey::Text(child_status),
            "FinalObjectiveMetricValue" => match view::result(child) {
                Some(value) => SortKey::Number(value),
                None => continue,
            },
            _ => SortKey::Text(child.name.clone()),
        };
        entries.push((key, child.name.clone(), summary));
    }
    let page = cut(entries, input, sort_by, Order::Ascending)?;
    Ok(field::object([("TrainingJobSummaries", Some(page.items.into())), ("NextToken", page.next_token)]))
}
