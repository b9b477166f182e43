//! The roles themselves: get, create, delete, list, trust and tags.

use serde_json::{Value, json};

use super::model::{Role, check_name, role_id};
use super::store::{MAX_ROLES, State};
use super::{no_such_entity, page, required};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult, query};
use crate::{clock, field};

/// The longest trust policy: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
const MAX_TRUST: usize = 4096;

/// The most tags of a role.
const MAX_TAGS: usize = 50;

pub(super) fn get_role(services: &Services, input: &Value) -> ApiResult {
    let (name, role) = existing(services, input)?;
    Ok(json!({ "Role": shown(services, name, &role, true) }))
}

pub(super) fn create_role(services: &Services, input: &Value) -> ApiResult {
    let name = required(input, "RoleName")?;
    check_name(name)?;
    let path = path(input)?;
    let trust = trust_document(required(input, "AssumeRolePolicyDocument")?)?;
    let max_session_seconds = field::integer(input, "MaxSessionDuration").unwrap_or(3600);
    if !(3600..=43_200).contains(&max_session_seconds) {
        return Err(ApiError::client("ValidationError", "MaxSessionDuration must be from 3600 to 43200 seconds."));
    }
    let role = Role {
        path,
        trust,
        description: field::text(input, "Description").map(|text| text.chars().take(1000).collect()),
        max_session_seconds,
        created_at_ms: clock::now_ms(),
        explicit: true,
        tags: tags(input)?,
        attached: Vec::new(),
        inline: std::collections::BTreeMap::new(),
    };
    services.roles.change(|state| {
        if state.roles.get(name).is_some_and(|role| role.explicit) {
            return Err(ApiError::new(409, "EntityAlreadyExists", format!("Role with name {name} already exists.")));
        }
        if state.roles.len() >= MAX_ROLES {
            let message = format!("Cannot exceed quota for RolesPerAccount: {MAX_ROLES}.");
            return Err(ApiError::new(409, "LimitExceeded", message));
        }
        state.deleted.remove(name);
        state.roles.insert(name.to_owned(), role.clone());
        Ok(json!({ "Role": shown(services, name, &role, false) }))
    })
}

pub(super) fn delete_role(services: &Services, input: &Value) -> ApiResult {
    changed(services, input, |name, state| {
        let role = state.roles.get(name);
        if role.is_some_and(|role| role.explicit && !role.attached.is_empty()) {
            return Err(conflict("Cannot delete entity, must detach all policies first."));
        }
        if role.is_some_and(|role| !role.inline.is_empty()) {
            return Err(conflict("Cannot delete entity, must delete policies first."));
        }
        state.roles.remove(name);
        if state.deleted.len() < MAX_ROLES {
            state.deleted.insert(name.to_owned());
        }
        Ok(json!({}))
    })
}

/// Only roles that somebody made or changed: those that are there by default have no end.
pub(super) fn list_roles(services: &Services, input: &Value) -> ApiResult {
    let (after, items) = page(input)?;
    let prefix = field::text(input, "PathPrefix").unwrap_or("/");
    services.roles.read(|state| {
        let mut rest = state
            .roles
            .iter()
            .filter(|(name, role)| **name > after && role.path.starts_with(prefix))
            .map(|(name, role)| (name, shown(services, name, role, true)));
        let (mut roles, mut last) = (Vec::new(), String::new());
        for (name, role) in rest.by_ref().take(items) {
            last.clone_from(name);
            roles.push(role);
        }
        let more = rest.next().is_some();
        let marker = more.then(|| json!(crate::page::encode(&last)));
        Ok(field::object([("Roles", Some(roles.into())), ("IsTruncated", Some(more.into())), ("Marker", marker)]))
    })
}

pub(super) fn update_assume_role_policy(services: &Services, input: &Value) -> ApiResult {
    let trust = trust_document(required(input, "PolicyDocument")?)?;
    changed_role(services, input, |role| {
        role.trust = trust;
        Ok(json!({}))
    })
}

pub(super) fn list_role_tags(services: &Services, input: &Value) -> ApiResult {
    let (_, role) = existing(services, input)?;
    Ok(json!({ "Tags": shown_tags(&role), "IsTruncated": false }))
}

pub(super) fn tag_role(services: &Services, input: &Value) -> ApiResult {
    let added = tags(input)?;
    changed_role(services, input, |role| {
        role.tags.extend(added);
        if role.tags.len() > MAX_TAGS {
            return Err(ApiError::new(409, "LimitExceeded", format!("A role may have at most {MAX_TAGS} tags.")));
        }
        Ok(json!({}))
    })
}

/// The role that the input names; the error says which one is not there.
pub(super) fn existing<'a>(services: &Services, input: &'a Value) -> Result<(&'a str, Role), ApiError> {
    let name = required(input, "RoleName")?;
    check_name(name)?;
    services.roles.read(|state| state.get(name)).map(|role| (name, role)).ok_or_else(|| absent(name))
}

/// Changes the role that the input names, keeping it as one that was changed.
pub(super) fn changed_role(
    services: &Services,
    input: &Value,
    change: impl FnOnce(&mut Role) -> ApiResult,
) -> ApiResult {
    changed(services, input, |name, state| {
        let mut role = state.get(name).ok_or_else(|| absent(name))?;
        let answer = change(&mut role)?;
        state.roles.insert(name.to_owned(), role);
        if state.roles.len() > MAX_ROLES {
            return Err(ApiError::new(409, "LimitExceeded", "There are too many roles."));
        }
        Ok(answer)
    })
}

fn changed(services: &Services, input: &Value, change: impl FnOnce(&str, &mut State) -> ApiResult) -> ApiResult {
    let (name, _) = existing(services, input)?;
    services.roles.change(|state| change(name, state))
}

fn absent(name: &str) -> ApiError {
    no_such_entity(format!("The role with name {name} cannot be found."))
}

fn conflict(message: &str) -> ApiError {
    ApiError::new(409, "DeleteConflict", message)
}

/// As the API shows a role. The trust policy is URL-encoded; `ListRoles` and `GetRole` show it, as `CreateRole` does.
fn shown(services: &Services, name: &str, role: &Role, with_tags: bool) -> Value {
    field::object([
        ("Path", Some(json!(role.path))),
        ("RoleName", Some(json!(name))),
        ("RoleId", Some(json!(role_id(&services.account, name)))),
        ("Arn", Some(json!(format!("arn:aws:iam::{}:role{}{name}", services.account, role.path)))),
        ("CreateDate", Some(json!(clock::seconds(role.created_at_ms)))),
        ("AssumeRolePolicyDocument", Some(json!(query::percent_encode(&role.trust)))),
        ("Description", role.description.as_deref().map(Value::from)),
        ("MaxSessionDuration", Some(json!(role.max_session_seconds))),
        ("Tags", (with_tags && !role.tags.is_empty()).then(|| shown_tags(role))),
    ])
}

fn shown_tags(role: &Role) -> Value {
    role.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

fn tags(input: &Value) -> Result<std::collections::BTreeMap<String, String>, ApiError> {
    let tags = field::list(input, "Tags");
    if tags.len() > MAX_TAGS {
        return Err(ApiError::client("InvalidInput", format!("A role may have at most {MAX_TAGS} tags.")));
    }
    tags.iter()
        .map(|tag| {
            let (key, value) =
                (field::text(tag, "Key").unwrap_or_default(), field::text(tag, "Value").unwrap_or_default());
            if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
                return Err(ApiError::client(
                    "InvalidInput",
                    "A tag has a key of 1 to 128 and a value of at most 256 characters.",
                ));
            }
            Ok((key.to_owned(), value.to_owned()))
        })
        .collect()
}

fn path(input: &Value) -> Result<String, ApiError> {
    let path = field::text(input, "Path").unwrap_or("/");
    let good = path.len() <= 512
        && path.starts_with('/')
        && path.ends_with('/')
        && path.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    good.then(|| path.to_owned()).ok_or_else(|| {
        ApiError::client(
            "ValidationError",
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
        )
    })
}

fn trust_document(text: &str) -> Result<String, ApiError> {
    let malformed = |message: &str| ApiError::client("MalformedPolicyDocument", message.to_owned());
    if text.len() > MAX_TRUST {
        return Err(ApiError::new(
            409,
            "LimitExceeded",
            format!("Cannot exceed quota for ACLSizePerRole: {MAX_TRUST}"),
        ));
    }
    match serde_json::from_str::<Value>(text) {
        Ok(document) if document.get("Statement").is_some() => Ok(text.to_owned()),
        Ok(_) => Err(malformed("Syntax errors in policy.")),
        Err(_) => Err(malformed("This policy contains invalid Json")),
    }
}
