//! One run's data: the record, its curves, the end of its log.

use domain::{
    ids::RunId,
    log::LogTail,
    run::Run,
    series::{Point, PointWindow, Series, SeriesKey},
    time::Timestamp,
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

/// Everything that the run page shows first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunView {
    /// The newest live event that is in this data: the page listens after it.
    pub live_number: i64,
    pub now: Timestamp,
    pub run: Run,
    /// At most `MAX_SERIES`.
    pub series: Vec<Series>,
    /// Series of the run that are not among them.
    pub more_series: usize,
    pub log: LogTail,
    /// The engine did not give the log; the rest of the page stands.
    pub log_error: Option<String>,
}

/// What is inside the source archive that the run was launched with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceView {
    pub file_name: String,
    pub sha256: String,
    /// Path and size in bytes.
    pub entries: Vec<(String, u64)>,
}

/// Points of one curve in the first paint: more than a chart of 720 pixels can show.
pub const FIRST_POINTS: u32 = 400;
/// Points of one curve that the browser asks for once it is live.
pub const LIVE_POINTS: u32 = 1_500;
/// Series that the page holds at most, those of the instances first: a client may log thousands.
pub const MAX_SERIES: usize = 200;
/// Log lines in the first paint.
pub const FIRST_LOG_LINES: u32 = 200;
/// Log lines that the page holds at most.
pub const MAX_LOG_LINES: u32 = 2_000;

#[server(prefix = "/api/ui", endpoint = "run_get", input = Json)]
pub async fn run_get(id: String) -> Result<RunView, ApiError> {
    let services = super::context::services()?;
    let id = RunId::parse(&id).map_err(|_| ApiError::NotFound.with_status())?;
    let live_number = services.live_last_number().await?;
    let run = services.run_get(&id).await?.ok_or_else(|| ApiError::NotFound.with_status())?;
    let (log, log_error) = match services.run_log_tail(&id, FIRST_LOG_LINES).await {
        Ok(log) => (log, None),
        Err(error) => (LogTail::default(), Some(ApiError::from(error).to_string())),
    };
    let (series, more_series) = first_series(&services, &id).await?;
    Ok(RunView { live_number, now: services.now(), run, series, more_series, log, log_error })
}

/// The series of a page's first paint, and how many there are besides.
#[cfg(feature = "ssr")]
pub(super) async fn first_series(services: &services::Services, id: &RunId) -> Result<(Vec<Series>, usize), ApiError> {
    let mut keys = services.run_series_keys(id).await?;
    let more_series = keys.len().saturating_sub(MAX_SERIES);
    keys.truncate(MAX_SERIES);
    Ok((services.run_series_read(id, keys, Some(FIRST_POINTS)).await?, more_series))
}

#[server(prefix = "/api/ui", endpoint = "run_series", input = Json)]
pub async fn run_series(id: RunId) -> Result<Vec<Series>, ApiError> {
    let services = super::context::services()?;
    let keys = services.run_series_keys(&id).await?.into_iter().take(MAX_SERIES);
    Ok(services.run_series_read(&id, keys, Some(LIVE_POINTS)).await?)
}

/// A part of a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeriesWindow {
    pub run_id: RunId,
    pub key: SeriesKey,
    pub window: PointWindow,
}

/// Windows of one request: the curves of a chart.
#[cfg(feature = "ssr")]
const MAX_WINDOWS: usize = 200;

/// The points of each window, with as many as a chart can show.
#[server(prefix = "/api/ui", endpoint = "series_windows", input = Json)]
pub async fn series_windows(windows: Vec<SeriesWindow>) -> Result<Vec<Vec<Point>>, ApiError> {
    let services = super::context::services()?;
    let mut found = Vec::new();
    for it in windows.into_iter().take(MAX_WINDOWS) {
        found.push(services.series_window(&it.run_id, &it.key, it.window, LIVE_POINTS).await?);
    }
    Ok(found)
}

#[server(prefix = "/api/ui", endpoint = "run_log_tail", input = Json)]
pub async fn run_log_tail(id: RunId) -> Result<LogTail, ApiError> {
    Ok(super::context::services()?.run_log_tail(&id, MAX_LOG_LINES).await?)
}

#[server(prefix = "/api/ui", endpoint = "run_log_search", input = Json)]
pub async fn run_log_search(id: RunId, text: String) -> Result<LogTail, ApiError> {
    Ok(super::context::services()?.run_log_search(&id, &text, MAX_LOG_LINES).await?)
}

#[server(prefix = "/api/ui", endpoint = "run_source", input = Json)]
pub async fn run_source(id: RunId) -> Result<SourceView, ApiError> {
    let source = super::context::services()?.run_source_meta_get(&id).await?;
    let entries = source.entries.into_iter().map(|it| (it.path, it.size_bytes)).collect();
    Ok(SourceView { file_name: source.file_name, sha256: source.sha256, entries })
}
