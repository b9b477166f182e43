//! Search over training jobs: full records with their tags, filtered by any property, sorted, in pages.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::describe::record;
use super::filter;
use super::tags::tag_list;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{field, page};

/// Members of Describe that Search's record does not have.
const NOT_SEARCHED: [&str; 10] = [
    "BillableTokenCount",
    "InfraCheckConfig",
    "MlflowConfig",
    "MlflowDetails",
    "ProfilerRuleConfigurations",
    "ProfilerRuleEvaluationStatuses",
    "ProfilingStatus",
    "ProgressInfo",
    "RemoteDebugConfig",
    "ServerlessJobConfig",
];

/// Where the next page begins: after the job of this sort value and name.
#[derive(Serialize, Deserialize)]
struct Place {
    query: String,
    value: Value,
    name: String,
}

pub(super) fn search(services: &Services, input: &Value) -> ApiResult {
    let resource = field::text(input, "Resource").unwrap_or_default();
    if resource != "TrainingJob" {
        return Err(ApiError::validation(format!(
            "Search for {resource} is not supported by the local endpoint; it keeps training jobs (TrainingJob)."
        )));
    }
    let sort_by = field::text(input, "SortBy").unwrap_or("LastModifiedTime");
    let descending = field::text(input, "SortOrder") != Some("Ascending");
    let query = fingerprint(input);
    let after = match field::text(input, "NextToken") {
        Some(token) => Some(
            page::decode::<Place>(token)
                .filter(|place| place.query == query)
                .ok_or_else(|| ApiError::validation("Invalid NextToken: it belongs to another request."))?,
        ),
        None => None,
    };
    filter::validate(input)?;

    let mut found: Vec<(Value, String, Value)> = Vec::new();
    for job in services.jobs.list() {
        let mut members = record(&job);
        members.retain(|name, _| !NOT_SEARCHED.contains(&name.as_str()));
        members.insert("Tags".to_owned(), tag_list(&job.tags));
        let record = Value::Object(members);
        if filter::matches(input, &record) {
            let key = filter::values(&record, sort_by).first().map_or(Value::Null, |value| (*value).clone());
            found.push((key, job.name, record));
        }
    }
    let order = |left: (&Value, &str), right: (&Value, &str)| {
        let ascending = compare(left.0, right.0).then_with(|| left.1.cmp(right.1));
        if descending { ascending.reverse() } else { ascending }
    };
    if let Some(place) = after {
        found.retain(|(key, name, _)| order((&place.value, &place.name), (key, name)).is_lt());
    }
    found.sort_by(|left, right| order((&left.0, &left.1), (&right.0, &right.1)));

    let limit = usize::try_from(field::integer(input, "MaxResults").unwrap_or(10)).unwrap_or(10);
    let total = found.len();
    found.truncate(limit);
    let next = found
        .last()
        .filter(|_| total > limit)
        .map(|(value, name, _)| page::encode(&Place { query, value: value.clone(), name: name.clone() }));
    let results: Value = found.into_iter().map(|(_, _, record)| json!({ "TrainingJob": record })).collect();
    Ok(field::object([("Results", Some(results)), ("NextToken", next.map(Value::from))]))
}

/// A token fits the request that it came from, whatever page size is asked for.
fn fingerprint(input: &Value) -> String {
    let mut query = input.clone();
    if let Some(members) = query.as_object_mut() {
        members.remove("NextToken");
        members.remove("MaxResults");
    }
    hex::encode(&Sha256::digest(query.to_string())[..8])
}

/// Absent before numbers before text; numbers by value.
fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left.as_f64().unwrap_or_default().total_cmp(&right.as_f64().unwrap_or_default())
        }
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (left, right) => rank(left).cmp(&rank(right)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        _ => 3,
    }
}
