//! The chart in words, for those who do not see it and for those who wonder why a curve is not there.

use std::fmt::Write;

use domain::series::{Extreme, Point};

use crate::{
    format::{value_text, x_text},
    prepare::Prepared,
    spec::{ChartSeries, ChartSpec, Unit, XAxis, YScale},
    text::cleaned,
};

/// A description of more series than this would be listened to by no one.
const MAX_DESCRIBED: usize = 20;

/// `Chart of train:loss and 2 more by step`.
pub(crate) fn label(spec: &ChartSpec, series: &[ChartSeries]) -> String {
    let by = match spec.x {
        XAxis::Step => "step",
        XAxis::RelativeTime => "elapsed time",
        XAxis::WallTime => "time",
        XAxis::Dollars => "dollars spent",
    };
    let names = match series {
        [] => "nothing yet".to_owned(),
        [one] => cleaned(one.label),
        [first, rest @ ..] => format!("{} and {} more", cleaned(first.label), rest.len()),
    };
    format!("Chart of {names} by {by}")
}

/// One sentence a series: how many points, last, lowest, highest, and what cannot be drawn.
pub(crate) fn description(spec: &ChartSpec, series: &[ChartSeries]) -> String {
    let mut text = String::new();
    for it in series.iter().take(MAX_DESCRIBED) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&describe_one(spec, it));
    }
    if series.len() > MAX_DESCRIBED {
        let _ = write!(text, " And {} more series.", series.len() - MAX_DESCRIBED);
    }
    if text.is_empty() { "No series.".to_owned() } else { text }
}

fn describe_one(spec: &ChartSpec, series: &ChartSeries) -> String {
    let name = cleaned(series.label);
    let Some(last) = series.points.last() else {
        return format!("{name}: no points yet.");
    };
    let count = series.points.len();
    let plural = if count == 1 { "" } else { "s" };
    let value = |it: f64| value_text(it, spec.unit);
    let at = |it: &Point| x_text(spec.x, series.x_of(spec.x, it));
    let mut text = format!("{name}: {count} point{plural}, last {} at {}", value(last.value), at(last));
    let finite = || series.points.iter().filter(|it| Extreme::of(it).is_some());
    let lowest = finite().reduce(|best, it| if it.value < best.value { it } else { best });
    let highest = finite().reduce(|best, it| if it.value > best.value { it } else { best });
    if let (Some(lowest), Some(highest)) = (lowest, highest)
        && count > 1
    {
        let _ = write!(
            text,
            ", min {} at {}, max {} at {}",
            value(lowest.value),
            at(lowest),
            value(highest.value),
            at(highest),
        );
    }
    let tally = |what: &str, is_one: fn(f64) -> bool| {
        let count = series.points.iter().filter(|it| is_one(it.value)).count();
        if count == 0 { String::new() } else { format!(", {count} {what}") }
    };
    text.push_str(&tally("NaN", f64::is_nan));
    text.push_str(&tally("infinite", f64::is_infinite));
    if spec.y_scale == YScale::Log {
        text.push_str(&tally("not above 0 and so not on this log scale", |it| it.is_finite() && it <= 0.0));
    }
    text.push('.');
    text
}

/// What the chart says instead of, or on top of, its curves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// There are curves.
    None,
    Nothing,
    NothingInRange,
    NothingFinite,
    NothingAboveZero,
}

impl Notice {
    pub(crate) fn of(spec: &ChartSpec, series: &[ChartSeries], prepared: &[Prepared]) -> Self {
        if prepared.iter().any(|it| !it.raw.is_empty()) {
            Self::None
        } else if series.iter().all(|it| it.points.is_empty()) {
            Self::Nothing
        } else if prepared.iter().all(Prepared::is_empty) {
            Self::NothingInRange
        } else if spec.y_scale == YScale::Log
            && series.iter().any(|it| it.points.iter().any(|point| point.value.is_finite()))
        {
            Self::NothingAboveZero
        } else {
            Self::NothingFinite
        }
    }

    pub(crate) const fn text(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Nothing => Some("No points yet"),
            Self::NothingInRange => Some("No points in this range"),
            Self::NothingFinite => Some("Only NaN or infinite values so far"),
            Self::NothingAboveZero => Some("Nothing above 0 to show on a log scale"),
        }
    }
}

/// `train:loss, last 0.25`: a sparkline in words.
pub(crate) fn sparkline_label(points: &[Point]) -> String {
    match points.last() {
        None => "No points yet".to_owned(),
        Some(last) => format!("{} points, last {}", points.len(), value_text(last.value, Unit::Plain)),
    }
}
