//! MLflow's errors: a code that clients act on, and a sentence that their users read.

use std::fmt;

/// The codes that this server answers with; the names are those of MLflow's `databricks.proto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    BadRequest,
    EndpointNotFound,
    Internal,
    InvalidParameterValue,
    InvalidState,
    NotImplemented,
    PermissionDenied,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
    TemporarilyUnavailable,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct MlflowError {
    pub code: ErrorCode,
    pub message: String,
}

impl MlflowError {
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidParameterValue, message)
    }

    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ResourceDoesNotExist, message)
    }
}

impl ErrorCode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "BAD_REQUEST",
            Self::EndpointNotFound => "ENDPOINT_NOT_FOUND",
            Self::Internal => "INTERNAL_ERROR",
            Self::InvalidParameterValue => "INVALID_PARAMETER_VALUE",
            Self::InvalidState => "INVALID_STATE",
            Self::NotImplemented => "NOT_IMPLEMENTED",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::ResourceAlreadyExists => "RESOURCE_ALREADY_EXISTS",
            Self::ResourceDoesNotExist => "RESOURCE_DOES_NOT_EXIST",
            Self::TemporarilyUnavailable => "TEMPORARILY_UNAVAILABLE",
        }
    }

    /// `sqlstate` and `error_class` of MLflow 3.17's answers (`mlflow/error_classification.py`).
    pub const fn classification(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::BadRequest | Self::InvalidParameterValue => Some(("KAM00", "INVALID_PARAMETER_VALUE")),
            Self::EndpointNotFound | Self::ResourceDoesNotExist => Some(("KAM00", "RESOURCE_NOT_FOUND")),
            Self::PermissionDenied => Some(("KAM00", "PERMISSION_DENIED")),
            Self::ResourceAlreadyExists => Some(("KAM00", "RESOURCE_ALREADY_EXISTS")),
            Self::Internal | Self::InvalidState | Self::TemporarilyUnavailable => {
                Some(("XXM00", "CLIENT_INTERNAL_ERROR"))
            }
            Self::NotImplemented => None,
        }
    }

    /// A name that exists already is 400 at MLflow, and clients rely on it.
    ///
    /// A wrong state is 400 here and 500 there: clients send again what gets 500, seven times, and it stays wrong.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::BadRequest | Self::InvalidParameterValue | Self::ResourceAlreadyExists | Self::InvalidState => 400,
            Self::PermissionDenied => 403,
            Self::EndpointNotFound | Self::ResourceDoesNotExist => 404,
            Self::Internal => 500,
            Self::NotImplemented => 501,
            Self::TemporarilyUnavailable => 503,
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
