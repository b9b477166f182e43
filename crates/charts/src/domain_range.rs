//! The y axis' range: a little wider than the data, ending on ticks, stable while a curve grows.

use crate::{
    spec::{Unit, YScale},
    ticks::{Tick, linear, log},
};

/// The axis' ends as data values, and its ticks.
#[derive(Clone, Debug)]
pub(crate) struct YAxis {
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) ticks: Vec<Tick>,
}

/// `extent` is in places (`YScale::place`); `None` when nothing has a place.
pub(crate) fn y_axis(scale: YScale, unit: Unit, extent: Option<(f64, f64)>, height: u32) -> YAxis {
    let wanted = (height / 42).clamp(2, 8);
    let ticks = match scale {
        YScale::Linear => {
            let (low, high) = widened(extent.unwrap_or((0.0, 1.0)), unit);
            linear::covering(low, high, wanted, unit)
        }
        YScale::Log => {
            let (low, high) = extent.unwrap_or((0.0, 1.0));
            log::covering(low, high, wanted, unit)
        }
    };
    let ends = |it: Option<&Tick>, default| it.map_or(default, |it| it.value);
    YAxis { min: ends(ticks.first(), 0.0), max: ends(ticks.last(), 1.0), ticks }
}

/// A range that labels of five digits can describe: constants and differences below a ten-thousandth of the value are
/// given room, since a curve of rounding noise over the whole height would be a lie.
fn widened((low, high): (f64, f64), unit: Unit) -> (f64, f64) {
    let (low, high) = if unit.includes_zero() { (low.min(0.0), high.max(0.0)) } else { (low, high) };
    let magnitude = low.abs().max(high.abs());
    if magnitude < 1e-300 {
        return (0.0, 1.0);
    }
    let least = magnitude * 1e-4;
    if high - low >= least {
        return (low, high);
    }
    if high <= low {
        // A constant lies in the middle of a wide band.
        let half = magnitude * 0.1;
        return (low - half, high + half);
    }
    let middle = low + (high - low) / 2.0;
    (middle - least / 2.0, middle + least / 2.0)
}
