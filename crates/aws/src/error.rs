//! The SDK's failures as the small set that the launch protocol decides by.
//!
//! The line that matters is whether the engine may have acted. Refused connections, failed lookups and TLS failures
//! happen before a byte of the request is sent; timeouts, resets and 5xx answers leave the outcome unknown.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::{
    client::{dns::ResolveDnsError, orchestrator::HttpResponse, result::SdkError},
    http::StatusCode,
};
use aws_smithy_types::error::{display::DisplayErrorContext, metadata::ProvideErrorMetadata};
use services::engine::EngineError;

/// Maps any operation's failure. `ValidationException` stays a refusal here; `describe` gives it its other meaning.
pub(crate) fn of_sdk<E>(failure: SdkError<E, HttpResponse>) -> EngineError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let message = describe(&failure);
    match &failure {
        SdkError::ConstructionFailure(_) => EngineError::Unreachable { nothing_sent: true, message },
        SdkError::DispatchFailure(dispatch) => {
            let nothing_sent = dispatch.is_user() || dispatch.as_connector_error().is_some_and(never_connected);
            if nothing_sent {
                EngineError::Unreachable { nothing_sent, message }
            } else {
                EngineError::Unknown { message }
            }
        }
        SdkError::ServiceError(service) => of_answer(service.raw().status(), service.err().code(), message),
        // Timeouts and answers that cannot be read: the request was sent.
        _ => EngineError::Unknown { message },
    }
}

fn of_answer(status: StatusCode, code: Option<&str>, message: String) -> EngineError {
    let code = code.unwrap_or_default();
    match code {
        "ResourceInUse" => EngineError::NameInUse,
        "ResourceNotFound" | "ResourceNotFoundException" | "NoSuchKey" | "NoSuchBucket" | "NotFound" => {
            EngineError::NotFound
        }
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" | "RequestLimitExceeded" | "SlowDown" => {
            EngineError::Throttled
        }
        _ if status.as_u16() == 429 => EngineError::Throttled,
        _ if status.as_u16() == 404 => EngineError::NotFound,
        _ if status.is_server_error() => EngineError::Unknown { message },
        _ => {
            EngineError::Rejected { code: if code.is_empty() { status.to_string() } else { code.to_owned() }, message }
        }
    }
}

/// The engine's own words where it answered, else the chain of causes; never more than 1,000 characters.
pub(crate) fn describe<E>(failure: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let text = match failure {
        SdkError::ServiceError(service) => match (service.err().code(), service.err().message()) {
            (_, Some(message)) => message.to_owned(),
            (Some(code), None) => code.to_owned(),
            (None, None) => format!("it answered with status {}", service.raw().status()),
        },
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => innermost(failure),
        _ => DisplayErrorContext(failure).to_string(),
    };
    text.chars().take(1_000).collect()
}

/// The deepest cause says what happened ("Connection refused"); the layers above only say where.
fn innermost(failure: &(dyn Error + 'static)) -> String {
    let mut deepest = failure;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    deepest.to_string()
}

fn never_connected(failure: &aws_smithy_runtime_api::client::result::ConnectorError) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(failure);
    while let Some(cause) = next {
        if cause.downcast_ref::<ResolveDnsError>().is_some()
            || cause.downcast_ref::<CredentialsError>().is_some()
            || cause.downcast_ref().is_some_and(hyper_util::client::legacy::Error::is_connect)
        {
            return true;
        }
        next = cause.source();
    }
    false
}
