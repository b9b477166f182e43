//! Failures as HTTP, in one place: a status and one sentence, as a small page, JSON, text, or a problem of the REST API
//! (RFC 9457). Details go to the log only.

use axum::{
    Json,
    body::Body,
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Response},
};
use domain::job_draft::FieldError;
use serde::{Deserialize, Serialize};
use services::{EngineError, ServiceError};
use utoipa::ToSchema;

/// What the client would like to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    Page,
    Json,
    Text,
    /// Whoever calls the REST API, whatever their headers say.
    Problem,
    /// An MLflow client.
    Mlflow,
}

/// Whether what is at this path is called by programs alone: what is not there is no page then.
pub fn is_for_programs(path: &str) -> bool {
    path.starts_with(super::api::PREFIX) || super::mlflow::is_ours(path)
}

impl Wants {
    pub fn of_request(path: &str, headers: &HeaderMap) -> Self {
        if super::mlflow::is_ours(path) {
            Self::Mlflow
        } else if is_for_programs(path) {
            Self::Problem
        } else {
            Self::of(headers)
        }
    }

    pub fn of(headers: &HeaderMap) -> Self {
        let accept = headers.get(header::ACCEPT).and_then(|it| it.to_str().ok()).unwrap_or_default();
        if accept.contains("text/html") {
            Self::Page
        } else if accept.contains("application/json") {
            Self::Json
        } else {
            Self::Text
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Wants {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(&parts.headers))
    }
}

/// A failure that can be shown: it holds nothing that is not for the client's eyes.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    message: String,
    allow: Option<String>,
    errors: Vec<FieldError>,
}

/// `application/problem+json`, RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Always `about:blank`: the status says what kind of problem it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    pub status: u16,
    /// What is wrong and what to do, for people.
    pub detail: String,
    /// The wrong fields, each with the rule and the cure; left out when no field is to blame.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
}

/// A wrong field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemField {
    /// A field of the body, or the path of a member of CreateTrainingJob, with an index for rows.
    #[schema(example = "ResourceConfig.InstanceType")]
    pub field: String,
    pub message: String,
}

impl Problem {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), allow: None, errors: Vec::new() }
    }

    /// Input with wrong fields.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let message = "Nothing was done, because something in the request is wrong; `errors` has each wrong field.";
        Self { errors, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, message) }
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing at this address.")
    }

    pub fn bad_host() -> Self {
        Self::new(
            StatusCode::MISDIRECTED_REQUEST,
            "Trainyard is not known by this host name. If it should be, start it with --allowed-host NAME.",
        )
    }

    pub fn wrong_method(allowed: &[&str]) -> Self {
        let problem = Self::new(StatusCode::METHOD_NOT_ALLOWED, "This address cannot be called in this way.");
        Self { allow: Some(allowed.join(", ")), ..problem }
    }

    /// The one place where a use case's failure becomes a status. A failure of ours is logged here, with its causes.
    pub fn of(failure: &ServiceError) -> Self {
        let status = match failure {
            ServiceError::NotFound { .. } | ServiceError::Engine(EngineError::NotFound) => StatusCode::NOT_FOUND,
            ServiceError::Engine(EngineError::Rejected { .. } | EngineError::NameInUse) => StatusCode::CONFLICT,
            ServiceError::Engine(
                EngineError::Throttled | EngineError::Unreachable { .. } | EngineError::Unknown { .. },
            ) => StatusCode::BAD_GATEWAY,
            ServiceError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            ServiceError::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::error!(error = %failure.chain(), status = status.as_u16(), "a request failed");
        }
        Self::new(status, failure.public_message())
    }

    pub fn response(self, wants: Wants) -> Response {
        let Self { status, message, allow, errors } = self;
        let mut answer = match wants {
            Wants::Page => page(status, &message),
            Wants::Json => Json(serde_json::json!({ "status": status.as_u16(), "message": message })).into_response(),
            Wants::Text => format!("{message}\n").into_response(),
            Wants::Problem => problem_json(status, message, errors),
            Wants::Mlflow => super::mlflow::error_body(status, &message).into_response(),
        };
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        if let Some(allow) = allow.and_then(|it| HeaderValue::from_str(&it).ok()) {
            headers.insert(header::ALLOW, allow);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::BAD_GATEWAY {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("3"));
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }
}

fn problem_json(status: StatusCode, detail: String, errors: Vec<FieldError>) -> Response {
    let errors = errors.into_iter().map(|it| ProblemField { field: it.field, message: it.message }).collect();
    let title = status.canonical_reason().unwrap_or("Something went wrong").to_owned();
    let body = ProblemBody { kind: "about:blank".to_owned(), title, status: status.as_u16(), detail, errors };
    ([(header::CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
}

/// Plain, with the stylesheet of the other pages; needs nothing else to work.
fn page(status: StatusCode, message: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Something went wrong");
    let css = super::static_files::assets().css;
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} · Trainyard</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <link rel=\"stylesheet\" href=\"{css}\"></head><body><main class=\"error-page\"><h1>{title}</h1>\
         <p>{message}</p><p><a href=\"/\">To the overview</a></p></main></body></html>",
        title = escape(title),
        css = escape(&css),
        message = escape(message),
    );
    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; \
                  form-action 'none'; frame-ancestors 'none'";
    let mut answer = Html(html).into_response();
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    answer
}

/// What a panic becomes. The panic itself is logged by the hook, with its place.
pub fn panicked(_: Box<dyn std::any::Any + Send + 'static>) -> Response<Body> {
    let message = "Something failed inside Trainyard; the server's log has the details.";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, message).response(Wants::Page)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        assert_eq!(escape("<a href=\"x\" b='y'>&</a>"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;&lt;/a&gt;");
    }

    #[test]
    fn the_answer_is_in_the_form_that_was_asked_for() {
        for (accept, content_type) in [
            ("text/html,application/xhtml+xml", "text/html; charset=utf-8"),
            ("application/json", "application/json"),
            ("*/*", "text/plain; charset=utf-8"),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            let answer = Problem::not_found().response(Wants::of(&headers));
            assert_eq!(answer.status(), StatusCode::NOT_FOUND);
            assert_eq!(answer.headers()[header::CONTENT_TYPE], content_type);
        }
    }
}
