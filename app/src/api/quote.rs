//! What the job in the form would likely cost, by past runs, and what runs take of the quotas by now.

use domain::{cost::Quote, job_draft::JobDraft, quota::Taken};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteAnswer {
    pub quote: Quote,
    pub taken: Vec<Taken>,
}

#[server(prefix = "/api/ui", endpoint = "launch_quote", input = Json)]
pub async fn launch_quote(draft: JobDraft) -> Result<QuoteAnswer, ApiError> {
    let services = super::context::services()?;
    let taken = services.quota_table().await?.taken;
    Ok(QuoteAnswer { quote: services.launch_quote(&draft).await?, taken })
}
