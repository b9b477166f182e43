//! `POST /sweeps` starts a sweep of a kept form, `POST /sweeps/{id}/stop` ends it.

use axum::{
    Form,
    extract::{Path, State, rejection::FormRejection},
    http::StatusCode,
    response::Response,
};
use domain::{ids::SweepId, sweep::SweepDraft};
use services::SweepSubmitted;

use super::{
    Web,
    error::{Problem, Wants},
    launch::{is_key, see_other},
};

/// Names with their values, in the form's order.
type Pairs = Vec<(String, String)>;

pub(super) async fn create(State(web): State<Web>, wants: Wants, form: Result<Form<Pairs>, FormRejection>) -> Response {
    let Ok(Form(pairs)) = form else {
        return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "The form is broken.").response(wants);
    };
    let key = pairs.iter().find(|(name, _)| name == "draft").map(|(_, key)| key.clone()).filter(|it| is_key(it));
    let (Some(key), Some(form)) = (key, SweepDraft::of_pairs(&pairs)) else {
        let message = "This form has lost its key: go back to the launch form and press Sweep again.";
        return Problem::new(StatusCode::UNPROCESSABLE_ENTITY, message).response(wants);
    };
    match web.services.sweep_submit(&key, &form).await {
        Ok(SweepSubmitted::Sweep(id)) => see_other(&app::paths::sweep(&id)),
        // Back to the form, which checks what is in its URL.
        Ok(SweepSubmitted::Invalid { .. }) => see_other(&app::paths::sweep_new(&key, &form.to_pairs())),
        Err(failure) => Problem::of(&failure).response(wants),
    }
}

pub(super) async fn stop(State(web): State<Web>, Path(id): Path<String>, wants: Wants) -> Response {
    let Ok(id) = SweepId::parse(&id) else { return Problem::not_found().response(wants) };
    match web.services.sweep_stop(&id).await {
        Ok(()) => see_other(&app::paths::sweep(&id)),
        Err(failure) => Problem::of(&failure).response(wants),
    }
}
