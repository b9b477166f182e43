//! Runs training jobs on this machine as SageMaker runs them on its instances.
//!
//! Parts, in the order in which a job meets them:
//! - [`JobHost`] (`host`, `cached`): the server's side. Keeps `DATA/jobs/<name>` (`layout`), starts one detached
//!   supervisor process per job, reads what it writes (`journal`, `lines`), and recovers jobs whose supervisor is gone
//!   (`lock`, `recover`).
//! - [`supervise`] (`supervisor`): that process. Parses the request (`plan`, `program`), decides what stands for its
//!   image (`supervisor::choice`, over [`crate::image`]), lays out `/opt/ml` (`place`, `input_config`, `channels`,
//!   `python_env`), trains, and uploads (`artifacts`, `checkpoints`).
//! - [`sandbox`]: the namespaces that a command runs in, and [`isolation_probe`], which tells what this machine allows.
//! - `output`: log events and metrics from what a job prints; `sampler`: CPU, memory and disk of its hosts.
//!
//! Invariants:
//! - The supervisor is the only writer of a job's journal, logs and metrics while it lives. It survives the server, so
//!   a job goes on through a restart or a `kill -9` of the server.
//! - A job's processes do not survive its supervisor, and nothing of a job survives its end.
//! - What a job wrote is hostile: its folders are walked without following links, its archives unpacked only inside
//!   its own sandbox, its output held in bounded memory and on bounded disk.
//!
//! Time and money: `TrainingTimeInSeconds` is the clock from the first download to the end of the upload.
//! `BillableTimeInSeconds` is the same on demand; for managed spot it is `training * (100 - discount) / 100`, rounded, at
//! least 1, where the discount is [`JobConfig::spot_discount_percent`]. Interruptions of spot jobs are off unless
//! [`JobConfig::spot_interruptions_per_hour`] is set, or the job's Environment asks for one by
//! `TRAINYARD_LOCAL_SPOT_INTERRUPT_AFTER_SECONDS=<n>`.

mod artifacts;
mod bill;
mod cached;
mod channels;
mod checkpoints;
mod clock;
mod config;
mod host;
mod input_config;
mod journal;
mod layout;
mod lines;
mod lock;
mod objects;
mod output;
mod place;
mod plan;
mod program;
mod python_env;
mod python_text;
mod recover;
mod sampler;
mod sandbox;
mod supervisor;
mod tree;
mod types;

pub use config::JobConfig;
pub use host::JobHost;
pub use sandbox::{isolation_probe, sandbox};
pub use supervisor::supervise;
pub use types::{
    Isolation, IsolationLevel, JobError, JobRecord, JobTransition, LogEvent, LogRead, LogStream, MetricSample,
};
