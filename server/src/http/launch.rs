//! `POST /launch`: the launch form, with or without a script running in the browser.
//!
//! The file goes through in chunks and is kept up to the limit; a larger one is read to its end and dropped, because a
//! browser that is cut off in the middle shows "connection reset" instead of the field's message. Whatever is wrong,
//! what was typed is kept and shown again.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Multipart, State, multipart::Field},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use domain::{
    git_source::field,
    ids::RunId,
    job_draft::{FieldError, JobDraft},
    typed_script::TypedScript,
};
use services::{LaunchSubmitted, Upload};

use super::{
    Web,
    error::{Problem, Wants},
};

/// Every text field has a far smaller limit of its own; what is longer is cut here and refused there.
const MAX_TEXT_BYTES: usize = 64 * 1024;
/// Twice the script's own limit: with CR LF for each line, even a script of empty lines is as long as that.
const MAX_SCRIPT_BYTES: usize = 2 * TypedScript::MAX_BYTES + 2;
/// All text fields together.
const MAX_ALL_TEXT_BYTES: usize = 4 * 1024 * 1024;
const MAX_FIELDS: usize = 2_000;
/// A body that stands still for this long is given up.
pub(super) const CHUNK_TIMEOUT: Duration = Duration::from_secs(30);
/// Uploads in memory at the same time; others wait for their turn.
pub(super) const MAX_UPLOADS: usize = 4;
const MAX_KEY_CHARS: usize = 100;

pub(super) type MultipartForm = Result<Multipart, axum::extract::multipart::MultipartRejection>;

pub(super) async fn launch(State(web): State<Web>, wants: Wants, form: MultipartForm) -> Response {
    let (key, form) = match read(&web, form).await {
        Ok(read) => read,
        Err(problem) => return problem.response(wants),
    };
    match web.services.launch_submit(&key, form.draft, form.upload).await {
        Ok(submitted) => answer(&web, &key, submitted, wants).await,
        Err(failure) => Problem::of(&failure).response(wants),
    }
}

/// `POST /launch/sweep`: the same form, judged and kept as for a launch. What to sweep over is asked on the next page.
///
/// An address of its own, because a button's value is not sent once the script has disabled the button: the form would be
/// launched instead.
pub(super) async fn sweep(State(web): State<Web>, wants: Wants, form: MultipartForm) -> Response {
    let (key, form) = match read(&web, form).await {
        Ok(read) => read,
        Err(problem) => return problem.response(wants),
    };
    match web.services.sweep_draft_submit(&key, form.draft, form.upload).await {
        Ok(errors) if errors.is_empty() => see_other(&app::paths::sweep_new(&key, &[])),
        Ok(errors) => refuse(&web, &key, &errors, wants).await,
        Err(failure) => Problem::of(&failure).response(wants),
    }
}

/// The form with its key; a form that a program sent without one gets a new one.
pub(super) async fn read(web: &Web, form: MultipartForm) -> Result<(String, Form), Problem> {
    let Ok(form) = form else {
        let message = "The launch form is sent as multipart/form-data.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    };
    let mut form = FormReader::new(web).read(form).await?;
    let key = form.key.take().unwrap_or_else(|| web.services.launch_key_new());
    Ok((key, form))
}

/// To the run's page, or back to the form.
pub(super) async fn answer(web: &Web, key: &str, submitted: LaunchSubmitted, wants: Wants) -> Response {
    let id = match submitted {
        LaunchSubmitted::Run(id) => id,
        LaunchSubmitted::Invalid { errors } => return refuse(web, key, &errors, wants).await,
    };
    let url = app::paths::run(&id);
    match wants {
        Wants::Json => {
            let body = Json(serde_json::json!({ "run_id": id, "url": url }));
            (StatusCode::CREATED, [(header::LOCATION, url)], body).into_response()
        }
        _ => see_other(&url),
    }
}

/// Back to the form, where each error stands beside its field; or the errors themselves, for a program.
pub(super) async fn refuse(web: &Web, key: &str, errors: &[FieldError], wants: Wants) -> Response {
    if wants == Wants::Json {
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(serde_json::json!({ "errors": errors }))).into_response();
    }
    // A form that became a run is not open for changes: its page could not show these errors.
    match web.services.launch_draft_get(key).await {
        Ok(Some(kept)) if kept.run_id.is_none() => {
            see_other(&format!("{}?draft={}", app::paths::LAUNCH, app::paths::escape(key)))
        }
        Ok(_) => {
            let message: Vec<String> = errors.iter().map(|it| format!("{}: {}", it.field, it.message)).collect();
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, message.join(" ")).response(wants)
        }
        Err(failure) => Problem::of(&failure).response(wants),
    }
}

/// 303: the browser goes on with GET, so that a reload sends nothing again.
pub(super) fn see_other(url: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, url.to_owned())]).into_response()
}

pub(super) struct Form {
    key: Option<String>,
    pub(super) draft: JobDraft,
    pub(super) upload: Option<Upload>,
    /// The name to keep the form under, where that was asked for.
    pub(super) preset_name: String,
}

struct FormReader {
    max_file_bytes: usize,
    turns: Arc<tokio::sync::Semaphore>,
    text_bytes: usize,
    form: Form,
}

impl FormReader {
    fn new(web: &Web) -> Self {
        // What the form does not send keeps its default; what it sends empty is empty.
        let draft = web.services.launch_defaults();
        Self {
            max_file_bytes: usize::try_from(web.services.max_upload_bytes()).unwrap_or(usize::MAX),
            turns: web.uploads.clone(),
            text_bytes: 0,
            form: Form { key: None, draft, upload: None, preset_name: String::new() },
        }
    }

    async fn read(mut self, mut form: Multipart) -> Result<Form, Problem> {
        for _ in 0..MAX_FIELDS {
            let next = tokio::time::timeout(CHUNK_TIMEOUT, form.next_field()).await.map_err(|_| stalled())?;
            let Some(field) = next.map_err(|_| broken())? else { return Ok(self.form) };
            match field.name() {
                Some("source_file") => self.file(field).await?,
                Some(_) => self.text(field).await?,
                None => {}
            }
        }
        Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The form has more fields than it may have."))
    }

    /// A file chooser that was left alone sends a field without a name.
    async fn file(&mut self, mut field: Field<'_>) -> Result<(), Problem> {
        let file_name = field.file_name().unwrap_or_default().to_owned();
        let _turn = self.turns.clone().acquire_owned().await.map_err(|_| stalled())?;
        let mut kept = BytesMut::new();
        // One byte over the limit is kept, so that the use case sees that it is over.
        let room = self.max_file_bytes.saturating_add(1);
        while let Some(chunk) = next_chunk(&mut field).await? {
            let wanted = room.saturating_sub(kept.len()).min(chunk.len());
            kept.extend_from_slice(&chunk[..wanted]);
        }
        if !file_name.is_empty() {
            self.form.upload = Some(Upload { file_name, bytes: kept.freeze() });
        }
        Ok(())
    }

    async fn text(&mut self, mut field: Field<'_>) -> Result<(), Problem> {
        let name = field.name().unwrap_or_default().to_owned();
        let room = if name == "script_text" { MAX_SCRIPT_BYTES } else { MAX_TEXT_BYTES };
        let mut bytes = Vec::new();
        while let Some(chunk) = next_chunk(&mut field).await? {
            let wanted = room.saturating_sub(bytes.len()).min(chunk.len());
            bytes.extend_from_slice(&chunk[..wanted]);
        }
        self.text_bytes += bytes.len() + name.len();
        if self.text_bytes > MAX_ALL_TEXT_BYTES {
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The form's text is longer than it may be."));
        }
        self.set(&name, String::from_utf8_lossy(&bytes).into_owned());
        Ok(())
    }

    fn set(&mut self, name: &str, value: String) {
        let draft = &mut self.form.draft;
        match name {
            "idempotency_key" => self.form.key = is_key(&value).then_some(value),
            "preset_name" => self.form.preset_name = value,
            "experiment" => draft.experiment = value,
            "job_name" => draft.job_name = value,
            "source" => draft.source = value,
            "source_sha256" => draft.source_sha256 = Some(value).filter(|it| !it.is_empty()),
            "source_file_name" => draft.source_file_name = Some(value).filter(|it| !it.is_empty()),
            "entry_point" => draft.entry_point = value,
            "parent" => draft.parent = RunId::parse(&value).ok(),
            field::URL => draft.git.url = value,
            field::REFERENCE => draft.git.reference = value,
            field::FOLDER => draft.git.folder = value,
            "source_uri" => draft.source_uri = value,
            "script_name" => draft.script.name = value,
            // A browser sends the lines of a text area with CR LF, whatever was typed.
            "script_text" => draft.script.text = value.replace("\r\n", "\n"),
            // A switch sends what it means unticked, then, when it is ticked, `true`.
            "quota.choice" => draft.quota.choice = value,
            "quota.instance_types" => draft.quota.instance_types = value,
            "quota.on_demand_after_minutes" => draft.quota.on_demand_after_minutes = value,
            "quota.max_usd_per_hour" => draft.quota.max_usd_per_hour = value,
            "checkpoints" => draft.checkpoints = value == "true",
            // A member of the request, by its path. Names of none are kept too, and named in the answer.
            _ => draft.fields.set(name, value),
        }
    }
}

/// As our own pages make them.
pub(super) fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_KEY_CHARS
        && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
}

async fn next_chunk(field: &mut Field<'_>) -> Result<Option<Bytes>, Problem> {
    let chunk = tokio::time::timeout(CHUNK_TIMEOUT, field.chunk()).await.map_err(|_| stalled())?;
    chunk.map_err(|_| broken())
}

fn stalled() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "The form did not arrive in time.")
}

fn broken() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "The form is broken or larger than 2 GiB.")
}
