//! MLflow's tracking model as its clients know it: entities, limits, filters, orders and page tokens, and its errors.
//!
//! Names, limits and texts are those of MLflow 3.17.2's server with a SQL store (`mlflow/utils/validation.py`,
//! `mlflow/utils/search_utils.py`): clients and their users read them. Invariants:
//! - What a client sends is judged here, and an [`MlflowError`] says what MLflow would say.
//! - Filters and orders are parsed into conditions with a kind for each entity; SQL is made of them in `store` alone.

pub mod check;
pub mod entity;
pub mod error;
pub mod filter;
mod limit;
pub mod model;
pub mod order;
pub mod page;
pub mod registry;
pub mod source;

pub use entity::{
    Dataset, DatasetInput, DatasetSummary, Experiment, Lifecycle, Metric, ModelOutput, NewExperiment, Param, RunInfo,
    RunStatus, Tag, TrackingRun, ViewType,
};
pub use error::{ErrorCode, MlflowError};
pub use filter::{
    ExperimentCondition, LoggedModelCondition, RegistryCondition, RunCondition, experiment_filter, logged_model_filter,
    model_version_filter, registered_model_filter, run_filter, run_search,
};
pub use model::{DatasetFilter, LoggedModel, LoggedModelOrder, LoggedModelStatus, NewLoggedModel};
pub use order::{ExperimentOrder, RunOrder, experiment_orders, run_orders};
pub use page::PageToken;
pub use registry::{ModelVersion, NewModelVersion, RegisteredModel, RegistryOrder, RegistryOrderKey, Stage};
pub use source::ModelSource;

/// The version of MLflow whose client and server this follows.
pub const VERSION: &str = "3.17.2";

/// The tag that holds a run's name.
pub const RUN_NAME_TAG: &str = "mlflow.runName";
/// The tag of an input that says what it was used for.
pub const DATASET_CONTEXT_TAG: &str = "mlflow.data.context";
/// The tag of a logged model that lists its registered versions.
pub const MODEL_VERSIONS_TAG: &str = "mlflow.modelVersions";
/// The tag of a registered model that is a prompt, when its value is `true`.
pub const PROMPT_TAG: &str = "mlflow.prompt.is_prompt";
/// The tag where clients of MLflow 2 list the models that they logged.
pub const LOGGED_MODELS_TAG: &str = "mlflow.log-model.history";

pub type Result<T> = std::result::Result<T, MlflowError>;
