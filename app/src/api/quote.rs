//! What the job in the form would likely cost, by past runs.

use domain::{cost::Quote, job_draft::JobDraft};
use leptos::{prelude::*, server_fn::codec::Json};

use super::error::ApiError;

#[server(prefix = "/api/ui", endpoint = "launch_quote", input = Json)]
pub async fn launch_quote(draft: JobDraft) -> Result<Quote, ApiError> {
    let services = super::context::services()?;
    Ok(services.launch_quote(&draft).await?)
}
