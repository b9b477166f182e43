//! `GET /api/v1/runs/{id}/logs`: a run's log, page by page. To follow it, ask for the next page and let the server wait.

use std::time::Duration;

use axum::{
    Json,
    extract::{Path, State},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{job_draft::FieldError, log::LogLine};
use serde::Deserialize;
use services::{LogCursor, RunLogPage};
use tokio::time::Instant;
use utoipa::IntoParams;

use super::{
    ApiProblem, Web,
    extract::{ApiQuery, run_exact},
    model::{LogLineBody, LogPageBody},
};
use crate::http::error::ProblemBody;

const DEFAULT_LINES: u32 = 1_000;
const MAX_LINES: u32 = 2_000;
/// Below what an answer may take to begin.
const MAX_WAIT_SECONDS: u32 = 20;
/// How often the engine is asked while a follower waits.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LogQuery {
    /// `next_cursor` of the page before; without it, from the beginning.
    cursor: Option<String>,
    /// How many lines, about: 1 to 2,000, 1,000 without it.
    limit: Option<u32>,
    /// Wait this long for a line before an empty page is the answer: up to 20 seconds.
    wait_seconds: Option<u32>,
}

/// Read the log of a run.
///
/// Go on with `next_cursor` until `has_more` is false. To follow a run, go on with `wait_seconds` until `is_over` is true
/// and there is no more.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{id}/logs",
    tag = "runs",
    params(("id" = String, Path, description = "A run's id or its job name."), LogQuery),
    responses(
        (status = 200, body = LogPageBody),
        (status = 404, description = "No such run.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The cursor or a limit is wrong.", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "The training engine did not give the log.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn run_logs(
    State(web): State<Web>,
    Path(id): Path<String>,
    ApiQuery(query): ApiQuery<LogQuery>,
) -> Result<Json<LogPageBody>, ApiProblem> {
    let (cursor, limit, wait) = query.parse()?;
    let run = run_exact(&web, &id).await?;
    let until = Instant::now() + wait;
    loop {
        let page = web.services.run_log_page(&run.id, &cursor, limit).await?;
        let is_wanted = !page.lines.is_empty() || page.has_more || page.is_over;
        if is_wanted || web.stop.is_cancelled() || Instant::now() + PAUSE > until {
            return Ok(Json(body(page)));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

impl LogQuery {
    fn parse(&self) -> Result<(LogCursor, u32, Duration), ApiProblem> {
        let mut errors = Vec::new();
        let cursor = self.cursor.as_deref().map_or_else(|| Some(LogCursor::default()), cursor_parse);
        if cursor.is_none() {
            let message = "this is no cursor of ours: pass `next_cursor` as it came, or nothing to begin anew";
            errors.push(FieldError::new("cursor", message));
        }
        let limit = self.limit.unwrap_or(DEFAULT_LINES);
        if !(1..=MAX_LINES).contains(&limit) {
            errors.push(FieldError::new("limit", format!("a page has 1 to {MAX_LINES} lines")));
        }
        let wait = self.wait_seconds.unwrap_or_default();
        if wait > MAX_WAIT_SECONDS {
            errors
                .push(FieldError::new("wait_seconds", format!("the server waits {MAX_WAIT_SECONDS} seconds at most")));
        }
        match cursor {
            Some(cursor) if errors.is_empty() => Ok((cursor, limit, Duration::from_secs(wait.into()))),
            _ => Err(ApiProblem::invalid(errors)),
        }
    }
}

fn cursor_parse(text: &str) -> Option<LogCursor> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

fn cursor_text(cursor: &LogCursor) -> String {
    // A map of texts: there is nothing in it that JSON cannot say.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor).unwrap_or_default())
}

fn body(page: RunLogPage) -> LogPageBody {
    let line = |it: LogLine| LogLineBody {
        at: it.at.to_rfc3339(),
        host: it.host,
        text: it.text,
        truncated_chars: it.truncated_chars,
    };
    LogPageBody {
        lines: page.lines.into_iter().map(line).collect(),
        next_cursor: cursor_text(&page.next),
        has_more: page.has_more,
        is_over: page.is_over,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went_and_nothing_else_does() {
        let beginning = LogCursor::default();
        assert_eq!(cursor_parse(&cursor_text(&beginning)), Some(beginning));
        for wrong in ["", "x", "e30=", "W10"] {
            assert_eq!(cursor_parse(wrong), None, "{wrong:?}");
        }
    }
}
