//! `/api/v1/runs.csv` and `/api/v1/runs.json`: all runs that a search finds, with chosen columns.
//!
//! The ids are found first; then the table is written some runs at a time, as fast as the client takes it. A run that is
//! there no more when its turn comes is left out, and a failure on the way breaks the answer off, so that nobody takes a
//! part for the whole.

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use domain::{
    ids::RunId,
    run_search::{Field, ListedRun, Value},
    spreadsheet::cell,
    time::Timestamp,
};
use futures::stream;
use serde::Deserialize;
use serde_json::json;
use services::ServiceError;
use utoipa::IntoParams;

use super::{
    ApiProblem, Web,
    extract::{ApiQuery, run_columns, run_orders, run_search},
};
use crate::http::error::ProblemBody;

const DEFAULT_COLUMNS: &str = "name, experiment, status, created, duration, cost";
/// Runs that are read and written at once.
const CHUNK: usize = 500;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RunTableQuery {
    /// As of the list of runs.
    search: Option<String>,
    /// As of the list of runs.
    order: Option<String>,
    /// Fields as in a search, with commas between: `name, params.lr, metrics.loss, min(metrics.loss), cost`. Without it,
    /// `name, experiment, status, created, duration, cost`. The id comes before them.
    columns: Option<String>,
}

/// Export runs as a table.
///
/// Comma-separated, with a header that names the columns as a search does, and a line for each run that is not archived or
/// that the search asks for. Numbers are exact, dollars and percentages are plain decimals, durations are seconds, times
/// RFC 3339. Texts that a spreadsheet would take for a formula begin with an apostrophe.
#[utoipa::path(
    get,
    path = "/api/v1/runs.csv",
    tag = "runs",
    params(RunTableQuery),
    responses(
        (status = 200, body = String, content_type = "text/csv"),
        (status = 422, description = "The query is wrong.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn run_table_csv(
    State(web): State<Web>,
    ApiQuery(query): ApiQuery<RunTableQuery>,
) -> Result<Response, ApiProblem> {
    table(web, query, Format::Csv).await
}

/// Export runs as JSON.
///
/// An array of objects whose members are the columns, named as in a search; `null` where a run has no such value. NaN and
/// infinities are texts, dollars too, so that they stay exact; durations are seconds, times RFC 3339.
#[utoipa::path(
    get,
    path = "/api/v1/runs.json",
    tag = "runs",
    params(RunTableQuery),
    responses(
        (status = 200, body = Vec<Object>),
        (status = 422, description = "The query is wrong.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn run_table_json(
    State(web): State<Web>,
    ApiQuery(query): ApiQuery<RunTableQuery>,
) -> Result<Response, ApiProblem> {
    table(web, query, Format::Json).await
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

async fn table(web: Web, query: RunTableQuery, format: Format) -> Result<Response, ApiProblem> {
    let mut errors = Vec::new();
    let condition = run_search(query.search.as_deref(), &mut errors);
    let orders = run_orders(query.order.as_deref(), &mut errors);
    let mut columns = vec![Field::Id];
    let given = query.columns.as_deref().filter(|it| !it.trim().is_empty());
    columns
        .extend(run_columns(given.unwrap_or(DEFAULT_COLUMNS), &mut errors).into_iter().filter(|it| *it != Field::Id));
    if !errors.is_empty() {
        return Err(ApiProblem::invalid(errors));
    }
    let ids = web.services.run_search_ids(condition.as_ref(), &orders).await?;
    let (content_type, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"runs.csv\""),
        Format::Json => ("application/json", "attachment; filename=\"runs.json\""),
    };
    let now = web.services.now();
    let writer = TableWriter { web, ids, next: None, is_empty: true, columns, format, now };
    let body = Body::from_stream(stream::try_unfold(writer, TableWriter::step));
    Ok(([(header::CONTENT_TYPE, content_type), (header::CONTENT_DISPOSITION, name)], body).into_response())
}

/// A table on its way.
struct TableWriter {
    web: Web,
    ids: Vec<RunId>,
    /// Where the next runs begin; `None` before the head.
    next: Option<usize>,
    /// No run is written yet.
    is_empty: bool,
    columns: Vec<Field>,
    format: Format,
    now: Timestamp,
}

impl TableWriter {
    /// The next piece, and what writes the rest.
    async fn step(mut self) -> Result<Option<(Bytes, Self)>, ServiceError> {
        let Some(next) = self.next else {
            self.next = Some(0);
            let head = match self.format {
                Format::Csv => csv_lines([self.columns.iter().map(|it| cell(&it.to_string())).collect()])?,
                Format::Json => b"[".to_vec(),
            };
            return Ok(Some((head.into(), self)));
        };
        if next > self.ids.len() {
            return Ok(None);
        }
        let chunk = self.ids.get(next..(next + CHUNK).min(self.ids.len())).unwrap_or_default();
        let runs = self.web.services.run_listed(chunk, &self.columns).await?;
        let is_end = next + CHUNK >= self.ids.len();
        let piece = match self.format {
            Format::Csv => csv_lines(runs.iter().map(|it| self.csv_line(it)))?,
            Format::Json => {
                let mut piece = Vec::new();
                for run in &runs {
                    piece.extend_from_slice(if self.is_empty { b"\n" } else { b",\n" });
                    self.is_empty = false;
                    piece.extend_from_slice(self.json_object(run).to_string().as_bytes());
                }
                piece.extend_from_slice(if is_end { b"\n]\n" } else { b"" });
                piece
            }
        };
        self.next = Some(if is_end { self.ids.len() + 1 } else { next + CHUNK });
        Ok(Some((piece.into(), self)))
    }

    fn csv_line(&self, run: &ListedRun) -> Vec<String> {
        let shown = |field: &Field| match run.value(field, self.now) {
            Some(Value::Text(text)) => cell(&text),
            Some(value) => value.to_string(),
            None => String::new(),
        };
        self.columns.iter().map(shown).collect()
    }

    fn json_object(&self, run: &ListedRun) -> serde_json::Value {
        let member = |field: &Field| {
            let value = match run.value(field, self.now) {
                None => serde_json::Value::Null,
                Some(Value::Number(value)) if !value.is_finite() => json!(non_finite(value)),
                Some(Value::Number(value) | Value::Percent(value)) => json!(value),
                Some(Value::Seconds(seconds)) => json!(seconds),
                Some(Value::Flag(is_set)) => json!(is_set),
                Some(value @ (Value::Text(_) | Value::Dollars(_) | Value::Time(_))) => json!(value.to_string()),
            };
            (field.to_string(), value)
        };
        serde_json::Value::Object(self.columns.iter().map(member).collect())
    }
}

/// As everywhere in the API.
fn non_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

fn csv_lines(lines: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>, ServiceError> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let written: Result<(), csv::Error> = lines.into_iter().try_for_each(|it| table.write_record(it));
    let bytes = written.and_then(|()| table.into_inner().map_err(|failure| failure.into_error().into()));
    bytes.map_err(|failure| {
        tracing::error!(%failure, "a table of runs cannot be written");
        ServiceError::Internal { what: "a table of runs" }
    })
}
