//! Points to draw, and a reader of the SVG that came out.

use domain::{series::Point, time::Timestamp};

/// One point every two seconds from 2026-11-23 16:05:12 UTC.
pub(crate) fn point(step: i64, value: f64) -> Point {
    Point { step, at: Timestamp::from_unix_millis(1_795_449_912_000 + step * 2_000), value }
}

pub(crate) fn points(values: &[f64]) -> Vec<Point> {
    (0..).zip(values).map(|(step, value)| point(step, *value)).collect()
}

/// The values of an attribute, in order.
pub(crate) fn attributes<'a>(svg: &'a str, before: &str) -> Vec<&'a str> {
    svg.split(before).skip(1).filter_map(|it| it.split('"').next()).collect()
}

/// The corners of all lines (and only those) as pixels.
pub(crate) fn line_points(svg: &str) -> Vec<(f64, f64)> {
    let paths = attributes(svg, "class=\"chart-line\" fill=\"none\" d=\"");
    paths.iter().flat_map(|path| path.split(['M', 'L']).filter(|it| !it.is_empty())).map(pair).collect()
}

/// The centres of all dots.
pub(crate) fn dots(svg: &str) -> Vec<(f64, f64)> {
    let xs = attributes(svg, "cx=\"");
    let ys = attributes(svg, "cy=\"");
    xs.iter().zip(ys).map(|(x, y)| (number(x), number(y))).collect()
}

fn pair(text: &str) -> (f64, f64) {
    let (x, y) = text.split_once(' ').expect("two coordinates");
    (number(x), number(y))
}

fn number(text: &str) -> f64 {
    text.parse().expect("a coordinate")
}
