//! The model registry: names, their numbered versions, stages and aliases.
//!
//! Source of the rules and texts: `mlflow/utils/validation.py`, `mlflow/store/model_registry/sqlalchemy_store.py` and
//! `mlflow/server/handlers.py` of 3.17.2.

use super::{MlflowError, Result, Tag, check, limit, order};
use crate::time::Timestamp;

/// Of a registered model, as MLflow's column has it.
const MAX_NAME_CHARS: usize = 256;
const MAX_ALIAS_CHARS: usize = 255;
const MAX_TAG_VALUE_CHARS: usize = 100_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    None,
    Staging,
    Production,
    Archived,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredModel {
    pub name: String,
    pub description: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub tags: Vec<Tag>,
    /// Each with the version that it names.
    pub aliases: Vec<(String, i64)>,
    /// The newest version of each stage.
    pub latest_versions: Vec<ModelVersion>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelVersion {
    pub name: String,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub stage: Stage,
    pub description: String,
    /// As the client named it: `models:/m-...`, `runs:/.../model`, `s3://...`.
    pub source: String,
    /// Where the artifacts are.
    pub storage_location: String,
    pub run_id: String,
    pub run_link: String,
    pub tags: Vec<Tag>,
    pub aliases: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewModelVersion {
    pub name: String,
    pub source: String,
    pub storage_location: String,
    pub run_id: String,
    /// The logged model whose tag lists the version; empty: none.
    pub model_id: String,
    pub run_link: String,
    pub description: String,
    pub tags: Vec<Tag>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistryOrderKey {
    Name,
    Version,
    Created,
    Updated,
}

/// A field, and whether it goes up.
pub type RegistryOrder = (RegistryOrderKey, bool);

impl Stage {
    pub const ALL: [Self; 4] = [Self::None, Self::Staging, Self::Production, Self::Archived];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Staging => "Staging",
            Self::Production => "Production",
            Self::Archived => "Archived",
        }
    }

    /// Case does not matter.
    pub fn parse(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|it| it.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            MlflowError::invalid(format!("Invalid Model Version stage: {text}. Value must be one of {all}."))
        })
    }
}

pub fn model_name(name: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(MlflowError::invalid("Missing value for required parameter 'name'."));
    }
    if name.contains(['/', ':']) {
        return Err(MlflowError::invalid(format!("Invalid model name '{name}'. Names cannot contain '/' or ':'.")));
    }
    check::length("name", MAX_NAME_CHARS, name)?;
    check::path_name(name, "name")
}

pub fn model_version(text: &str) -> Result<i64> {
    text.trim()
        .parse()
        .map_err(|_| MlflowError::invalid(format!("Parameter 'version' must be an integer, got '{text}'.")))
}

pub fn model_tag(tag: &Tag) -> Result<()> {
    check::key(&tag.key, "key")?;
    check::length("value", MAX_TAG_VALUE_CHARS, &tag.value)
}

pub fn alias(alias: &str) -> Result<()> {
    if alias.is_empty() {
        return Err(MlflowError::invalid("Registered model alias name cannot be empty."));
    }
    if !alias.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
        return Err(MlflowError::invalid(format!(
            "Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )));
    }
    check::length("Registered model alias name", MAX_ALIAS_CHARS, alias)
}

/// What an alias that somebody sets may not be.
pub fn alias_reserved(alias: &str) -> Result<()> {
    if alias.eq_ignore_ascii_case("latest") {
        return Err(MlflowError::invalid("'latest' alias name (case insensitive) is reserved."));
    }
    let number = alias.strip_prefix(['v', 'V']).unwrap_or_default();
    if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(MlflowError::invalid(format!("Version alias name '{alias}' is reserved.")));
    }
    Ok(())
}

pub fn registered_model_orders(texts: &[String]) -> Result<Vec<RegistryOrder>> {
    orders(texts, |field| match field {
        "name" => Ok(RegistryOrderKey::Name),
        "timestamp" | "last_updated_timestamp" => Ok(RegistryOrderKey::Updated),
        _ => Err(MlflowError::invalid(format!(
            "Invalid order by key '{field}' specified. Valid keys are '{{'name', 'timestamp'}}'"
        ))),
    })
}

/// What was touched last comes first when nothing else is asked for.
pub fn model_version_orders(texts: &[String]) -> Result<Vec<RegistryOrder>> {
    if texts.is_empty() {
        return Ok(vec![(RegistryOrderKey::Updated, false), (RegistryOrderKey::Name, true)]);
    }
    orders(texts, |field| match field {
        "name" => Ok(RegistryOrderKey::Name),
        "version_number" => Ok(RegistryOrderKey::Version),
        "creation_timestamp" => Ok(RegistryOrderKey::Created),
        "last_updated_timestamp" => Ok(RegistryOrderKey::Updated),
        _ => Err(MlflowError::invalid(format!(
            "Invalid attribute key '{field}' specified. Valid keys are '{{'creation_timestamp', 'last_updated_timestamp', \
             'name', 'version_number'}}'"
        ))),
    })
}

fn orders(texts: &[String], key: fn(&str) -> Result<RegistryOrderKey>) -> Result<Vec<RegistryOrder>> {
    limit::orders(texts.iter().map(String::as_str))?;
    let mut found: Vec<RegistryOrder> = Vec::new();
    for text in texts {
        let (field, is_ascending) = order::clause(text)?;
        let key = key(field.trim_matches('`'))?;
        if found.iter().any(|(it, _)| *it == key) {
            let shown = texts.iter().map(|it| format!("'{it}'")).collect::<Vec<_>>().join(", ");
            return Err(MlflowError::invalid(format!("`order_by` contains duplicate fields: [{shown}]")));
        }
        found.push((key, is_ascending));
    }
    Ok(found)
}
