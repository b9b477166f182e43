//! How the local engine runs jobs: the same flags, variables and keys for `trainyard serve` and `trainyard local`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use aws_local::image::ImageMapping;
use aws_local::{Keys, LocalConfig};
use clap::Args;
use serde::Deserialize;

use crate::config::ConfigError;

const MIB: u64 = 1024 * 1024;

/// What can be set of the local engine. `None` means: not set here. The tables are in the file alone.
#[derive(Clone, Debug, Default, PartialEq, Args, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct EngineSettings {
    /// Local engine: the twelve-digit account that its ARNs carry [default: 000000000000]
    #[arg(long, value_name = "ACCOUNT", env = "TRAINYARD_ACCOUNT")]
    pub account: Option<String>,
    /// Local engine: jobs that run at once, the others wait as `Pending` [default: 4 for each core, 8 at least]
    #[arg(long, value_name = "NUMBER", env = "TRAINYARD_MAX_JOBS", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_jobs: Option<u32>,
    /// Local engine: most memory that one host of a job may take; one that takes more is killed [default: no limit]
    #[arg(long, value_name = "MIB", env = "TRAINYARD_JOB_MEMORY_MIB", value_parser = clap::value_parser!(u64).range(1..))]
    pub job_memory_mib: Option<u64>,
    /// Local engine: cores that one host of a job is bound to [default: all]
    #[arg(long, value_name = "NUMBER", env = "TRAINYARD_JOB_CPUS", value_parser = clap::value_parser!(u32).range(1..))]
    pub job_cpus: Option<u32>,
    /// Local engine: most that one host of a job may keep on disk [default: the `VolumeSizeInGB` of its job]
    #[arg(long, value_name = "MIB", env = "TRAINYARD_JOB_DISK_MIB", value_parser = clap::value_parser!(u64).range(1..))]
    pub job_disk_mib: Option<u64>,
    /// Local engine: seconds from SIGTERM to SIGKILL when a job is stopped or interrupted [default: 120]
    #[arg(long, value_name = "SECONDS", env = "TRAINYARD_STOP_GRACE_SECONDS")]
    pub stop_grace_seconds: Option<u32>,
    /// Local engine: seconds that instances take to start; a warm pool spares them [default: 0]
    #[arg(long, value_name = "SECONDS", env = "TRAINYARD_START_DELAY_SECONDS")]
    pub start_delay_seconds: Option<u32>,
    /// Local engine: how often a spot job is interrupted per hour of training [default: 0]
    #[arg(long, value_name = "NUMBER", env = "TRAINYARD_SPOT_INTERRUPTIONS_PER_HOUR")]
    pub spot_interruptions_per_hour: Option<f64>,
    /// Local engine: seconds of training after which each attempt of a spot job is interrupted, first attempt first:
    /// `30,60` [default: none; instead of chance]
    #[arg(long, value_name = "SECONDS,..", env = "TRAINYARD_SPOT_INTERRUPT_AFTER", value_delimiter = ',')]
    pub spot_interrupt_after: Option<Vec<f64>>,
    /// Local engine: seconds that an interrupted spot job waits for capacity [default: 2]
    #[arg(long, value_name = "SECONDS", env = "TRAINYARD_SPOT_RESTART_SECONDS")]
    pub spot_restart_seconds: Option<u32>,
    /// Local engine: how much cheaper spot is; it bills so much fewer seconds [default: 70]
    #[arg(long, value_name = "PERCENT", env = "TRAINYARD_SPOT_DISCOUNT_PERCENT", value_parser = clap::value_parser!(u8).range(0..=99))]
    pub spot_discount_percent: Option<u8>,
    /// Local engine: seconds between two readings of CPU, memory and disk [default: 2]
    #[arg(long, value_name = "SECONDS", env = "TRAINYARD_INSTANCE_METRIC_PERIOD_SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub instance_metric_period_seconds: Option<u32>,
    /// Local engine: what runs container images: `docker`, `podman`, the path of such a client, or `none` [default: the
    /// first of the two that works]
    #[arg(long, value_name = "CLIENT", env = "TRAINYARD_CONTAINER_ENGINE")]
    pub container_engine: Option<PathBuf>,
    /// `[keys]`: the access keys that requests must be signed with, each with its secret; without any, any key will do.
    #[arg(skip)]
    pub keys: Keys,
    /// `[quotas]`: instances by `training:TYPE`, `spot:TYPE` or `warm-pool:TYPE`.
    #[arg(skip)]
    pub quotas: BTreeMap<String, u64>,
    /// `[[image]]`: what runs in the place of a container image: a Python, requirements, or the image by an engine.
    #[arg(skip)]
    pub image: Vec<ImageMapping>,
    /// `[limits]`
    #[arg(skip)]
    pub limits: LimitSettings,
}

/// What is rarely changed: `[limits]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Most that the log of one job may take on disk.
    pub log_mib: Option<u64>,
    /// Most that a source archive may unpack to.
    pub source_mib: Option<u64>,
    /// Seconds between two looks at `/opt/ml/checkpoints`.
    pub checkpoint_period_seconds: Option<u64>,
}

impl EngineSettings {
    /// The tables that a file may have besides the keys that are flags.
    pub(crate) const TABLES: [&str; 4] = ["keys", "quotas", "image", "limits"];

    /// These settings where they are set, `lower` elsewhere. A flag knows nothing of the tables: they are `lower`'s.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            account: self.account.or(lower.account),
            max_jobs: self.max_jobs.or(lower.max_jobs),
            job_memory_mib: self.job_memory_mib.or(lower.job_memory_mib),
            job_cpus: self.job_cpus.or(lower.job_cpus),
            job_disk_mib: self.job_disk_mib.or(lower.job_disk_mib),
            stop_grace_seconds: self.stop_grace_seconds.or(lower.stop_grace_seconds),
            start_delay_seconds: self.start_delay_seconds.or(lower.start_delay_seconds),
            spot_interruptions_per_hour: self.spot_interruptions_per_hour.or(lower.spot_interruptions_per_hour),
            spot_interrupt_after: self.spot_interrupt_after.or(lower.spot_interrupt_after),
            spot_restart_seconds: self.spot_restart_seconds.or(lower.spot_restart_seconds),
            spot_discount_percent: self.spot_discount_percent.or(lower.spot_discount_percent),
            instance_metric_period_seconds: self
                .instance_metric_period_seconds
                .or(lower.instance_metric_period_seconds),
            container_engine: self.container_engine.or(lower.container_engine),
            keys: lower.keys,
            quotas: lower.quotas,
            image: lower.image,
            limits: lower.limits,
        }
    }

    /// Refuses what no type can: a file is not bound to the ranges of the flags.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let is_account = |account: &String| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if !self.account.as_ref().is_none_or(is_account) {
            return Err(ConfigError::Account);
        }
        if !self.spot_interruptions_per_hour.is_none_or(|rate| (0.0..=3600.0).contains(&rate)) {
            return Err(ConfigError::Interruptions);
        }
        let plan = self.spot_interrupt_after.as_deref().unwrap_or_default();
        if !plan.iter().all(|seconds| (0.0..1e9).contains(seconds)) {
            return Err(ConfigError::InterruptAfter);
        }
        if self.spot_discount_percent.is_some_and(|percent| percent > 99) {
            return Err(ConfigError::Discount);
        }
        let counts = [
            ("max-jobs", self.max_jobs.map(u64::from)),
            ("job-memory-mib", self.job_memory_mib),
            ("job-cpus", self.job_cpus.map(u64::from)),
            ("job-disk-mib", self.job_disk_mib),
            ("instance-metric-period-seconds", self.instance_metric_period_seconds.map(u64::from)),
            ("limits.log-mib", self.limits.log_mib),
            ("limits.source-mib", self.limits.source_mib),
            ("limits.checkpoint-period-seconds", self.limits.checkpoint_period_seconds),
        ];
        match counts.into_iter().find(|(_, count)| *count == Some(0)) {
            Some((key, _)) => Err(ConfigError::Zero { key }),
            None => Ok(()),
        }
    }

    /// Puts what is set into the engine's configuration.
    pub(crate) fn apply(&self, config: &mut LocalConfig) {
        set(&mut config.account, self.account.clone());
        config.keys.clone_from(&self.keys);
        config.quotas.clone_from(&self.quotas);
        let job = &mut config.job;
        job.job_memory_mib = self.job_memory_mib;
        job.job_cpus = self.job_cpus;
        job.job_disk_mib = self.job_disk_mib;
        job.images.clone_from(&self.image);
        job.container_engine.clone_from(&self.container_engine);
        set(&mut job.max_jobs, self.max_jobs.and_then(|number| usize::try_from(number).ok()));
        set(&mut job.stop_grace_seconds, self.stop_grace_seconds.map(u64::from));
        set(&mut job.start_delay_seconds, self.start_delay_seconds.map(u64::from));
        set(&mut job.spot_interruptions_per_hour, self.spot_interruptions_per_hour);
        set(&mut job.spot_interrupt_after_seconds, self.spot_interrupt_after.clone());
        set(&mut job.spot_restart_seconds, self.spot_restart_seconds.map(u64::from));
        set(&mut job.spot_discount_percent, self.spot_discount_percent.map(u32::from));
        set(&mut job.instance_metric_period_seconds, self.instance_metric_period_seconds.map(u64::from));
        set(&mut job.log_bytes_max, self.limits.log_mib.map(|mib| mib.saturating_mul(MIB)));
        set(&mut job.source_bytes_max, self.limits.source_mib.map(|mib| mib.saturating_mul(MIB)));
        set(&mut job.checkpoint_period_seconds, self.limits.checkpoint_period_seconds);
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
