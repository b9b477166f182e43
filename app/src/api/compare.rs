//! Runs side by side.

use domain::{
    compare::Comparison,
    ids::{ExperimentName, RunId},
    series::Series,
    time::Timestamp,
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CompareView {
    /// The newest live event that is in this data: the page listens after it.
    pub live_number: i64,
    pub now: Timestamp,
    pub comparison: Comparison,
}

/// One run's curves of a metric; several where several hosts report it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunCurves {
    pub run_id: RunId,
    pub series: Vec<Series>,
}

/// Runs of an experiment that are compared when none is named: more curves than these are hard to tell apart.
pub const NEWEST: u32 = 20;
/// Points of a curve: a chart on this page is some 500 pixels wide.
pub const POINTS: u32 = 400;

/// The runs that are named, or else the newest of the experiment.
#[server(prefix = "/api/ui", endpoint = "compare_get", input = Json)]
pub async fn compare_get(ids: Vec<RunId>, experiment: Option<ExperimentName>) -> Result<CompareView, ApiError> {
    let services = super::context::services()?;
    let live_number = services.live_last_number().await?;
    let ids = match experiment {
        Some(experiment) if ids.is_empty() => services.compare_experiment_list(&experiment, NEWEST).await?,
        _ => ids,
    };
    Ok(CompareView { live_number, now: services.now(), comparison: services.compare_get(&ids).await? })
}

#[server(prefix = "/api/ui", endpoint = "compare_curves", input = Json)]
pub async fn compare_curves(ids: Vec<RunId>, metric: String) -> Result<Vec<RunCurves>, ApiError> {
    let curves = super::context::services()?.compare_curves(&ids, &metric, POINTS).await?;
    Ok(curves.into_iter().map(|(run_id, series)| RunCurves { run_id, series }).collect())
}
