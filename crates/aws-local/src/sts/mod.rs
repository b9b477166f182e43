//! STS: who am I, and temporary credentials for a role.
//!
//! Unless keys are configured any key is accepted, so roles and keys are names without power; but a session that was
//! begun here is told by its token: `GetCallerIdentity` names it, and it ends when it said that it would.

mod session;

pub(crate) use session::{Session, Sessions, TokenError};

use serde_json::{Value, json};

use crate::iam::{RoleArn, role_id};
use crate::services::Services;
use crate::signature::Caller;
use crate::wire::{ApiError, ApiResult};
use crate::{clock, field};

/// The role that unknown credentials act as, as in a notebook: SDKs take the caller's role for their jobs.
const ROLE: &str = "TrainyardLocal";
const SESSION: &str = "trainyard";

/// Longest name of a session, and of a role: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>.
const MAX_NAME: usize = 64;

pub(crate) fn call(services: &Services, operation: &str, input: &Value, caller: &Caller) -> Option<ApiResult> {
    Some(match operation {
        "GetCallerIdentity" => Ok(get_caller_identity(services, caller)),
        "AssumeRole" => assume_role(services, input),
        "GetSessionToken" => get_session_token(services, input, caller),
        "GetAccessKeyInfo" => get_access_key_info(services, input),
        _ => return None,
    })
}

fn get_caller_identity(services: &Services, caller: &Caller) -> Value {
    let session = acting(services, caller);
    json!({
        "Arn": arn(&services.account, &session),
        "UserId": user_id(&services.account, &session),
        "Account": services.account,
    })
}

fn assume_role(services: &Services, input: &Value) -> ApiResult {
    let arn_text = required(input, "RoleArn")?;
    let name = required(input, "RoleSessionName")?;
    let plain = name.chars().all(|char| char.is_ascii_alphanumeric() || "_=,.@-".contains(char));
    if name.len() > MAX_NAME {
        return Err(constraint("roleSessionName", name, "Member must have length less than or equal to 64"));
    }
    if name.len() < 2 {
        return Err(constraint("roleSessionName", name, "Member must have length greater than or equal to 2"));
    }
    if !plain {
        return Err(constraint(
            "roleSessionName",
            name,
            "Member must satisfy regular expression pattern: [\\w+=,.@-]*",
        ));
    }
    let expires_at_ms = expiry(input, 3600, 43_200)?;
    let Some(role) = RoleArn::parse(arn_text) else {
        return Err(ApiError::client("ValidationError", format!("{arn_text} is invalid")));
    };
    if role.account != services.account || !services.roles.exists(role.name) {
        let message = format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {arn_text}",
            arn(&services.account, &default_session())
        );
        return Err(ApiError::new(403, "AccessDenied", message));
    }
    let session = Session { role: role.name.to_owned(), name: name.to_owned(), expires_at_ms };
    Ok(json!({
        "Credentials": services.sessions.begin(&session),
        "AssumedRoleUser": {
            "AssumedRoleId": user_id(&services.account, &session),
            "Arn": arn(&services.account, &session),
        },
        "PackedPolicySize": 0,
    }))
}

/// Temporary credentials for whoever asks.
fn get_session_token(services: &Services, input: &Value, caller: &Caller) -> ApiResult {
    let expires_at_ms = expiry(input, 43_200, 129_600)?;
    let session = Session { expires_at_ms, ..acting(services, caller) };
    Ok(json!({ "Credentials": services.sessions.begin(&session) }))
}

fn get_access_key_info(services: &Services, input: &Value) -> ApiResult {
    let key = required(input, "AccessKeyId")?;
    if !(16..=128).contains(&key.len()) {
        return Err(constraint("accessKeyId", key, "Member must have length from 16 to 128"));
    }
    Ok(json!({ "Account": services.account }))
}

/// The session that the caller's token names, or the one that everybody else is in.
fn acting(services: &Services, caller: &Caller) -> Session {
    let token = caller.session_token.as_deref();
    token.and_then(|token| services.sessions.of_token(token, clock::now_ms()).ok()).unwrap_or_else(default_session)
}

fn default_session() -> Session {
    Session { role: ROLE.to_owned(), name: SESSION.to_owned(), expires_at_ms: i64::MAX }
}

fn arn(account: &str, session: &Session) -> String {
    format!("arn:aws:sts::{account}:assumed-role/{}/{}", session.role, session.name)
}

fn user_id(account: &str, session: &Session) -> String {
    format!("{}:{}", role_id(account, &session.role), session.name)
}

fn expiry(input: &Value, default_seconds: i64, max_seconds: i64) -> Result<i64, ApiError> {
    let seconds = match input.get("DurationSeconds") {
        None => default_seconds,
        Some(_) => field::integer(input, "DurationSeconds")
            .ok_or_else(|| ApiError::client("MalformedInput", "DurationSeconds is not a number."))?,
    };
    if seconds < 900 {
        return Err(constraint(
            "durationSeconds",
            &seconds.to_string(),
            "Member must have value greater than or equal to 900",
        ));
    }
    if seconds > max_seconds {
        let most = format!("Member must have value less than or equal to {max_seconds}");
        return Err(constraint("durationSeconds", &seconds.to_string(), &most));
    }
    Ok(clock::now_ms() / 1000 * 1000 + seconds * 1000)
}

fn required<'a>(input: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    field::text(input, name).filter(|text| !text.is_empty()).ok_or_else(|| {
        let path = field::lower_camel(name);
        let message = format!(
            "1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be null"
        );
        ApiError::client("ValidationError", message)
    })
}

fn constraint(path: &str, value: &str, constraint: &str) -> ApiError {
    ApiError::client(
        "ValidationError",
        format!("1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"),
    )
}
