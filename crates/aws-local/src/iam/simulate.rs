//! `SimulatePrincipalPolicy`: what an existing principal may do, which here is everything.

use serde_json::{Value, json};

use super::model::RoleArn;
use super::{no_such_entity, required};
use crate::field;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

/// More pairs of action and resource than a useful question has.
const MAX_RESULTS: usize = 10_000;

pub(super) fn simulate_principal_policy(services: &Services, input: &Value) -> ApiResult {
    let source = required(input, "PolicySourceArn")?;
    principal(services, source)?;
    let actions: Vec<&str> = field::list(input, "ActionNames").iter().filter_map(Value::as_str).collect();
    if actions.is_empty() {
        return Err(ApiError::client(
            "ValidationError",
            "1 validation error detected: Value null at 'actionNames' failed to satisfy constraint: Member must not be null",
        ));
    }
    let mut resources: Vec<&str> = field::list(input, "ResourceArns").iter().filter_map(Value::as_str).collect();
    if resources.is_empty() {
        resources.push("*");
    }
    if actions.len() * resources.len() > MAX_RESULTS {
        return Err(ApiError::client("InvalidInput", "There are too many actions and resources to simulate."));
    }
    let results: Vec<Value> = actions
        .iter()
        .flat_map(|action| resources.iter().map(move |resource| (action, resource)))
        .map(|(action, resource)| {
            json!({
                "EvalActionName": action,
                "EvalResourceName": resource,
                "EvalDecision": "allowed",
                "MatchedStatements": [],
                "MissingContextValues": [],
            })
        })
        .collect();
    Ok(json!({ "EvaluationResults": results, "IsTruncated": false }))
}

/// A role or user of this account. An assumed role is a session, not a principal with policies.
fn principal(services: &Services, arn: &str) -> Result<(), ApiError> {
    if let Some(role) = RoleArn::parse(arn) {
        return if role.account == services.account && services.roles.exists(role.name) {
            Ok(())
        } else {
            Err(no_such_entity(format!("The role with name {} cannot be found.", role.name)))
        };
    }
    let user = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":user/"));
    match user {
        Some((account, name)) if account == services.account && !name.is_empty() => Ok(()),
        Some((_, name)) => Err(no_such_entity(format!("The user with name {name} cannot be found."))),
        None => Err(ApiError::client(
            "InvalidInput",
            format!("Invalid Entity Arn: {arn} does not clearly define entity type and name."),
        )),
    }
}
