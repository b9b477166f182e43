//! What can come of a request: a refusal in MLflow's words, or a failure of ours.

use domain::mlflow::MlflowError;
use store::{MlflowStoreError, StoreError};

use crate::{EngineError, ServiceError};

#[derive(Debug, thiserror::Error)]
pub enum MlflowFailure {
    /// The client's to know.
    #[error(transparent)]
    Refused(#[from] MlflowError),
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<MlflowStoreError> for MlflowFailure {
    fn from(failure: MlflowStoreError) -> Self {
        match failure {
            MlflowStoreError::Refused(refusal) => Self::Refused(refusal),
            MlflowStoreError::Store(failure) => Self::Service(failure.into()),
        }
    }
}

impl From<StoreError> for MlflowFailure {
    fn from(failure: StoreError) -> Self {
        Self::Service(failure.into())
    }
}

impl From<EngineError> for MlflowFailure {
    fn from(failure: EngineError) -> Self {
        Self::Service(failure.into())
    }
}
