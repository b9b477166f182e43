//! `/api/v1`: runs, sources and experiments for programs, and the document that describes it.
//!
//! Invariants:
//! - A handler is mounted together with its description (`routes!`), so the OpenAPI document is what is mounted.
//! - Every failure is `application/problem+json`; wrong input names its fields in the launch form's own sentences.
//! - Bodies are types of their own (`model`): a change inside does not change what programs read. Times are RFC 3339.
//!
//! To add a route: a handler with its `#[utoipa::path]` in the file of its resource, a line in `routes` below, one in
//! `policy`.

pub mod model;

mod costs;
mod document;
mod experiments;
mod extract;
mod launch;
mod logs;
mod metrics;
mod run_table;
mod runs;
mod sources;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    response::{IntoResponse, Response},
};
use domain::job_draft::FieldError;
use services::ServiceError;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    MountedRoute, Web,
    error::{Problem, Wants},
};

pub(super) const PREFIX: &str = "/api/v1/";

/// The router, with what is mounted in it.
pub(super) fn router() -> (Router<Web>, Vec<MountedRoute>) {
    let (router, document) = routes().split_for_parts();
    let mounted = document::operations(&document);
    let router = router
        // `policy` limits each body.
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(panicked));
    (router, mounted)
}

fn routes() -> OpenApiRouter<Web> {
    OpenApiRouter::with_openapi(document::outline())
        .routes(routes!(sources::source_put))
        .routes(routes!(runs::run_list, launch::run_launch))
        .routes(routes!(run_table::run_table_csv))
        .routes(routes!(run_table::run_table_json))
        .routes(routes!(runs::run_get))
        .routes(routes!(runs::run_request))
        .routes(routes!(metrics::run_metrics))
        .routes(routes!(logs::run_logs))
        .routes(routes!(runs::run_stop))
        .routes(routes!(runs::run_archive))
        .routes(routes!(runs::run_unarchive))
        .routes(routes!(experiments::experiment_list))
        .routes(routes!(costs::cost_get))
        .routes(routes!(costs::cost_table_get))
        .routes(routes!(document::openapi_get))
}

/// A failure of this API.
#[derive(Debug)]
struct ApiProblem(Problem);

impl ApiProblem {
    fn invalid(errors: Vec<FieldError>) -> Self {
        Self(Problem::invalid(errors))
    }
}

impl From<Problem> for ApiProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<ServiceError> for ApiProblem {
    fn from(failure: ServiceError) -> Self {
        Self(Problem::of(&failure))
    }
}

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        self.0.response(Wants::Problem)
    }
}

/// The panic itself is logged by the hook, with its place.
fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response {
    ApiProblem::from(ServiceError::Internal { what: "a handler" }).into_response()
}
