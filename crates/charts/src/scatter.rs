//! Dots in a plane: one for each run, by two of its quantities, with a line through those that stand out.
//!
//! Each dot is a link, so that it can be reached by keyboard; its title says what a pointer would be told.

use std::fmt::Write;

use crate::{
    domain_range::y_axis,
    format::value_text,
    plot::{Frame, PlotArea},
    spec::{ChartSpec, Unit, YScale, series_class},
    svg::{pixels, push_x_labels, push_y_axis},
    text::{cleaned, escaped},
};

/// What one axis measures.
#[derive(Clone, Debug, PartialEq)]
pub struct ScatterAxis {
    /// Hostile text: cleaned and escaped.
    pub name: String,
    pub unit: Unit,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ScatterSpec {
    pub width: u32,
    pub height: u32,
    pub x: ScatterAxis,
    pub y: ScatterAxis,
}

#[derive(Clone, Copy, Debug)]
pub struct ScatterDot<'a> {
    pub label: &'a str,
    pub color_index: usize,
    pub x: f64,
    pub y: f64,
    /// Where the dot leads; a path of our own.
    pub href: &'a str,
}

/// One `<svg>` element, safe to insert as it is. Dots that are not finite are left out. `front` are places in `dots`, in
/// the order in which the line joins them.
pub fn scatter_svg(spec: &ScatterSpec, dots: &[ScatterDot], front: &[usize]) -> String {
    let chart = ChartSpec { width: spec.width, height: spec.height, unit: spec.y.unit, ..ChartSpec::default() };
    let frame = Frame::of(&chart);
    let is_drawn = |it: &&ScatterDot| it.x.is_finite() && it.y.is_finite();
    let extent = |value: fn(&ScatterDot) -> f64| {
        let values = dots.iter().filter(is_drawn).map(value);
        values.fold(None, |extent: Option<(f64, f64)>, it| {
            Some(extent.map_or((it, it), |(low, high)| (low.min(it), high.max(it))))
        })
    };
    let x = y_axis(YScale::Linear, spec.x.unit, extent(|it| it.x), frame.plot_width() * 2 / 3);
    let y = y_axis(YScale::Linear, spec.y.unit, extent(|it| it.y), frame.plot_height());
    let plot = PlotArea::new(&frame, &chart, (x.min, x.max), (y.min, y.max));

    let mut svg = String::with_capacity(2_048);
    let (width, height) = (frame.width, frame.height);
    let (x_name, y_name) = (cleaned(&spec.x.name), cleaned(&spec.y.name));
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart scatter\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"xMidYMid meet\" role=\"group\" aria-label=\"{}\">",
        escaped(&format!("{y_name} against {x_name}, {} runs", dots.iter().filter(is_drawn).count())),
    );
    push_y_axis(&mut svg, &frame, &plot, &y, true);
    let mut grid = String::new();
    for tick in &x.ticks {
        let _ = write!(grid, "M{}.5 {}V{}", plot.pixel_of_x(tick.value).round(), frame.top, frame.bottom);
    }
    let _ = write!(svg, "<path class=\"chart-grid\" d=\"{grid}\"/>");
    push_x_labels(&mut svg, &frame, &plot, &x.ticks, &x_name);
    if front.len() > 1 {
        push_front(&mut svg, &plot, dots, front);
    }
    for (index, dot) in dots.iter().enumerate().filter(|(_, it)| is_drawn(it)) {
        push_dot(&mut svg, spec, &plot, dot, front.contains(&index));
    }
    svg.push_str("</svg>");
    svg
}

/// In steps: between two runs nothing is known to be both as cheap as one and as good as the other.
fn push_front(svg: &mut String, plot: &PlotArea, dots: &[ScatterDot], front: &[usize]) {
    let mut path = String::new();
    for dot in front.iter().filter_map(|it| dots.get(*it)) {
        let Some(y) = plot.pixel_of_y(dot.y) else { continue };
        let (x, y) = (pixels(plot.pixel_of_x(dot.x)), pixels(y));
        let _ = if path.is_empty() { write!(path, "M{x} {y}") } else { write!(path, "H{x}V{y}") };
    }
    let _ = write!(svg, "<path class=\"scatter-front\" fill=\"none\" d=\"{path}\"/>");
}

fn push_dot(svg: &mut String, spec: &ScatterSpec, plot: &PlotArea, dot: &ScatterDot, is_front: bool) {
    let Some(y) = plot.pixel_of_y(dot.y) else { return };
    let (label, x_text, y_text) = (cleaned(dot.label), value_text(dot.x, spec.x.unit), value_text(dot.y, spec.y.unit));
    let beats = if is_front { ". No other is better in both" } else { "" };
    let title =
        escaped(&format!("{label}: {} {y_text}, {} {x_text}{beats}", cleaned(&spec.y.name), cleaned(&spec.x.name)));
    let class = if is_front { "scatter-dot is-front" } else { "scatter-dot" };
    let _ = write!(
        svg,
        "<a href=\"{}\" aria-label=\"{title}\" class=\"chart-series {}\"><circle class=\"{class}\" cx=\"{}\" cy=\"{}\" \
         r=\"{}\"><title>{title}</title></circle></a>",
        escaped(dot.href),
        series_class(dot.color_index),
        pixels(plot.pixel_of_x(dot.x)),
        pixels(y),
        if is_front { 6 } else { 5 },
    );
}
