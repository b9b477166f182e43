//! `mlflow/metrics/...`, and the search for datasets.

use axum::{Json, extract::State};
use domain::mlflow::{MlflowError, PageToken};
use serde::Serialize;
use services::{HistoryRange, MetricOfRun};

use super::{
    Web,
    failure::Failure,
    given::{Given, Kind},
    model::{DatasetSummaryBody, MetricBody},
};

type Answer<T> = Result<Json<T>, Failure>;

const MAX_BULK_POINTS: i64 = 25_000;
const MAX_BULK_RUNS: usize = 100;
/// Points of each run that one request thins a history to.
const MAX_SAMPLE: i64 = 2_500;

#[derive(Serialize)]
pub(super) struct History {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<MetricBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// Not from protobuf: an empty list is there.
#[derive(Serialize)]
pub(super) struct Bulk {
    metrics: Vec<MetricBody>,
}

#[derive(Serialize)]
pub(super) struct Summaries {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dataset_summaries: Vec<DatasetSummaryBody>,
}

pub(super) async fn history(State(web): State<Web>, given: Given) -> Answer<History> {
    given.check(&[
        ("run_id", Kind::Text, true),
        ("metric_key", Kind::Text, true),
        ("page_token", Kind::Text, false),
        ("max_results", Kind::Integer, false),
    ])?;
    let key = given.text("metric_key");
    let (run, token) = (given.text("run_id"), given.text("page_token"));
    let (points, next) = web.services.mlflow_metric_history(&run, &key, given.integer("max_results"), &token).await?;
    let metrics = points.iter().map(|it| MetricBody::of_point(&key, it, None)).collect();
    Ok(Json(History { metrics, next_page_token: next.map(PageToken::encode) }))
}

pub(super) async fn history_bulk(State(web): State<Web>, given: Given) -> Answer<Bulk> {
    let runs = given.texts("run_id")?;
    if runs.is_empty() {
        return Err(MlflowError::invalid("GetMetricHistoryBulk request must specify at least one run_id.").into());
    }
    if runs.len() > MAX_BULK_RUNS {
        let count = runs.len();
        let why = format!(
            "GetMetricHistoryBulk request cannot specify more than {MAX_BULK_RUNS} run_ids. Received {count} run_ids."
        );
        return Err(MlflowError::invalid(why).into());
    }
    if !given.has("metric_key") {
        return Err(MlflowError::invalid("GetMetricHistoryBulk request must specify a metric_key.").into());
    }
    given.check(&[("max_results", Kind::Integer, false)])?;
    let key = given.text("metric_key");
    let max_results = given.integer("max_results").unwrap_or(MAX_BULK_POINTS).clamp(0, MAX_BULK_POINTS);
    let found = web.services.mlflow_metric_history_bulk(&runs, &key, max_results.unsigned_abs()).await?;
    Ok(Json(Bulk { metrics: of_runs(&key, found) }))
}

pub(super) async fn sample(State(web): State<Web>, given: Given) -> Answer<History> {
    let runs = given.texts("run_ids")?;
    if runs.is_empty() {
        given.check(&[("run_ids", Kind::List, true)])?;
    }
    if runs.len() > MAX_BULK_RUNS {
        let count = runs.len();
        return Err(advised(format!(
            "GetMetricHistoryBulkInterval request must specify at most {MAX_BULK_RUNS} run_ids. Received {count} run_ids."
        ))
        .into());
    }
    given.check(&[
        ("metric_key", Kind::Text, true),
        ("start_step", Kind::Integer, false),
        ("end_step", Kind::Integer, false),
        ("max_results", Kind::Integer, false),
    ])?;
    let max_results = given.integer("max_results").unwrap_or(MAX_SAMPLE);
    if !(1..=MAX_SAMPLE).contains(&max_results) {
        return Err(advised(format!("max_results must be between 1 and {MAX_SAMPLE}.")).into());
    }
    let range = match (given.integer("start_step"), given.integer("end_step")) {
        (None, None) => None,
        (Some(from), Some(to)) if from > to => {
            return Err(MlflowError::invalid(format!(
                "end_step must be greater than start_step. Found start_step={from} and end_step={to}."
            ))
            .into());
        }
        (Some(from), Some(to)) => Some(HistoryRange { from, to }),
        _ => {
            let why = "If either start step or end step are specified, both must be specified.";
            return Err(MlflowError::invalid(why).into());
        }
    };
    let key = given.text("metric_key");
    let size = u32::try_from(max_results).unwrap_or(1);
    let found = web.services.mlflow_metric_sample(&runs, &key, range, size).await?;
    Ok(Json(History { metrics: of_runs(&key, found), next_page_token: None }))
}

pub(super) async fn dataset_search(State(web): State<Web>, given: Given) -> Answer<Summaries> {
    let found = web.services.mlflow_dataset_search(&given.texts("experiment_ids")?).await?;
    Ok(Json(Summaries { dataset_summaries: found.into_iter().map(DatasetSummaryBody::from).collect() }))
}

fn of_runs(key: &str, found: Vec<MetricOfRun>) -> Vec<MetricBody> {
    found.into_iter().map(|it| MetricBody::of_point(key, &it.point, Some(it.run_id))).collect()
}

fn advised(why: String) -> MlflowError {
    MlflowError::invalid(format!("{why} See the API docs for more information about request parameters."))
}
