//! The seams to the training engine: what Trainyard asks of SageMaker, CloudWatch Logs, CloudWatch, S3
//! and Service Quotas.
//!
//! The `aws` crate implements them over the real SDKs (against AWS or the embedded endpoint alike), tests over a fake.
//! Invariants that an implementation keeps:
//! - `JobEngine::create` and `JobEngine::stop` make exactly one attempt: a client's own retries would hide a lost
//!   answer, and the launch protocol decides what to do about one.
//! - Every call ends: with an answer or, after a timeout of the implementation, with an error.
//! - `EngineError` says what is *known*. When in doubt whether a request was carried out it is `Unknown`.

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use domain::{ids::JobName, observation::JobObservation, quota::TrainingQuota, time::Timestamp};
use futures::stream::BoxStream;
use serde_json::Value;

/// Everything behind the seams, with what is known of the account.
#[derive(Clone)]
pub struct Engine {
    pub jobs: Arc<dyn JobEngine>,
    pub logs: Arc<dyn LogEngine>,
    pub metrics: Arc<dyn MetricEngine>,
    pub objects: Arc<dyn ObjectEngine>,
    pub quotas: Arc<dyn QuotaEngine>,
    pub info: EngineInfo,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("info", &self.info).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// The embedded endpoint: jobs run on this machine and nothing is billed.
    Local,
    /// Amazon SageMaker.
    Aws,
}

/// Where jobs go, and the defaults that the launch form is filled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineInfo {
    pub kind: EngineKind,
    /// Twelve digits.
    pub account: String,
    pub region: String,
    /// Source archives are put under `s3://<bucket>/sources/`.
    pub bucket: String,
    /// Empty when none is known: the form then asks for it.
    pub role_arn: String,
    /// `s3://bucket/prefix`; empty when none is known.
    pub output_path: String,
}

/// Amazon SageMaker's training jobs.
#[async_trait]
pub trait JobEngine: Send + Sync {
    /// `CreateTrainingJob` with the request in SageMaker's own JSON; the job's ARN. One attempt.
    async fn create(&self, request: &Value) -> Result<String, EngineError>;
    /// `DescribeTrainingJob`; `None` when there is no such job. `tags` is absent in the answer.
    async fn describe(&self, job_name: &JobName) -> Result<Option<JobObservation>, EngineError>;
    /// `ListTags` of a job, all pages.
    async fn tags(&self, job_arn: &str) -> Result<BTreeMap<String, String>, EngineError>;
    /// `StopTrainingJob`, safe to repeat. `NotFound` when there is no such job; a job that has ended already is `Ok`.
    async fn stop(&self, job_name: &JobName) -> Result<(), EngineError>;
    /// One page of at most 100 jobs with their tags, the oldest modification first (Search by `LastModifiedTime`).
    /// `modified_after` is inclusive or earlier. An empty page with a token is legal.
    async fn search(&self, modified_after: Option<Timestamp>, page_token: Option<&str>)
    -> Result<JobPage, EngineError>;
    /// The cheapest call that shows that the engine answers us.
    async fn ping(&self) -> Result<(), EngineError>;
}

#[derive(Clone, Debug, Default)]
pub struct JobPage {
    pub jobs: Vec<JobObservation>,
    pub next_token: Option<String>,
}

/// CloudWatch Logs of the group `/aws/sagemaker/TrainingJobs`.
#[async_trait]
pub trait LogEngine: Send + Sync {
    /// Full names, `<job>/algo-<n>-<epoch seconds>`, sorted. None yet is an empty list, not an error.
    async fn streams(&self, job_name: &JobName) -> Result<Vec<String>, EngineError>;
    /// One page forward, from the stream's head without a token; at most `limit` events (10,000) or 1 MB.
    async fn events(&self, stream: &str, token: Option<&str>, limit: u32) -> Result<LogPage, EngineError>;
    /// The last events of a stream, in time order, at most `limit`.
    async fn tail(&self, stream: &str, limit: u32) -> Result<Vec<LogEvent>, EngineError>;
    /// Events of a job that contain `text` literally, with their stream, in time order, the first `limit`.
    async fn search(&self, job_name: &JobName, text: &str, limit: u32) -> Result<Vec<(String, LogEvent)>, EngineError>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEvent {
    pub at: Timestamp,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPage {
    pub events: Vec<LogEvent>,
    /// Where to go on. Equal to the token that was passed when there is nothing more yet.
    pub next_token: String,
}

/// CloudWatch metrics of the namespace `/aws/sagemaker/TrainingJobs`, statistic Average.
#[async_trait]
pub trait MetricEngine: Send + Sync {
    /// One answer per query, in the queries' order. Batches of 500 and paging are the implementation's matter.
    /// `from` is inclusive, `to` exclusive.
    async fn query(
        &self,
        queries: &[MetricQuery],
        from: Timestamp,
        to: Timestamp,
        period_seconds: u32,
    ) -> Result<Vec<MetricData>, EngineError>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricQuery {
    pub name: String,
    /// `("Host", "<job>/algo-1")` or `("TrainingJobName", "<job>")`.
    pub dimension: (String, String),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetricData {
    /// Period starts with their values, in time order.
    pub points: Vec<(Timestamp, f64)>,
}

/// S3 objects, by `s3://bucket/key`.
#[async_trait]
pub trait ObjectEngine: Send + Sync {
    async fn put(&self, uri: &str, body: Bytes) -> Result<(), EngineError>;
    /// Stores what comes, of any size, in bounded memory. Nothing is stored when the stream or the engine fails.
    async fn put_stream(
        &self,
        uri: &str,
        body: BoxStream<'static, Result<Bytes, EngineError>>,
    ) -> Result<(), EngineError>;
    /// Safe to repeat: nothing there is as good.
    async fn delete(&self, uri: &str) -> Result<(), EngineError>;
    async fn get(&self, uri: &str) -> Result<ObjectRead, EngineError>;
    /// The object's first bytes, at most `bytes` of them; fewer when it is shorter.
    async fn get_head(&self, uri: &str, bytes: u64) -> Result<Bytes, EngineError>;
    /// The object's size in bytes; `None` when there is no such object.
    async fn head(&self, uri: &str) -> Result<Option<u64>, EngineError>;
    /// One page of at most 1,000 below `s3://bucket/prefix`, in the keys' order: everything that begins with the prefix
    /// (`is_deep`), or one level, with `/` between folders. Nothing there is an empty page; `NotFound` means that there
    /// is no such bucket, `Rejected` with the code `AccessDenied` that it may not be listed.
    async fn list(&self, uri: &str, is_deep: bool, token: Option<&str>) -> Result<ObjectPage, EngineError>;
    /// The names of the account's buckets, sorted.
    async fn buckets(&self) -> Result<Vec<String>, EngineError>;
}

pub struct ObjectRead {
    pub size_bytes: Option<u64>,
    pub stream: BoxStream<'static, Result<Bytes, EngineError>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectPage {
    pub objects: Vec<ObjectEntry>,
    /// Full URIs that end in `/`; none in a deep list.
    pub folders: Vec<String>,
    pub next_token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectEntry {
    pub uri: String,
    pub size_bytes: u64,
    /// Without the quotes.
    pub e_tag: String,
    pub modified_at: Timestamp,
}

/// Service Quotas of SageMaker.
#[async_trait]
pub trait QuotaEngine: Send + Sync {
    /// How many instances may train at a time, by type and use. What the account does not say is left out, never 0.
    async fn training_quotas(&self) -> Result<Vec<TrainingQuota>, EngineError>;
}

/// What went wrong, by what the caller can do about it.
///
/// The messages of `Rejected` are the engine's own and are shown; the others' are for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Refused, nothing was done, and the same request would be refused again: `ValidationException`, `AccessDenied`,
    /// `ResourceLimitExceeded`.
    #[error("{code}: {message}")]
    Rejected { code: String, message: String },
    /// `ResourceInUse`: a job of this name exists already, ours or somebody else's.
    #[error("a job of this name exists already")]
    NameInUse,
    #[error("not found at the engine")]
    NotFound,
    /// Refused for now; nothing was done.
    #[error("throttled by the engine")]
    Throttled,
    /// No answer. `nothing_sent`: the request certainly never left (connection refused, DNS, missing or expired
    /// credentials); otherwise it is not known whether it arrived.
    #[error("the engine is not reachable: {message}")]
    Unreachable { nothing_sent: bool, message: String },
    /// Sent, and the outcome is not known: timeout, connection reset, a 5xx answer, an answer that makes no sense.
    #[error("the outcome is not known: {message}")]
    Unknown { message: String },
}

impl EngineError {
    /// The request was certainly not carried out and may be sent again later.
    pub const fn is_retry_safe(&self) -> bool {
        matches!(self, Self::Throttled | Self::Unreachable { nothing_sent: true, .. })
    }

    /// It would fail again in the same way.
    pub const fn is_permanent(&self) -> bool {
        matches!(self, Self::Rejected { .. } | Self::NotFound | Self::NameInUse)
    }

    /// For pages: says what a user can know, and nothing of addresses or credentials.
    pub fn public_message(&self) -> String {
        match self {
            Self::Rejected { code, message } => format!("SageMaker refused the request ({code}): {message}"),
            Self::NameInUse => "SageMaker has a job of this name already.".to_owned(),
            Self::NotFound => "SageMaker does not have this (any more).".to_owned(),
            Self::Throttled => {
                "SageMaker asks for fewer requests just now; Trainyard tries again by itself.".to_owned()
            }
            Self::Unreachable { .. } => {
                "The training engine cannot be reached just now; Trainyard tries again by itself.".to_owned()
            }
            Self::Unknown { .. } => {
                "The training engine gave no usable answer; Trainyard looks it up by itself.".to_owned()
            }
        }
    }
}
