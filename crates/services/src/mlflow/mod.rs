//! What an MLflow client asks for: experiments, runs, what is logged in them, and artifacts.
//!
//! Invariants:
//! - A run that a client makes has an id of Trainyard's own kind, and its metrics enter through `ingest`: whoever reads
//!   series by run reads them too.
//! - A job's run is there for MLflow under its own id. The first word of a client about it, be it a question, makes its
//!   MLflow side, and the job's end ends that.
//! - Artifacts are objects in the engine's bucket, below `mlflow-artifacts/`, and nowhere else.

mod artifacts;
mod error;
mod experiments;
mod jobs;
mod log;
mod metrics;
mod models;
mod names;
mod registry;
mod runs;

pub use artifacts::{ArtifactFile, ArtifactList, ArtifactRead};
pub use error::MlflowFailure;
pub use experiments::ExperimentSearch;
pub use log::LogBatch;
pub use metrics::MetricOfRun;
pub use models::{ModelCreation, ModelSearch};
pub use registry::{RegistrySearch, VersionCreation};
pub use runs::{RunCreation, RunSearch};

pub(crate) type Result<T> = std::result::Result<T, MlflowFailure>;

/// The artifact location of every experiment that names none; the server resolves it.
const ARTIFACT_ROOT: &str = "mlflow-artifacts:/";
