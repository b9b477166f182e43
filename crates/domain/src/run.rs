//! A run: one training job with everything that is known of it. One job is one record.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    cost::CostSummary,
    git_source::GitOrigin,
    ids::{ExperimentName, JobName, RunId, SweepId},
    instance_type::InstanceTypeInfo,
    job_draft::script_parameter,
    job_spec::tag,
    money::NanoUsd,
    series::lossless_f64,
    status::{LaunchState, TrainingJobStatus, Transition, Wish},
    time::Timestamp,
};

/// How the run came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunOrigin {
    /// Launched here.
    Launched,
    /// Created at the engine by another client (boto3, the console) and found there.
    Imported,
}

/// The price a run's cost is computed with, kept with the run for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPrice {
    /// Per instance and hour.
    pub price_nanousd_per_hour: NanoUsd,
    /// The price's date, `2026-09-27`.
    pub date: String,
    /// Where it comes from, and how sure it is: `firm`, `uncertain`, `stale`.
    pub source: String,
    pub confidence: String,
}

impl RunOrigin {
    pub const ALL: [Self; 2] = [Self::Launched, Self::Imported];

    /// The word in searches and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Launched => "launched",
            Self::Imported => "imported",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

impl RunPrice {
    /// One price for one type: a cluster of several has none that would be true.
    pub fn of_instances(instances: &[(String, u32)]) -> Option<Self> {
        let (first, _) = instances.first()?;
        let is_one_type = instances.iter().all(|(name, _)| name == first);
        is_one_type.then(|| InstanceTypeInfo::find(first)?.price.clone()).flatten()
    }
}

/// The last value of a metric, from `FinalMetricDataList` or our own series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FinalMetric {
    pub name: String,
    /// May be NaN or infinite, like the points of a series.
    #[serde(with = "lossless_f64")]
    pub value: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub id: RunId,
    pub experiment: ExperimentName,
    pub job_name: JobName,
    pub job_arn: Option<String>,
    pub origin: RunOrigin,
    pub launch_state: LaunchState,
    pub wish: Wish,
    /// Why a launch was refused or needs a person; also what the engine said last.
    pub launch_message: Option<String>,
    pub status: Option<TrainingJobStatus>,
    pub secondary_status: Option<String>,
    pub failure_reason: Option<String>,
    /// The CreateTrainingJob request in SageMaker's own JSON, canonical (keys sorted).
    pub request: Value,
    /// SHA-256 of the canonical request, in hex.
    pub fingerprint: String,
    pub instance_type: Option<String>,
    pub instance_count: u32,
    pub spot: bool,
    pub hyperparameters: BTreeMap<String, String>,
    pub price: Option<RunPrice>,
    pub created_at: Timestamp,
    /// `TrainingStartTime`: billing starts here. Absent until an instance was there.
    pub started_at: Option<Timestamp>,
    /// `TrainingEndTime`: billing ends here.
    pub ended_at: Option<Timestamp>,
    pub updated_at: Timestamp,
    pub training_seconds: Option<u64>,
    pub billable_seconds: Option<u64>,
    pub model_artifact: Option<String>,
    pub transitions: Vec<Transition>,
    pub final_metrics: Vec<FinalMetric>,
    /// SHA-256 of the uploaded source, when Trainyard holds it.
    pub source_sha256: Option<String>,
}

impl Run {
    /// Nothing more will happen to this run.
    pub fn is_over(&self) -> bool {
        match self.launch_state {
            LaunchState::Rejected | LaunchState::Cancelled => true,
            LaunchState::Submitted => self.status.as_ref().is_some_and(TrainingJobStatus::is_terminal),
            _ => false,
        }
    }

    /// The word on the badge.
    pub fn badge(&self) -> RunBadge {
        let status = match (self.launch_state, &self.status) {
            (LaunchState::Submitted, Some(status)) => status,
            (LaunchState::Submitted | LaunchState::Requested | LaunchState::Dispatching, _) => {
                return if self.wish == Wish::Stop { RunBadge::Stopping } else { RunBadge::Queued };
            }
            (LaunchState::Unknown, _) => return RunBadge::Unknown,
            (LaunchState::NeedsAttention, _) => return RunBadge::NeedsAttention,
            (LaunchState::Rejected, _) => return RunBadge::Rejected,
            (LaunchState::Cancelled, _) => return RunBadge::Stopped,
        };
        match status {
            TrainingJobStatus::Completed => RunBadge::Completed,
            TrainingJobStatus::Failed => RunBadge::Failed,
            TrainingJobStatus::Stopped => RunBadge::Stopped,
            TrainingJobStatus::Stopping | TrainingJobStatus::Deleting => RunBadge::Stopping,
            TrainingJobStatus::InProgress | TrainingJobStatus::Other(_) => match self.wish {
                Wish::Stop => RunBadge::Stopping,
                Wish::Run => RunBadge::Running,
            },
        }
    }

    /// The run that this one was cloned from or repeats, as its tags say.
    pub fn parent(&self) -> Option<RunId> {
        RunId::parse(self.tag(tag::PARENT)?).ok()
    }

    /// The sweep that this run is a trial of.
    pub fn sweep(&self) -> Option<SweepId> {
        SweepId::parse(self.tag(tag::SWEEP)?).ok()
    }

    /// What was wanted when something else was sent, because a quota had no room: `ml.m5.xlarge spot`.
    pub fn wanted(&self) -> Option<&str> {
        self.tag(tag::WANTED)
    }

    /// The commit that its source was made from, as its tags say.
    pub fn git_origin(&self) -> Option<GitOrigin> {
        GitOrigin::parse(self.tag(tag::SOURCE)?)
    }

    /// Key and value of the tags that somebody gave it, without Trainyard's own.
    pub fn own_tags(&self) -> Vec<(String, String)> {
        let tags = self.request.get("Tags").and_then(Value::as_array).into_iter().flatten();
        let pair = |it: &Value| {
            let key = it["Key"].as_str().filter(|key| !key.starts_with(tag::PREFIX))?;
            Some((key.to_owned(), it["Value"].as_str().unwrap_or_default().to_owned()))
        };
        tags.filter_map(pair).collect()
    }

    fn tag(&self, key: &str) -> Option<&str> {
        let tags = self.request.get("Tags")?.as_array()?;
        tags.iter().find(|it| it["Key"] == key)?["Value"].as_str()
    }

    /// The image that runs; `None` for an algorithm that was named by its ARN.
    pub fn training_image(&self) -> Option<&str> {
        self.request.pointer("/AlgorithmSpecification/TrainingImage").and_then(Value::as_str)
    }

    /// The script that runs; `None` where the image brings its own program.
    pub fn entry_point(&self) -> Option<&str> {
        script_parameter(&self.request, 0)
    }

    /// What the run has cost at `now`, and how sure that is.
    pub fn cost(&self, now: Timestamp) -> CostSummary {
        CostSummary::of_run(self, now)
    }
}

/// A run's state in one word, for badges, filters and counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunBadge {
    Queued,
    Running,
    Stopping,
    Completed,
    Failed,
    Stopped,
    Unknown,
    NeedsAttention,
    Rejected,
}

impl RunBadge {
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Running,
        Self::Stopping,
        Self::Completed,
        Self::Failed,
        Self::Stopped,
        Self::Unknown,
        Self::NeedsAttention,
        Self::Rejected,
    ];

    /// As [`Run::is_over`].
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Stopped | Self::Rejected)
    }

    /// The word in URLs, CSS classes and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
            Self::NeedsAttention => "needs_attention",
            Self::Rejected => "rejected",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

/// What the run list filters by; every field is in the URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFilter {
    pub experiment: Option<ExperimentName>,
    pub badge: Option<RunBadge>,
    /// Part of the job name, case ignored.
    pub name_contains: Option<String>,
    /// Runs older than this id come next (ids sort by creation time); newest first.
    pub before: Option<RunId>,
    /// At most 200.
    pub limit: u32,
}

/// A run in a list: what a row shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunPage {
    pub runs: Vec<Run>,
    /// Pass as `before` to get the next page; `None` at the end.
    pub next_before: Option<RunId>,
    /// How many runs match the filter in all, without paging.
    pub total: u64,
}

/// An experiment with what its list row shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExperimentSummary {
    pub name: ExperimentName,
    pub run_count: u64,
    pub running_count: u64,
    pub last_created_at: Timestamp,
}

/// A run for the tests of this crate: submitted, in progress, 0.23 dollars an hour.
#[cfg(test)]
pub(crate) mod fixture {
    use super::*;

    pub(crate) fn run() -> Run {
        let created_at = Timestamp::from_unix_millis(1_789_999_900_000);
        Run {
            id: RunId::new(created_at, 7),
            experiment: ExperimentName::parse("wine").expect("a name"),
            job_name: JobName::parse("wine-1").expect("a name"),
            job_arn: Some("arn:aws:sagemaker:us-east-1:000000000000:training-job/wine-1".to_owned()),
            origin: RunOrigin::Launched,
            launch_state: LaunchState::Submitted,
            wish: Wish::Run,
            launch_message: None,
            status: Some(TrainingJobStatus::InProgress),
            secondary_status: Some("Training".to_owned()),
            failure_reason: None,
            request: Value::Null,
            fingerprint: String::new(),
            instance_type: Some("ml.m5.xlarge".to_owned()),
            instance_count: 1,
            spot: false,
            hyperparameters: BTreeMap::new(),
            price: Some(RunPrice {
                price_nanousd_per_hour: NanoUsd(230_000_000),
                date: "2026-09-27".to_owned(),
                source: "AWS price list, us-east-1".to_owned(),
                confidence: "firm".to_owned(),
            }),
            created_at,
            started_at: None,
            ended_at: None,
            updated_at: created_at,
            training_seconds: None,
            billable_seconds: None,
            model_artifact: None,
            transitions: Vec::new(),
            final_metrics: Vec::new(),
            source_sha256: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_badge_is_parsed_back() {
        for badge in RunBadge::ALL {
            assert_eq!(RunBadge::parse(badge.as_str()), Some(badge));
        }
        assert_eq!(RunBadge::parse("sleeping"), None);
    }

    #[test]
    fn a_stop_wish_shows_before_the_engine_confirms_it() {
        let run = Run { wish: Wish::Stop, ..fixture::run() };
        assert_eq!(run.badge(), RunBadge::Stopping);
        let over = Run { status: Some(TrainingJobStatus::Completed), ..run };
        assert_eq!((over.badge(), over.is_over()), (RunBadge::Completed, true), "it ended by itself first");
    }

    #[test]
    fn a_run_survives_json() {
        let run = Run {
            final_metrics: vec![FinalMetric { name: "loss".to_owned(), value: f64::INFINITY }],
            ..fixture::run()
        };
        let text = serde_json::to_string(&run).expect("serializable");
        assert_eq!(serde_json::from_str::<Run>(&text).expect("parsable"), run);
    }

    #[test]
    fn a_status_that_aws_adds_later_is_not_over() {
        let run = Run { status: Some(TrainingJobStatus::from("Hibernating".to_owned())), ..fixture::run() };
        assert_eq!((run.badge(), run.is_over()), (RunBadge::Running, false));
    }
}
