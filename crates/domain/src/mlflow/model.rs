//! Logged models: what MLflow 3 makes of `log_model`, before anybody registers it.

use serde::Deserialize;

use super::{Lifecycle, Metric, MlflowError, Param, Result, Tag, filter::LoggedModelTime, limit};
use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedModelStatus {
    Unspecified,
    /// Its artifacts are on their way.
    Pending,
    Ready,
    UploadFailed,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LoggedModel {
    /// `m-` and 32 hexadecimal digits.
    pub id: String,
    pub experiment_id: i64,
    pub name: String,
    pub artifact_location: String,
    pub model_type: String,
    pub source_run_id: String,
    pub status: LoggedModelStatus,
    pub lifecycle: Lifecycle,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// By key.
    pub params: Vec<Param>,
    pub tags: Vec<Tag>,
    /// Each with the run that measured it.
    pub metrics: Vec<(Metric, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLoggedModel {
    pub id: String,
    pub experiment_id: i64,
    pub name: String,
    pub model_type: String,
    pub source_run_id: String,
    pub params: Vec<Param>,
    pub tags: Vec<Tag>,
}

/// Measurements on this dataset count; `digest` narrows it to one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetFilter {
    pub name: String,
    pub digest: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedModelOrder {
    pub key: LoggedModelOrderKey,
    pub is_ascending: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoggedModelOrderKey {
    Id,
    Name,
    ModelType,
    SourceRunId,
    Status,
    Time(LoggedModelTime),
    /// The latest measurement of it, on any dataset or on one; models without it last.
    Metric {
        key: String,
        dataset: Option<DatasetFilter>,
    },
}

/// An order as clients write it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LoggedModelOrderText {
    #[serde(default)]
    pub field_name: String,
    pub ascending: Option<bool>,
    #[serde(default)]
    pub dataset_name: String,
    #[serde(default)]
    pub dataset_digest: String,
}

impl LoggedModelStatus {
    const ALL: [(Self, &'static str); 4] = [
        (Self::Unspecified, "LOGGED_MODEL_STATUS_UNSPECIFIED"),
        (Self::Pending, "LOGGED_MODEL_PENDING"),
        (Self::Ready, "LOGGED_MODEL_READY"),
        (Self::UploadFailed, "LOGGED_MODEL_UPLOAD_FAILED"),
    ];

    pub fn as_str(self) -> &'static str {
        Self::ALL[self.number() as usize].1
    }

    /// MLflow's own number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::Pending => 1,
            Self::Ready => 2,
            Self::UploadFailed => 3,
        }
    }

    /// By MLflow's name or number.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.parse::<u8>().ok();
        Self::ALL.into_iter().find(|(it, name)| *name == text || number == Some(it.number())).map(|(it, _)| it)
    }
}

/// The rule for a logged model's name; an absent one is made up.
pub fn logged_model_name(name: &str) -> Result<()> {
    if name.contains(['/', ':', '.', '%', '"', '\'']) {
        return Err(MlflowError::invalid(format!(
            "Invalid model name ('{name}') provided. Model name must be a non-empty string and cannot contain the \
             following characters: ('/', ':', '.', '%', '\"', \"'\")"
        )));
    }
    Ok(())
}

/// Each key once: MLflow takes it twice, and the second orders nothing.
pub fn logged_model_orders(texts: &[LoggedModelOrderText]) -> Result<Vec<LoggedModelOrder>> {
    limit::orders(texts.iter().map(|it| it.field_name.as_str()))?;
    let mut orders: Vec<LoggedModelOrder> = Vec::with_capacity(texts.len());
    for text in texts {
        let order = order(text)?;
        if orders.iter().all(|it| it.key != order.key) {
            orders.push(order);
        }
    }
    Ok(orders)
}

fn order(text: &LoggedModelOrderText) -> Result<LoggedModelOrder> {
    let field = text.field_name.as_str();
    let key = match field.split_once('.') {
        Some(("metrics", key)) => {
            let digest = Some(text.dataset_digest.clone()).filter(|it| !it.is_empty());
            let dataset = (!text.dataset_name.is_empty() || digest.is_some())
                .then(|| DatasetFilter { name: text.dataset_name.clone(), digest });
            LoggedModelOrderKey::Metric { key: key.to_owned(), dataset }
        }
        Some(_) => {
            return Err(MlflowError::invalid(format!(
                "Invalid order by field name: {field}. Only metrics are supported."
            )));
        }
        None => match field {
            "model_id" => LoggedModelOrderKey::Id,
            "name" => LoggedModelOrderKey::Name,
            "model_type" => LoggedModelOrderKey::ModelType,
            "source_run_id" => LoggedModelOrderKey::SourceRunId,
            "status" => LoggedModelOrderKey::Status,
            _ => match LoggedModelTime::parse(field) {
                Some(time) => LoggedModelOrderKey::Time(time),
                None => return Err(MlflowError::invalid(format!("Invalid order by field name: {field}"))),
            },
        },
    };
    Ok(LoggedModelOrder { key, is_ascending: text.ascending.unwrap_or(true) })
}
