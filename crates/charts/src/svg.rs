//! The chart itself: grid, ticks, curves and markers composed into one SVG text.

use std::fmt::Write;

use crate::{
    describe::{self, Notice},
    domain_range::{YAxis, y_axis},
    layer::LayerArea,
    plot::{Frame, PlotArea},
    prepare::{Gap, Prepared, thinned, x_extent},
    spec::{ChartSeries, ChartSpec, XAxis, series_class},
    text::escaped,
    ticks::{Tick, x_ticks},
};

/// A drawn chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// One `<svg>` element, safe to insert as it is.
    pub svg: String,
    /// Where the plot is and what it spans, to map a pointer back to data.
    pub plot: PlotArea,
}

/// Markers of one kind nearer to each other than this would be a smear.
const MARK_SPACING: f64 = 7.0;
/// Half the width of a tick label's character at 11 px, for keeping the outermost labels inside.
const HALF_CHARACTER: f64 = 3.2;

pub fn chart_svg(spec: &ChartSpec, series: &[ChartSeries]) -> Chart {
    let frame = Frame::of(spec);
    let data_range = x_extent(spec, series);
    let x_range = spec.valid_x_range().or(data_range).unwrap_or((0.0, 1.0));
    let prepared: Vec<Prepared> = series.iter().map(|it| Prepared::new(spec, it, x_range)).collect();
    let extent = prepared.iter().filter_map(Prepared::extent).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let y = y_axis(spec.y_scale, spec.unit, extent, frame.plot_height());
    let plot = PlotArea::new(&frame, spec, x_range, (y.min, y.max));

    let mut svg = String::with_capacity(4_096);
    let (width, height) = (frame.width, frame.height);
    // No <title>: browsers show it as a tooltip over the whole chart, where the readout is. The label says the same.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" preserveAspectRatio=\"xMidYMid meet\" role=\"img\" aria-label=\"{}\"><desc>{}</desc>",
        escaped(&describe::label(spec, series)),
        escaped(&describe::description(spec, series)),
    );
    let notice = Notice::of(spec, series, &prepared);
    push_y_axis(&mut svg, &frame, &plot, &y, notice != Notice::Nothing);
    if data_range.is_some() || spec.valid_x_range().is_some() {
        push_x_axis(&mut svg, &frame, &plot, spec.x);
    }
    let area = LayerArea {
        left: frame.left,
        top: frame.top,
        width: frame.plot_width(),
        height: frame.plot_height(),
        x: x_range,
        y: (spec.y_scale.place(y.min).unwrap_or(0.0), spec.y_scale.place(y.max).unwrap_or(1.0)),
    };
    for (series, prepared) in series.iter().zip(&prepared) {
        push_series(&mut svg, &area, &plot, series, prepared);
    }
    if let Some(text) = notice.text() {
        let (x, y) = (frame.left + frame.plot_width() / 2, frame.top + frame.plot_height() / 2);
        let _ = write!(svg, "<text class=\"chart-empty\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{text}</text>");
    }
    svg.push_str("</svg>");
    Chart { svg, plot }
}

/// One decimal, without `.0`.
pub(crate) fn pixels(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

pub(crate) fn push_y_axis(svg: &mut String, frame: &Frame, plot: &PlotArea, axis: &YAxis, has_data: bool) {
    let mut grid = String::new();
    let mut labels = String::new();
    for tick in &axis.ticks {
        // Half pixels: a line of one pixel is sharp there.
        let y = plot.pixel_of_y(tick.value).unwrap_or(plot.bottom).round();
        if y < plot.bottom - 1.0 {
            let _ = write!(grid, "M{} {y}.5H{}", frame.left, frame.right);
        }
        let _ = write!(
            labels,
            "<text class=\"chart-tick\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            frame.left - 8,
            y + 4.0,
            escaped(&tick.label),
        );
    }
    let _ = write!(svg, "<path class=\"chart-grid\" d=\"{grid}\"/>");
    let _ = write!(svg, "<path class=\"chart-axis\" d=\"M{} {}.5H{}\"/>", frame.left, frame.bottom, frame.right);
    if has_data {
        svg.push_str(&labels);
    }
}

fn push_x_axis(svg: &mut String, frame: &Frame, plot: &PlotArea, axis: XAxis) {
    let ticks = x_ticks(axis, (plot.x_min, plot.x_max), frame.plot_width());
    let mut marks = String::new();
    for tick in &ticks {
        let _ = write!(marks, "M{}.5 {}v4", plot.pixel_of_x(tick.value).round(), frame.bottom);
    }
    let _ = write!(svg, "<path class=\"chart-axis\" d=\"{marks}\"/>");
    let name = match axis {
        XAxis::Step => "step",
        XAxis::RelativeTime => "elapsed time",
        XAxis::WallTime => "time (UTC)",
        XAxis::Dollars => "dollars spent",
    };
    push_x_labels(svg, frame, plot, &ticks, name);
}

/// Under the plot: the ticks' labels, the outermost kept inside, and the axis' name where there is room for it.
pub(crate) fn push_x_labels(svg: &mut String, frame: &Frame, plot: &PlotArea, ticks: &[Tick], name: &str) {
    for Tick { value, label } in ticks {
        let x = plot.pixel_of_x(*value).round();
        let half = label.chars().count() as f64 * HALF_CHARACTER;
        let (x, anchor) = if x + half > plot.width - 2.0 { (plot.width - 2.0, "end") } else { (x, "middle") };
        let _ = write!(
            svg,
            "<text class=\"chart-tick\" x=\"{x}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            frame.bottom + 16,
            escaped(label),
        );
    }
    if frame.has_axis_name() {
        let _ = write!(
            svg,
            "<text class=\"chart-axis-name\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            frame.right,
            frame.bottom + 31,
            escaped(name),
        );
    }
}

fn push_series(svg: &mut String, area: &LayerArea, plot: &PlotArea, series: &ChartSeries, prepared: &Prepared) {
    if prepared.is_empty() {
        return;
    }
    let _ = write!(svg, "<g class=\"chart-series {}\">", series_class(series.color_index));
    let thin =
        |strokes: &[Vec<(f64, f64)>]| -> Vec<_> { strokes.iter().map(|it| thinned(it, area.x, area.width)).collect() };
    match &prepared.smooth {
        Some(smooth) => {
            push_line(svg, "chart-line chart-ghost", &area.line_path(&thin(&prepared.raw)));
            push_line(svg, "chart-line", &area.line_path(&thin(smooth)));
        }
        None => push_line(svg, "chart-line", &area.line_path(&thin(&prepared.raw))),
    }
    let pixel_of = |(x, place): (f64, f64)| {
        let share = (place - area.y.0) / (area.y.1 - area.y.0);
        (plot.pixel_of_x(x), plot.bottom - share * (plot.bottom - plot.top))
    };
    let front = prepared.smooth.as_ref().unwrap_or(&prepared.raw);
    // A point between two gaps has no line: it is a dot of its own.
    let lonely = front.iter().filter(|it| it.len() == 1).map(|it| (it[0], "chart-dot"));
    let mut last_pixel = None;
    for (point, class) in lonely.chain(prepared.head.map(|it| (it, "chart-dot chart-head"))) {
        let (x, y) = pixel_of(point);
        let pixel = (pixels(x), pixels(y), class);
        if last_pixel.as_ref() != Some(&pixel) {
            let _ = write!(svg, "<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"2.5\"/>", pixel.0, pixel.1);
        }
        last_pixel = Some(pixel);
    }
    push_marks(svg, plot, &prepared.gaps);
    svg.push_str("</g>");
}

fn push_line(svg: &mut String, class: &str, path: &str) {
    if !path.is_empty() {
        // `fill="none"` is no colour: without a style sheet a line must not become a shape.
        let _ = write!(svg, "<path class=\"{class}\" fill=\"none\" d=\"{path}\"/>");
    }
}

/// Values without a place, at the plot's edge: NaN a cross, infinities filled triangles, and what is not above 0 on a
/// log scale a hollow triangle.
fn push_marks(svg: &mut String, plot: &PlotArea, gaps: &[(f64, Gap)]) {
    let kinds = [
        (Gap::NaN, "chart-mark chart-mark-nan"),
        (Gap::PositiveInfinity, "chart-mark chart-mark-inf"),
        (Gap::NegativeInfinity, "chart-mark chart-mark-inf"),
        (Gap::NotAboveZero, "chart-mark chart-mark-nonpositive"),
    ];
    for (kind, class) in kinds {
        let mut path = String::new();
        let mut columns: Vec<i64> = gaps
            .iter()
            .filter(|(_, it)| *it == kind)
            .map(|(x, _)| (plot.pixel_of_x(*x) / MARK_SPACING).round() as i64)
            .collect();
        columns.sort_unstable();
        columns.dedup();
        for column in columns {
            let x = pixels((column as f64 * MARK_SPACING).clamp(plot.left, plot.right));
            let (top, bottom) = (plot.top, plot.bottom);
            let _ = match kind {
                Gap::NaN => write!(path, "M{x} {}m-3 -3l6 6m0 -6l-6 6", bottom - 5.0),
                Gap::PositiveInfinity => write!(path, "M{x} {top}l4 7h-8z"),
                Gap::NegativeInfinity | Gap::NotAboveZero => write!(path, "M{x} {bottom}l4 -7h-8z"),
            };
        }
        if !path.is_empty() {
            let _ = write!(svg, "<path class=\"{class}\" d=\"{path}\"/>");
        }
    }
}
