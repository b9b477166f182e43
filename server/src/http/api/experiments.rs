//! `GET /api/v1/experiments`: the names that runs share.

use axum::{Json, extract::State};

use super::{
    ApiProblem, Web,
    model::{ExperimentBody, ExperimentListBody},
};

/// List experiments, the one with the newest run first.
#[utoipa::path(
    get,
    path = "/api/v1/experiments",
    tag = "experiments",
    responses((status = 200, body = ExperimentListBody)),
)]
pub(super) async fn experiment_list(State(web): State<Web>) -> Result<Json<ExperimentListBody>, ApiProblem> {
    let experiments = web.services.experiment_list().await?.into_iter().map(ExperimentBody::of).collect();
    Ok(Json(ExperimentListBody { experiments }))
}
