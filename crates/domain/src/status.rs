//! The states of a job: SageMaker's own, and those of our launch protocol around them.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// `TrainingJobStatus` as SageMaker reports it. AWS may add values: unknown text is kept and shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum TrainingJobStatus {
    InProgress,
    Completed,
    Failed,
    Stopping,
    Stopped,
    Deleting,
    Other(String),
}

impl TrainingJobStatus {
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Stopped)
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::InProgress => "InProgress",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::Deleting => "Deleting",
            Self::Other(text) => text,
        }
    }
}

impl From<String> for TrainingJobStatus {
    fn from(text: String) -> Self {
        match text.as_str() {
            "InProgress" => Self::InProgress,
            "Completed" => Self::Completed,
            "Failed" => Self::Failed,
            "Stopping" => Self::Stopping,
            "Stopped" => Self::Stopped,
            "Deleting" => Self::Deleting,
            _ => Self::Other(text),
        }
    }
}

impl From<TrainingJobStatus> for String {
    fn from(status: TrainingJobStatus) -> Self {
        status.as_str().to_owned()
    }
}

impl fmt::Display for TrainingJobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far our own launch protocol has come. See "The launch protocol" in `crates/README.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaunchState {
    /// Recorded with everything needed to launch it; nothing sent to the engine yet.
    Requested,
    /// A dispatcher holds the lease and is about to call, or is calling, CreateTrainingJob.
    Dispatching,
    /// The engine has the job, or the job was found there (imported).
    Submitted,
    /// CreateTrainingJob was sent and its outcome is not known; it is being looked up.
    Unknown,
    /// A person must look; nothing more happens by itself.
    NeedsAttention,
    /// The engine refused the request: no job exists and nothing is billed.
    Rejected,
    /// Stopped by its user before anything was sent to the engine.
    Cancelled,
}

impl LaunchState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Dispatching => "dispatching",
            Self::Submitted => "submitted",
            Self::Unknown => "unknown",
            Self::NeedsAttention => "needs_attention",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [
            Self::Requested,
            Self::Dispatching,
            Self::Submitted,
            Self::Unknown,
            Self::NeedsAttention,
            Self::Rejected,
            Self::Cancelled,
        ]
        .into_iter()
        .find(|it| it.as_str() == text)
    }
}

/// What the user wants; `Stop` wins over everything and is never taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    Run,
    Stop,
}

/// One entry of `SecondaryStatusTransitions`. The status is display text: AWS says that the set may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    pub status: String,
    pub started_at: Timestamp,
    /// Absent on the current one.
    pub ended_at: Option<Timestamp>,
    pub message: String,
}
