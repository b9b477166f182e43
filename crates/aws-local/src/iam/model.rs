//! What a role is: its name, its ARN, its id, and the trust that SageMaker needs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::wire::ApiError;

/// Lets SageMaker assume a role; what SDKs look for before they launch a job with it.
pub(super) const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sagemaker.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

/// Parts of names that tests and guides use for a role that is not there.
const ABSENT: [&str; 3] = ["no-such-role", "nonexistent", "does-not-exist"];

/// The longest name of a role: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>.
const MAX_NAME: usize = 64;

/// What is kept of a role that somebody changed; all others are as [`Role::by_default`] says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(super) path: String,
    pub(super) trust: String,
    pub(super) description: Option<String>,
    pub(super) max_session_seconds: i64,
    pub(super) created_at_ms: i64,
    /// Made by `CreateRole`: making it again is an error.
    pub(super) explicit: bool,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    /// ARNs of managed policies.
    #[serde(default)]
    pub(super) attached: Vec<String>,
    /// Documents of inline policies by name.
    #[serde(default)]
    pub(super) inline: BTreeMap<String, String>,
}

impl Role {
    pub(super) fn by_default(path: &str) -> Role {
        Role {
            path: path.to_owned(),
            trust: TRUST.to_owned(),
            description: None,
            max_session_seconds: 3600,
            // 2020-01-01: older than any job.
            created_at_ms: 1_577_836_800_000,
            explicit: false,
            tags: BTreeMap::new(),
            attached: vec!["arn:aws:iam::aws:policy/AmazonSageMakerFullAccess".to_owned()],
            inline: BTreeMap::new(),
        }
    }
}

/// `[\w+=,.@-]+`, at most 64 characters.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    if name.len() > MAX_NAME {
        return Err(ApiError::client(
            "ValidationError",
            format!(
                "1 validation error detected: Value '{name}' at 'roleName' failed to satisfy constraint: Member must have length less than or equal to {MAX_NAME}"
            ),
        ));
    }
    let plain = name.chars().all(|char| char.is_ascii_alphanumeric() || "_+=,.@-".contains(char));
    if name.is_empty() || !plain {
        return Err(ApiError::client(
            "ValidationError",
            "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
        ));
    }
    Ok(())
}

/// Whether a role of this name is there before anybody made it.
pub(super) fn exists_by_default(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !ABSENT.iter().any(|absent| name.contains(absent))
}

/// `arn:aws:iam::<account>:role<path><name>`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleArn<'a> {
    pub(crate) account: &'a str,
    pub(crate) name: &'a str,
}

impl<'a> RoleArn<'a> {
    pub(crate) fn parse(arn: &'a str) -> Option<Self> {
        let rest = arn.strip_prefix("arn:")?;
        let (partition, rest) = rest.split_once(":iam::")?;
        let (account, path) = rest.split_once(":role/")?;
        let name = path.rsplit('/').next()?;
        let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        (partition.starts_with("aws") && digits && check_name(name).is_ok()).then_some(Self { account, name })
    }
}

/// The id of a role, in the form of AWS's; the same for the same name always.
pub(crate) fn role_id(account: &str, name: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let digest = Sha256::digest(format!("{account}:role/{name}"));
    let id: String = digest.iter().take(17).map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
    format!("AROA{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_taken_apart() {
        let parsed = RoleArn::parse("arn:aws:iam::123456789012:role/service-role/Name").unwrap();
        assert_eq!(parsed, RoleArn { account: "123456789012", name: "Name" });
        for bad in ["", "arn:aws:iam::12:role/x", "arn:aws:iam::123456789012:user/x", "arn:aws:iam::123456789012:role/"]
        {
            assert_eq!(RoleArn::parse(bad), None, "{bad}");
        }
        assert_eq!(role_id("123456789012", "x").len(), 21);
    }
}
