//! `POST /runs/{id}/relaunch`: the run's own request again. The page that the form is on has shown what changed since.

use axum::{
    Form,
    extract::{Path, State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use domain::ids::RunId;
use serde::Deserialize;

use super::{
    Web,
    error::{Problem, Wants},
    launch::{answer, is_key},
};

#[derive(Deserialize)]
pub(super) struct RelaunchForm {
    idempotency_key: String,
}

pub(super) async fn relaunch(
    State(web): State<Web>,
    Path(id): Path<String>,
    wants: Wants,
    form: Result<Form<RelaunchForm>, FormRejection>,
) -> Response {
    let Ok(id) = RunId::parse(&id) else { return Problem::not_found().response(wants) };
    let Some(key) = form.ok().map(|it| it.0.idempotency_key).filter(|it| is_key(it)) else {
        let message = "This form has lost its key: open the run's page and press Relaunch again.";
        return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, message).response(wants);
    };
    match web.services.run_relaunch(&id, &key).await {
        Ok(submitted) => answer(&web, &key, submitted, wants).await,
        Err(failure) => Problem::of(&failure).response(wants),
    }
}
