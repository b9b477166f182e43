//! `POST /api/v1/sources`: a script or an archive, kept for launches to come.

use axum::{Json, body::Body, extract::State, http::StatusCode};
use serde::Deserialize;
use services::Upload;
use utoipa::IntoParams;

use super::{
    ApiProblem, Problem, Web,
    extract::{ApiQuery, read_body},
    model::{SourceBody, SourceEntryBody},
};
use crate::http::error::ProblemBody;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SourceQuery {
    /// The file's name: one `.py`, or a `.tar.gz`, `.tgz` or `.zip` of the source folder.
    #[param(example = "train.py")]
    file_name: String,
}

/// Send a source.
///
/// The body is the file itself. It is checked and packed anew: equal files have equal hashes. A source that no run uses
/// is forgotten after some days.
#[utoipa::path(
    post,
    path = "/api/v1/sources",
    tag = "sources",
    params(SourceQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "Kept; `sha256` names it in a launch.", body = SourceBody),
        (status = 413, description = "Larger than it may be.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "Not a source that can be run.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn source_put(
    State(web): State<Web>,
    ApiQuery(query): ApiQuery<SourceQuery>,
    body: Body,
) -> Result<(StatusCode, Json<SourceBody>), ApiProblem> {
    let ended = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "The server is about to end.");
    let turn = web.uploads.clone().acquire_owned().await.map_err(|_| ended())?;
    let bytes = read_body(body).await?;
    let kept = web.services.source_put(Upload { file_name: query.file_name, bytes }).await?;
    drop(turn);
    let source = kept.map_err(|error| ApiProblem::invalid(vec![error]))?;
    let entry = |it: services::SourceEntry| SourceEntryBody { path: it.path, size_bytes: it.size_bytes };
    let body = SourceBody {
        sha256: source.sha256,
        file_name: source.file_name,
        size_bytes: source.size_bytes,
        entries: source.entries.into_iter().map(entry).collect(),
    };
    Ok((StatusCode::CREATED, Json(body)))
}
