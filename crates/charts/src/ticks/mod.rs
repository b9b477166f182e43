//! Ticks: round values with short labels. Counts depend on the plot's size only, never on the labels' width.

pub(crate) mod linear;
pub(crate) mod log;
pub(crate) mod time;

use crate::spec::{Unit, XAxis};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// Ticks inside an x range. `width` in pixels.
pub(crate) fn x_ticks(axis: XAxis, (from, to): (f64, f64), width: u32) -> Vec<Tick> {
    let wanted = (width / 70).clamp(1, 10);
    match axis {
        XAxis::Step => linear::inside(from, to, wanted, linear::Least::One, Unit::Plain),
        XAxis::RelativeTime => time::relative(from, to, wanted),
        XAxis::WallTime => time::wall(from, to, wanted),
        XAxis::Dollars => linear::inside(from, to, wanted, linear::Least::Any, Unit::Dollars),
    }
}
