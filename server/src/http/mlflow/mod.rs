//! MLflow's REST API, so that an unmodified `mlflow` client tracks here. Handlers decode, call a use case, encode.
//!
//! Paths, members and texts are those of MLflow 3.17.2. To add a route: its handler in the file of its resource, a line
//! in `routes` below and one in `policy/mlflow.rs`; a test fails without it.

mod artifacts;
mod experiments;
mod failure;
mod given;
mod info;
mod log;
mod logged_models;
mod metrics;
mod model;
mod registry;
mod runs;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::Method,
    routing::{MethodRouter, delete, get, patch, post, put},
};
use domain::mlflow::{ErrorCode, MlflowError};
use failure::Failure;
use tokio::sync::OwnedSemaphorePermit;
use tower_http::catch_panic::CatchPanicLayer;

use super::{MountedRoute, Web, launch::CHUNK_TIMEOUT};
pub(super) use artifacts::IsArtifact;
pub(super) use failure::error_body;

/// Large bodies on their way at the same time, each with up to 40 MiB in memory; others wait for their turn.
pub(super) const MAX_TRANSFERS: usize = 16;

/// Whether an MLflow client asks at this path, for something that is there or not.
pub(super) fn is_ours(path: &str) -> bool {
    path.starts_with("/api/2.")
        || path.starts_with("/api/3.")
        || path.starts_with("/ajax-api/")
        || path == "/get-artifact"
        || path.trim_start_matches('/') == "model-versions/get-artifact"
}

/// The router, with what is mounted in it.
pub(super) fn router() -> (Router<Web>, Vec<MountedRoute>) {
    let mut mounted = Vec::new();
    let mut router: Router<Web> = Router::new();
    let mut mount = |method: Method, path: String, handler: MethodRouter<Web>| {
        mounted.push((method, path.clone()));
        router = std::mem::take(&mut router).route(&path, handler);
    };
    for (method, path, handler) in routes() {
        mount(method.clone(), format!("/api/2.0/{path}"), handler.clone());
        mount(method, format!("/ajax-api/2.0/{path}"), handler);
    }
    for (method, path, handler) in odd_routes() {
        mount(method, path.to_owned(), handler);
    }
    let router = router
        // `policy` limits each body.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(failure::panicked));
    (router, mounted)
}

/// Leave to hold much in memory, until it is dropped.
async fn turn(web: &Web) -> Result<OwnedSemaphorePermit, Failure> {
    let ended = |_| MlflowError::new(ErrorCode::TemporarilyUnavailable, "The server is about to end.");
    Ok(web.transfers.clone().acquire_owned().await.map_err(ended)?)
}

type Route = (Method, &'static str, MethodRouter<Web>);

fn routes() -> Vec<Route> {
    vec![
        (Method::POST, "mlflow/experiments/create", post(experiments::create)),
        (Method::GET, "mlflow/experiments/get", get(experiments::get)),
        (Method::GET, "mlflow/experiments/get-by-name", get(experiments::get_by_name)),
        (Method::GET, "mlflow/experiments/search", get(experiments::search)),
        (Method::POST, "mlflow/experiments/search", post(experiments::search)),
        (Method::POST, "mlflow/experiments/update", post(experiments::update)),
        (Method::POST, "mlflow/experiments/delete", post(experiments::delete)),
        (Method::POST, "mlflow/experiments/restore", post(experiments::restore)),
        (Method::POST, "mlflow/experiments/set-experiment-tag", post(experiments::tag_set)),
        (Method::POST, "mlflow/experiments/delete-experiment-tag", post(experiments::tag_delete)),
        (Method::POST, "mlflow/experiments/search-datasets", post(metrics::dataset_search)),
        (Method::POST, "mlflow/runs/create", post(runs::create)),
        (Method::GET, "mlflow/runs/get", get(runs::get)),
        (Method::POST, "mlflow/runs/update", post(runs::update)),
        (Method::POST, "mlflow/runs/delete", post(runs::delete)),
        (Method::POST, "mlflow/runs/restore", post(runs::restore)),
        (Method::POST, "mlflow/runs/search", post(runs::search)),
        (Method::POST, "mlflow/runs/log-metric", post(log::metric)),
        (Method::POST, "mlflow/runs/log-parameter", post(log::param)),
        (Method::POST, "mlflow/runs/log-batch", post(log::batch)),
        (Method::POST, "mlflow/runs/set-tag", post(log::tag_set)),
        (Method::POST, "mlflow/runs/delete-tag", post(log::tag_delete)),
        (Method::POST, "mlflow/runs/log-inputs", post(log::inputs)),
        (Method::POST, "mlflow/runs/outputs", post(log::outputs)),
        (Method::POST, "mlflow/runs/log-model", post(log::model)),
        (Method::POST, "mlflow/logged-models", post(logged_models::create)),
        (Method::POST, "mlflow/logged-models/search", post(logged_models::search)),
        (Method::GET, "mlflow/logged-models/{id}", get(logged_models::get)),
        (Method::PATCH, "mlflow/logged-models/{id}", patch(logged_models::finalize)),
        (Method::DELETE, "mlflow/logged-models/{id}", delete(logged_models::remove)),
        (Method::POST, "mlflow/logged-models/{id}/params", post(logged_models::params_log)),
        (Method::PATCH, "mlflow/logged-models/{id}/tags", patch(logged_models::tags_set)),
        (Method::DELETE, "mlflow/logged-models/{id}/tags/{key}", delete(logged_models::tag_delete)),
        (Method::GET, "mlflow/logged-models/{id}/artifacts/directories", get(logged_models::artifact_list)),
        (Method::GET, "mlflow/logged-models/{id}/artifacts/files", get(logged_models::artifact_get)),
        (Method::POST, "mlflow/registered-models/create", post(registry::model_create)),
        (Method::GET, "mlflow/registered-models/get", get(registry::model_get)),
        (Method::PATCH, "mlflow/registered-models/update", patch(registry::model_update)),
        (Method::POST, "mlflow/registered-models/rename", post(registry::model_rename)),
        (Method::DELETE, "mlflow/registered-models/delete", delete(registry::model_delete)),
        (Method::GET, "mlflow/registered-models/search", get(registry::model_search)),
        (Method::GET, "mlflow/registered-models/get-latest-versions", get(registry::model_latest)),
        (Method::POST, "mlflow/registered-models/get-latest-versions", post(registry::model_latest)),
        (Method::POST, "mlflow/registered-models/set-tag", post(registry::model_tag_set)),
        (Method::DELETE, "mlflow/registered-models/delete-tag", delete(registry::model_tag_delete)),
        (Method::POST, "mlflow/registered-models/alias", post(registry::alias_set)),
        (Method::DELETE, "mlflow/registered-models/alias", delete(registry::alias_delete)),
        (Method::GET, "mlflow/registered-models/alias", get(registry::alias_get)),
        (Method::POST, "mlflow/model-versions/create", post(registry::version_create)),
        (Method::GET, "mlflow/model-versions/get", get(registry::version_get)),
        (Method::PATCH, "mlflow/model-versions/update", patch(registry::version_update)),
        (Method::POST, "mlflow/model-versions/transition-stage", post(registry::version_stage_set)),
        (Method::DELETE, "mlflow/model-versions/delete", delete(registry::version_delete)),
        (Method::GET, "mlflow/model-versions/search", get(registry::version_search)),
        (Method::GET, "mlflow/model-versions/get-download-uri", get(registry::version_download_uri)),
        (Method::POST, "mlflow/model-versions/set-tag", post(registry::version_tag_set)),
        (Method::DELETE, "mlflow/model-versions/delete-tag", delete(registry::version_tag_delete)),
        (Method::GET, "mlflow/metrics/get-history", get(metrics::history)),
        (Method::GET, "mlflow/metrics/get-history-bulk", get(metrics::history_bulk)),
        (Method::GET, "mlflow/metrics/get-history-bulk-interval", get(metrics::sample)),
        (Method::GET, "mlflow/artifacts/list", get(artifacts::run_list)),
        (Method::GET, "mlflow-artifacts/artifacts", get(artifacts::list)),
        (Method::GET, "mlflow-artifacts/artifacts/{*path}", get(artifacts::download)),
        (Method::PUT, "mlflow-artifacts/artifacts/{*path}", put(artifacts::upload)),
        (Method::DELETE, "mlflow-artifacts/artifacts/{*path}", delete(artifacts::remove)),
    ]
}

/// Those with paths of their own.
fn odd_routes() -> Vec<Route> {
    vec![
        // The client's own definition has no slash there.
        (Method::POST, "/api/2.0mlflow/experiments/search-datasets", post(metrics::dataset_search)),
        (Method::POST, "/ajax-api/2.0mlflow/experiments/search-datasets", post(metrics::dataset_search)),
        (Method::GET, "/api/2.11/mlflow/metrics/get-history-bulk-interval", get(metrics::sample)),
        (Method::GET, "/ajax-api/2.11/mlflow/metrics/get-history-bulk-interval", get(metrics::sample)),
        (Method::POST, "/ajax-api/2.0/mlflow/upload-artifact", post(artifacts::run_upload)),
        (Method::GET, "/get-artifact", get(artifacts::run_download)),
        (Method::GET, "/model-versions/get-artifact", get(artifacts::version_download)),
        // MLflow's server takes two slashes for one, and its own tests ask so.
        (Method::GET, "//model-versions/get-artifact", get(artifacts::version_download)),
        (Method::GET, "/api/3.0/mlflow/server-info", get(info::server_info)),
        (Method::GET, "/ajax-api/3.0/mlflow/server-info", get(info::server_info)),
        (Method::GET, "/health", get(info::health)),
        (Method::GET, "/version", get(info::version)),
    ]
}
