//! `GET /api/v1/runs/{id}/metrics`: the curves of a run.

use axum::{
    Json,
    extract::{Path, State},
};
use domain::series::{Point, Series};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    ApiProblem, Web,
    extract::{ApiQuery, run_exact},
    model::{MetricsBody, PointBody, SeriesBody},
};
use crate::http::error::ProblemBody;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MetricsQuery {
    /// Thin each longer curve to about this many points, its shape, ends and peaks kept; without it, every point.
    max_points: Option<u32>,
}

/// Read the metrics of a run.
///
/// Those that were read from its log and from CloudWatch, and those of its instances.
#[utoipa::path(
    get,
    path = "/api/v1/runs/{id}/metrics",
    tag = "runs",
    params(("id" = String, Path, description = "A run's id or its job name."), MetricsQuery),
    responses(
        (status = 200, body = MetricsBody),
        (status = 404, description = "No such run.", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn run_metrics(
    State(web): State<Web>,
    Path(id): Path<String>,
    ApiQuery(query): ApiQuery<MetricsQuery>,
) -> Result<Json<MetricsBody>, ApiProblem> {
    let run = run_exact(&web, &id).await?;
    let series = web.services.run_series(&run.id, query.max_points).await?;
    Ok(Json(MetricsBody { series: series.into_iter().map(curve).collect() }))
}

fn curve(series: Series) -> SeriesBody {
    let Series { key, points } = series;
    let point = |it: Point| PointBody { step: it.step, at: it.at.to_rfc3339(), value: it.value };
    SeriesBody {
        name: key.name,
        source: key.source.as_str().to_owned(),
        host: key.host,
        points: points.into_iter().map(point).collect(),
    }
}
