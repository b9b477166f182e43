//! What MLflow clients logged, for pages: runs under a filter, and one run with its curves and artifacts.

use domain::{
    ids::RunId,
    run::RunBadge,
    series::{Point, Series},
    time::Timestamp,
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

/// A run as an MLflow client knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackedRun {
    pub id: RunId,
    pub experiment_id: i64,
    pub name: String,
    pub user: String,
    pub badge: RunBadge,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Trainyard launched or found the job that it belongs to.
    pub is_job: bool,
    /// Of each metric the last point, by name.
    pub metrics: Vec<(String, Point)>,
    pub params: Vec<(String, String)>,
    /// Without those that say what stands beside them already.
    pub tags: Vec<(String, String)>,
}

/// What the list is asked for, as a client would ask.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackedQuery {
    /// `None`: all of them.
    pub experiment_id: Option<i64>,
    /// MLflow's own language: `metrics.loss < 0.1 and params.lr = '0.1'`.
    pub filter: String,
    /// `metrics.loss ASC`; empty: the newest first.
    pub order: String,
    pub page_token: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackedList {
    /// The newest live event that is in this data: the page listens after it.
    pub live_number: i64,
    pub now: Timestamp,
    /// Number and name, the newest first.
    pub experiments: Vec<(i64, String)>,
    pub runs: Vec<TrackedRun>,
    pub next_page_token: Option<String>,
    /// Why the filter or the order is not one.
    pub refusal: Option<String>,
    /// Where clients send what they log.
    pub tracking_uri: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// From the run's root.
    pub path: String,
    /// `None`: a folder.
    pub size_bytes: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrackedView {
    /// The newest live event that is in this data: the page listens after it.
    pub live_number: i64,
    pub now: Timestamp,
    pub run: TrackedRun,
    pub experiment: String,
    pub series: Vec<Series>,
    pub more_series: usize,
    /// Name, digest and context.
    pub datasets: Vec<[String; 3]>,
    /// Of the folder that was asked for.
    pub artifacts: Result<Vec<Artifact>, ApiError>,
    pub artifact_uri: String,
}

#[server(prefix = "/api/ui", endpoint = "mlflow_run_list", input = Json)]
pub async fn mlflow_run_list(query: TrackedQuery) -> Result<TrackedList, ApiError> {
    let services = super::context::services()?;
    let mut list = TrackedList {
        live_number: services.live_last_number().await?,
        now: services.now(),
        experiments: server::experiments(&services).await?,
        runs: Vec::new(),
        next_page_token: None,
        refusal: None,
        tracking_uri: services.tracking_uri().map(str::to_owned),
    };
    match services.mlflow_run_search(&server::search(query, &list.experiments)).await {
        Ok((runs, next)) => {
            list.runs = server::tracked(&services, runs).await?;
            list.next_page_token = next.map(domain::mlflow::PageToken::encode);
        }
        Err(services::MlflowFailure::Refused(refusal)) => list.refusal = Some(refusal.message),
        Err(failure) => return Err(failure.into()),
    }
    Ok(list)
}

#[server(prefix = "/api/ui", endpoint = "mlflow_run_get", input = Json)]
pub async fn mlflow_run_get(id: String, folder: String) -> Result<TrackedView, ApiError> {
    let services = super::context::services()?;
    let live_number = services.live_last_number().await?;
    let run = services.mlflow_run_find(&id).await?.ok_or_else(|| ApiError::NotFound.with_status())?;
    let experiment = services.mlflow_experiment_get(&run.info.experiment_id.to_string()).await?.name;
    let (series, more_series) = super::run::first_series(&services, &run.info.id).await?;
    let datasets = run.datasets.iter().map(server::dataset).collect();
    let artifacts = match services.mlflow_run_artifact_list(&id, &folder).await {
        Ok(list) => {
            Ok(list.files.into_iter().map(|it| Artifact { path: it.path, size_bytes: it.size_bytes }).collect())
        }
        // The rest of the page stands.
        Err(failure) => Err(ApiError::Unavailable(failure.to_string())),
    };
    let artifact_uri = run.info.artifact_uri.clone();
    let run = server::tracked(&services, vec![run]).await?.remove(0);
    Ok(TrackedView {
        live_number,
        now: services.now(),
        run,
        experiment,
        series,
        more_series,
        datasets,
        artifacts,
        artifact_uri,
    })
}

/// What the script of a job has logged; `None`: no word so far.
#[server(prefix = "/api/ui", endpoint = "mlflow_job_get", input = Json)]
pub async fn mlflow_job_get(id: RunId) -> Result<Option<TrackedRun>, ApiError> {
    let services = super::context::services()?;
    match services.mlflow_run_find(id.as_str()).await? {
        Some(run) => Ok(server::tracked(&services, vec![run]).await?.pop()),
        None => Ok(None),
    }
}

#[cfg(feature = "ssr")]
mod server {
    use domain::mlflow::{DatasetInput, RUN_NAME_TAG, RunStatus, TrackingRun, ViewType};
    use services::{ExperimentSearch, RunSearch, Services};

    use super::{ApiError, Point, RunBadge, Timestamp, TrackedQuery, TrackedRun};

    /// Rows of one page of the list.
    const PAGE_ROWS: i64 = 50;
    /// For the choice of one; the language finds the others.
    const MAX_EXPERIMENTS: i64 = 1_000;
    const CONTEXT_TAG: &str = "mlflow.data.context";

    pub(super) async fn experiments(services: &Services) -> Result<Vec<(i64, String)>, ApiError> {
        let search = ExperimentSearch {
            filter: String::new(),
            order_by: vec!["last_update_time DESC".to_owned()],
            view: ViewType::ActiveOnly,
            max_results: MAX_EXPERIMENTS,
            page_token: String::new(),
        };
        let (experiments, _) = services.mlflow_experiment_search(&search).await?;
        Ok(experiments.into_iter().map(|it| (it.id, it.name)).collect())
    }

    pub(super) fn search(query: TrackedQuery, experiments: &[(i64, String)]) -> RunSearch {
        let ids = query.experiment_id.map_or_else(|| experiments.iter().map(|it| it.0).collect(), |it| vec![it]);
        RunSearch {
            experiment_ids: ids.into_iter().map(|it| it.to_string()).collect(),
            filter: query.filter,
            order_by: Some(query.order).filter(|it| !it.is_empty()).into_iter().collect(),
            view: ViewType::ActiveOnly,
            max_results: PAGE_ROWS,
            page_token: query.page_token,
        }
    }

    pub(super) async fn tracked(services: &Services, runs: Vec<TrackingRun>) -> Result<Vec<TrackedRun>, ApiError> {
        let mut list = Vec::with_capacity(runs.len());
        for run in runs {
            let is_job = services.run_get(&run.info.id).await?.is_some();
            list.push(of(run, is_job));
        }
        Ok(list)
    }

    fn of(run: TrackingRun, is_job: bool) -> TrackedRun {
        let metrics = run.metrics.into_iter().map(|it| {
            let at = Timestamp::from_unix_millis(it.timestamp_ms);
            (it.key, Point { step: it.step, at, value: it.value })
        });
        let said = [RUN_NAME_TAG, "mlflow.user"];
        let tags = run.tags.into_iter().filter(|it| !said.contains(&it.key.as_str()));
        TrackedRun {
            id: run.info.id,
            experiment_id: run.info.experiment_id,
            name: run.info.name,
            user: run.info.user_id,
            badge: badge(run.info.status),
            started_at: Timestamp::from_unix_millis(run.info.start_ms),
            ended_at: run.info.end_ms.map(Timestamp::from_unix_millis),
            is_job,
            metrics: metrics.collect(),
            params: run.params.into_iter().map(|it| (it.key, it.value)).collect(),
            tags: tags.map(|it| (it.key, it.value)).collect(),
        }
    }

    const fn badge(status: RunStatus) -> RunBadge {
        match status {
            RunStatus::Running => RunBadge::Running,
            RunStatus::Scheduled => RunBadge::Queued,
            RunStatus::Finished => RunBadge::Completed,
            RunStatus::Failed => RunBadge::Failed,
            RunStatus::Killed => RunBadge::Stopped,
        }
    }

    pub(super) fn dataset(input: &DatasetInput) -> [String; 3] {
        let context = input.tags.iter().find(|it| it.key == CONTEXT_TAG).map(|it| it.value.clone());
        [input.dataset.name.clone(), input.dataset.digest.clone(), context.unwrap_or_default()]
    }

    impl From<services::MlflowFailure> for ApiError {
        fn from(failure: services::MlflowFailure) -> Self {
            match failure {
                services::MlflowFailure::Refused(refusal) => Self::BadRequest(refusal.message).with_status(),
                services::MlflowFailure::Service(failure) => failure.into(),
            }
        }
    }
}
