//! STS: who am I, and credentials for a role. Any key is accepted here, so roles and keys are names without power.

use rand::Rng as _;
use serde_json::{Value, json};

use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{clock, field};

/// The user id that AWS shows for an account's own credentials is the account.
const USER: &str = "trainyard";

pub(crate) fn call(services: &Services, operation: &str, input: &Value) -> Option<ApiResult> {
    Some(match operation {
        "GetCallerIdentity" => Ok(json!({
            "Arn": format!("arn:aws:iam::{}:user/{USER}", services.account),
            "UserId": "AIDATRAINYARDLOCAL000",
            "Account": services.account,
        })),
        "AssumeRole" => assume_role(services, input),
        _ => return None,
    })
}

fn assume_role(services: &Services, input: &Value) -> ApiResult {
    let required = |name: &str| {
        field::text(input, name).filter(|text| !text.is_empty()).ok_or_else(|| {
            ApiError::client("ValidationError", format!("1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"))
        })
    };
    let role = required("RoleArn")?;
    let session = required("RoleSessionName")?;
    let duration = field::integer(input, "DurationSeconds").unwrap_or(3600);
    if !(900..=43_200).contains(&duration) {
        return Err(ApiError::client("ValidationError", "DurationSeconds must be from 900 to 43200."));
    }
    let Some((account, name)) = role.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/")) else {
        return Err(ApiError::client("ValidationError", format!("{role} is invalid")));
    };
    // The last part of a role's path is its name.
    let name = name.rsplit('/').next().unwrap_or(name);
    let random = hex::encode_upper(rand::rng().random::<[u8; 32]>());
    Ok(json!({
        "Credentials": {
            "AccessKeyId": format!("ASIA{}", &random[..16]),
            "SecretAccessKey": &random[16..56],
            "SessionToken": &random,
            "Expiration": clock::seconds(clock::now_ms() / 1000 * 1000 + duration * 1000),
        },
        "AssumedRoleUser": {
            "AssumedRoleId": format!("AROATRAINYARDLOCAL000:{session}"),
            "Arn": format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"),
        },
        "PackedPolicySize": 0,
    }))
    .inspect(|_| tracing::debug!(role = name, account = services.account, "role assumed"))
}
