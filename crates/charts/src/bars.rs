//! Bars over days: what each day's amounts come to, one part on the other.

use std::fmt::Write;

use crate::{
    domain_range::y_axis,
    plot::{Frame, PlotArea},
    spec::{ChartSpec, Unit, YScale},
    svg::{pixels, push_y_axis},
    text::{cleaned, escaped},
};

#[derive(Clone, Debug, PartialEq)]
pub struct BarSpec {
    pub width: u32,
    pub height: u32,
    pub unit: Unit,
    /// What the chart shows, for those who do not see it.
    pub label: String,
    /// The class of each part, from below: words of the style sheet's own.
    pub part_classes: &'static [&'static str],
}

#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Under the bar; bars without one have no tick.
    pub tick: String,
    /// What a pointer is told.
    pub title: String,
    /// From below; none is negative.
    pub parts: Vec<f64>,
}

/// One `<svg>` element, safe to insert as it is. A part that is not finite or not above 0 is not drawn.
pub fn bars_svg(spec: &BarSpec, bars: &[Bar]) -> String {
    let chart = ChartSpec { width: spec.width, height: spec.height, unit: spec.unit, ..ChartSpec::default() };
    let frame = Frame::of(&chart);
    let drawn = |it: &f64| it.is_finite() && *it > 0.0;
    let height_of = |bar: &Bar| bar.parts.iter().copied().filter(drawn).sum::<f64>();
    let highest = bars.iter().map(height_of).fold(0.0, f64::max);
    let extent = (highest > 0.0).then_some((0.0, highest));
    let y = y_axis(YScale::Linear, spec.unit, extent, frame.plot_height());
    let plot = PlotArea::new(&frame, &chart, (0.0, bars.len().max(1) as f64), (y.min, y.max));
    let mut svg = String::with_capacity(4_096);
    let (width, height) = (frame.width, frame.height);
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart bars\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"xMidYMid meet\" role=\"img\" aria-label=\"{}\">",
        escaped(&cleaned(&spec.label)),
    );
    push_y_axis(&mut svg, &frame, &plot, &y, true);
    let slot = plot.pixel_of_x(1.0) - plot.pixel_of_x(0.0);
    let bar_width = (slot * 0.72).max(1.0);
    for (index, bar) in bars.iter().enumerate() {
        let left = plot.pixel_of_x(index as f64) + (slot - bar_width) / 2.0;
        let _ = write!(svg, "<g><title>{}</title>", escaped(&cleaned(&bar.title)));
        // The whole slot answers the pointer: a day of cents is as easy to point at as one of hundreds.
        let _ = write!(
            svg,
            "<rect class=\"bar-slot\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
            pixels(plot.pixel_of_x(index as f64)),
            pixels(plot.top),
            pixels(slot),
            pixels(plot.bottom - plot.top),
        );
        let mut base = 0.0;
        for (part, class) in bar.parts.iter().zip(spec.part_classes) {
            if !drawn(part) {
                continue;
            }
            let (from, to) = (plot.pixel_of_y(base), plot.pixel_of_y(base + part));
            base += part;
            let (Some(from), Some(to)) = (from, to) else { continue };
            let _ = write!(
                svg,
                "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                pixels(left),
                pixels(to),
                pixels(bar_width),
                // Something is never drawn as nothing.
                pixels((from - to).max(1.0)),
            );
        }
        svg.push_str("</g>");
        if !bar.tick.is_empty() {
            let _ = write!(
                svg,
                "<text class=\"chart-tick\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                pixels(left + bar_width / 2.0),
                frame.bottom + 16,
                escaped(&cleaned(&bar.tick)),
            );
        }
    }
    svg.push_str("</svg>");
    svg
}
