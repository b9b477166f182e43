//! S3: `s3s` reads requests and writes answers, `ops` does what they ask for, `store` keeps the objects as plain files
//! that the jobs read and write without HTTP.
//!
//! What the SDKs wrap around a request comes off first: signatures and the framing of streams. Where keys are configured
//! the head was verified before, and what it says of the body is held against the body here.

mod auth;
pub(crate) mod chunked;
mod details;
pub(crate) mod lookup;
mod ops;
mod payload;
mod seal;
pub(crate) mod store;

use std::path::Path;

use anyhow::Context as _;
use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use s3s::dto::Range;
use s3s::service::{S3Service, S3ServiceBuilder};

use self::details::Asked;
use crate::signature::{Caller, Verified};
use crate::wire::query::escape;
use crate::{clock, wire};

/// More than any error of S3 says.
const MAX_ERROR_BYTES: usize = 64 << 10;

/// Headers that name the account which a bucket must belong to.
const OWNERS: [HeaderName; 2] = [
    HeaderName::from_static("x-amz-expected-bucket-owner"),
    HeaderName::from_static("x-amz-source-expected-bucket-owner"),
];

/// Parameters that are a number of 32 bits. `s3s` refuses others in words of its own.
const COUNTS: [&str; 4] = ["max-keys", "max-parts", "max-uploads", "part-number-marker"];

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amz-request-id");

/// The region that a request is signed for, which is the region of the endpoint that its sender means.
#[derive(Debug, Clone)]
struct SignedFor(String);

/// The buckets.
pub(crate) struct Objects {
    account: String,
    service: S3Service,
}

impl Objects {
    pub(crate) fn open(root: &Path, account: &str, region: &str) -> anyhow::Result<Self> {
        // Nobody knows any more what these bytes were to become.
        let incoming = root.join(".incoming");
        if incoming.is_dir() {
            std::fs::remove_dir_all(&incoming)
                .with_context(|| format!("the unfinished uploads in {} could not be removed", incoming.display()))?;
        }
        let (account, region) = (account.to_owned(), region.to_owned());
        let buckets = ops::Buckets { store: store::Store::new(root.to_owned()), account: account.clone(), region };
        Ok(Self { account, service: S3ServiceBuilder::new(buckets).build() })
    }

    /// `verified` is what a signature says of the body; `None` where signatures are not read.
    pub(crate) async fn call(&self, mut head: Parts, body: Body, verified: Option<Verified>) -> Response {
        if let Some(region) = Caller::of(&head).region {
            head.extensions.insert(SignedFor(region));
        }
        if !auth::strip(&mut head, clock::now_ms()) {
            return refused(403, "AccessDenied", "Request has expired");
        }
        let owned = |name: &HeaderName| head.headers.get(name).is_none_or(|owner| owner == self.account.as_str());
        if !OWNERS.iter().all(owned) {
            return refused(403, "AccessDenied", "Access Denied");
        }
        if let Some(name) = unreadable_count(&head) {
            let message = format!("Provided {name} not an integer or within integer range");
            return refused(400, "InvalidArgument", &message);
        }
        quote_tags(&mut head.headers);
        drop_unreadable_range(&mut head.headers);
        let asked = Asked::of(&head);
        let body = match plain_body(&mut head, body, verified).await {
            Ok(body) => body,
            Err(error) => return refused(error.status().as_u16(), error.0, &error.1),
        };
        let request = Request::from_parts(head, s3s::Body::http_body_unsync(body));
        let mut response = match self.service.call(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => {
                tracing::error!(error = ?error, "an S3 request failed");
                refused(500, "InternalError", "We encountered an internal error. Please try again.")
            }
        };
        // `s3s` knows this of GetObject, not of HeadObject.
        if response.status() == StatusCode::OK && response.headers().contains_key(header::CONTENT_RANGE) {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        if response.status() == StatusCode::NOT_MODIFIED {
            *response.body_mut() = Body::empty();
            response.headers_mut().remove(header::CONTENT_LENGTH);
            response.headers_mut().remove(header::CONTENT_TYPE);
        } else if response.status().is_client_error() || response.status().is_server_error() {
            response = with_message(response, &asked).await;
        }
        if let Ok(id) = HeaderValue::from_str(&wire::request_id()) {
            response.headers_mut().entry(REQUEST_ID).or_insert(id);
        }
        response
    }
}

/// The body without its framing, and as its signature says; a long one says so when it ends.
async fn plain_body(head: &mut Parts, body: Body, verified: Option<Verified>) -> Result<Body, chunked::Malformed> {
    let (body, chunks) = match verified {
        Some(verified) => (payload::checked(&head.headers, body, &verified.payload).await?, verified.chunks),
        None => (body, None),
    };
    if !chunked::is_chunked(&head.headers) {
        return Ok(body);
    }
    let (plain, trailers) = chunked::unframe(&mut head.headers, body, chunks)?;
    head.extensions.insert(trailers);
    Ok(plain)
}

/// Entity tags in conditions may come without their quotes, or without one of them.
fn quote_tags(headers: &mut HeaderMap) {
    let names = [
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        HeaderName::from_static("x-amz-copy-source-if-match"),
        HeaderName::from_static("x-amz-copy-source-if-none-match"),
    ];
    for name in names {
        if let Some(tag) = headers.get(&name).and_then(|value| value.to_str().ok())
            && tag != "*"
            && !tag.starts_with("W/")
            && let Ok(quoted) = HeaderValue::from_str(&format!("\"{}\"", tag.trim_matches('"')))
        {
            headers.insert(name, quoted);
        }
    }
}

/// S3 reads past a range that is none, and sends the whole object.
fn drop_unreadable_range(headers: &mut HeaderMap) {
    let is_one = |range: &HeaderValue| range.to_str().is_ok_and(|text| text != "bytes=-" && Range::parse(text).is_ok());
    if !headers.get(header::RANGE).is_none_or(is_one) {
        headers.remove(header::RANGE);
    }
}

/// The first parameter that should be a number and is none.
fn unreadable_count(head: &Parts) -> Option<&'static str> {
    let pairs = head.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(_, value)| !value.is_empty() && value.parse::<i32>().is_err())
        .find_map(|(name, _)| COUNTS.into_iter().find(|count| *count == name))
}

/// `s3s` leaves the message out of errors that need none; clients print it without asking.
async fn with_message(response: Response, asked: &Asked) -> Response {
    let (mut head, body) = response.into_parts();
    let text = match Limited::new(body, MAX_ERROR_BYTES).collect().await {
        Ok(collected) => String::from_utf8_lossy(&collected.to_bytes()).into_owned(),
        Err(_) => String::new(),
    };
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let message = match code {
        Some(_) if text.contains("<Message>") => {
            head.headers.remove(header::CONTENT_LENGTH);
            let text = asked.complete(&text, code.unwrap_or_default());
            return Response::from_parts(head, Body::from(text));
        }
        Some("NotImplemented") => "The local endpoint does not provide this S3 operation.",
        Some("InvalidBucketName") => "The specified bucket is not valid.",
        Some("KeyTooLongError") => "Your key is too long",
        Some("InvalidURI") => "Couldn't parse the specified URI.",
        Some("MethodNotAllowed") => "The specified method is not allowed against this resource.",
        Some("MalformedXML") => {
            "The XML you provided was not well-formed or did not validate against our published schema"
        }
        Some("InternalError") => "We encountered an internal error. Please try again.",
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
