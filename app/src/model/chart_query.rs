//! How curves are drawn, as it stands in a page's URL.

use charts::{XAxis, YScale};
use leptos_router::params::ParamsMap;

use crate::paths::Query;

/// What the horizontal axis counts, in the order of the choices. Money is for runs side by side.
pub const AXES: [XAxis; 4] = [XAxis::Step, XAxis::RelativeTime, XAxis::WallTime, XAxis::Dollars];
/// Without money: a single run's curve looks the same over its time.
pub const TIME_AXES: &[XAxis] = AXES.split_at(3).0;

/// The axis in the URL.
pub const fn axis_str(axis: XAxis) -> &'static str {
    match axis {
        XAxis::Step => "step",
        XAxis::RelativeTime => "relative",
        XAxis::WallTime => "wall",
        XAxis::Dollars => "dollars",
    }
}

/// The axis on its button: `TensorBoard`'s words.
pub const fn axis_word(axis: XAxis) -> &'static str {
    match axis {
        XAxis::Step => "Step",
        XAxis::RelativeTime => "Relative",
        XAxis::WallTime => "Wall",
        XAxis::Dollars => "Dollars",
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ChartQuery {
    pub axis: XAxis,
    pub log_scale: bool,
    /// 0 to 99 hundredths: `TensorBoard`'s smoothing weight.
    pub smoothing_percent: u8,
    /// Only this part of the axis, in its unit; the first is the smaller.
    pub zoom: Option<(f64, f64)>,
}

impl ChartQuery {
    pub fn read(query: &ParamsMap) -> Self {
        let text = |name| query.get_str(name).unwrap_or_default();
        Self {
            axis: AXES.into_iter().find(|it| axis_str(*it) == text("x")).unwrap_or_default(),
            log_scale: text("log") == "1",
            smoothing_percent: text("smooth").parse().unwrap_or(0).min(99),
            zoom: zoom(text("zoom")),
        }
    }

    /// Defaults are left out.
    pub fn push_to(self, query: &mut Query) {
        for (name, value) in self.pairs() {
            query.push(name, Some(&value));
        }
    }

    pub fn pairs(self) -> Vec<(&'static str, String)> {
        let axis = (self.axis != XAxis::default()).then(|| axis_str(self.axis).to_owned());
        let log = self.log_scale.then(|| "1".to_owned());
        let smoothing = (self.smoothing_percent > 0).then(|| self.smoothing_percent.to_string());
        let zoom = self.zoom.map(|(from, to)| format!("{from},{to}"));
        [("x", axis), ("log", log), ("smooth", smoothing), ("zoom", zoom)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }

    pub const fn y_scale(self) -> YScale {
        if self.log_scale { YScale::Log } else { YScale::Linear }
    }

    pub fn smoothing(self) -> f64 {
        f64::from(self.smoothing_percent) / 100.0
    }
}

/// `10,250.5`.
fn zoom(text: &str) -> Option<(f64, f64)> {
    let (from, to) = text.split_once(',')?;
    let (from, to): (f64, f64) = (from.parse().ok()?, to.parse().ok()?);
    (from.is_finite() && to.is_finite() && from < to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zoom_is_two_numbers_the_smaller_first() {
        assert_eq!(zoom("10,250.5"), Some((10.0, 250.5)));
        for text in ["", "10", "5,5", "6,5", "a,b", "1,inf", "NaN,1"] {
            assert_eq!(zoom(text), None, "{text}");
        }
        let query = ChartQuery { zoom: Some((0.1, 1e6)), ..ChartQuery::default() };
        assert_eq!(query.pairs(), [("zoom", "0.1,1000000".to_owned())]);
    }
}
