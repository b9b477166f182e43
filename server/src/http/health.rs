//! `/healthz`: the process lives. `/readyz`: it can do its work, part by part, with the time of the last good sync.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use services::ComponentHealth;

use super::Web;

/// A part that has not answered by then is not ready.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn healthz() -> Response {
    no_store(Json(json!({ "status": "alive", "version": env!("CARGO_PKG_VERSION") })).into_response())
}

pub(super) async fn readyz(State(web): State<Web>) -> Response {
    let Ok(health) = tokio::time::timeout(PATIENCE, web.services.health()).await else {
        let body = json!({ "status": "not_ready", "message": "The database or the engine does not answer." });
        return no_store((StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response());
    };
    let part = |it: &ComponentHealth| json!({ "ok": it.is_ok, "message": it.message });
    let tasks: serde_json::Map<String, serde_json::Value> = health
        .tasks
        .iter()
        .map(|it| {
            let status = json!({
                "last_ok_at": it.last_ok_at.map(domain::time::Timestamp::to_rfc3339),
                "last_error": it.last_error,
                "runs": it.runs,
                "panics": it.panics,
            });
            (it.name.to_owned(), status)
        })
        .collect();
    let is_ready = health.is_ready();
    let body = json!({
        "status": if is_ready { "ready" } else { "not_ready" },
        // The migrations ran before the server began to listen: a database that answers has them.
        "database": part(&health.database),
        "migrations": { "ok": true },
        "engine": part(&health.engine),
        "last_sync_at": health.last_sync_at.map(domain::time::Timestamp::to_rfc3339),
        "live_streams": web.services.hub().subscriber_count(),
        "tasks": tasks,
    });
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    no_store((status, Json(body)).into_response())
}

fn no_store(mut answer: Response) -> Response {
    answer.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    answer
}
