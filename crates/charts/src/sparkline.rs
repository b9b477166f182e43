//! A curve the size of a word, for rows of a list: shape only, no axes.

use std::fmt::Write;

use domain::series::Point;

use crate::{
    describe::sparkline_label,
    layer::LayerArea,
    prepare::{Prepared, thinned, x_extent},
    spec::{ChartSeries, ChartSpec, series_class},
    svg::pixels,
    text::escaped,
};

/// Room for the last point's dot and half the line's width.
const MARGIN: u32 = 3;

/// `width` and `height` at least 24 x 12, usually 120 x 28.
pub fn sparkline_svg(points: &[Point], width: u32, height: u32, color_index: usize) -> String {
    let (width, height) = (width.clamp(24, ChartSpec::MAX_SIZE), height.clamp(12, ChartSpec::MAX_SIZE));
    let spec = ChartSpec::default();
    let series = ChartSeries::new("", color_index, points);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"sparkline\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"xMidYMid meet\" role=\"img\" aria-label=\"{}\">",
        escaped(&sparkline_label(points)),
    );
    let x = x_extent(&spec, &[series]).unwrap_or((0.0, 1.0));
    let prepared = Prepared::new(&spec, &series, x);
    if let Some((low, high)) = prepared.extent() {
        // A constant lies in the middle.
        let (low, high) = if high > low { (low, high) } else { (low - 1.0, high + 1.0) };
        let (low, high) = if high > low { (low, high) } else { (low - low.abs(), high + high.abs()) };
        let area = LayerArea {
            left: MARGIN,
            top: MARGIN,
            width: width - 2 * MARGIN,
            height: height - 2 * MARGIN,
            x,
            y: (low, high),
        };
        let strokes: Vec<_> = prepared.raw.iter().map(|it| thinned(it, x, area.width)).collect();
        let _ = write!(
            svg,
            "<g class=\"chart-series {}\"><path class=\"sparkline-area\" d=\"{}\"/><path class=\"chart-line\" \
             fill=\"none\" d=\"{}\"/>",
            series_class(color_index),
            area.area_path(&strokes),
            area.line_path(&strokes),
        );
        if let Some((head_x, place)) = prepared.head {
            let x_share = (head_x - x.0) / (x.1 - x.0);
            let y_share = (place - low) / (high - low);
            let _ = write!(
                svg,
                "<circle class=\"chart-dot chart-head\" cx=\"{}\" cy=\"{}\" r=\"2\"/>",
                pixels(f64::from(MARGIN) + x_share * f64::from(area.width)),
                pixels(f64::from(MARGIN) + (1.0 - y_share) * f64::from(area.height)),
            );
        }
        svg.push_str("</g>");
    }
    svg.push_str("</svg>");
    svg
}
