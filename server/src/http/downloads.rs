//! Files of a run: its model artifact, streamed through from the engine, the source that it was launched with, and its
//! capsule.
//!
//! A request names a run and nothing else: where the file is, the run's own record says. Whatever is in the file, a
//! browser only ever saves it.

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::ids::RunId;

use super::{
    Web,
    error::{Problem, Wants},
};

/// `GET /runs/{id}/model.tar.gz`.
pub(super) async fn artifact(State(web): State<Web>, Path(id): Path<String>, wants: Wants) -> Response {
    let Ok(id) = RunId::parse(&id) else { return Problem::not_found().response(wants) };
    match web.services.run_artifact_open(&id).await {
        Ok(artifact) => {
            let mut headers = download_headers(&artifact.file_name);
            if let Some(size) = artifact.size_bytes {
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size));
            }
            (headers, Body::from_stream(artifact.stream)).into_response()
        }
        Err(failure) => Problem::of(&failure).response(wants),
    }
}

/// `GET /runs/{id}/source.tar.gz`.
pub(super) async fn source(State(web): State<Web>, Path(id): Path<String>, wants: Wants) -> Response {
    let Ok(id) = RunId::parse(&id) else { return Problem::not_found().response(wants) };
    match web.services.run_source_get(&id).await {
        Ok(source) => (download_headers(&source.file_name), Body::from(source.bytes)).into_response(),
        Err(failure) => Problem::of(&failure).response(wants),
    }
}

/// `GET /runs/{id}/capsule.tar.gz`.
pub(super) async fn capsule(State(web): State<Web>, Path(id): Path<String>, wants: Wants) -> Response {
    let Ok(id) = RunId::parse(&id) else { return Problem::not_found().response(wants) };
    match web.services.capsule_archive_get(&id).await {
        Ok(capsule) => (download_headers(&capsule.file_name), Body::from(capsule.bytes)).into_response(),
        Err(failure) => Problem::of(&failure).response(wants),
    }
}

/// Saved under a plain name, never shown: no sniffing, and a sandbox without any right if it were.
fn download_headers(file_name: &str) -> HeaderMap {
    let name: String = file_name
        .chars()
        .map(|it| if it.is_ascii_alphanumeric() || "-_.".contains(it) { it } else { '_' })
        .take(120)
        .collect();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/gzip"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_cannot_leave_its_quotes() {
        let headers = download_headers("a\"; filename=../../evil\r\nX: y.tar.gz");
        let shown = headers[header::CONTENT_DISPOSITION].to_str().unwrap_or_default();
        assert_eq!(shown, "attachment; filename=\"a___filename_.._.._evil__X__y.tar.gz\"");
    }
}
