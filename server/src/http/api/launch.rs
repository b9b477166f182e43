//! `POST /api/v1/runs`: the launch form for programs. The same use case, the same sentences, one run per key.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    git_source::GitSource,
    ids::RunId,
    job_draft::{FieldError, JobDraft},
    quota::QuotaDraft,
};
use services::LaunchSubmitted;

use super::{
    ApiProblem, Problem, Web,
    extract::{IDEMPOTENCY_KEY, idempotency_key, json_body, run_exact},
    model::{LaunchBody, RunBody, SourceChoice},
};
use crate::http::error::ProblemBody;

/// Launch a training job.
///
/// The answer comes as soon as the run is on record; it is sent to SageMaker right after. With the same
/// `Idempotency-Key` the same body is the same run, however often it is sent; without the header a key is made, and
/// named in the answer's header.
#[utoipa::path(
    post,
    path = "/api/v1/runs",
    tag = "runs",
    params((
        "Idempotency-Key" = Option<String>, Header,
        description = "1 to 200 visible ASCII characters that name this launch, for example a random UUID.",
    )),
    request_body = LaunchBody,
    responses(
        (status = 201, description = "On record; `Location` is the run's address.", body = RunBody),
        (status = 200, description = "This key launched this run before.", body = RunBody),
        (status = 415, description = "Not JSON.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Nothing was launched: a field is wrong, a quota or a budget has no room, or the key belongs to another body.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Nothing was launched: the training engine does not answer.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn run_launch(State(web): State<Web>, headers: HeaderMap, body: Body) -> Result<Response, ApiProblem> {
    let key = idempotency_key(&headers)?.unwrap_or_else(|| web.services.launch_key_new());
    let draft = draft_of(&web, json_body(&headers, body).await?)?;
    let known = web.services.launched_run(&key).await?;
    let id = match web.services.launch_submit(&key, draft, None).await? {
        LaunchSubmitted::Run(id) => id,
        LaunchSubmitted::Invalid { errors } => return Err(refusal(errors)),
    };
    let run = run_exact(&web, id.as_str()).await?;
    let status = if known.as_ref() == Some(&id) { StatusCode::OK } else { StatusCode::CREATED };
    let headers =
        [(header::LOCATION, format!("{}runs/{id}", super::PREFIX)), (HeaderName::from_static(IDEMPOTENCY_KEY), key)];
    Ok((status, headers, Json(RunBody::of(run, web.services.now()))).into_response())
}

/// The launch form as this body fills it in.
fn draft_of(web: &Web, body: LaunchBody) -> Result<JobDraft, ApiProblem> {
    let LaunchBody { request, experiment, job_name, source, entry_point, checkpoints, parent, quota } = body;
    let mut draft = web.services.launch_draft_of_request(&request).map_err(ApiProblem::invalid)?;
    draft.experiment = experiment.unwrap_or(draft.experiment);
    draft.job_name = job_name.unwrap_or(draft.job_name);
    draft.entry_point = entry_point.unwrap_or(draft.entry_point);
    draft.checkpoints = checkpoints.unwrap_or(draft.checkpoints);
    if let Some(parent) = parent {
        let wrong = |err: domain::ids::IdError| ApiProblem::invalid(vec![FieldError::new("parent", err.to_string())]);
        draft.parent = Some(RunId::parse(&parent).map_err(wrong)?);
    }
    if let Some(quota) = quota {
        draft.quota = QuotaDraft {
            choice: quota.choice,
            instance_types: quota.instance_types.join(", "),
            on_demand_after_minutes: quota.on_demand_after_minutes.map(|it| it.to_string()).unwrap_or_default(),
            max_usd_per_hour: quota.max_usd_per_hour.unwrap_or_default(),
        };
    }
    match source {
        Some(SourceChoice::Sha256(sha256)) => {
            "upload".clone_into(&mut draft.source);
            draft.source_sha256 = Some(sha256);
        }
        Some(SourceChoice::S3Uri(uri)) => {
            "s3".clone_into(&mut draft.source);
            draft.source_uri = uri;
        }
        Some(SourceChoice::Sample(name)) => draft.source = format!("sample:{name}"),
        Some(SourceChoice::Git(git)) => {
            "git".clone_into(&mut draft.source);
            let (reference, folder) = (git.reference.unwrap_or_default(), git.folder.unwrap_or_default());
            draft.git = GitSource { url: git.url, reference, folder, commit: None };
        }
        None => {}
    }
    Ok(draft)
}

/// An engine that is away is not the caller's fault.
fn refusal(errors: Vec<FieldError>) -> ApiProblem {
    match errors.iter().find(|it| it.field == "engine") {
        Some(engine) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, engine.message.clone()).into(),
        None => ApiProblem::invalid(errors),
    }
}
