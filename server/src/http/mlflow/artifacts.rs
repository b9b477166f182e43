//! Artifacts: `mlflow-artifacts/...`, which clients put files to and get them from, and what a run has.

use axum::{
    Extension, Json,
    body::{Body, to_bytes},
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::mlflow::{MlflowError, check};
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use serde::{Deserialize, Serialize};
use services::{ArtifactFile, ArtifactRead, EngineError, ServiceError};
use tokio::time::timeout;

use super::{
    CHUNK_TIMEOUT, Web,
    failure::Failure,
    given::{Given, Kind},
    model::{Empty, FileBody},
    turn,
};

/// What `upload-artifact` takes; larger files go the other way.
const MAX_FORM_BYTES: usize = 10 * 1024 * 1024;

#[derive(Serialize)]
pub(super) struct Files {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) root_uri: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) files: Vec<FileBody>,
}

/// Marks an answer as an artifact.
#[derive(Clone, Copy)]
pub(in crate::http) struct IsArtifact;

#[derive(Debug, Default, Deserialize)]
pub(super) struct RunArtifact {
    #[serde(default)]
    run_id: String,
    #[serde(default)]
    run_uuid: String,
    #[serde(default)]
    path: String,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct VersionArtifact {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    path: String,
}

pub(super) async fn list(State(web): State<Web>, given: Given) -> Result<Json<Files>, Failure> {
    let files = web.services.mlflow_artifact_list(&given.text("path")).await?;
    Ok(Json(Files { root_uri: None, files: bodies(files) }))
}

pub(super) async fn run_list(State(web): State<Web>, given: Given) -> Result<Json<Files>, Failure> {
    given.check(&[("run_id", Kind::Text, true), ("path", Kind::Text, false), ("page_token", Kind::Text, false)])?;
    let list = web.services.mlflow_run_artifact_list(&given.text("run_id"), &given.text("path")).await?;
    Ok(Json(Files { root_uri: Some(list.root_uri), files: bodies(list.files) }))
}

pub(super) async fn upload(
    State(web): State<Web>,
    Path(path): Path<String>,
    body: Body,
) -> Result<Json<Empty>, Failure> {
    let turn = turn(&web).await?;
    // A task of its own: a client that goes away is an end of the body, after which what was stored is taken back.
    let transfer = tokio::spawn(async move {
        let _turn = turn;
        web.services.mlflow_artifact_put(&path, chunks(body)).await
    });
    transfer.await.map_err(|_| ServiceError::Internal { what: "an upload" })??;
    Ok(Json(Empty {}))
}

/// What arrives, until it ends, breaks off or stands still.
fn chunks(body: Body) -> BoxStream<'static, Result<Bytes, EngineError>> {
    stream::unfold(body.into_data_stream(), async |mut body| {
        let failed = |why: String| EngineError::Unknown { message: format!("the upload {why}") };
        match timeout(CHUNK_TIMEOUT, body.next()).await {
            Ok(None) => None,
            Ok(Some(chunk)) => Some((chunk.map_err(|failure| failed(format!("broke off: {failure}"))), body)),
            Err(_) => Some((Err(failed("stood still".to_owned())), body)),
        }
    })
    .boxed()
}

pub(super) async fn download(State(web): State<Web>, Path(path): Path<String>) -> Result<Response, Failure> {
    Ok(file(web.services.mlflow_artifact_get(&path).await?))
}

pub(super) async fn remove(State(web): State<Web>, Path(path): Path<String>) -> Result<Json<Empty>, Failure> {
    web.services.mlflow_artifact_delete(&path).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn run_download(
    State(web): State<Web>,
    Query(asked): Query<RunArtifact>,
) -> Result<Response, Failure> {
    let run = if asked.run_id.is_empty() { &asked.run_uuid } else { &asked.run_id };
    Ok(file(web.services.mlflow_run_artifact_get(run, &asked.path).await?))
}

pub(super) async fn run_upload(
    State(web): State<Web>,
    Query(asked): Query<RunArtifact>,
    body: Body,
) -> Result<(), Failure> {
    let required = |text: &str, name: &str| match text {
        "" => Err(MlflowError::invalid(format!("Request must specify {name}."))),
        _ => Ok(()),
    };
    required(&asked.run_uuid, "run_uuid")?;
    required(&asked.path, "path")?;
    check::artifact_path(&asked.path)?;
    let _turn = turn(&web).await?;
    let too_large = || MlflowError::invalid("Artifact size is too large. Max size is 10MB.");
    let bytes = to_bytes(body, MAX_FORM_BYTES).await.map_err(|_| too_large())?;
    if bytes.is_empty() {
        return Err(MlflowError::invalid("Request must specify data.").into());
    }
    Ok(web.services.mlflow_run_artifact_put(&asked.run_uuid, &asked.path, bytes).await?)
}

/// The artifact of a registered version, wherever its artifacts are.
pub(super) async fn version_download(
    State(web): State<Web>,
    Query(asked): Query<VersionArtifact>,
) -> Result<Response, Failure> {
    let VersionArtifact { name, version, path } = asked;
    Ok(file(web.services.mlflow_version_artifact_get(&name, &version, &path).await?))
}

pub(super) fn bodies(files: Vec<ArtifactFile>) -> Vec<FileBody> {
    let body = |it: ArtifactFile| FileBody { path: it.path, is_dir: it.size_bytes.is_none(), file_size: it.size_bytes };
    files.into_iter().map(body).collect()
}

/// Saved, never shown: whatever is in it, a browser makes no page of it.
pub(super) fn file(artifact: ArtifactRead) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(type_of(&artifact.name)));
    if let Ok(disposition) = HeaderValue::from_str(&disposition(&artifact.name)) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    if let Some(size) = artifact.size_bytes {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    }
    (headers, Extension(IsArtifact), Body::from_stream(artifact.stream)).into_response()
}

/// What MLflow serves as plain text, by the ends of names. Source: `mlflow/utils/mime_type_utils.py` of 3.17.2.
const TEXTS: [&str; 29] = [
    "txt",
    "log",
    "err",
    "cfg",
    "conf",
    "cnf",
    "cf",
    "ini",
    "properties",
    "prop",
    "hocon",
    "toml",
    "yaml",
    "yml",
    "xml",
    "json",
    "js",
    "py",
    "py3",
    "csv",
    "tsv",
    "md",
    "rst",
    "ipynb",
    "MLmodel",
    "mlmodel",
    "MLproject",
    "mlproject",
    "sh",
];

/// By its name. What a browser would run is bytes, whoever asks.
fn type_of(name: &str) -> &'static str {
    const BYTES: &str = "application/octet-stream";
    let end = name.rsplit_once('.').map_or(name, |(_, end)| end);
    if TEXTS.contains(&end) {
        return "text/plain";
    }
    match mime_guess::from_path(name).first_raw() {
        Some(known) if known.contains("html") || known.contains("xml") || known.contains("script") => BYTES,
        known => known.unwrap_or(BYTES),
    }
}

/// The name as a token where it is one, and in both spellings of RFC 6266 where it is not even ASCII.
fn disposition(name: &str) -> String {
    let is_token = |it: char| it.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(it);
    if !name.is_empty() && name.chars().all(is_token) {
        return format!("attachment; filename={name}");
    }
    let plain: String =
        name.chars().map(|it| if matches!(it, ' '..='~') && it != '"' && it != '\\' { it } else { '_' }).collect();
    let mut text = format!("attachment; filename=\"{plain}\"");
    if !name.is_ascii() {
        text.push_str("; filename*=UTF-8''");
        text.extend(percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_are_saved_under_their_names() {
        assert_eq!(disposition("dog+step%2020.png"), "attachment; filename=dog+step%2020.png");
        assert_eq!(disposition("a \"b\".txt"), "attachment; filename=\"a _b_.txt\"");
        assert_eq!(disposition("ü.txt"), "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%BC%2Etxt");
        for (name, kind) in [
            ("a.txt", "text/plain"),
            ("MLmodel", "text/plain"),
            ("c.png", "image/png"),
            ("model.pkl", "application/octet-stream"),
            ("page.html", "application/octet-stream"),
            ("drawing.svg", "application/octet-stream"),
            ("no end", "application/octet-stream"),
        ] {
            assert_eq!(type_of(name), kind, "{name}");
        }
    }
}
