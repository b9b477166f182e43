//! What requests bring, parsed at the border: queries, bodies, the run that a path names, the idempotency key.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    extract::{FromRequestParts, Query},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use bytes::{Bytes, BytesMut};
use domain::{
    job_draft::FieldError,
    run::Run,
    run_search::{Condition, Field, Order, SearchFault},
};
use futures::StreamExt as _;
use serde::de::DeserializeOwned;
use services::RunMatch;

use super::{ApiProblem, Problem, Web};

/// As in the Internet-Draft of this name: one per request that is meant once.
pub(super) const IDEMPOTENCY_KEY: &str = "idempotency-key";
const MAX_KEY_CHARS: usize = 200;
/// A body that stands still for this long is given up.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(30);

/// The query, or a problem that says what is wrong with it.
pub(super) struct ApiQuery<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = ApiProblem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiProblem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(query)) => Ok(Self(query)),
            Err(rejection) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, rejection.body_text()).into()),
        }
    }
}

/// What `search` asks for; a fault is told as the field's.
pub(super) fn run_search(text: Option<&str>, errors: &mut Vec<FieldError>) -> Option<Condition> {
    read_as("search", Condition::parse(text.unwrap_or_default()), errors)
}

/// The same of `order`.
pub(super) fn run_orders(text: Option<&str>, errors: &mut Vec<FieldError>) -> Vec<Order> {
    read_as("order", Order::parse_list(text.unwrap_or_default()), errors)
}

/// The same of `columns`.
pub(super) fn run_columns(text: &str, errors: &mut Vec<FieldError>) -> Vec<Field> {
    read_as("columns", Field::parse_list(text), errors)
}

fn read_as<T: Default>(field: &str, read: Result<T, SearchFault>, errors: &mut Vec<FieldError>) -> T {
    read.unwrap_or_else(|fault| {
        errors.push(FieldError::new(field, fault.to_string()));
        T::default()
    })
}

/// The run whose id or whole job name this is.
pub(super) async fn run_exact(web: &Web, text: &str) -> Result<Run, ApiProblem> {
    web.services.run_find(text).await?.ok_or_else(no_run)
}

/// The same, or the only one whose id or job name begins with it.
pub(super) async fn run_by_prefix(web: &Web, text: &str) -> Result<Run, ApiProblem> {
    match web.services.run_match(text).await? {
        RunMatch::One(run) => Ok(*run),
        RunMatch::None => Err(no_run()),
        RunMatch::Several => {
            let message = "More than one run begins with this: give more characters of its id or job name.";
            Err(Problem::new(StatusCode::CONFLICT, message).into())
        }
    }
}

fn no_run() -> ApiProblem {
    Problem::new(StatusCode::NOT_FOUND, "There is no run of this id or job name.").into()
}

/// The caller's key, with or without the quotes that the Internet-Draft asks for; `None` without the header.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiProblem> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let text = match (given.next(), given.next()) {
        (None, _) => return Ok(None),
        (Some(one), None) => one.to_str().ok(),
        (Some(_), Some(_)) => None,
    };
    let key = text.map(|it| it.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(it));
    let is_key = |it: &&str| {
        !it.is_empty() && it.len() <= MAX_KEY_CHARS && it.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"')
    };
    key.filter(is_key).map(|it| Some(it.to_owned())).ok_or_else(|| {
        let message = "give one key of 1 to 200 visible ASCII characters, for example a random UUID";
        ApiProblem::invalid(vec![FieldError::new("Idempotency-Key", message)])
    })
}

/// A JSON body. A browser on another site cannot send this type without asking first.
pub(super) async fn json_body<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, ApiProblem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if content_type.split(';').next().map(str::trim) != Some("application/json") {
        let message = "This is called with a JSON body: send it with `Content-Type: application/json`.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message).into());
    }
    let bytes = read_body(body).await?;
    serde_json::from_slice(&bytes).map_err(|failure| {
        ApiProblem::invalid(vec![FieldError::new("body", format!("this cannot be read: {failure}"))])
    })
}

/// The whole body; `policy` limits how long it may be.
pub(super) async fn read_body(body: Body) -> Result<Bytes, ApiProblem> {
    let mut chunks: BodyDataStream = body.into_data_stream();
    let mut kept = BytesMut::new();
    let stalled = || Problem::new(StatusCode::REQUEST_TIMEOUT, "The request did not arrive in time.");
    while let Some(chunk) = tokio::time::timeout(CHUNK_TIMEOUT, chunks.next()).await.map_err(|_| stalled())? {
        let broken =
            || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "The request broke off or is larger than it may be.");
        kept.extend_from_slice(&chunk.map_err(|_| broken())?);
    }
    Ok(kept.freeze())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn key(values: &[&str]) -> Result<Option<String>, ApiProblem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_str(value).expect("a header"));
        }
        idempotency_key(&headers)
    }

    #[test]
    fn a_key_is_one_word_with_or_without_quotes() {
        assert!(matches!(key(&[]), Ok(None)));
        assert_eq!(key(&["8e03978e-40d5"]).expect("a key").as_deref(), Some("8e03978e-40d5"));
        assert_eq!(key(&["\"8e03978e\""]).expect("a key").as_deref(), Some("8e03978e"));
        for wrong in ["", "\"\"", "two words", "a\"b", &"x".repeat(201)] {
            assert!(key(&[wrong]).is_err(), "{wrong:?}");
        }
        assert!(key(&["one", "two"]).is_err());
    }
}
