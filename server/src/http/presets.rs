//! Presets: `POST /presets` keeps the launch form as it stands, `POST /runs/{id}/preset` what a run was launched with;
//! `POST /presets/{id}/rename` and `/delete` do what they say. The page that follows shows what came of it.

use axum::{
    Form, Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    ids::{PresetId, RunId},
    job_draft::FieldError,
};
use serde::Deserialize;
use services::{PresetChanged, ServiceError};

use super::{
    Web,
    error::{Problem, Wants},
    launch::{MultipartForm, read, refuse, see_other},
};

#[derive(Deserialize)]
pub(super) struct NameForm {
    preset_name: String,
}

pub(super) async fn create(State(web): State<Web>, wants: Wants, form: MultipartForm) -> Response {
    let (key, form) = match read(&web, form).await {
        Ok(read) => read,
        Err(problem) => return problem.response(wants),
    };
    match web.services.preset_create(&key, &form.preset_name, form.draft, form.upload).await {
        Ok(PresetChanged::Invalid { errors }) => refuse(&web, &key, &errors, wants).await,
        other => answer(other, wants),
    }
}

pub(super) async fn create_of_run(
    State(web): State<Web>,
    Path(id): Path<String>,
    wants: Wants,
    Form(form): Form<NameForm>,
) -> Response {
    let Ok(id) = RunId::parse(&id) else { return Problem::not_found().response(wants) };
    answer(web.services.preset_create_of_run(&id, &form.preset_name).await, wants)
}

pub(super) async fn rename(
    State(web): State<Web>,
    Path(id): Path<String>,
    wants: Wants,
    Form(form): Form<NameForm>,
) -> Response {
    let Ok(id) = PresetId::parse(&id) else { return Problem::not_found().response(wants) };
    match web.services.preset_rename(&id, &form.preset_name).await {
        Ok(PresetChanged::Preset(_)) if wants != Wants::Json => see_other(app::paths::PRESETS),
        other => answer(other, wants),
    }
}

pub(super) async fn delete(State(web): State<Web>, Path(id): Path<String>, wants: Wants) -> Response {
    let Ok(id) = PresetId::parse(&id) else { return Problem::not_found().response(wants) };
    match web.services.preset_delete(&id).await {
        Ok(()) if wants == Wants::Json => StatusCode::NO_CONTENT.into_response(),
        Ok(()) => see_other(app::paths::PRESETS),
        Err(failure) => Problem::of(&failure).response(wants),
    }
}

/// On to the form that the preset fills; a refusal in the client's own language.
fn answer(changed: Result<PresetChanged, ServiceError>, wants: Wants) -> Response {
    match changed {
        Ok(PresetChanged::Preset(id)) if wants == Wants::Json => {
            let url = app::paths::launch_preset(&id);
            Json(serde_json::json!({ "preset_id": id, "url": url })).into_response()
        }
        Ok(PresetChanged::Preset(id)) => see_other(&app::paths::launch_preset(&id)),
        Ok(PresetChanged::Invalid { errors }) if wants == Wants::Json => {
            (StatusCode::UNPROCESSABLE_ENTITY, Json(serde_json::json!({ "errors": errors }))).into_response()
        }
        Ok(PresetChanged::Invalid { errors }) => {
            let message: Vec<String> = errors.into_iter().map(|FieldError { message, .. }| message).collect();
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, message.join(" ")).response(wants)
        }
        Err(failure) => Problem::of(&failure).response(wants),
    }
}
