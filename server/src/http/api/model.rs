//! The bodies of the REST API, as programs and the command line see them.

use std::collections::BTreeMap;

use domain::{
    costs::{CostGroup, CostGrouping, CostReview, Spend},
    git_source::GitOrigin,
    run::{ExperimentSummary, FinalMetric, Run},
    series::lossless_f64,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{
        OneOfBuilder,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// One training job with what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Run)]
pub struct RunBody {
    #[schema(example = "01JD5Z0Q6V8X2N4T7R9C3B1M5K")]
    pub id: String,
    pub job_name: String,
    pub job_arn: Option<String>,
    pub experiment: String,
    /// The state in one word: `queued`, `running`, `stopping`, `completed`, `failed`, `stopped`, `unknown`,
    /// `needs_attention` or `rejected`.
    pub badge: String,
    /// Nothing more will happen to this run.
    pub is_over: bool,
    /// How far the launch has come: `requested`, `dispatching`, `submitted`, `unknown`, `needs_attention`, `rejected`
    /// or `cancelled`.
    pub launch_state: String,
    /// Why a launch was refused, needs a person or waits.
    pub launch_message: Option<String>,
    /// SageMaker's `TrainingJobStatus`.
    pub status: Option<String>,
    pub secondary_status: Option<String>,
    pub failure_reason: Option<String>,
    pub instance_type: Option<String>,
    pub instance_count: u32,
    pub managed_spot: bool,
    pub hyperparameters: BTreeMap<String, String>,
    /// The run that this one was cloned from or repeats.
    pub parent: Option<String>,
    /// SHA-256 of the source archive, when Trainyard holds it.
    pub source_sha256: Option<String>,
    /// The commit that the source was made from, when it came out of a git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitOriginBody>,
    /// SHA-256 of the request.
    pub fingerprint: String,
    pub created_at: String,
    pub started_at: Option<String>,
    pub ended_at: Option<String>,
    pub updated_at: String,
    pub training_seconds: Option<u64>,
    pub billable_seconds: Option<u64>,
    pub cost: CostBody,
    /// Where the model lies.
    pub model_artifact: Option<String>,
    pub final_metrics: Vec<MetricBody>,
}

/// What a run costs, and how sure the figure is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Cost)]
pub struct CostBody {
    /// `not_started`, `running`, `final`, `unpriced` or `not_reported`.
    #[schema(value_type = String)]
    pub state: domain::cost::CostState,
    /// In billionths of a dollar. Absent is not zero.
    pub total_nanousd: Option<i64>,
    /// `total_nanousd` is the most that it can have cost: a spot run that is not over.
    pub is_upper_bound: bool,
    /// What managed spot training saved.
    pub spot_savings_nanousd: Option<i64>,
}

/// The last value of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Metric)]
pub struct MetricBody {
    pub name: String,
    #[serde(with = "lossless_f64")]
    #[schema(schema_with = lossless_number)]
    pub value: f64,
}

impl RunBody {
    pub(super) fn of(run: Run, now: Timestamp) -> Self {
        let cost = run.cost(now);
        let cost = CostBody {
            state: cost.state,
            total_nanousd: cost.total.map(|it| it.0),
            is_upper_bound: cost.is_upper_bound,
            spot_savings_nanousd: cost.spot_savings.map(|it| it.0),
        };
        let (badge, is_over) = (run.badge().as_str().to_owned(), run.is_over());
        let parent = run.parent().map(String::from);
        let git = run.git_origin().map(GitOriginBody::from);
        let metric = |it: FinalMetric| MetricBody { name: it.name, value: it.value };
        Self {
            badge,
            is_over,
            parent,
            git,
            cost,
            id: run.id.into(),
            job_name: run.job_name.into(),
            job_arn: run.job_arn,
            experiment: run.experiment.into(),
            launch_state: run.launch_state.as_str().to_owned(),
            launch_message: run.launch_message,
            status: run.status.map(String::from),
            secondary_status: run.secondary_status,
            failure_reason: run.failure_reason,
            instance_type: run.instance_type,
            instance_count: run.instance_count,
            managed_spot: run.spot,
            hyperparameters: run.hyperparameters,
            source_sha256: run.source_sha256,
            fingerprint: run.fingerprint,
            created_at: run.created_at.to_rfc3339(),
            started_at: run.started_at.map(Timestamp::to_rfc3339),
            ended_at: run.ended_at.map(Timestamp::to_rfc3339),
            updated_at: run.updated_at.to_rfc3339(),
            training_seconds: run.training_seconds,
            billable_seconds: run.billable_seconds,
            model_artifact: run.model_artifact,
            final_metrics: run.final_metrics.into_iter().map(metric).collect(),
        }
    }
}

/// A month's costs, put together by what runs share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CostReview)]
pub struct CostReviewBody {
    /// A calendar month in UTC.
    #[schema(example = "2026-11")]
    pub month: String,
    pub grouping: String,
    /// Always `USD`.
    pub currency: String,
    pub total: SpendBody,
    /// Of the month before.
    pub previous: Option<SpendBody>,
    /// The dearest first; they sum to the total.
    pub groups: Vec<CostGroupBody>,
}

/// What some runs cost within the month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Spend)]
pub struct SpendBody {
    /// From billable seconds that SageMaker reported, in billionths of a dollar.
    pub final_nanousd: i64,
    /// Of runs that are not over: so far, at the on-demand price.
    pub running_nanousd: i64,
    pub saved_by_spot_nanousd: i64,
    pub runs: usize,
    /// Runs whose dollars are not known; they are in no sum.
    pub unpriced_runs: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CostGroup)]
pub struct CostGroupBody {
    /// What these runs share; empty: what has no such thing. Absent: all groups that are not listed, in one.
    pub key: Option<String>,
    /// A run's job name where runs are listed; else as `key`.
    pub label: String,
    pub spend: SpendBody,
}

impl CostReviewBody {
    pub(super) fn of(grouping: &CostGrouping, review: CostReview) -> Self {
        let group = |it: CostGroup| CostGroupBody { key: it.key, label: it.label, spend: SpendBody::of(it.spend) };
        Self {
            month: review.month.to_string(),
            grouping: grouping.to_string(),
            currency: "USD".to_owned(),
            total: SpendBody::of(review.total),
            previous: review.previous.map(SpendBody::of),
            groups: review.groups.into_iter().map(group).collect(),
        }
    }
}

impl SpendBody {
    fn of(spend: Spend) -> Self {
        Self {
            final_nanousd: spend.settled.0,
            running_nanousd: spend.running.0,
            saved_by_spot_nanousd: spend.saved_by_spot.0,
            runs: spend.runs,
            unpriced_runs: spend.unpriced,
        }
    }
}

/// A page of runs, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RunList)]
pub struct RunListBody {
    pub runs: Vec<RunBody>,
    /// Pass as `before` to get the next page; absent at the end.
    pub next_before: Option<String>,
    /// How many runs match the filter in all.
    pub total: u64,
}

/// What to launch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Launch)]
pub struct LaunchBody {
    /// The members of CreateTrainingJob. Image, role and output path may be left out: the server's own are used.
    /// `TrainingJobName` is the beginning of the name; the run's id is appended.
    #[schema(value_type = Object)]
    pub request: Value,
    /// The experiment that the run belongs to; without one, the request's tag `trainyard:experiment`, or `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// The beginning of the job's name, at most 36 characters; wins over `TrainingJobName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_name: Option<String>,
    /// What brings the script; without it, the request says so itself, or its image brings its own program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceChoice>,
    /// The script inside the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "train.py")]
    pub entry_point: Option<String>,
    /// Whether checkpoints are kept; without it, they are kept when the request has a `CheckpointConfig`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoints: Option<bool>,
    /// The id of the run that this one is made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What happens when a quota has no room; without it, the job is not launched then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaChoice>,
}

/// What happens when a quota has no room for the job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuotaChoice {
    /// `refuse`: nothing is launched. `queue`: the run is on record and waits for room. `fallback`: the first of the
    /// ways below that has room is taken.
    #[schema(example = "queue")]
    pub choice: String,
    /// Other instance types, in the order of trying.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instance_types: Vec<String>,
    /// Minutes after the launch from which a spot job may run on-demand; without it, never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_demand_after_minutes: Option<u32>,
    /// Dollars per hour, in decimal digits, that a fallback's instances may cost together at most; required for
    /// `fallback`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "1.50")]
    pub max_usd_per_hour: Option<String>,
}

/// What brings the script: one of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceChoice {
    /// A source that was sent to `POST /api/v1/sources`.
    Sha256(String),
    /// A `.tar.gz` that lies in S3.
    S3Uri(String),
    /// A bundled sample's files.
    Sample(String),
    /// A git repository, fetched at this launch.
    Git(GitBody),
}

/// A place in a git repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Git)]
pub struct GitBody {
    /// `https://host/path`, `ssh://user@host/path` or `user@host:path`, at most 160 characters, without a password.
    #[schema(example = "https://github.com/team/models.git")]
    pub url: String,
    /// A branch, a tag or a commit's full hash; without one, the default branch.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The folder that the job gets; without one, all of the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

/// The commit that a run's source was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = GitOrigin)]
pub struct GitOriginBody {
    pub url: String,
    /// Its full hash.
    pub commit: String,
    /// Empty: all of the repository.
    pub folder: String,
}

impl From<GitOrigin> for GitOriginBody {
    fn from(origin: GitOrigin) -> Self {
        Self { url: origin.url.to_string(), commit: origin.commit, folder: origin.folder }
    }
}

/// A source that is held, ready to be launched with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Source)]
pub struct SourceBody {
    /// Of the archive as it is kept; equal files have equal hashes, whatever packed them.
    pub sha256: String,
    pub file_name: String,
    pub size_bytes: u64,
    pub entries: Vec<SourceEntryBody>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SourceEntry)]
pub struct SourceEntryBody {
    pub path: String,
    pub size_bytes: u64,
}

/// Every curve of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Metrics)]
pub struct MetricsBody {
    pub series: Vec<SeriesBody>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Series)]
pub struct SeriesBody {
    pub name: String,
    /// `log`, `cloud_watch` or `instance`.
    pub source: String,
    /// `algo-1`; empty where the engine does not tell.
    pub host: String,
    pub points: Vec<PointBody>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Point)]
pub struct PointBody {
    /// The step that the line named, else the point's number in its series.
    pub step: i64,
    pub at: String,
    #[serde(with = "lossless_f64")]
    #[schema(schema_with = lossless_number)]
    pub value: f64,
}

/// Lines of a run's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LogPage)]
pub struct LogPageBody {
    /// In the order of time within this page.
    pub lines: Vec<LogLineBody>,
    /// Pass as `cursor` to read on from here.
    pub next_cursor: String,
    /// The next page may have lines already.
    pub has_more: bool,
    /// The run was over before this page was read: once there is no more, there will be none.
    pub is_over: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LogLine)]
pub struct LogLineBody {
    pub at: String,
    /// The job's host: `algo-1`.
    pub host: String,
    pub text: String,
    /// How many characters of a very long line are left out.
    pub truncated_chars: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ExperimentList)]
pub struct ExperimentListBody {
    /// The one with the newest run first.
    pub experiments: Vec<ExperimentBody>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Experiment)]
pub struct ExperimentBody {
    pub name: String,
    pub run_count: u64,
    pub running_count: u64,
    pub last_created_at: String,
}

impl ExperimentBody {
    pub(super) fn of(summary: ExperimentSummary) -> Self {
        Self {
            name: summary.name.into(),
            run_count: summary.run_count,
            running_count: summary.running_count,
            last_created_at: summary.last_created_at.to_rfc3339(),
        }
    }
}

/// A number, or the word for what JSON has no number for.
fn lossless_number() -> Schema {
    let words = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["NaN", "Infinity", "-Infinity"]));
    OneOfBuilder::new().item(ObjectBuilder::new().schema_type(Type::Number)).item(words).into()
}
