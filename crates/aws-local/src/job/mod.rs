//! Runs training jobs on this machine as SageMaker runs them on its instances.
//!
//! Parts, in the order in which a job meets them:
//! - [`JobHost`] (`host`, `cached`): the server's side. Keeps `DATA/jobs/<name>` (`layout`), lets jobs wait for their
//!   turn (`queue`), starts one detached supervisor process per job and recovers those whose supervisor is gone
//!   (`supervision`, `lock`, `recover`), reads what it writes (`journal`, `lines`), changes and deletes (`change`), and
//!   keeps warm pools (`warm_pool`).
//! - [`supervise`] (`supervisor`): that process. Parses the request (`plan`, `program`), decides what stands for its
//!   image (`supervisor::choice`, over [`crate::image`]), lays out `/opt/ml` (`place`, `input_config`, `channels`,
//!   `python_env`), trains, and uploads (`artifacts`, `checkpoints`).
//! - [`sandbox`]: the namespaces that a command runs in, and [`isolation_probe`], which tells what this machine allows.
//! - `output`: log events and metrics from what a job prints; `sampler`: CPU, memory and disk of its hosts; `limits`: what they
//!   may take.
//!
//! Invariants:
//! - The supervisor is the only writer of a job's journal, logs and metrics while it lives. It survives the server, so
//!   a job goes on through a restart or a `kill -9` of the server.
//! - A job's processes do not survive its supervisor, and nothing of a job survives its end.
//! - What a job wrote is hostile: its folders are walked without following links, its archives unpacked only inside
//!   its own sandbox, its output held in bounded memory and on bounded disk.
//!
//! Time and money: `TrainingTimeInSeconds` is the clock from the first download to the end of the upload; see `bill` for
//! `BillableTimeInSeconds`. Interruptions of spot jobs are off unless one is commanded ([`JobHost::interrupt`]), the
//! job's Environment asks for some by `TRAINYARD_LOCAL_SPOT_INTERRUPT_AFTER_SECONDS=<n>[,<n>...]`, or
//! [`JobConfig::spot_interrupt_after_seconds`] or [`JobConfig::spot_interruptions_per_hour`] is set.

mod artifacts;
mod bill;
mod cached;
mod change;
mod channel;
mod channels;
mod checkpoints;
mod clock;
mod config;
mod host;
mod input_config;
mod journal;
mod layout;
mod limits;
mod lines;
mod lock;
mod objects;
mod output;
mod pipe;
mod place;
mod plan;
mod program;
mod python_env;
mod python_text;
mod queue;
mod recover;
mod sampler;
mod sandbox;
mod supervision;
mod supervisor;
mod training_env;
mod tree;
mod types;
mod warm_pool;

pub use config::{JobConfig, default_max_jobs};
pub use host::JobHost;
pub use sandbox::{isolation_probe, sandbox};
pub use supervisor::supervise;
pub use types::{
    Isolation, IsolationLevel, JobError, JobRecord, JobTransition, LogEvent, LogRead, LogStream, MetricSample, WarmPool,
};
