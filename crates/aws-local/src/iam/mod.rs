//! IAM as far as training jobs need it: roles that exist, trust SageMaker, and may do everything.
//!
//! Invariants: each syntactically valid role of the endpoint's own account exists from the start, because scripts name
//! roles that somebody made in AWS long ago. Names that say of themselves that there is no such role do not exist, nor
//! do deleted ones. Roles and policies are names without power here: nothing is ever denied to one that exists.

mod model;
mod policies;
mod roles;
mod simulate;
mod store;

pub(crate) use model::{RoleArn, role_id};
pub(crate) use store::Roles;

use serde_json::Value;

use crate::field;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

pub(crate) fn call(services: &Services, operation: &str, input: &Value) -> Option<ApiResult> {
    Some(match operation {
        "GetRole" => roles::get_role(services, input),
        "CreateRole" => roles::create_role(services, input),
        "DeleteRole" => roles::delete_role(services, input),
        "ListRoles" => roles::list_roles(services, input),
        "UpdateAssumeRolePolicy" => roles::update_assume_role_policy(services, input),
        "ListRoleTags" => roles::list_role_tags(services, input),
        "TagRole" => roles::tag_role(services, input),
        "AttachRolePolicy" => policies::attach_role_policy(services, input),
        "DetachRolePolicy" => policies::detach_role_policy(services, input),
        "ListAttachedRolePolicies" => policies::list_attached_role_policies(services, input),
        "PutRolePolicy" => policies::put_role_policy(services, input),
        "GetRolePolicy" => policies::get_role_policy(services, input),
        "DeleteRolePolicy" => policies::delete_role_policy(services, input),
        "ListRolePolicies" => policies::list_role_policies(services, input),
        "SimulatePrincipalPolicy" => simulate::simulate_principal_policy(services, input),
        _ => return None,
    })
}

/// A member that the API cannot do without.
fn required<'a>(input: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    field::text(input, name).filter(|text| !text.is_empty()).ok_or_else(|| {
        let path = field::lower_camel(name);
        ApiError::client(
            "ValidationError",
            format!(
                "1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be null"
            ),
        )
    })
}

fn no_such_entity(message: impl Into<String>) -> ApiError {
    ApiError::new(404, "NoSuchEntity", message)
}

/// Where a page of sorted names begins and how long it is: `Marker` and `MaxItems`.
fn page(input: &Value) -> Result<(String, usize), ApiError> {
    let items = field::integer(input, "MaxItems").unwrap_or(100);
    let items = usize::try_from(items).ok().filter(|items| (1..=1000).contains(items)).ok_or_else(|| {
        ApiError::client(
            "ValidationError",
            format!("1 validation error detected: Value '{items}' at 'maxItems' failed to satisfy constraint: Member must have value between 1 and 1000"),
        )
    })?;
    let after = match field::text(input, "Marker") {
        Some(marker) => crate::page::decode(marker)
            .ok_or_else(|| ApiError::client("ValidationError", "The Marker is not one that this operation gave."))?,
        None => String::new(),
    };
    Ok((after, items))
}
