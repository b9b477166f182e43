//! Settings of the job host. A copy is kept with every job, so that a job ends under the settings it began with.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::image::ImageMapping;
use crate::signature::AccessKey;

/// How jobs are run on this machine. [`JobConfig::new`] gives the defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobConfig {
    /// The program whose hidden subcommands `local-supervise` and `local-sandbox` lead to [`super::supervise`] and
    /// [`super::sandbox`]: this binary itself.
    pub program: PathBuf,
    /// The Python that runs `.py` entry points and makes the environments for `requirements.txt`.
    pub python: PathBuf,
    /// What the user says about images; the first rule that matches counts.
    #[serde(default)]
    pub images: Vec<ImageMapping>,
    /// The client of the container engine, or `none` for no engine at all; `None` takes Docker or else Podman from `PATH`, if one works.
    #[serde(default)]
    pub container_engine: Option<PathBuf>,
    /// Given to jobs as `AWS_REGION`.
    pub region: String,
    /// When set, jobs get it as `AWS_ENDPOINT_URL`, so that boto3 in a script reaches this engine.
    pub endpoint_url: Option<String>,
    /// What jobs sign their requests to [`JobConfig::endpoint_url`] with; `None` gives them a name without meaning, as
    /// SDKs insist on one. [`crate::bind`] sets it.
    #[serde(default)]
    pub access_key: Option<AccessKey>,
    /// Percent of the training seconds of a managed-spot job that are not billed (0 to 99).
    pub spot_discount_percent: u32,
    /// Mean number of interruptions of a managed-spot job per hour of training; 0 is none.
    pub spot_interruptions_per_hour: f64,
    /// Seconds of training after which the attempts of a managed-spot job are interrupted: the first attempt after the
    /// first number, and so on; attempts beyond the list are not. Empty: chance decides, by the rate above.
    #[serde(default)]
    pub spot_interrupt_after_seconds: Vec<f64>,
    /// Seconds between an interruption and the next start: the wait for capacity.
    pub spot_restart_seconds: u64,
    /// Seconds that instances take to be there; a job that reuses a warm pool does not wait for them.
    #[serde(default)]
    pub start_delay_seconds: u64,
    /// Jobs that run at once; those beyond wait as `Pending`, in the order in which they were created.
    #[serde(default = "default_max_jobs")]
    pub max_jobs: usize,
    /// Most memory that all processes of one host may take; a host that takes more is killed (exit code 137).
    #[serde(default)]
    pub job_memory_mib: Option<u64>,
    /// Cores that one host may use.
    #[serde(default)]
    pub job_cpus: Option<u32>,
    /// Most that `/opt/ml` and `/tmp` of one host may hold, below the `VolumeSizeInGB` of its job.
    #[serde(default)]
    pub job_disk_mib: Option<u64>,
    /// Seconds between two samples of CPU, memory and disk of a host.
    pub instance_metric_period_seconds: u64,
    /// Seconds between SIGTERM and SIGKILL when a job is stopped or its spot capacity is taken away. SageMaker: 120.
    pub stop_grace_seconds: u64,
    /// Seconds between two looks at `/opt/ml/checkpoints`.
    pub checkpoint_period_seconds: u64,
    /// Most bytes of log that one job may keep on disk.
    pub log_bytes_max: u64,
    /// Most bytes that a source archive may unpack to.
    pub source_bytes_max: u64,
    /// False runs jobs without namespaces even where they are available.
    pub use_namespaces: bool,
}

impl JobConfig {
    /// The defaults, for a program that carries the hidden subcommands.
    pub fn new(program: PathBuf) -> JobConfig {
        JobConfig {
            program,
            python: PathBuf::from("python3"),
            images: Vec::new(),
            container_engine: None,
            region: "us-east-1".to_owned(),
            endpoint_url: None,
            access_key: None,
            spot_discount_percent: 70,
            spot_interruptions_per_hour: 0.0,
            spot_interrupt_after_seconds: Vec::new(),
            spot_restart_seconds: 2,
            start_delay_seconds: 0,
            max_jobs: default_max_jobs(),
            job_memory_mib: None,
            job_cpus: None,
            job_disk_mib: None,
            instance_metric_period_seconds: 2,
            stop_grace_seconds: 120,
            checkpoint_period_seconds: 5,
            log_bytes_max: 256 * 1024 * 1024,
            source_bytes_max: 4 * 1024 * 1024 * 1024,
            use_namespaces: true,
        }
    }
}

/// Four jobs for each core, and eight at least: training scripts wait for their data much of the time.
pub fn default_max_jobs() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    (4 * cores).max(8)
}
