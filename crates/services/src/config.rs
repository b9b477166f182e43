//! What the composition root decides: samples, periods, windows, limits. Two presets, one per kind of engine.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use domain::{budget::Budget, job_draft::JobDraft, launch_policy::LaunchPolicy};

use crate::{
    engine::EngineKind,
    limits::RateConfig,
    random::{Random, SystemRandom},
    source::{GitConfig, SourceLimits},
};

/// A job that comes with Trainyard: its files and a form that is filled in already.
#[derive(Clone, Debug)]
pub struct Sample {
    /// In URLs and in the form as `sample:<name>`.
    pub name: String,
    pub title: String,
    pub description: String,
    /// `source` is set to `sample:<name>`; empty image, role and output path are filled from the engine's defaults.
    pub draft: JobDraft,
    pub files: Vec<SampleFile>,
}

#[derive(Clone, Debug)]
pub struct SampleFile {
    /// Relative, with `/`.
    pub path: String,
    pub bytes: Bytes,
}

#[derive(Clone)]
pub struct ServicesConfig {
    pub samples: Vec<Sample>,
    /// The image that the form begins with.
    pub training_image: String,
    /// Where jobs reach this server as an MLflow tracking server; `None`: they are not told.
    pub tracking_uri: Option<String>,
    /// What the team allows itself; empty: everything.
    pub policies: Vec<LaunchPolicy>,
    /// What the team means to spend in a month.
    pub budgets: Vec<Budget>,
    pub source_limits: SourceLimits,
    pub git: GitConfig,

    pub dispatch_period: Duration,
    pub reconcile_period: Duration,
    pub jobs_period: Duration,
    pub logs_period: Duration,
    pub metrics_period: Duration,
    pub hub_period: Duration,
    pub prune_period: Duration,
    /// A new run's inputs are listed at once; this is how soon what failed is tried again.
    pub capsules_period: Duration,
    /// How soon after a trial's end the next one of its sweep is launched.
    pub sweeps_period: Duration,
    /// How soon quotas are asked for again after no answer.
    pub quotas_period: Duration,
    /// How long quotas that were read hold; a refusal to show them as well.
    pub quotas_keep: Duration,
    /// How long a quota that the engine called exhausted is taken for exhausted, whatever our own count says.
    pub quota_pause: Duration,
    /// A run that waits for room is looked at anew after so long, should nothing have woken it.
    pub quota_recheck: Duration,

    /// A dispatcher's lease on an outbox row; longer than `call_timeout`.
    pub lease: Duration,
    /// The last line of defence around one engine call of the launch path; the adapters have shorter timeouts.
    pub call_timeout: Duration,
    /// How long after a lost answer the job is looked up.
    pub unknown_grace: Duration,
    /// The same name is sent again only this long after the first attempt: later, the job may have run and been deleted.
    pub resubmit_window: Duration,
    pub backoff_base: Duration,
    pub backoff_max: Duration,

    /// Jobs modified this long before the newest one seen are read again: changes while paging, late index entries.
    pub jobs_overlap: Duration,
    /// How far back jobs of other clients are imported at the start; `None`: all.
    pub import_history: Option<Duration>,
    /// `Search` is eventually consistent on AWS: so many active jobs are described per tick besides.
    pub describes_per_tick: usize,
    pub job_pages_per_tick: usize,

    pub log_events_per_page: u32,
    /// Per stream and tick.
    pub log_pages_per_tick: usize,
    /// Per stream and tick, of log text.
    pub log_bytes_per_tick: usize,
    /// Lines of one run that go to open pages per page of events read; the rest is counted as dropped.
    pub live_lines_per_page: usize,
    /// After a job's end its log may still grow for this long.
    pub log_end_grace: Duration,

    /// CloudWatch's period.
    pub metric_period_seconds: u32,
    /// A period is final this long after it has ended.
    pub metric_settle: Duration,
    /// Periods that were asked for already are asked for again this far back: data comes late.
    pub metric_lookback: Duration,
    /// After a job's end its metrics may still arrive for this long.
    pub metric_end_grace: Duration,
    /// Ended runs (imported history, above all) that are copied per tick, besides all running ones.
    pub ended_runs_per_tick: usize,

    /// How long the live stream can be resumed.
    pub live_keep: Duration,
    /// How long a form that launched nothing can be gone on with, and an archive that no run uses stays.
    pub draft_keep: Duration,
    pub rates: RateConfig,
    pub random: Arc<dyn Random>,
}

impl fmt::Debug for ServicesConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServicesConfig").field("samples", &self.samples.len()).finish_non_exhaustive()
    }
}

/// The launch form's default image: AWS's scikit-learn container, which runs scripts.
pub const DEFAULT_TRAINING_IMAGE: &str =
    "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3";

impl ServicesConfig {
    pub fn for_engine(kind: EngineKind) -> Self {
        match kind {
            EngineKind::Local => Self::local(),
            EngineKind::Aws => Self::aws(),
        }
    }

    /// The embedded endpoint: no charges and no throttling, so everything is looked at every second or two.
    pub fn local() -> Self {
        Self {
            samples: Vec::new(),
            training_image: DEFAULT_TRAINING_IMAGE.to_owned(),
            tracking_uri: None,
            policies: Vec::new(),
            budgets: Vec::new(),
            source_limits: SourceLimits::default(),
            git: GitConfig::default(),
            dispatch_period: Duration::from_secs(2),
            reconcile_period: Duration::from_mins(2),
            jobs_period: Duration::from_secs(1),
            logs_period: Duration::from_millis(700),
            metrics_period: Duration::from_secs(2),
            hub_period: Duration::from_secs(1),
            prune_period: Duration::from_mins(10),
            capsules_period: Duration::from_secs(5),
            sweeps_period: Duration::from_secs(1),
            quotas_period: Duration::from_secs(10),
            quotas_keep: Duration::from_mins(5),
            quota_pause: Duration::from_secs(5),
            quota_recheck: Duration::from_mins(10),
            lease: Duration::from_secs(30),
            call_timeout: Duration::from_secs(20),
            unknown_grace: Duration::from_secs(5),
            resubmit_window: Duration::from_mins(15),
            backoff_base: Duration::from_millis(500),
            backoff_max: Duration::from_secs(30),
            jobs_overlap: Duration::from_secs(10),
            import_history: None,
            describes_per_tick: 0,
            job_pages_per_tick: 20,
            log_events_per_page: 5_000,
            log_pages_per_tick: 4,
            log_bytes_per_tick: 4 * 1024 * 1024,
            live_lines_per_page: 200,
            log_end_grace: Duration::from_secs(2),
            metric_period_seconds: 1,
            metric_settle: Duration::from_secs(1),
            metric_lookback: Duration::from_secs(15),
            metric_end_grace: Duration::from_secs(3),
            ended_runs_per_tick: 20,
            live_keep: Duration::from_hours(2),
            draft_keep: Duration::from_hours(30 * 24),
            rates: RateConfig::local(),
            random: Arc::new(SystemRandom),
        }
    }

    /// Amazon SageMaker: Search is throttled at about 1/s, metrics come every minute, GetMetricData is charged.
    pub fn aws() -> Self {
        Self {
            jobs_period: Duration::from_secs(20),
            logs_period: Duration::from_secs(5),
            metrics_period: Duration::from_mins(1),
            dispatch_period: Duration::from_secs(5),
            capsules_period: Duration::from_secs(30),
            sweeps_period: Duration::from_secs(10),
            quotas_period: Duration::from_mins(1),
            quotas_keep: Duration::from_mins(15),
            quota_pause: Duration::from_mins(1),
            reconcile_period: Duration::from_mins(5),
            unknown_grace: Duration::from_secs(50),
            backoff_base: Duration::from_secs(1),
            backoff_max: Duration::from_mins(1),
            jobs_overlap: Duration::from_mins(5),
            import_history: Some(Duration::from_hours(90 * 24)),
            describes_per_tick: 40,
            log_end_grace: Duration::from_mins(1),
            metric_period_seconds: 60,
            metric_settle: Duration::from_mins(1),
            metric_lookback: Duration::from_mins(10),
            metric_end_grace: Duration::from_mins(5),
            rates: RateConfig::aws(),
            ..Self::local()
        }
    }
}

/// Durations as microseconds, the unit of `Timestamp`.
pub(crate) fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
