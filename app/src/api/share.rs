//! A request that leaves for another tool, or comes from one.
#![cfg_attr(feature = "ssr", expect(clippy::unused_async, reason = "server functions are async by definition"))]

use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::ApiError;

/// What a pasted text turned out to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ReadView {
    /// A request, with what was left out of it.
    Request { request: Value, notes: Vec<String> },
    /// What is wrong with the text, with place and cure.
    Wrong(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderedView {
    pub text: String,
    /// What the format cannot say, in sentences.
    pub notes: Vec<String>,
}

/// JSON, YAML, boto3 code, an AWS CLI command, an answer of DescribeTrainingJob, or a training job's ARN.
#[server(prefix = "/api/ui", endpoint = "share_read", input = Json)]
pub async fn share_read(text: String) -> Result<ReadView, ApiError> {
    use domain::share::{Pasted, read};
    let services = super::context::services()?;
    Ok(match read(&text) {
        Ok(Pasted::Request { request, notes, .. }) => ReadView::Request { request, notes },
        Ok(Pasted::Arn(arn)) => match services.job_request_get(&arn.job_name).await? {
            Some(request) => ReadView::Request { request, notes: Vec::new() },
            None => ReadView::Wrong(format!(
                "The engine knows no job `{}`: check the ARN's region and account.",
                arn.job_name
            )),
        },
        Err(error) => ReadView::Wrong(error.to_string()),
    })
}

#[server(prefix = "/api/ui", endpoint = "share_render", input = Json)]
pub async fn share_render(request: Value, format: String) -> Result<RenderedView, ApiError> {
    use domain::share::ShareFormat;
    let services = super::context::services()?;
    let format = ShareFormat::parse(&format).ok_or_else(|| ApiError::BadRequest(format).with_status())?;
    let shared = format.render(&request, &services.engine_info().region);
    Ok(RenderedView { text: shared.text, notes: shared.notes })
}
