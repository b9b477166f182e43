//! From points to what is drawn: strokes inside the visible range, few enough for the pixels, and markers.

use domain::series::Point;

use crate::{
    smooth::smoothed,
    spec::{ChartSeries, ChartSpec, YScale},
};

/// (x, place along the y axis); x never decreases within a stroke.
pub(crate) type Stroke = Vec<(f64, f64)>;

/// Why a point has no place on the axis, with its marker's class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    NaN,
    PositiveInfinity,
    NegativeInfinity,
    /// A log scale has no place for values that are not above 0.
    NotAboveZero,
}

impl Gap {
    pub(crate) fn of(value: f64) -> Self {
        if value.is_nan() {
            Self::NaN
        } else if value == f64::INFINITY {
            Self::PositiveInfinity
        } else if value == f64::NEG_INFINITY {
            Self::NegativeInfinity
        } else {
            Self::NotAboveZero
        }
    }
}

/// One series, ready to draw.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prepared {
    pub(crate) raw: Vec<Stroke>,
    /// Present when the spec smooths; `raw` is the ghost then.
    pub(crate) smooth: Option<Vec<Stroke>>,
    pub(crate) gaps: Vec<(f64, Gap)>,
    /// Where the curve in front ends; absent when that is outside the visible range.
    pub(crate) head: Option<(f64, f64)>,
}

impl Prepared {
    pub(crate) fn new(spec: &ChartSpec, series: &ChartSeries, (from, to): (f64, f64)) -> Self {
        let x_of = |point: &Point| series.x_of(spec.x, point);
        let raw = strokes(spec.y_scale, series.points.iter().map(|it| (x_of(it), Some(it.value))));
        let smooth = spec.smoothing_weight().map(|weight| {
            let values = smoothed(series.points.iter().map(|it| it.value), weight);
            strokes(spec.y_scale, series.points.iter().map(x_of).zip(values))
        });
        let head = smooth.as_ref().unwrap_or(&raw).last().and_then(|it| it.last()).copied();
        let raw = clipped(raw, from, to);
        let smooth = smooth.map(|it| clipped(it, from, to));
        let gaps = series
            .points
            .iter()
            .filter(|it| spec.y_scale.place(it.value).is_none())
            .map(|it| (x_of(it), Gap::of(it.value)))
            .filter(|(x, _)| (from..=to).contains(x))
            .collect();
        Self { raw, smooth, gaps, head: head.filter(|(x, _)| (from..=to).contains(x)) }
    }

    /// Lowest and highest place of everything that is drawn.
    pub(crate) fn extent(&self) -> Option<(f64, f64)> {
        let strokes = self.raw.iter().chain(self.smooth.iter().flatten());
        let places = strokes.flatten().map(|(_, place)| *place);
        places.fold(None, |extent, place| {
            let (low, high) = extent.unwrap_or((place, place));
            Some((place.min(low), place.max(high)))
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.raw.is_empty() && self.gaps.is_empty()
    }
}

/// Splits at points without a place, and where x goes back: a restarted attempt is a stroke of its own.
fn strokes(scale: YScale, points: impl Iterator<Item = (f64, Option<f64>)>) -> Vec<Stroke> {
    let mut strokes: Vec<Stroke> = Vec::new();
    let mut is_open = false;
    for (x, value) in points {
        let Some(place) = value.and_then(|it| scale.place(bounded(it))) else {
            is_open = false;
            continue;
        };
        match strokes.last_mut() {
            Some(stroke) if is_open && stroke.last().is_some_and(|(last_x, _)| *last_x <= x) => stroke.push((x, place)),
            _ => strokes.push(vec![(x, place)]),
        }
        is_open = true;
    }
    strokes
}

/// Only finite values are bounded; the others have no place.
fn bounded(value: f64) -> f64 {
    let bound = YScale::DATA_BOUND;
    match value {
        _ if !value.is_finite() => value,
        it if it > 0.0 => it.clamp(1.0 / bound, bound),
        it => it.max(-bound),
    }
}

/// What of the strokes lies between `from` and `to`, cut exactly at the borders.
fn clipped(strokes: Vec<Stroke>, from: f64, to: f64) -> Vec<Stroke> {
    strokes.into_iter().map(|stroke| clipped_stroke(stroke, from, to)).filter(|it| !it.is_empty()).collect()
}

fn clipped_stroke(stroke: Stroke, from: f64, to: f64) -> Stroke {
    let start = stroke.partition_point(|(x, _)| *x < from);
    let end = stroke.partition_point(|(x, _)| *x <= to);
    if start == 0 && end == stroke.len() {
        return stroke;
    }
    let cut = |left: (f64, f64), right: (f64, f64), x: f64| {
        let share = (x - left.0) / (right.0 - left.0);
        (x, left.1 + share * (right.1 - left.1))
    };
    let mut visible = Vec::with_capacity(end.saturating_sub(start) + 2);
    if start > 0 && start < stroke.len() {
        visible.push(cut(stroke[start - 1], stroke[start], from));
    }
    visible.extend_from_slice(&stroke[start..end]);
    if end > 0 && end < stroke.len() {
        visible.push(cut(stroke[end - 1], stroke[end], to));
    }
    visible
}

/// Keeps the first, lowest, highest and last point of each pixel column, in order: what is drawn looks the same, and no
/// spike is lost.
pub(crate) fn thinned(stroke: &[(f64, f64)], (from, to): (f64, f64), columns: u32) -> Stroke {
    if stroke.len() <= columns as usize {
        return stroke.to_vec();
    }
    let column_of = |x: f64| ((x - from) / (to - from) * f64::from(columns)).floor() as i64;
    let mut kept = Vec::with_capacity(4 * columns as usize);
    let mut rest = stroke;
    while let Some((first, _)) = rest.first() {
        let current = column_of(*first);
        let length = rest.iter().take_while(|(x, _)| column_of(*x) == current).count();
        let (column, after) = rest.split_at(length.max(1));
        rest = after;
        let mut indices = [0, 0, 0, column.len() - 1];
        for (index, (_, place)) in column.iter().enumerate() {
            if *place < column[indices[1]].1 {
                indices[1] = index;
            }
            if *place > column[indices[2]].1 {
                indices[2] = index;
            }
        }
        indices.sort_unstable();
        let mut previous = None;
        for index in indices {
            if previous != Some(index) {
                kept.push(column[index]);
            }
            previous = Some(index);
        }
    }
    kept
}

/// The x range of all points, those without a place included; at least a little wide.
pub(crate) fn x_extent(spec: &ChartSpec, series: &[ChartSeries]) -> Option<(f64, f64)> {
    let xs = series.iter().flat_map(|it| it.points.iter().map(|point| it.x_of(spec.x, point)));
    let extent: Option<(f64, f64)> = xs.fold(None, |extent, x| {
        let (low, high) = extent.unwrap_or((x, x));
        Some((x.min(low), x.max(high)))
    });
    extent.map(|(low, high)| {
        // Large steps differ by less than a float can tell: one part in 10^12 is the narrowest range.
        let least = low.abs().max(high.abs()).max(1.0) * 1e-12;
        let widened = if high - low < least { low + least.max(1.0) } else { high };
        (low, widened)
    })
}
