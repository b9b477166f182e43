//! The list of experiments.

use domain::{run::ExperimentSummary, time::Timestamp};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExperimentListView {
    /// The newest live event that is in this data: the page listens after it.
    pub live_number: i64,
    pub now: Timestamp,
    pub experiments: Vec<ExperimentSummary>,
}

#[server(prefix = "/api/ui", endpoint = "experiment_list", input = Json)]
pub async fn experiment_list() -> Result<ExperimentListView, ApiError> {
    let services = super::context::services()?;
    let live_number = services.live_last_number().await?;
    Ok(ExperimentListView { live_number, now: services.now(), experiments: services.experiment_list().await? })
}
