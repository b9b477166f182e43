//! What an operation refuses with: an AWS error code, its message and its HTTP status.

use serde_json::Value;

pub(crate) type ApiResult = Result<Value, ApiError>;

/// One AWS error. `code` is the shape's name (`ValidationException`), as `__type` carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub status: u16,
    pub code: String,
    pub message: String,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    /// The caller's fault: HTTP 400 with that code.
    pub(crate) fn client(code: &str, message: impl Into<String>) -> Self {
        Self::new(400, code, message)
    }

    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::client("ValidationException", message)
    }

    /// Ours. The cause goes to the log, not to the caller.
    pub(crate) fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(error = %cause, "an operation of the local endpoint failed");
        Self::new(500, "InternalFailure", "The local endpoint could not carry out the request; its log says why.")
    }

    /// The code that the query protocol uses for the same error: CloudWatch's shapes name it without `Exception`.
    pub(crate) fn query_code(&self) -> &str {
        match self.code.as_str() {
            "MissingRequiredParameterException" => "MissingParameter",
            "ResourceNotFoundException" => "ResourceNotFound",
            "UnrecognizedClientException" => "InvalidClientTokenId",
            "InvalidSignatureException" => "SignatureDoesNotMatch",
            code => code.strip_suffix("Exception").unwrap_or(code),
        }
    }

    pub(crate) fn fault(&self) -> &'static str {
        if self.status < 500 { "Sender" } else { "Receiver" }
    }
}

impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> Self {
        Self::internal(error)
    }
}
