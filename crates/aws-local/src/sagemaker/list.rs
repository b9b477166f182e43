//! ListTrainingJobs: summaries, filtered, sorted, in pages.
//!
//! As at AWS, `StatusEquals` is applied after the page has been cut: pages may be short, or empty with a token.

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::describe::warm_pool;
use crate::clock::seconds;
use crate::job::JobRecord;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{field, page};

/// Where the next page begins: after the job of this sort key and name.
#[derive(Serialize, Deserialize)]
struct Place {
    sort_by: String,
    descending: bool,
    key: SortKey,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
enum SortKey {
    Time(i64),
    Text(String),
}

pub(super) fn list_training_jobs(services: &Services, input: &Value) -> ApiResult {
    let sort_by = field::text(input, "SortBy").unwrap_or("CreationTime");
    let descending = match field::text(input, "SortOrder") {
        Some(order) => order == "Descending",
        // Newest first unless asked otherwise; names read from A.
        None => sort_by == "CreationTime",
    };
    let key = |job: &JobRecord| match sort_by {
        "Name" => SortKey::Text(job.name.clone()),
        "Status" => SortKey::Text(job.status.clone()),
        _ => SortKey::Time(job.created_at_ms),
    };
    let order = |left: (&SortKey, &str), right: (&SortKey, &str)| -> Ordering {
        let ascending = left.cmp(&right);
        if descending { ascending.reverse() } else { ascending }
    };
    let after = match field::text(input, "NextToken") {
        Some(token) => Some(
            page::decode::<Place>(token)
                .filter(|place| place.sort_by == sort_by && place.descending == descending)
                .ok_or_else(|| ApiError::validation("Invalid NextToken: it belongs to another request."))?,
        ),
        None => None,
    };

    let mut jobs: Vec<(SortKey, Arc<JobRecord>)> = services
        .jobs
        .list()
        .into_iter()
        .filter(|job| selected(services, job, input))
        .map(|job| (key(&job), job))
        .filter(|(key, job)| {
            after.as_ref().is_none_or(|place| order((&place.key, &place.name), (key, &job.name)).is_lt())
        })
        .collect();
    jobs.sort_by(|left, right| order((&left.0, &left.1.name), (&right.0, &right.1.name)));

    let limit = usize::try_from(field::integer(input, "MaxResults").unwrap_or(10)).unwrap_or(10);
    let more = jobs.len() > limit;
    jobs.truncate(limit);
    let next = jobs.last().filter(|_| more).map(|(key, job)| {
        page::encode(&Place { sort_by: sort_by.to_owned(), descending, key: key.clone(), name: job.name.clone() })
    });
    let status = field::text(input, "StatusEquals");
    let summaries: Value = jobs
        .iter()
        .filter(|(_, job)| status.is_none_or(|status| job.status == status))
        .map(|(_, job)| summary(services, job))
        .collect();
    Ok(field::object([("TrainingJobSummaries", Some(summaries)), ("NextToken", next.map(Value::from))]))
}

fn selected(services: &Services, job: &JobRecord, input: &Value) -> bool {
    let bound = |name: &str| input.get(name).and_then(field::time_ms);
    bound("CreationTimeAfter").is_none_or(|bound| job.created_at_ms >= bound)
        && bound("CreationTimeBefore").is_none_or(|bound| job.created_at_ms <= bound)
        && bound("LastModifiedTimeAfter").is_none_or(|bound| job.last_modified_ms >= bound)
        && bound("LastModifiedTimeBefore").is_none_or(|bound| job.last_modified_ms <= bound)
        && field::text(input, "NameContains").is_none_or(|part| job.name.contains(part))
        && field::text(input, "WarmPoolStatusEquals")
            .is_none_or(|wanted| services.jobs.warm_pool(&job.name).is_some_and(|pool| pool.status == wanted))
        && field::text(input, "TrainingPlanArnEquals").is_none_or(|arn| {
            job.request.pointer("/ResourceConfig/TrainingPlanArn").and_then(Value::as_str) == Some(arn)
        })
}

fn summary(services: &Services, job: &JobRecord) -> Value {
    field::object([
        ("TrainingJobName", Some(job.name.clone().into())),
        ("TrainingJobArn", Some(job.arn.clone().into())),
        ("CreationTime", Some(json!(seconds(job.created_at_ms)))),
        ("TrainingEndTime", job.ended_at_ms.map(|at| json!(seconds(at)))),
        ("LastModifiedTime", Some(json!(seconds(job.last_modified_ms)))),
        ("TrainingJobStatus", Some(job.status.clone().into())),
        ("SecondaryStatus", Some(job.secondary_status.clone().into())),
        ("WarmPoolStatus", warm_pool(services, &job.name)),
        ("TrainingPlanArn", job.request.pointer("/ResourceConfig/TrainingPlanArn").cloned()),
    ])
}
