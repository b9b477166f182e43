//! `POST /runs/{id}/stop`: records the wish to stop. The page that follows says what becomes of it.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use domain::ids::RunId;

use super::{
    Web,
    error::{Problem, Wants},
    launch::see_other,
};

pub(super) async fn stop(State(web): State<Web>, Path(id): Path<String>, wants: Wants) -> Response {
    let Ok(id) = RunId::parse(&id) else { return Problem::not_found().response(wants) };
    match web.services.run_stop(&id).await {
        Ok(run) if wants == Wants::Json => Json(run).into_response(),
        Ok(_) => see_other(&app::paths::run(&id)),
        Err(failure) => Problem::of(&failure).response(wants),
    }
}
