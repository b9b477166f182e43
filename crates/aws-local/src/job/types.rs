//! What the job host tells its callers: records, log events, metric samples and errors.
//!
//! Times are milliseconds since the Unix epoch (UTC), as read from this machine's clock when the thing happened.
//! Names and values of states are SageMaker's own strings.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One training job as it is known now.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRecord {
    pub name: String,
    pub arn: String,
    /// The CreateTrainingJob request, unchanged.
    pub request: Value,
    pub tags: BTreeMap<String, String>,
    /// `InProgress`, `Completed`, `Failed`, `Stopping` or `Stopped`.
    pub status: String,
    pub secondary_status: String,
    pub transitions: Vec<JobTransition>,
    pub created_at_ms: i64,
    /// `TrainingStartTime`: the first moment at which a host worked for this job (downloads included).
    pub started_at_ms: Option<i64>,
    /// `TrainingEndTime`: after the upload of artifacts, or when the failure was detected.
    pub ended_at_ms: Option<i64>,
    pub last_modified_ms: i64,
    pub failure_reason: Option<String>,
    pub training_seconds: Option<u64>,
    pub billable_seconds: Option<u64>,
    /// `s3://...` of what was really uploaded; `None` when the job left nothing in `/opt/ml/model`.
    pub model_artifact: Option<String>,
    /// Last value of each algorithm metric: (metric name, value, time).
    pub final_metrics: Vec<(String, f64, i64)>,
}

impl JobRecord {
    /// True for a state that a job never leaves.
    pub fn is_terminal(&self) -> bool {
        matches!(self.status.as_str(), "Completed" | "Failed" | "Stopped")
    }
}

/// `WarmPoolStatus`: the instances that a job keeps for the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarmPool {
    /// `InUse`, `Available`, `Reused` or `Terminated`.
    pub status: &'static str,
    /// `ResourceRetainedBillableTimeInSeconds`: seconds by the clock that the pool was kept, so far; not while `InUse`.
    pub retained_billable_seconds: Option<u64>,
    pub reused_by: Option<String>,
}

/// One entry of `SecondaryStatusTransitions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobTransition {
    pub status: String,
    pub started_at_ms: i64,
    /// Absent on the current one.
    pub ended_at_ms: Option<i64>,
    pub message: String,
}

/// A CloudWatch Logs stream of one host of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStream {
    /// `<job>/algo-<n>-<epoch seconds>`.
    pub name: String,
    /// `algo-<n>`.
    pub host: String,
    pub created_at_ms: i64,
    pub first_event_ms: Option<i64>,
    pub last_event_ms: Option<i64>,
    pub event_count: u64,
}

/// One line that a job wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// Position in its stream, from 0.
    pub index: u64,
    pub at_ms: i64,
    pub message: String,
}

/// A page of log events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogRead {
    pub events: Vec<LogEvent>,
    /// Index of the event after the last one read: where to go on.
    pub next: u64,
    /// Events in the stream at the time of reading.
    pub total: u64,
}

/// One sample of a metric, as CloudWatch would get it.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricSample {
    pub metric: String,
    /// (dimension name, value): `Host=<job>/algo-<n>` or `TrainingJobName=<job>`.
    pub dimension: (String, String),
    pub at_ms: i64,
    pub value: f64,
}

/// Why the job host refused or could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// A job of that name exists or existed.
    #[error("a training job named {name} already exists ({arn})")]
    NameInUse { name: String, arn: String },
    /// No job of that name.
    #[error("no training job named {name}")]
    NotFound { name: String },
    /// A stop was asked of a job that is in a terminal state or is stopping already.
    #[error("the training job is in status {status}")]
    NotRunning { status: String },
    /// Asked of a job that must have ended first.
    #[error("the training job is in status {status}")]
    NotEnded { status: String },
    /// A job whose warm pool is `Available` cannot be deleted.
    #[error("the warm pool of the training job is available")]
    WarmPoolAvailable,
    /// An interruption was asked of a job that no interruption can meet; the message says why.
    #[error("{message}")]
    NotInterruptible { message: String },
    /// The request cannot be turned into a job; the message is meant for the caller.
    #[error("{message}")]
    Invalid { message: String },
    /// This machine could not keep or start the job.
    #[error("the local engine could not do this: {context}")]
    Machine {
        context: String,
        #[source]
        source: std::io::Error,
    },
}

/// What keeps a job apart from the rest of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Isolation {
    pub level: IsolationLevel,
    /// One plain sentence for people, shown at start-up.
    pub sentence: String,
}

/// How strongly jobs are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum IsolationLevel {
    /// User, mount, process, host-name and IPC namespaces of the job's own; `/opt/ml` is really there.
    Namespaces,
    /// No namespaces on this machine: plain processes, with `SM_*` paths into the job's folder.
    Plain,
}
