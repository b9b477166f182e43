//! Whether a run that was launched again came out as the first one did: metric by metric, within a stated tolerance.
//!
//! Instance metrics are left out: how busy a machine was is no result.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::series::{Point, Series, SeriesKey, SeriesSource, lossless_f64};

/// How far apart two values may be, as a share of the larger one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tolerance {
    parts_per_million: u32,
}

impl Tolerance {
    /// Every bit.
    pub const EXACT: Self = Self::of(0);
    /// The choices of a page.
    pub const CHOICES: [Self; 5] = [Self::EXACT, Self::of(1), Self::of(1_000), Self::of(10_000), Self::of(50_000)];

    const fn of(parts_per_million: u32) -> Self {
        Self { parts_per_million }
    }

    /// `exact`, or the share in per cent: `0.1`.
    pub fn word(self) -> String {
        if self == Self::EXACT { "exact".to_owned() } else { (f64::from(self.parts_per_million) / 1e4).to_string() }
    }

    /// One of the choices, by its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::CHOICES.into_iter().find(|it| it.word() == word)
    }

    /// Two NaN are equal, and so are two infinities of one sign: the runs did the same.
    fn holds(self, then: f64, now: f64) -> bool {
        if then.is_nan() || now.is_nan() {
            return then.is_nan() && now.is_nan();
        }
        // Infinities first: their difference is no number.
        then.total_cmp(&now).is_eq()
            || (then - now).abs() <= f64::from(self.parts_per_million) / 1e6 * then.abs().max(now.abs())
    }
}

impl Default for Tolerance {
    /// One part in a thousand: less than another seed does, more than another order of additions does.
    fn default() -> Self {
        Self::of(1_000)
    }
}

/// One metric of both runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricComparison {
    /// With its host where several report it.
    pub label: String,
    /// The last values.
    #[serde(with = "lossless_f64")]
    pub then: f64,
    #[serde(with = "lossless_f64")]
    pub now: f64,
    /// Steps that both runs have a value of.
    pub common_steps: u64,
    /// Those of them whose values are farther apart than the tolerance.
    pub differing_steps: u64,
    /// The first of those.
    pub first_differing_step: Option<i64>,
    pub is_within: bool,
}

/// The verdict on a run that repeats another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reproduction {
    pub tolerance: Tolerance,
    pub metrics: Vec<MetricComparison>,
    /// Metrics that only one of the two reported, by label.
    pub only_then: Vec<String>,
    pub only_now: Vec<String>,
}

impl Reproduction {
    /// A metric is within the tolerance when its last value is, and its value at every step that both runs have.
    pub fn compare(then: &[Series], now: &[Series], tolerance: Tolerance) -> Self {
        let (then, now) = (of_metrics(then), of_metrics(now));
        let mut metrics = Vec::new();
        for (key, old) in &then {
            let Some((Some(last_then), Some(last_now))) = now.get(key).map(|new| (old.last(), new.last())) else {
                continue;
            };
            let new: BTreeMap<i64, f64> = now[key].iter().map(|it| (it.step, it.value)).collect();
            let pairs: Vec<(i64, f64, f64)> =
                old.iter().filter_map(|it| Some((it.step, it.value, *new.get(&it.step)?))).collect();
            let differing: Vec<i64> =
                pairs.iter().filter(|(_, a, b)| !tolerance.holds(*a, *b)).map(|(step, ..)| *step).collect();
            metrics.push(MetricComparison {
                label: key.label(),
                then: last_then.value,
                now: last_now.value,
                common_steps: pairs.len() as u64,
                differing_steps: differing.len() as u64,
                first_differing_step: differing.first().copied(),
                is_within: differing.is_empty() && tolerance.holds(last_then.value, last_now.value),
            });
        }
        let only = |of: &BTreeMap<SeriesKey, &[Point]>, other: &BTreeMap<SeriesKey, &[Point]>| {
            of.keys().filter(|key| !other.contains_key(key)).map(SeriesKey::label).collect()
        };
        Self { tolerance, metrics, only_then: only(&then, &now), only_now: only(&now, &then) }
    }

    /// `None`: the first run reported no metric, so there is nothing to judge by.
    pub fn is_reproduced(&self) -> Option<bool> {
        if self.metrics.is_empty() && self.only_then.is_empty() {
            return None;
        }
        Some(self.only_then.is_empty() && self.metrics.iter().all(|it| it.is_within))
    }
}

fn of_metrics(series: &[Series]) -> BTreeMap<SeriesKey, &[Point]> {
    let own = series.iter().filter(|it| it.key.source != SeriesSource::Instance && !it.points.is_empty());
    own.map(|it| (it.key.clone(), it.points.as_slice())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn series(name: &str, values: &[f64]) -> Series {
        let key = SeriesKey { name: name.to_owned(), source: SeriesSource::Log, host: "algo-1".to_owned() };
        let points =
            (0..).zip(values).map(|(step, value)| Point { step, at: Timestamp::from_unix_micros(step), value: *value });
        Series { key, points: points.collect() }
    }

    #[test]
    fn the_same_curves_are_reproduced_to_the_bit() {
        let then = [series("loss", &[1.0, f64::NAN, f64::INFINITY, 0.25])];
        let verdict = Reproduction::compare(&then, &then, Tolerance::EXACT);
        assert_eq!(verdict.is_reproduced(), Some(true));
        assert_eq!((verdict.metrics[0].common_steps, verdict.metrics[0].differing_steps), (4, 0));
    }

    #[test]
    fn a_curve_that_leaves_and_comes_back_is_not_the_same() {
        let (then, now) = ([series("loss", &[1.0, 0.5, 0.25])], [series("loss", &[1.0, 0.6, 0.25])]);
        let verdict = Reproduction::compare(&then, &now, Tolerance::default());
        assert_eq!(verdict.is_reproduced(), Some(false));
        assert_eq!(verdict.metrics[0].first_differing_step, Some(1));
    }

    #[test]
    fn the_tolerance_is_a_share_of_the_larger_value() {
        let (then, now) = ([series("loss", &[100.0])], [series("loss", &[100.9])]);
        let is_within = |tolerance| Reproduction::compare(&then, &now, tolerance).is_reproduced();
        assert_eq!(Tolerance::CHOICES.map(is_within), [false, false, false, true, true].map(Some));
        for choice in Tolerance::CHOICES {
            assert_eq!(Tolerance::parse(&choice.word()), Some(choice));
        }
    }

    #[test]
    fn a_metric_that_is_missing_is_a_difference_and_no_metric_is_no_verdict() {
        let then = [series("loss", &[1.0]), series("accuracy", &[0.9])];
        let verdict = Reproduction::compare(&then, &then[..1], Tolerance::default());
        assert_eq!((verdict.is_reproduced(), verdict.only_then), (Some(false), vec!["accuracy algo-1".to_owned()]));
        assert_eq!(Reproduction::compare(&[], &then, Tolerance::default()).is_reproduced(), None);
    }
}
