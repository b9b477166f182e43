//! What goes wrong in a server function, as the page sees it. It crosses the wire as JSON.

use leptos::{
    prelude::{FromServerFnError, ServerFnErrorErr},
    server_fn::codec::JsonEncoding,
};
use serde::{Deserialize, Serialize};

/// The texts are for the person at the screen; causes stay in the server's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ApiError {
    #[error("There is nothing at this address.")]
    NotFound,
    #[error("The address has a part that makes no sense: {0}")]
    BadRequest(String),
    /// The database or the engine did not answer; trying again may help.
    #[error("Trainyard cannot answer right now: {0}")]
    Unavailable(String),
    /// The browser got no usable answer.
    #[error("The server could not be reached ({0}). The page shows what it knew last.")]
    Unreachable(String),
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(text)
            | ServerFnErrorErr::MissingArg(text)
            | ServerFnErrorErr::Deserialization(text) => Self::BadRequest(text),
            other => Self::Unreachable(other.to_string()),
        }
    }
}

#[cfg(feature = "ssr")]
impl From<services::ServiceError> for ApiError {
    fn from(error: services::ServiceError) -> Self {
        match error {
            services::ServiceError::NotFound { .. } => Self::NotFound,
            other => Self::Unavailable(other.public_message()),
        }
        .with_status()
    }
}

#[cfg(feature = "ssr")]
impl ApiError {
    /// Sets the HTTP status that goes with this error on the answer being made, page or server function.
    #[must_use]
    pub fn with_status(self) -> Self {
        if let Some(options) = leptos::prelude::use_context::<leptos_axum::ResponseOptions>() {
            let status: u16 = match self {
                Self::NotFound => 404,
                Self::BadRequest(_) => 400,
                Self::Unavailable(_) | Self::Unreachable(_) => 503,
            };
            if let Ok(status) = status.try_into() {
                options.set_status(status);
            }
        }
        self
    }
}
