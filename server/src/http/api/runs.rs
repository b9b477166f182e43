//! `/api/v1/runs`: the list, one run, its request, the wish to stop it, and whether lists show it.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use domain::{
    ids::{ExperimentName, RunId},
    job_draft::FieldError,
    run::RunBadge,
    run_search::{Condition, Field, Op, Operand, Order, Test},
};
use serde::Deserialize;
use serde_json::Value;
use services::{ArchiveOutcome, SearchWindow};
use utoipa::IntoParams;

use super::{
    ApiProblem, Web,
    extract::{ApiQuery, run_by_prefix, run_exact, run_orders, run_search},
    model::{RunBody, RunListBody},
};
use crate::http::error::{Problem, ProblemBody};

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
    /// Conditions in a small language: `status = failed AND (params.lr < 0.1 OR metrics.loss IS NULL)`. Fields are
    /// `name`, `experiment`, `status`, `origin`, `instance_type`, `instance_count`, `spot`, `duration`,
    /// `training_seconds`, `billable_seconds`, `cost`, `savings`, `created`, `started`, `ended`, `archived`, `id`,
    /// `params.NAME`, `tags.NAME`, `metrics.NAME` and `min(metrics.NAME)`, or `max`, `first`, `count`. There are `=`, `!=`,
    /// `<`, `<=`, `>`, `>=`, `[NOT] IN (a, b)`, `[NOT] LIKE 'a%'`, `ILIKE`, `IS [NOT] NULL`, `AND`, `OR`, `NOT` and
    /// parentheses; a word alone is a part of the job name. Archived runs are left out unless it says `archived`.
    search: Option<String>,
    /// What comes first, instead of the newest: `metrics.loss desc, created`.
    order: Option<String>,
    /// How many runs to pass over; for lists with an `order`.
    offset: Option<u64>,
    /// `next_before` of the page before; for lists without an `order`.
    before: Option<String>,
    /// How many runs: 1 to 200, 50 without it.
    limit: Option<u32>,
}

/// What a query asks for.
struct RunListing {
    condition: Option<Condition>,
    orders: Vec<Order>,
    window: SearchWindow,
}

impl RunListQuery {
    fn listing(self) -> Result<RunListing, ApiProblem> {
        let mut errors = Vec::new();
        let mut all = Vec::new();
        let equals = |field, text: &str| {
            Condition::test(field, Test::Compare { op: Op::Equal, value: Operand::Text(text.to_owned()) })
        };
        match self.experiment.map(|it| ExperimentName::parse(&it)) {
            Some(Ok(name)) => all.push(equals(Field::Experiment, name.as_str())),
            Some(Err(err)) => errors.push(FieldError::new("experiment", err.to_string())),
            None => {}
        }
        match self.badge.map(|it| RunBadge::parse(&it)) {
            Some(Some(badge)) => all.push(equals(Field::Status, badge.as_str())),
            Some(None) => {
                let words = RunBadge::ALL.map(|it| format!("`{}`", it.as_str())).join(", ");
                errors.push(FieldError::new("badge", format!("this is no state of a run: use one of {words}")));
            }
            None => {}
        }
        all.extend(self.name.filter(|it| !it.is_empty()).map(Condition::NameContains));
        all.extend(run_search(self.search.as_deref(), &mut errors));
        let orders = run_orders(self.order.as_deref(), &mut errors);
        let before = self.before.and_then(|it| match RunId::parse(&it) {
            Ok(id) => Some(id),
            Err(err) => {
                errors.push(FieldError::new("before", err.to_string()));
                None
            }
        });
        if before.is_some() && (!orders.is_empty() || self.offset.is_some()) {
            let message = "this is for lists without an order and an offset: go on with `offset` in one that has them";
            errors.push(FieldError::new("before", message));
        }
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            errors.push(FieldError::new("limit", format!("a page has 1 to {MAX_LIMIT} runs")));
        }
        if !errors.is_empty() {
            return Err(ApiProblem::invalid(errors));
        }
        let condition = (!all.is_empty()).then_some(Condition::And(all));
        Ok(RunListing { condition, orders, window: SearchWindow { before, offset: self.offset.unwrap_or(0), limit } })
    }
}

/// List runs.
///
/// The newest first, unless an order is given; without those that are archived.
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
    let RunListing { condition, orders, mut window } = query.listing()?;
    let limit = window.limit as usize;
    // One more than the page was asked for, to know whether there is a next one.
    window.limit += 1;
    let (total, mut runs) = web.services.run_search_whole(condition.as_ref(), &orders, &window).await?;
    let has_more = runs.len() > limit;
    runs.truncate(limit);
    let next_before = runs.last().filter(|_| has_more && orders.is_empty()).map(|it| it.id.to_string());
    let now = web.services.now();
    Ok(Json(RunListBody { runs: runs.into_iter().map(|it| RunBody::of(it, now)).collect(), next_before, total }))
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

/// Archive a run.
///
/// Lists leave it out; nothing else of it changes. Safe to repeat.
#[utoipa::path(
    post,
    path = "/api/v1/runs/{id}/archive",
    tag = "runs",
    params(("id" = String, Path, description = "A run's id or its job name.")),
    responses(
        (status = 200, description = "The run as it is now.", body = RunBody),
        (status = 404, description = "No such run.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is not over.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn run_archive(State(web): State<Web>, Path(id): Path<String>) -> Result<Json<RunBody>, ApiProblem> {
    archive(&web, &id, true).await
}

/// Take an archived run back into lists.
#[utoipa::path(
    post,
    path = "/api/v1/runs/{id}/unarchive",
    tag = "runs",
    params(("id" = String, Path, description = "A run's id or its job name.")),
    responses(
        (status = 200, description = "The run as it is now.", body = RunBody),
        (status = 404, description = "No such run.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn run_unarchive(State(web): State<Web>, Path(id): Path<String>) -> Result<Json<RunBody>, ApiProblem> {
    archive(&web, &id, false).await
}

async fn archive(web: &Web, id: &str, is_archived: bool) -> Result<Json<RunBody>, ApiProblem> {
    let run = run_exact(web, id).await?;
    let outcomes = web.services.run_archive(std::slice::from_ref(&run.id), is_archived).await?;
    if outcomes.iter().any(|(_, outcome)| *outcome == ArchiveOutcome::NotOver) {
        let message = "The run is not over, and what still costs money is not hidden: stop it first.";
        return Err(Problem::new(StatusCode::CONFLICT, message).into());
    }
    let run = run_exact(web, run.id.as_str()).await?;
    Ok(Json(RunBody::of(run, web.services.now())))
}
