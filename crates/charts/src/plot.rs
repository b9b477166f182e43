//! Where the plot lies inside the SVG and what its axes span: maps data to pixels and back.

use serde::{Deserialize, Serialize};

use crate::spec::{ChartSpec, XAxis, YScale};

/// The plot's rectangle in the SVG's units and its data ranges. A browser maps the pointer with it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlotArea {
    /// The whole SVG, as in its `viewBox`.
    pub width: f64,
    pub height: f64,
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
    pub x: XAxis,
    pub y_scale: YScale,
    pub x_min: f64,
    pub x_max: f64,
    pub y_min: f64,
    pub y_max: f64,
}

/// Room for `-1.2345M` at 11 px. Fixed, so that charts under each other line up and nothing is measured.
const LEFT: u32 = 56;
const RIGHT: u32 = 18;
const TOP: u32 = 10;
/// Tick labels and the axis' name.
const BOTTOM: u32 = 38;
/// Tick labels only, where the chart is low.
const BOTTOM_LOW: u32 = 22;
const LOW_BELOW: u32 = 150;

/// The plot's rectangle in whole pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) right: u32,
    pub(crate) bottom: u32,
}

impl Frame {
    pub(crate) fn of(spec: &ChartSpec) -> Self {
        let (width, height) = spec.size();
        let bottom = height - if height < LOW_BELOW { BOTTOM_LOW } else { BOTTOM };
        Self { width, height, left: LEFT, top: TOP, right: width - RIGHT, bottom }
    }

    pub(crate) const fn plot_width(&self) -> u32 {
        self.right - self.left
    }

    pub(crate) const fn plot_height(&self) -> u32 {
        self.bottom - self.top
    }

    pub(crate) const fn has_axis_name(&self) -> bool {
        self.height >= LOW_BELOW
    }
}

impl PlotArea {
    pub(crate) fn new(frame: &Frame, spec: &ChartSpec, x: (f64, f64), y: (f64, f64)) -> Self {
        Self {
            width: f64::from(frame.width),
            height: f64::from(frame.height),
            left: f64::from(frame.left),
            top: f64::from(frame.top),
            right: f64::from(frame.right),
            bottom: f64::from(frame.bottom),
            x: spec.x,
            y_scale: spec.y_scale,
            x_min: x.0,
            x_max: x.1,
            y_min: y.0,
            y_max: y.1,
        }
    }

    /// The x value under a pointer, in the SVG's units; clamped to the plot.
    pub fn x_at(&self, pixel: f64) -> f64 {
        let share = ((pixel - self.left) / (self.right - self.left)).clamp(0.0, 1.0);
        self.x_min + share * (self.x_max - self.x_min)
    }

    pub fn pixel_of_x(&self, x: f64) -> f64 {
        self.left + (x - self.x_min) / (self.x_max - self.x_min) * (self.right - self.left)
    }

    /// `None` where this scale has no place for the value: NaN, infinities, and on a log scale what is not above 0.
    pub fn pixel_of_y(&self, value: f64) -> Option<f64> {
        let place = self.y_scale.place(value)?;
        let (low, high) = (self.y_scale.place(self.y_min)?, self.y_scale.place(self.y_max)?);
        Some(self.bottom - (place - low) / (high - low) * (self.bottom - self.top))
    }
}

impl YScale {
    /// Data beyond this is drawn at it: an axis may end further out, and differences of two places stay finite.
    pub(crate) const DATA_BOUND: f64 = 1e290;
    const BOUND: f64 = 1e305;

    /// A value's place along the axis, before it becomes pixels; `None` where it has none.
    pub(crate) fn place(self, value: f64) -> Option<f64> {
        match self {
            _ if !value.is_finite() => None,
            Self::Linear => Some(value.clamp(-Self::BOUND, Self::BOUND)),
            Self::Log if value <= 0.0 => None,
            Self::Log => Some(libm::log10(value.clamp(1.0 / Self::BOUND, Self::BOUND))),
        }
    }
}
