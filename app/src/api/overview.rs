//! The overview's data: what is running, what ran last, what it all cost.

use domain::{
    run::{Run, RunBadge},
    series::Series,
    time::Timestamp,
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;
#[cfg(feature = "ssr")]
use crate::model::groups::telling_key;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// The newest live event that is in this data: the page listens after it.
    pub live_number: i64,
    /// The server's clock when this was read; all ages and running costs count from it.
    pub now: Timestamp,
    /// Badges with at least one run.
    pub counts: Vec<(RunBadge, u64)>,
    /// The newest runs of all, at most [`RECENT_RUNS`].
    pub recent: Vec<Run>,
    /// How many runs there are in all.
    pub total: u64,
    /// One algorithm metric of each of the newest active runs, at most [`SPARKLINES`].
    pub sparklines: Vec<(domain::ids::RunId, Series)>,
}

/// The overview's spend figure covers these many runs, and says so.
pub const RECENT_RUNS: u32 = 200;
/// So many running jobs get a curve on the overview.
pub const SPARKLINES: usize = 12;
/// So many points a curve of 160 pixels can show.
#[cfg(feature = "ssr")]
const SPARKLINE_POINTS: u32 = 80;

#[server(prefix = "/api/ui", endpoint = "overview_get", input = Json)]
pub async fn overview_get() -> Result<Overview, ApiError> {
    let services = super::context::services()?;
    let live_number = services.live_last_number().await?;
    let counts = services.run_badge_counts().await?;
    let filter = domain::run::RunFilter { limit: RECENT_RUNS, ..Default::default() };
    let page = services.run_list(&filter).await?;
    let mut sparklines = Vec::new();
    for run in page.runs.iter().filter(|it| !it.is_over()).take(SPARKLINES) {
        let key = telling_key(services.run_series_keys(&run.id).await?);
        let series = services.run_series_read(&run.id, key, Some(SPARKLINE_POINTS)).await?;
        sparklines.extend(series.into_iter().map(|series| (run.id.clone(), series)));
    }
    Ok(Overview { live_number, now: services.now(), counts, recent: page.runs, total: page.total, sparklines })
}
