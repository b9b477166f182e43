//! The run list's data: one page of runs under a filter.

use domain::{
    run::{RunFilter, RunPage},
    time::Timestamp,
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunListView {
    /// The newest live event that is in this data: the page listens after it.
    pub live_number: i64,
    pub now: Timestamp,
    pub page: RunPage,
    /// For the filter's choice.
    pub experiments: Vec<String>,
}

/// Rows of one page of the list.
pub const PAGE_ROWS: u32 = 50;

#[server(prefix = "/api/ui", endpoint = "run_list", input = Json)]
pub async fn run_list(filter: RunFilter) -> Result<RunListView, ApiError> {
    let services = super::context::services()?;
    let live_number = services.live_last_number().await?;
    let filter = RunFilter { limit: PAGE_ROWS, ..filter };
    let page = services.run_list(&filter).await?;
    let experiments = services.experiment_list().await?.into_iter().map(|it| it.name.to_string()).collect();
    Ok(RunListView { live_number, now: services.now(), page, experiments })
}
