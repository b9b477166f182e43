//! What lies under the pointer: the nearest point of every series, as text and as an overlay.

use std::fmt::Write;

use domain::series::Point;

use crate::{
    format::{value_text, x_text},
    plot::PlotArea,
    smooth::smoothed,
    spec::{ChartSeries, ChartSpec, series_class},
    svg::pixels,
    text::cleaned,
};

#[derive(Clone, Debug, PartialEq)]
pub struct Readout {
    /// The x value of the point that is nearest to the pointer, over all series.
    pub x: f64,
    /// Its place in the SVG's units: where the cursor line stands.
    pub x_pixel: f64,
    /// `step 1,200`, `2m 05s`, `2026-11-23 16:05:00 UTC`.
    pub x_text: String,
    /// One row for each series with a visible point; nearest to the pointer first when its y was given, else in the
    /// series' own order.
    pub rows: Vec<ReadoutRow>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ReadoutRow {
    /// The series' place in the slice that was asked about.
    pub series: usize,
    /// Cleaned of what must not be shown; escape it like any text.
    pub label: String,
    pub color_index: usize,
    pub point: Point,
    pub value_text: String,
    /// Where this point is; may differ from the readout's when the series has no point there.
    pub x_text: String,
    /// What the smoothed curve shows here; `None` when nothing is smoothed.
    pub smoothed: Option<f64>,
    pub smoothed_text: Option<String>,
    pub x_pixel: f64,
    /// On the curve in front; `None` for a value without a place (NaN, infinite, not above 0 on a log scale).
    pub y_pixel: Option<f64>,
}

/// The readout under a pointer, in the SVG's units. `None` when no point is visible.
pub fn readout(
    spec: &ChartSpec,
    series: &[ChartSeries],
    plot: &PlotArea,
    pointer_x: f64,
    pointer_y: Option<f64>,
) -> Option<Readout> {
    let mut readout = readout_at(spec, series, plot, plot.x_at(pointer_x))?;
    if let Some(pointer_y) = pointer_y {
        let distance = |row: &ReadoutRow| row.y_pixel.map_or(f64::INFINITY, |it| (it - pointer_y).abs());
        readout.rows.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
    }
    Some(readout)
}

/// The readout at an x value, for a cursor that several charts share.
pub fn readout_at(spec: &ChartSpec, series: &[ChartSeries], plot: &PlotArea, x: f64) -> Option<Readout> {
    let snapped = series
        .iter()
        .filter_map(|it| nearest(spec, it, plot, x))
        .map(|(_, point_x)| point_x)
        .min_by(|a, b| (a - x).abs().total_cmp(&(b - x).abs()))?;
    let rows = series
        .iter()
        .enumerate()
        .filter_map(|(index, it)| {
            let (at, point_x) = nearest(spec, it, plot, snapped)?;
            let point = it.points[at];
            let smoothed = spec.smoothing_weight().and_then(|weight| {
                smoothed(it.points.iter().take(at + 1).map(|point| point.value), weight).last().flatten()
            });
            Some(ReadoutRow {
                series: index,
                label: cleaned(it.label),
                color_index: it.color_index,
                point,
                value_text: value_text(point.value, spec.unit),
                x_text: x_text(spec.x, point_x),
                smoothed,
                smoothed_text: smoothed.map(|value| value_text(value, spec.unit)),
                x_pixel: plot.pixel_of_x(point_x),
                y_pixel: plot.pixel_of_y(smoothed.unwrap_or(point.value)),
            })
        })
        .collect();
    Some(Readout { x: snapped, x_pixel: plot.pixel_of_x(snapped), x_text: x_text(spec.x, snapped), rows })
}

/// The index and x of the visible point nearest to `x`; of several with the same x the last, which is the newest attempt.
fn nearest(spec: &ChartSpec, series: &ChartSeries, plot: &PlotArea, x: f64) -> Option<(usize, f64)> {
    series
        .points
        .iter()
        .enumerate()
        .map(|(index, point)| (index, series.x_of(spec.x, point)))
        .filter(|(_, point_x)| (plot.x_min..=plot.x_max).contains(point_x))
        .min_by(|a, b| (a.1 - x).abs().total_cmp(&(b.1 - x).abs()).then(b.0.cmp(&a.0)))
}

/// The cursor line and a dot on each curve, as an `<svg>` to lay over the chart at the same size.
pub fn overlay_svg(readout: &Readout, plot: &PlotArea) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart-overlay\" viewBox=\"0 0 {} {}\" \
         preserveAspectRatio=\"xMidYMid meet\" aria-hidden=\"true\"><path class=\"chart-cursor\" d=\"M{} {}V{}\"/>",
        plot.width,
        plot.height,
        pixels(readout.x_pixel),
        plot.top,
        plot.bottom,
    );
    for row in &readout.rows {
        if let Some(y) = row.y_pixel {
            let _ = write!(
                svg,
                "<g class=\"chart-series {}\"><circle class=\"chart-dot chart-cursor-dot\" cx=\"{}\" cy=\"{}\" \
                 r=\"4\"/></g>",
                series_class(row.color_index),
                pixels(row.x_pixel),
                pixels(y),
            );
        }
    }
    svg.push_str("</svg>");
    svg
}
