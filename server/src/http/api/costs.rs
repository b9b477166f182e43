//! `/api/v1/costs`: the review of a month's costs, as JSON and as a table for spreadsheets.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use domain::{
    costs::{CostGrouping, CostReview, Month, Spend},
    job_draft::FieldError,
    money::NanoUsd,
};
use serde::Deserialize;
use services::ServiceError;
use utoipa::IntoParams;

use super::{ApiProblem, Web, extract::ApiQuery, model::CostReviewBody};
use crate::http::error::ProblemBody;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CostQuery {
    /// A calendar month in UTC, `2026-11`; without it, the month that it is now.
    month: Option<String>,
    /// What runs are put together by: `experiment` (without it), `instance`, `market`, `status`, `run` or `tag:<key>`.
    by: Option<String>,
}

async fn review(web: &Web, query: CostQuery) -> Result<(CostGrouping, CostReview), ApiProblem> {
    let mut errors = Vec::new();
    let month = match query.month.as_deref().map(Month::parse) {
        None => Some(Month::of(web.services.now())),
        Some(month) => {
            if month.is_none() {
                errors.push(FieldError::new("month", "give a month of the form `2026-11`"));
            }
            month
        }
    };
    let grouping = query.by.as_deref().map_or(Some(CostGrouping::default()), CostGrouping::parse);
    if grouping.is_none() {
        let message = "use one of `experiment`, `instance`, `market`, `status`, `run` or `tag:<key>`";
        errors.push(FieldError::new("by", message));
    }
    let (Some(month), Some(grouping)) = (month, grouping) else { return Err(ApiProblem::invalid(errors)) };
    let review = web.services.cost_review(month, &grouping, &Vec::new()).await?;
    Ok((grouping, review))
}

/// Review a month's costs.
///
/// Instances' billable seconds at the on-demand price of each run, cut at the month's ends. Storage, data transfer,
/// discounts and taxes are not included.
#[utoipa::path(
    get,
    path = "/api/v1/costs",
    tag = "costs",
    params(CostQuery),
    responses(
        (status = 200, body = CostReviewBody),
        (status = 422, description = "The query is wrong.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn cost_get(
    State(web): State<Web>,
    ApiQuery(query): ApiQuery<CostQuery>,
) -> Result<Json<CostReviewBody>, ApiProblem> {
    let (grouping, review) = review(&web, query).await?;
    Ok(Json(CostReviewBody::of(&grouping, review)))
}

/// Review a month's costs as a table.
///
/// Comma-separated, with a header and a line for each group, the dearest first; from the 200th on they are one line, as in
/// the JSON. Amounts are exact decimals in USD. Texts
/// that a spreadsheet would take for a formula begin with an apostrophe.
#[utoipa::path(
    get,
    path = "/api/v1/costs.csv",
    tag = "costs",
    params(CostQuery),
    responses(
        (status = 200, body = String, content_type = "text/csv"),
        (status = 422, description = "The query is wrong.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn cost_table_get(
    State(web): State<Web>,
    ApiQuery(query): ApiQuery<CostQuery>,
) -> Result<Response, ApiProblem> {
    let (grouping, review) = review(&web, query).await?;
    let name = format!("attachment; filename=\"costs-{}.csv\"", review.month);
    let table = table(&grouping, &review).map_err(|failure| {
        tracing::error!(%failure, "a table of costs cannot be written");
        ServiceError::Internal { what: "a table of costs" }
    })?;
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, table).into_response())
}

fn table(grouping: &CostGrouping, review: &CostReview) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let head = [
        "month",
        "grouping",
        "group",
        "currency",
        "spent",
        "final",
        "running",
        "saved_by_spot",
        "runs",
        "unpriced_runs",
    ];
    table.write_record(head)?;
    for group in &review.groups {
        let Spend { settled, running, saved_by_spot, runs, unpriced } = group.spend;
        let [spent, settled, running, saved] =
            [group.spend.total(), settled, running, saved_by_spot].map(NanoUsd::to_exact);
        table.write_record([
            review.month.to_string(),
            grouping.to_string(),
            domain::spreadsheet::cell(&group.label),
            "USD".to_owned(),
            spent,
            settled,
            running,
            saved,
            runs.to_string(),
            unpriced.to_string(),
        ])?;
    }
    table.into_inner().map_err(|failure| failure.into_error().into())
}
