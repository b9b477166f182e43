//! Series and a spec become a chart: one SVG text, the same bytes on the server (first paint) and in the browser (live).
//!
//! Invariants of this crate:
//! - Equal input gives equal bytes on every platform. So no text is ever measured (label areas have fixed sizes), and
//!   no platform mathematics is used: `libm` for logarithms, decimal text for powers of ten.
//! - No colours, fonts or inline styles: only classes, so that the style sheet makes light and dark themes and a strict
//!   Content-Security-Policy holds. `examples/chart.css` is a complete sheet and names every class.
//! - Nothing is hidden: however many points there are, the extremes of what is visible are drawn; NaN, infinities and
//!   values that a log scale cannot show are gaps with a marker at the plot's edge.
//! - Series names are hostile text: cleaned and escaped, wherever they appear.
//!
//! `plotters` maps data to pixels and draws the curves into `layer::PathLayer`, our back end that writes path data;
//! axes, ticks and labels are composed around it in `svg`. To add a unit, see `spec::Unit` and `format`.

mod bars;
mod describe;
mod domain_range;
mod format;
mod layer;
mod plot;
mod prepare;
mod readout;
mod scatter;
mod smooth;
mod sparkline;
mod spec;
mod svg;
mod text;
mod ticks;

pub use bars::{Bar, BarSpec, bars_svg};
pub use format::value_text;
pub use plot::PlotArea;
pub use readout::{Readout, ReadoutRow, overlay_svg, readout, readout_at};
pub use scatter::{ScatterAxis, ScatterDot, ScatterSpec, scatter_svg};
pub use sparkline::sparkline_svg;
pub use spec::{ChartSeries, ChartSpec, SERIES_COLORS, Unit, XAxis, YScale, series_class};
pub use svg::{Chart, chart_svg};
