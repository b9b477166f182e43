//! Failures as MLflow clients read them: a code, a sentence, and since 3.17 a class.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::mlflow::{ErrorCode, MlflowError};
use serde::Serialize;
use services::{EngineError, MlflowFailure, ServiceError};

/// What a handler answers when it refuses or fails.
#[derive(Debug)]
pub(super) struct Failure(MlflowFailure);

#[derive(Serialize)]
pub(in crate::http) struct ErrorBody {
    error_code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sqlstate: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_class: Option<&'static str>,
}

impl ErrorBody {
    fn of(code: ErrorCode, message: String) -> Self {
        let (sqlstate, error_class) = code.classification().unzip();
        Self { error_code: code.as_str(), message, sqlstate, error_class }
    }
}

/// The body of a refusal that was decided outside of the handlers: an unknown path, a foreign origin, a body too large.
pub(in crate::http) fn error_body(status: StatusCode, message: &str) -> Json<ErrorBody> {
    let code = match status.as_u16() {
        403 => ErrorCode::PermissionDenied,
        404 | 405 => ErrorCode::EndpointNotFound,
        501 => ErrorCode::NotImplemented,
        502..=504 => ErrorCode::TemporarilyUnavailable,
        500.. => ErrorCode::Internal,
        _ => ErrorCode::BadRequest,
    };
    Json(ErrorBody::of(code, message.to_owned()))
}

impl<F: Into<MlflowFailure>> From<F> for Failure {
    fn from(failure: F) -> Self {
        Self(failure.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let MlflowError { code, message } = match self.0 {
            MlflowFailure::Refused(refusal) => refusal,
            MlflowFailure::Service(failure) => of_service(&failure),
        };
        let status = StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(ErrorBody::of(code, message))).into_response()
    }
}

/// Clients send again what is unavailable for a moment, and nothing else.
fn of_service(failure: &ServiceError) -> MlflowError {
    let code = match failure {
        ServiceError::NotFound { .. } | ServiceError::Engine(EngineError::NotFound) => ErrorCode::ResourceDoesNotExist,
        ServiceError::Engine(EngineError::Rejected { .. } | EngineError::NameInUse) => ErrorCode::BadRequest,
        ServiceError::Engine(_) | ServiceError::Store(_) => ErrorCode::TemporarilyUnavailable,
        ServiceError::Internal { .. } => ErrorCode::Internal,
    };
    if code.http_status() >= 500 {
        tracing::error!(error = %failure.chain(), status = code.http_status(), "a request of an MLflow client failed");
    }
    MlflowError::new(code, failure.public_message())
}

/// The panic itself is logged by the hook, with its place.
pub(super) fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    Failure::from(ServiceError::Internal { what: "a handler" }).into_response()
}
