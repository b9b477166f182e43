//! Experiments, runs and what belongs to them.

use serde::{Deserialize, Serialize};

use crate::{ids::RunId, time::Timestamp};

/// Deleting hides; nothing is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    Active,
    Deleted,
}

/// Which of them a search looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewType {
    ActiveOnly,
    DeletedOnly,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    Running,
    Scheduled,
    Finished,
    Failed,
    Killed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub key: String,
    pub value: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    pub key: String,
    pub value: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Experiment {
    /// 0 is `Default`.
    pub id: i64,
    pub name: String,
    pub artifact_location: String,
    pub lifecycle: Lifecycle,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// By key.
    pub tags: Vec<Tag>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExperiment {
    pub name: String,
    /// `None`: below the server's own root, by the experiment's id.
    pub artifact_location: Option<String>,
    pub tags: Vec<Tag>,
}

/// What is known of a run without what was logged in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunInfo {
    pub id: RunId,
    pub experiment_id: i64,
    pub name: String,
    pub user_id: String,
    pub status: RunStatus,
    /// The client's own integer: milliseconds since the Unix epoch, by convention.
    pub start_ms: i64,
    pub end_ms: Option<i64>,
    pub lifecycle: Lifecycle,
    pub artifact_uri: String,
}

/// A run as MLflow shows it. Lists are by key, inputs in the order of logging.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackingRun {
    pub info: RunInfo,
    /// Of each metric the point with the largest step, then the latest time, then the largest value.
    pub metrics: Vec<Metric>,
    pub params: Vec<Param>,
    pub tags: Vec<Tag>,
    pub datasets: Vec<DatasetInput>,
    pub model_inputs: Vec<String>,
    pub model_outputs: Vec<ModelOutput>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    pub key: String,
    /// NaN and the infinities are measurements too.
    pub value: f64,
    pub timestamp_ms: i64,
    pub step: i64,
    /// The logged model and the dataset that it was measured with, where the client said so.
    pub model_id: Option<String>,
    pub dataset_name: Option<String>,
    pub dataset_digest: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    pub name: String,
    pub digest: String,
    pub source_type: String,
    pub source: String,
    pub schema: Option<String>,
    pub profile: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetInput {
    pub dataset: Dataset,
    pub tags: Vec<Tag>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetSummary {
    pub experiment_id: i64,
    pub name: String,
    pub digest: String,
    pub context: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelOutput {
    pub model_id: String,
    pub step: i64,
}

impl Lifecycle {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Deleted].into_iter().find(|it| it.as_str() == text)
    }
}

impl ViewType {
    /// By MLflow's name or number.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "ACTIVE_ONLY" | "1" => Some(Self::ActiveOnly),
            "DELETED_ONLY" | "2" => Some(Self::DeletedOnly),
            "ALL" | "3" => Some(Self::All),
            _ => None,
        }
    }

    pub const fn lifecycles(self) -> &'static [Lifecycle] {
        match self {
            Self::ActiveOnly => &[Lifecycle::Active],
            Self::DeletedOnly => &[Lifecycle::Deleted],
            Self::All => &[Lifecycle::Active, Lifecycle::Deleted],
        }
    }
}

impl RunStatus {
    const ALL: [Self; 5] = [Self::Running, Self::Scheduled, Self::Finished, Self::Failed, Self::Killed];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Scheduled => "SCHEDULED",
            Self::Finished => "FINISHED",
            Self::Failed => "FAILED",
            Self::Killed => "KILLED",
        }
    }

    /// By MLflow's name or number.
    pub fn parse(text: &str) -> Option<Self> {
        let number = text.parse::<usize>().ok();
        (1..).zip(Self::ALL).find(|(index, it)| it.as_str() == text || number == Some(*index)).map(|(_, it)| it)
    }
}
