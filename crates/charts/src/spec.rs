//! What a caller asks for: the chart's size, its axes, and the series to draw.

use domain::{series::Point, time::Timestamp};
use serde::{Deserialize, Serialize};

/// What runs along the bottom: `TensorBoard`'s three, and money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum XAxis {
    #[default]
    Step,
    /// Seconds since the series' origin (`ChartSeries::since`), else since its first point.
    RelativeTime,
    /// Unix seconds, labelled in UTC.
    WallTime,
    /// US dollars spent since the series' origin, at its `dollars_per_second`.
    Dollars,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum YScale {
    #[default]
    Linear,
    /// Base ten. Values that are not above 0 are gaps with a marker.
    Log,
}

/// What the values are; decides labels and whether the axis begins at zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    #[default]
    Plain,
    /// Values are percentages already: 37.5 is shown as `37.5%`. The axis includes 0.
    Percent,
    /// US dollars. The axis includes 0.
    Dollars,
    Seconds,
}

impl Unit {
    pub(crate) const fn includes_zero(self) -> bool {
        matches!(self, Self::Percent | Self::Dollars)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChartSpec {
    /// Size in the SVG's own units, CSS pixels when it is shown at its natural size. At least 160 x 96.
    pub width: u32,
    pub height: u32,
    pub x: XAxis,
    pub y_scale: YScale,
    /// `TensorBoard`'s slider: 0 is off, up to 0.999. The raw curve stays behind as a ghost.
    pub smoothing: f64,
    /// Only this part of the x axis: steps, seconds, Unix seconds or dollars, by `x`. Ignored unless the first is the smaller.
    pub x_range: Option<(f64, f64)>,
    pub unit: Unit,
}

impl Default for ChartSpec {
    fn default() -> Self {
        Self {
            width: 560,
            height: 240,
            x: XAxis::Step,
            y_scale: YScale::Linear,
            smoothing: 0.0,
            x_range: None,
            unit: Unit::Plain,
        }
    }
}

impl ChartSpec {
    pub const MIN_WIDTH: u32 = 160;
    pub const MIN_HEIGHT: u32 = 96;
    /// Beyond any screen: keeps coordinates far from the back end's limits.
    pub const MAX_SIZE: u32 = 16_384;

    pub(crate) fn size(&self) -> (u32, u32) {
        (self.width.clamp(Self::MIN_WIDTH, Self::MAX_SIZE), self.height.clamp(Self::MIN_HEIGHT, Self::MAX_SIZE))
    }

    /// The wanted x range when it is one.
    pub(crate) fn valid_x_range(&self) -> Option<(f64, f64)> {
        // It may come out of a URL: no more than integers can count, no finer than floats can tell.
        const BOUND: f64 = 9e15;
        let (from, to) = self.x_range?;
        let least = (from.abs().max(to.abs()) * 1e-12).max(1e-6);
        (from >= -BOUND && to <= BOUND && to - from >= least).then_some((from, to))
    }

    pub(crate) fn smoothing_weight(&self) -> Option<f64> {
        (self.smoothing > 0.0).then(|| self.smoothing.min(0.999))
    }
}

/// One curve. Points are in the order of time; a step that goes back begins a new stroke (a restarted attempt).
#[derive(Clone, Copy, Debug)]
pub struct ChartSeries<'a> {
    pub label: &'a str,
    /// Which of the theme's series colours; see `series_class`.
    pub color_index: usize,
    pub points: &'a [Point],
    /// Where relative time begins, usually the run's start; `None`: at the first point.
    pub origin: Option<Timestamp>,
    /// What a second of the run costs; 0 where that is not known, and all of it is at $0 then.
    pub dollars_per_second: f64,
}

impl<'a> ChartSeries<'a> {
    pub const fn new(label: &'a str, color_index: usize, points: &'a [Point]) -> Self {
        Self { label, color_index, points, origin: None, dollars_per_second: 0.0 }
    }

    #[must_use]
    pub const fn since(self, origin: Timestamp) -> Self {
        Self { origin: Some(origin), ..self }
    }

    /// A point's place on the x axis.
    pub(crate) fn x_of(&self, axis: XAxis, point: &Point) -> f64 {
        match axis {
            XAxis::Step => point.step as f64,
            XAxis::WallTime => point.at.unix_seconds(),
            XAxis::RelativeTime => self.seconds_at(point),
            // Nothing is billed before the start.
            XAxis::Dollars => self.seconds_at(point).max(0.0) * self.dollars_per_second,
        }
    }

    fn seconds_at(&self, point: &Point) -> f64 {
        let origin = self.origin.or_else(|| self.points.first().map(|it| it.at)).unwrap_or(point.at);
        point.at.seconds_since(origin)
    }
}

/// How many colours the style sheet defines: `series-0` to `series-9`.
pub const SERIES_COLORS: usize = 10;

/// The classes that colour a series, its legend dot included. After ten colours the lines are dashed, then dotted.
pub fn series_class(color_index: usize) -> String {
    let color = color_index % SERIES_COLORS;
    match color_index / SERIES_COLORS % 3 {
        0 => format!("series-{color}"),
        dash => format!("series-{color} series-dash-{dash}"),
    }
}
