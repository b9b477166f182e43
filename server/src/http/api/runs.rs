//! `/api/v1/runs`: the list, one run, its request, and the wish to stop it.

use axum::{
    Json,
    extract::{Path, State},
};
use domain::{
    ids::{ExperimentName, RunId},
    job_draft::FieldError,
    run::{RunBadge, RunFilter},
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::{
    ApiProblem, Web,
    extract::{ApiQuery, run_by_prefix, run_exact},
    model::{RunBody, RunListBody},
};
use crate::http::error::ProblemBody;

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RunListQuery {
    /// The whole name of an experiment.
    experiment: Option<String>,
    /// A state: `queued`, `running`, `stopping`, `completed`, `failed`, `stopped`, `unknown`, `needs_attention` or
    /// `rejected`.
    badge: Option<String>,
    /// Part of the job name, case ignored.
    name: Option<String>,
    /// `next_before` of the page before.
    before: Option<String>,
    /// How many runs: 1 to 200, 50 without it.
    limit: Option<u32>,
}

impl RunListQuery {
    fn filter(self) -> Result<RunFilter, ApiProblem> {
        let mut errors = Vec::new();
        let mut wrong = |field: &str, message: String| errors.push(FieldError::new(field, message));
        let experiment = self
            .experiment
            .and_then(|it| ExperimentName::parse(&it).map_err(|err| wrong("experiment", err.to_string())).ok());
        let badge = self.badge.and_then(|it| {
            let badge = RunBadge::parse(&it);
            if badge.is_none() {
                let words = RunBadge::ALL.map(|it| format!("`{}`", it.as_str())).join(", ");
                wrong("badge", format!("this is no state of a run: use one of {words}"));
            }
            badge
        });
        let before = self.before.and_then(|it| RunId::parse(&it).map_err(|err| wrong("before", err.to_string())).ok());
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            wrong("limit", format!("a page has 1 to {MAX_LIMIT} runs"));
        }
        if errors.is_empty() {
            Ok(RunFilter { experiment, badge, name_contains: self.name, before, limit })
        } else {
            Err(ApiProblem::invalid(errors))
        }
    }
}

/// List runs, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/runs",
    tag = "runs",
    params(RunListQuery),
    responses(
        (status = 200, body = RunListBody),
        (status = 422, description = "A filter is wrong.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn run_list(
    State(web): State<Web>,
    ApiQuery(query): ApiQuery<RunListQuery>,
) -> Result<Json<RunListBody>, ApiProblem> {
    let page = web.services.run_list(&query.filter()?).await?;
    let now = web.services.now();
    Ok(Json(RunListBody {
        runs: page.runs.into_iter().map(|it| RunBody::of(it, now)).collect(),
        next_before: page.next_before.map(String::from),
        total: page.total,
    }))
}

/// Read a run.
///
/// By its id, its job name, or the beginning of either when only one run begins so.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{id}",
    tag = "runs",
    params(("id" = String, Path, description = "A run's id, its job name, or the beginning of either.")),
    responses(
        (status = 200, body = RunBody),
        (status = 404, description = "No such run.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "More than one run begins so.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn run_get(State(web): State<Web>, Path(id): Path<String>) -> Result<Json<RunBody>, ApiProblem> {
    let run = run_by_prefix(&web, &id).await?;
    Ok(Json(RunBody::of(run, web.services.now())))
}

/// Read the CreateTrainingJob request of a run, as it was sent.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{id}/request",
    tag = "runs",
    params(("id" = String, Path, description = "A run's id or its job name.")),
    responses(
        (status = 200, description = "SageMaker's own JSON, its keys sorted.", body = Object),
        (status = 404, description = "No such run.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn run_request(State(web): State<Web>, Path(id): Path<String>) -> Result<Json<Value>, ApiProblem> {
    Ok(Json(run_exact(&web, &id).await?.request))
}

/// Stop a run.
///
/// The wish is on record with the answer and wins over everything; the state follows. Safe to repeat, and without effect
/// on a run that is over.
#[utoipa::path(
    post,
    path = "/api/v1/runs/{id}/stop",
    tag = "runs",
    params(("id" = String, Path, description = "A run's id or its job name.")),
    responses(
        (status = 200, description = "The run as it is now.", body = RunBody),
        (status = 404, description = "No such run.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn run_stop(State(web): State<Web>, Path(id): Path<String>) -> Result<Json<RunBody>, ApiProblem> {
    let run = run_exact(&web, &id).await?;
    let run = web.services.run_stop(&run.id).await?;
    Ok(Json(RunBody::of(run, web.services.now())))
}
