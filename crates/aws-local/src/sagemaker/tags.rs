//! `AddTags` and `ListTags` on training jobs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{job_by_arn, job_error};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{field, page};

/// The most tags of one resource.
const MAX_TAGS: usize = 50;

/// Adds tags or changes their values; answers all tags of the job.
pub(super) fn add_tags(services: &Services, input: &Value) -> ApiResult {
    let job = job_by_arn(services, field::text(input, "ResourceArn").unwrap_or_default())?;
    let added = tags_of(input)?;
    let total = job.tags.keys().filter(|key| !added.contains_key(*key)).count() + added.len();
    if total > MAX_TAGS {
        return Err(ApiError::validation(format!(
            "A resource can have at most {MAX_TAGS} tags; this one would have {total}."
        )));
    }
    let tags = services.jobs.tags_put(&job.name, &added).map_err(job_error)?;
    Ok(json!({ "Tags": tag_list(&tags) }))
}

pub(super) fn list_tags(services: &Services, input: &Value) -> ApiResult {
    let job = job_by_arn(services, field::text(input, "ResourceArn").unwrap_or_default())?;
    let limit = usize::try_from(field::integer(input, "MaxResults").unwrap_or(50)).unwrap_or(50);
    let after: Option<String> = match field::text(input, "NextToken") {
        Some(token) => Some(page::decode(token).ok_or_else(|| ApiError::validation("Invalid NextToken."))?),
        None => None,
    };
    let mut rest = job.tags.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let cut: BTreeMap<String, String> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let next = cut.keys().next_back().filter(|_| more).map(|last| page::encode(last).into());
    Ok(field::object([("Tags", Some(tag_list(&cut))), ("NextToken", next)]))
}

/// The tags of a request, in which no key may come twice.
pub(super) fn tags_of(input: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    for tag in field::list(input, "Tags") {
        let (key, value) = (field::text(tag, "Key").unwrap_or_default(), field::text(tag, "Value").unwrap_or_default());
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(ApiError::validation(format!("The tag key {key:?} is given more than once.")));
        }
    }
    Ok(tags)
}

/// SageMaker's form of tags: a list of Key and Value.
pub(super) fn tag_list(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}
