//! S3 by `s3s` (protocol) and `s3s-fs` (a folder as store), behind what the SDKs wrap around a request.
//!
//! Objects are plain files at `<root>/<bucket>/<key>`: the jobs read and write them without HTTP. What the store does
//! otherwise than S3, and would hurt, is answered here: a folder is no object, a bucket that holds objects is not
//! deleted, and one's own bucket may be created again.

mod auth;
mod chunked;
pub(crate) mod lookup;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;

use crate::wire::query::{escape, percent_decode};
use crate::{clock, wire};

/// More than any error of S3 says.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// The longest name of a file on Linux and macOS.
const MAX_FILE_NAME: usize = 255;

/// The buckets.
pub(crate) struct Objects {
    root: PathBuf,
    service: S3Service,
}

impl Objects {
    pub(crate) fn open(root: &Path) -> anyhow::Result<Self> {
        let files = FileSystem::new(root)
            .map_err(|error| anyhow::anyhow!("{error:?}"))
            .with_context(|| format!("the buckets in {} could not be opened", root.display()))?;
        Ok(Self { root: root.to_owned(), service: S3ServiceBuilder::new(files).build() })
    }

    pub(crate) async fn call(&self, mut head: Parts, body: Body) -> Response {
        if !auth::strip(&mut head, clock::now_ms()) {
            return refused(403, "AccessDenied", "Request has expired");
        }
        let Some(path) = percent_decode(head.uri.path().replace('+', "%2B").as_bytes()) else {
            return refused(400, "InvalidURI", "Couldn't parse the specified URI.");
        };
        let (bucket, key) = path.trim_start_matches('/').split_once('/').unwrap_or((path.trim_start_matches('/'), ""));
        if path.split('/').any(|part| part == ".." || part == ".") || path.contains('\0') {
            return refused(
                400,
                "InvalidRequest",
                "The local endpoint keeps objects as files: a key cannot hold the parts . and ...",
            );
        }
        // The store repeats `encoding-type=url` without encoding the keys: clients would decode what is plain.
        auth::drop_parameters(&mut head, &["encoding-type"]);
        if is_too_long(&head, bucket, key) {
            return refused(400, "KeyTooLongError", "Your key is too long: the local endpoint keeps about 150 bytes.");
        }
        if let Some(answer) = self.answer_first(&head, bucket, key).await {
            return answer;
        }
        let body = if chunked::is_chunked(&head.headers) {
            match chunked::unframe(&mut head.headers, body, &self.root).await {
                Ok(body) => body,
                Err(chunked::Malformed(code, message)) => {
                    return refused(if code == "InternalError" { 500 } else { 400 }, code, &message);
                }
            }
        } else {
            body
        };
        let reads_object = !key.is_empty() && (head.method == Method::GET || head.method == Method::HEAD);
        let request = Request::from_parts(head, s3s::Body::http_body_unsync(body));
        let mut response = match self.service.call(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => {
                tracing::error!(error = ?error, "an S3 request failed");
                refused(500, "InternalError", "We encountered an internal error. Please try again.")
            }
        };
        if response.status().is_client_error() || response.status().is_server_error() {
            return with_message(response).await;
        }
        if reads_object && response.status().is_success() {
            // S3's type for objects that were stored without one, as the jobs' artifacts are.
            let headers = response.headers_mut();
            headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("binary/octet-stream"));
        }
        response
    }

    /// What is not left to the store.
    async fn answer_first(&self, head: &Parts, bucket: &str, key: &str) -> Option<Response> {
        let plain = head.uri.query().is_none_or(|query| query.is_empty() || query.starts_with("x-id="));
        let (root, bucket, key) = (self.root.clone(), bucket.to_owned(), key.to_owned());
        let method = head.method.clone();
        let creates_bucket = method == Method::PUT && key.is_empty();
        let look = move || match method {
            // The store would make the folder of an unknown bucket on the way.
            _ if !(bucket.is_empty() || creates_bucket)
                && lookup::path_of(&root, &bucket, "").is_some_and(|path| !path.is_dir()) =>
            {
                Some(refused(404, "NoSuchBucket", "The specified bucket does not exist"))
            }
            Method::GET | Method::HEAD if !key.is_empty() && plain => {
                let is_folder =
                    key.ends_with('/') || lookup::path_of(&root, &bucket, &key).is_some_and(|path| path.is_dir());
                is_folder.then(|| refused(404, "NoSuchKey", "The specified key does not exist."))
            }
            Method::DELETE if key.is_empty() && plain => lookup::has_objects(&root, &bucket, "")
                .then(|| refused(409, "BucketNotEmpty", "The bucket you tried to delete is not empty")),
            Method::PUT if key.is_empty() && plain => {
                let exists = lookup::path_of(&root, &bucket, "").is_some_and(|path| path.is_dir());
                exists.then(|| {
                    let mut response = Response::new(Body::empty());
                    if let Ok(location) = HeaderValue::from_str(&format!("/{bucket}")) {
                        response.headers_mut().insert(header::LOCATION, location);
                    }
                    response
                })
            }
            _ => None,
        };
        tokio::task::spawn_blocking(look).await.ok().flatten()
    }
}

/// The store keeps what it knows about an object in a file whose name holds the key in base64, and fails with half an
/// upload done when that name is longer than a file's name may be.
fn is_too_long(head: &Parts, bucket: &str, key: &str) -> bool {
    let query = head.uri.query().unwrap_or_default();
    let upload = match head.method {
        Method::PUT => "",
        Method::POST if query.split('&').any(|pair| pair == "uploads" || pair == "uploads=") => {
            ".upload-00000000-0000-0000-0000-000000000000"
        }
        _ => return false,
    };
    let base64 = |text: &str| (text.len() * 4).div_ceil(3);
    let fixed = ".bucket-.object-.metadata.json".len() + upload.len();
    base64(bucket) + base64(key) + fixed > MAX_FILE_NAME
}

/// `s3s` leaves the message out of errors that need none; clients print it without asking.
async fn with_message(response: Response) -> Response {
    let (head, body) = response.into_parts();
    let text = match Limited::new(body, MAX_ERROR_BYTES).collect().await {
        Ok(collected) => String::from_utf8_lossy(&collected.to_bytes()).into_owned(),
        Err(_) => String::new(),
    };
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let message = match code {
        Some(_) if text.contains("<Message>") => return Response::from_parts(head, Body::from(text)),
        Some("NoSuchKey") => "The specified key does not exist.",
        Some("NoSuchUpload") => "The specified multipart upload does not exist. It may have been aborted or completed.",
        Some("NotImplemented") => "The local endpoint does not provide this S3 operation.",
        Some("InvalidRange") => "The requested range is not satisfiable",
        Some("BadDigest") => "The Content-MD5 or checksum you specified did not match what we received.",
        Some("InvalidBucketName") => "The specified bucket is not valid.",
        Some("EntityTooSmall") => "Your proposed upload is smaller than the minimum allowed object size.",
        _ => "The request was refused.",
    };
    refused(head.status.as_u16(), code.unwrap_or("InternalError"), message)
}

/// An error in S3's form.
pub(crate) fn refused(status: u16, code: &str, message: &str) -> Response {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{}</Message><RequestId>{}</RequestId></Error>",
        escape(message),
        wire::request_id()
    );
    let mut response = Response::new(Body::from(xml));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}
