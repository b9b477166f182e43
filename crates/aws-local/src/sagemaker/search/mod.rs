//! Search: records of one kind of resource, filtered by any property, sorted by any, in pages.
//!
//! [`KINDS`] is the list of what can be found. To add a resource, write a [`Kind`] where the resource lives and name it
//! there: filters, order, pages and suggestions then work on it.

mod filter;
mod suggestions;
mod training_jobs;

use std::cmp::Ordering;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(super) use suggestions::get_search_suggestions;
pub(crate) use training_jobs::JobRecords;

use super::experiments::search as experiments;
use super::tuning::search::TUNING_JOB;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{field, page};

/// Everything that Search finds here.
const KINDS: [Kind; 5] = [
    training_jobs::TRAINING_JOB,
    experiments::EXPERIMENT,
    experiments::TRIAL,
    experiments::TRIAL_COMPONENT,
    TUNING_JOB,
];

/// One kind of resource that Search finds.
pub(super) struct Kind {
    /// `Resource` of the request, such as `ExperimentTrial`.
    pub(super) resource: &'static str,
    /// The member of a result that holds the record, such as `Trial`.
    pub(super) member: &'static str,
    /// Members that a record may have; a filter on another one is refused.
    pub(super) properties: &'static [&'static str],
    /// All records as they are now, in no particular order.
    pub(super) records: fn(&Services) -> Vec<Record>,
}

/// One resource as Search answers it.
#[derive(Clone)]
pub(super) struct Record {
    /// Unique within its kind: orders records whose sort values are equal.
    pub(super) name: String,
    /// A JSON object with `Tags` as a list of Key and Value. Shared, so that a kind may keep it between requests.
    pub(super) members: Arc<Value>,
}

/// Where the next page begins: after the record of this sort value and name.
#[derive(Serialize, Deserialize)]
struct Place {
    query: String,
    value: Value,
    name: String,
}

pub(super) fn search(services: &Services, input: &Value) -> ApiResult {
    let kind = kind(input)?;
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
    filter::validate(input, kind)?;
    filter::known_property(kind, sort_by)?;

    let records = (kind.records)(services);
    let order = |left: (&Value, &str), right: (&Value, &str)| {
        let ascending = compare(left.0, right.0).then_with(|| left.1.cmp(right.1));
        if descending { ascending.reverse() } else { ascending }
    };
    let mut found: Vec<(&Value, &Record)> = records
        .iter()
        .filter(|record| filter::matches(input, &record.members))
        .map(|record| (filter::values(&record.members, sort_by).first().map_or(&Value::Null, |value| *value), record))
        .filter(|(value, record)| {
            after.as_ref().is_none_or(|place| order((&place.value, &place.name), (value, &record.name)).is_lt())
        })
        .collect();
    found.sort_by(|left, right| order((left.0, &left.1.name), (right.0, &right.1.name)));

    let limit = usize::try_from(field::integer(input, "MaxResults").unwrap_or(10)).unwrap_or(10);
    let total = found.len();
    found.truncate(limit);
    let next = found
        .last()
        .filter(|_| total > limit)
        .map(|(value, record)| page::encode(&Place { query, value: (*value).clone(), name: record.name.clone() }));
    let results: Value = found.into_iter().map(|(_, record)| json!({ (kind.member): *record.members })).collect();
    Ok(field::object([("Results", Some(results)), ("NextToken", next.map(Value::from))]))
}

/// The kind of resource that a request asks for.
fn kind(input: &Value) -> Result<&'static Kind, ApiError> {
    let resource = field::text(input, "Resource").unwrap_or_default();
    KINDS.iter().find(|kind| kind.resource == resource).ok_or_else(|| {
        let known: Vec<&str> = KINDS.iter().map(|kind| kind.resource).collect();
        ApiError::validation(format!(
            "Search for {resource} is not supported by the local endpoint; it keeps {}.",
            known.join(", ")
        ))
    })
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

/// Absent before flags before numbers before text; numbers by value.
fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left.as_f64().unwrap_or_default().total_cmp(&right.as_f64().unwrap_or_default())
        }
        (Value::String(left), Value::String(right)) => left.cmp(right),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
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
