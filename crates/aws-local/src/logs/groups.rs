//! Log groups: create, delete, describe, and how long their events are kept.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::source::{any_job_stream, exists, group_of, no_group};
use super::store::{GroupHead, lock};
use super::tags::tags_of;
use super::{GROUP, constraint, invalid, limit, missing_member, name};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{clock, field, page};

const MOST: usize = 50;
const MAX_NAME: usize = 512;
const CLASSES: [&str; 3] = ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY"];

/// The days that PutRetentionPolicy takes.
const RETENTIONS: [i64; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

pub(super) fn create_log_group(services: &Services, input: &Value) -> ApiResult {
    let fits = |char: char| char.is_ascii_alphanumeric() || "._/#-".contains(char);
    let name = name(input, "logGroupName", MAX_NAME, "[\\.\\-_/#A-Za-z0-9]+", fits)?;
    let mut head = GroupHead::new(name, clock::now_ms());
    head.tags = tags_of(input)?;
    head.kms_key_id = field::text(input, "kmsKeyId").map(str::to_owned);
    if let Some(class) = field::text(input, "logGroupClass") {
        if !CLASSES.contains(&class) {
            let rule = format!("satisfy enum value set: [{}]", CLASSES.join(", "));
            return Err(constraint(class, "logGroupClass", &rule));
        }
        class.clone_into(&mut head.class);
    }
    if exists(services, name) || !services.logs.group_create(head).map_err(ApiError::internal)? {
        return Err(ApiError::client("ResourceAlreadyExistsException", "The specified log group already exists"));
    }
    Ok(json!({}))
}

pub(super) fn delete_log_group(services: &Services, input: &Value) -> ApiResult {
    let name = group_of(services, input)?;
    if name == GROUP && any_job_stream(services) {
        return Err(ApiError::client(
            "OperationAbortedException",
            "The local endpoint keeps the logs of training jobs with the jobs; this group cannot be deleted.",
        ));
    }
    if services.logs.group_delete(name).map_err(ApiError::internal)? { Ok(json!({})) } else { Err(no_group()) }
}

pub(super) fn describe_log_groups(services: &Services, input: &Value) -> ApiResult {
    let (prefix, part) = (field::text(input, "logGroupNamePrefix"), field::text(input, "logGroupNamePattern"));
    if prefix.is_some() && part.is_some() {
        return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    let limit = limit(input, "limit", MOST)?;
    let after: Option<String> = match field::text(input, "nextToken") {
        Some(token) => Some(page::decode(token).ok_or_else(|| invalid("The specified nextToken is invalid."))?),
        None => None,
    };
    let mut groups: BTreeMap<String, GroupHead> =
        services.logs.groups().into_iter().map(|head| (head.name.clone(), head)).collect();
    if !groups.contains_key(GROUP) && any_job_stream(services) {
        groups.insert(GROUP.to_owned(), jobs_head(services));
    }
    groups.retain(|name, _| {
        prefix.is_none_or(|prefix| name.starts_with(prefix))
            && part.is_none_or(|part| name.contains(part))
            && after.as_ref().is_none_or(|after| name > after)
    });
    let more = groups.len() > limit;
    let groups: Vec<GroupHead> = groups.into_values().take(limit).collect();
    let next = groups.last().filter(|_| more).map(|group| Value::from(page::encode(&group.name)));
    let mut described = Vec::new();
    for group in &groups {
        described.push(describe(services, group)?);
    }
    Ok(field::object([("logGroups", Some(described.into())), ("nextToken", next)]))
}

fn describe(services: &Services, group: &GroupHead) -> ApiResult {
    let arn = format!("arn:aws:logs:{}:{}:log-group:{}", services.region, services.account, group.name);
    let mut bytes = 0;
    for stream in services.logs.streams(&group.name, "") {
        bytes += lock(&stream).extent().map_err(ApiError::internal)?.bytes;
    }
    Ok(field::object([
        ("logGroupName", Some(group.name.clone().into())),
        ("creationTime", Some(group.created_at_ms.into())),
        ("retentionInDays", group.retention_days.map(Value::from)),
        ("metricFilterCount", Some(0.into())),
        ("arn", Some(format!("{arn}:*").into())),
        ("logGroupArn", Some(arn.into())),
        ("storedBytes", Some(bytes.into())),
        ("kmsKeyId", group.kms_key_id.clone().map(Value::from)),
        ("logGroupClass", Some(group.class.clone().into())),
    ]))
}

pub(super) fn put_retention_policy(services: &Services, input: &Value) -> ApiResult {
    let group = group_of(services, input)?;
    let days = field::integer(input, "retentionInDays").ok_or_else(|| missing_member("retentionInDays"))?;
    if !RETENTIONS.contains(&days) {
        let rule = format!("satisfy enum value set: {RETENTIONS:?}");
        return Err(constraint(&days.to_string(), "retentionInDays", &rule));
    }
    group_change(services, group, |head| head.retention_days = Some(days))?;
    Ok(json!({}))
}

pub(super) fn delete_retention_policy(services: &Services, input: &Value) -> ApiResult {
    let group = group_of(services, input)?;
    group_change(services, group, |head| head.retention_days = None)?;
    Ok(json!({}))
}

/// Changes what is kept of a group that exists. The jobs' group has nothing of its own until then.
pub(super) fn group_change<T>(
    services: &Services,
    group: &str,
    change: impl FnOnce(&mut GroupHead) -> T,
) -> Result<T, ApiError> {
    head_ensure(services, group)?;
    services.logs.group_change(group, change).map_err(ApiError::internal)?.ok_or_else(no_group)
}

/// The jobs' group exists by the jobs alone: clients' streams and settings need a place.
pub(super) fn head_ensure(services: &Services, group: &str) -> Result<(), ApiError> {
    if group == GROUP {
        services.logs.group_create(jobs_head(services)).map_err(ApiError::internal)?;
    }
    Ok(())
}

fn jobs_head(services: &Services) -> GroupHead {
    let first = services.jobs.list().iter().map(|job| job.created_at_ms).min();
    GroupHead::new(GROUP, first.unwrap_or_else(clock::now_ms))
}
