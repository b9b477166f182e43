//! Policies of roles: managed ones are attached by their ARN, inline ones are kept as they came. None is evaluated.

use serde_json::{Value, json};

use super::roles::{changed_role, existing};
use super::{no_such_entity, required};
use crate::field;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult, query};

/// The most managed policies of a role, and the longest document, once quotas are raised:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
const MAX_ATTACHED: usize = 20;
const MAX_DOCUMENT: usize = 10_240;

pub(super) fn attach_role_policy(services: &Services, input: &Value) -> ApiResult {
    let arn = policy_arn(input)?;
    changed_role(services, input, |role| {
        if !role.attached.iter().any(|attached| attached == arn) {
            role.attached.push(arn.to_owned());
        }
        if role.attached.len() > MAX_ATTACHED {
            let message = format!("Cannot exceed quota for PoliciesPerRole: {MAX_ATTACHED}");
            return Err(ApiError::new(409, "LimitExceeded", message));
        }
        Ok(json!({}))
    })
}

pub(super) fn detach_role_policy(services: &Services, input: &Value) -> ApiResult {
    let arn = policy_arn(input)?;
    changed_role(services, input, |role| {
        let Some(place) = role.attached.iter().position(|attached| attached == arn) else {
            return Err(no_such_entity(format!("Policy {arn} was not found.")));
        };
        role.attached.remove(place);
        Ok(json!({}))
    })
}

pub(super) fn list_attached_role_policies(services: &Services, input: &Value) -> ApiResult {
    let (_, role) = existing(services, input)?;
    let policies: Vec<Value> = role
        .attached
        .iter()
        .map(|arn| json!({ "PolicyName": arn.rsplit('/').next().unwrap_or(arn), "PolicyArn": arn }))
        .collect();
    Ok(json!({ "AttachedPolicies": policies, "IsTruncated": false }))
}

pub(super) fn put_role_policy(services: &Services, input: &Value) -> ApiResult {
    let name = policy_name(input)?;
    let document = required(input, "PolicyDocument")?;
    if document.len() > MAX_DOCUMENT {
        let message = format!("Maximum policy size of {MAX_DOCUMENT} bytes exceeded for the role.");
        return Err(ApiError::new(409, "LimitExceeded", message));
    }
    if serde_json::from_str::<Value>(document).is_err() {
        return Err(ApiError::client("MalformedPolicyDocument", "Syntax errors in policy."));
    }
    changed_role(services, input, |role| {
        role.inline.insert(name.to_owned(), document.to_owned());
        let size: usize = role.inline.values().map(String::len).sum();
        if size > MAX_DOCUMENT {
            let message = format!("Maximum policy size of {MAX_DOCUMENT} bytes exceeded for the role.");
            return Err(ApiError::new(409, "LimitExceeded", message));
        }
        Ok(json!({}))
    })
}

pub(super) fn get_role_policy(services: &Services, input: &Value) -> ApiResult {
    let name = policy_name(input)?;
    let (role_name, role) = existing(services, input)?;
    let document = role.inline.get(name).ok_or_else(|| absent(name))?;
    Ok(json!({ "RoleName": role_name, "PolicyName": name, "PolicyDocument": query::percent_encode(document) }))
}

pub(super) fn delete_role_policy(services: &Services, input: &Value) -> ApiResult {
    let name = policy_name(input)?;
    changed_role(services, input, |role| role.inline.remove(name).map(|_| json!({})).ok_or_else(|| absent(name)))
}

pub(super) fn list_role_policies(services: &Services, input: &Value) -> ApiResult {
    let (_, role) = existing(services, input)?;
    let names: Vec<&str> = role.inline.keys().map(String::as_str).collect();
    Ok(field::object([("PolicyNames", Some(json!(names))), ("IsTruncated", Some(json!(false)))]))
}

fn absent(name: &str) -> ApiError {
    no_such_entity(format!("The role policy with name {name} cannot be found."))
}

fn policy_name(input: &Value) -> Result<&str, ApiError> {
    let name = required(input, "PolicyName")?;
    let plain = name.chars().all(|char| char.is_ascii_alphanumeric() || "_+=,.@-".contains(char));
    if name.len() > 128 || !plain {
        return Err(ApiError::client(
            "ValidationError",
            "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
        ));
    }
    Ok(name)
}

fn policy_arn(input: &Value) -> Result<&str, ApiError> {
    let arn = required(input, "PolicyArn")?;
    let is_policy = arn.starts_with("arn:aws") && arn.contains(":iam::") && arn.contains(":policy/");
    if arn.len() > 2048 || !is_policy {
        return Err(ApiError::client("ValidationError", format!("ARN {arn} is not valid.")));
    }
    Ok(arn)
}
