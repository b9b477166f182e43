//! `mlflow/runs/create`, `get`, `update`, `delete`, `restore` and `search`.

use axum::{Json, extract::State};
use domain::mlflow::{Lifecycle, PageToken, RunStatus};
use serde::Serialize;
use services::{RunChange, RunCreation, RunSearch};

use super::{
    Web,
    experiments::{tags, view},
    failure::Failure,
    given::{Given, Kind, wrong},
    model::{Empty, RunBody, RunInfoBody},
};

type Answer<T> = Result<Json<T>, Failure>;

/// What protobuf's definition has for a search without one.
const DEFAULT_MAX_RESULTS: i64 = 1_000;
const MAX_RESULTS: i64 = 50_000;

#[derive(Serialize)]
pub(super) struct One {
    run: RunBody,
}

#[derive(Serialize)]
pub(super) struct Updated {
    run_info: RunInfoBody,
}

#[derive(Serialize)]
pub(super) struct Found {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runs: Vec<RunBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

pub(super) async fn create(State(web): State<Web>, given: Given) -> Answer<One> {
    given.check(&[
        ("experiment_id", Kind::Text, false),
        ("start_time", Kind::Integer, false),
        ("run_name", Kind::Text, false),
        ("user_id", Kind::Text, false),
        ("tags", Kind::List, false),
    ])?;
    let creation = RunCreation {
        experiment_id: given.has("experiment_id").then(|| given.text("experiment_id")),
        user_id: given.text("user_id"),
        name: given.text("run_name"),
        start_ms: given.integer("start_time").unwrap_or_default(),
        tags: tags(&given)?,
    };
    let run = web.services.mlflow_run_create(creation).await?;
    Ok(Json(One { run: run.into() }))
}

pub(super) async fn get(State(web): State<Web>, given: Given) -> Answer<One> {
    given.check(&[("run_id", Kind::Text, true)])?;
    let run = web.services.mlflow_run_get(&given.text("run_id")).await?;
    Ok(Json(One { run: run.into() }))
}

pub(super) async fn update(State(web): State<Web>, given: Given) -> Answer<Updated> {
    given.check(&[
        ("run_id", Kind::Text, true),
        ("end_time", Kind::Integer, false),
        ("run_name", Kind::Text, false),
    ])?;
    let status = if let Some(number) = given.integer("status") {
        number.to_string()
    } else {
        given.check(&[("status", Kind::Text, false)])?;
        given.text("status")
    };
    let status = match status.as_str() {
        "" => None,
        text => Some(RunStatus::parse(text).ok_or_else(|| wrong("status", &given.member("status")))?),
    };
    let name = given.text("run_name");
    let change = RunChange { status, end_ms: given.integer("end_time"), name: (!name.is_empty()).then_some(name) };
    let info = web.services.mlflow_run_update(&given.text("run_id"), &change).await?;
    Ok(Json(Updated { run_info: info.into() }))
}

pub(super) async fn delete(State(web): State<Web>, given: Given) -> Answer<Empty> {
    lifecycle_set(&web, &given, Lifecycle::Deleted).await
}

pub(super) async fn restore(State(web): State<Web>, given: Given) -> Answer<Empty> {
    lifecycle_set(&web, &given, Lifecycle::Active).await
}

async fn lifecycle_set(web: &Web, given: &Given, to: Lifecycle) -> Answer<Empty> {
    given.check(&[("run_id", Kind::Text, true)])?;
    web.services.mlflow_run_lifecycle_set(&given.text("run_id"), to).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn search(State(web): State<Web>, given: Given) -> Answer<Found> {
    given.check(&[
        ("experiment_ids", Kind::List, false),
        ("filter", Kind::Text, false),
        ("max_results", Kind::Integer, false),
        ("order_by", Kind::List, false),
        ("page_token", Kind::Text, false),
    ])?;
    let max_results = given.integer("max_results").unwrap_or(DEFAULT_MAX_RESULTS);
    if max_results > MAX_RESULTS {
        return Err(wrong("max_results", &max_results.into()).into());
    }
    let search = RunSearch {
        experiment_ids: given.texts("experiment_ids")?,
        filter: given.text("filter"),
        order_by: given.texts("order_by")?,
        view: view(&given, "run_view_type")?,
        max_results,
        page_token: given.text("page_token"),
    };
    let (runs, next) = web.services.mlflow_run_search(&search).await?;
    let runs = runs.into_iter().map(RunBody::from).collect();
    Ok(Json(Found { runs, next_page_token: next.map(PageToken::encode) }))
}
