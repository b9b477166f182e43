//! The SDK's requests and answers as bytes: sending our own body, and keeping the answer's.
//!
//! A typed round trip through the SDK loses every member that its version does not know, so that a recorded request
//! would not be what was sent. The operation stays the SDK's: endpoint, signature, retries and errors.

use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::AfterDeserializationInterceptorContextRef, dyn_dispatch_hint},
        orchestrator::HttpRequest,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::{body::SdkBody, config_bag::ConfigBag};
use serde_json::Value;

/// Replaces a request's body before it is signed.
pub(crate) fn replace_body(request: &mut HttpRequest, body: &[u8]) {
    request.headers_mut().insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body.to_vec());
}

/// Keeps the body of the last successful answer; a clone shares the place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Capture {
    body: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Capture {
    /// The answer as JSON; `None` when there was no successful answer or it is not JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        let body = self.body.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        serde_json::from_slice(&body).ok()
    }
}

#[dyn_dispatch_hint]
impl Intercept for Capture {
    fn name(&self) -> &'static str {
        "TrainyardCapture"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let body = response.status().is_success().then(|| response.body().bytes().map(<[u8]>::to_vec)).flatten();
        *self.body.lock().unwrap_or_else(PoisonError::into_inner) = body;
        Ok(())
    }
}
