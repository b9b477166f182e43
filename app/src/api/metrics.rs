//! Metric definitions that a script's own statements ask for.

use domain::metric_proposal::MetricProposal;
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

/// Which scripts are looked into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScriptSource {
    Sample(String),
    /// An upload that the server holds, by its SHA-256.
    Kept(String),
    /// A script that was chosen and is not uploaded yet.
    Text {
        file_name: String,
        text: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProposalView {
    /// The script's path in its source.
    pub path: String,
    pub proposal: MetricProposal,
}

#[server(prefix = "/api/ui", endpoint = "metric_proposal_list", input = Json)]
pub async fn metric_proposal_list(source: ScriptSource) -> Result<Vec<ProposalView>, ApiError> {
    let services = super::context::services()?;
    let found = match source {
        ScriptSource::Sample(name) => services.sample_metric_proposals(&name).await?,
        ScriptSource::Kept(sha256) => services.source_metric_proposals(&sha256).await?,
        ScriptSource::Text { file_name, text } => services.script_metric_proposals(file_name, text).await?,
    };
    Ok(found.into_iter().map(|it| ProposalView { path: it.path, proposal: it.proposal }).collect())
}
