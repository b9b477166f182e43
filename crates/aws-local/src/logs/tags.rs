//! Tags of log groups, in both generations of the API: by name, and by ARN.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::groups::group_change;
use super::source::{exists, group_of, no_group};
use super::{constraint, invalid, missing_member};
use crate::field;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

const MAX_TAGS: usize = 50;

pub(super) fn tag_log_group(services: &Services, input: &Value) -> ApiResult {
    put(services, group_of(services, input)?, tags_of(input)?)
}

pub(super) fn untag_log_group(services: &Services, input: &Value) -> ApiResult {
    remove(services, group_of(services, input)?, field::list(input, "tags"))
}

pub(super) fn list_tags_log_group(services: &Services, input: &Value) -> ApiResult {
    Ok(list(services, group_of(services, input)?))
}

pub(super) fn tag_resource(services: &Services, input: &Value) -> ApiResult {
    put(services, resource_of(services, input)?, tags_of(input)?)
}

pub(super) fn untag_resource(services: &Services, input: &Value) -> ApiResult {
    remove(services, resource_of(services, input)?, field::list(input, "tagKeys"))
}

pub(super) fn list_tags_for_resource(services: &Services, input: &Value) -> ApiResult {
    Ok(list(services, resource_of(services, input)?))
}

/// The group whose ARN is `resourceArn`, with or without `:*` at its end.
fn resource_of<'a>(services: &Services, input: &'a Value) -> Result<&'a str, ApiError> {
    let arn = field::text(input, "resourceArn").ok_or_else(|| missing_member("resourceArn"))?;
    let Some((_, name)) = arn.split_once(":log-group:") else {
        return Err(invalid(format!("{arn} is not the ARN of a log group.")));
    };
    let name = name.strip_suffix(":*").unwrap_or(name);
    if exists(services, name) { Ok(name) } else { Err(no_group()) }
}

fn put(services: &Services, group: &str, tags: BTreeMap<String, String>) -> ApiResult {
    let most = services
        .logs
        .group(group)
        .map_or(0, |head| head.tags.len() + tags.keys().filter(|key| !head.tags.contains_key(*key)).count());
    if most > MAX_TAGS {
        return Err(too_many());
    }
    group_change(services, group, |head| head.tags.extend(tags))?;
    Ok(json!({}))
}

fn remove(services: &Services, group: &str, keys: &[Value]) -> ApiResult {
    group_change(services, group, |head| head.tags.retain(|key, _| !keys.iter().any(|gone| gone == key)))?;
    Ok(json!({}))
}

fn list(services: &Services, group: &str) -> Value {
    json!({ "tags": services.logs.group(group).map(|head| head.tags).unwrap_or_default() })
}

/// The member `tags`, checked.
pub(super) fn tags_of(input: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    for (key, value) in input.get("tags").and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().ok_or_else(|| invalid("The values of tags must be text."))?;
        if key.is_empty() || key.chars().count() > 128 {
            return Err(constraint(key, "tags", "have keys of length from 1 to 128"));
        }
        if value.chars().count() > 256 {
            return Err(constraint(value, "tags", "have values of length less than or equal to 256"));
        }
        tags.insert(key.clone(), value.to_owned());
    }
    if tags.len() > MAX_TAGS { Err(too_many()) } else { Ok(tags) }
}

fn too_many() -> ApiError {
    ApiError::client("TooManyTagsException", format!("A log group can have no more than {MAX_TAGS} tags."))
}
