//! Samples to one value per period.

use std::collections::BTreeMap;

use super::invalid;
use super::metric::Sample;
use crate::wire::ApiError;

/// The statistics that can be computed from stored sets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Statistic {
    Average,
    Sum,
    Minimum,
    Maximum,
    SampleCount,
    /// From 0 to 100.
    Percentile(f64),
}

impl Statistic {
    /// `Average` and its like, or a percentile: `p50`, `p99.9`.
    pub(super) fn parse(name: &str) -> Result<Self, ApiError> {
        Self::simple(name).or_else(|| Self::percentile(name)).ok_or_else(|| {
            let shown: String = name.chars().take(40).collect();
            invalid(format!(
                "The value {shown} for parameter Stat is not supported: use Average, Sum, Minimum, Maximum, SampleCount or a percentile such as p99.9."
            ))
        })
    }

    pub(super) fn simple(name: &str) -> Option<Self> {
        Some(match name {
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            "SampleCount" => Self::SampleCount,
            _ => return None,
        })
    }

    pub(super) fn percentile(name: &str) -> Option<Self> {
        let digits = name.strip_prefix('p')?;
        let plain = digits.len() <= 16 && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let percent: f64 = digits.parse().ok().filter(|_| plain)?;
        (0.0..=100.0).contains(&percent).then_some(Self::Percentile(percent))
    }
}

/// All samples of one period.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    count: f64,
    sum: f64,
    min: f64,
    max: f64,
    /// Each value and how often it was; `None` once a set of unequal values is in.
    values: Option<Vec<(f64, f64)>>,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { count: 0.0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY, values: Some(Vec::new()) }
    }
}

impl Bucket {
    fn add(&mut self, sample: &Sample) {
        self.count += sample.count;
        self.sum += sample.sum;
        self.min = self.min.min(sample.min);
        self.max = self.max.max(sample.max);
        if sample.min < sample.max {
            self.values = None;
        }
        if let Some(values) = &mut self.values {
            values.push((sample.min, sample.count));
        }
    }

    /// `None`: a percentile of sets whose values are not known, as at AWS.
    pub(super) fn value(&self, statistic: Statistic) -> Option<f64> {
        Some(match statistic {
            Statistic::Average => self.sum / self.count,
            Statistic::Sum => self.sum,
            Statistic::Minimum => self.min,
            Statistic::Maximum => self.max,
            Statistic::SampleCount => self.count,
            Statistic::Percentile(percent) => percentile(self.values.clone()?, percent)?,
        })
    }
}

/// Between the two values next to the rank, in proportion.
fn percentile(mut values: Vec<(f64, f64)>, percent: f64) -> Option<f64> {
    values.sort_by(|left, right| left.0.total_cmp(&right.0));
    let count: f64 = values.iter().map(|(_, count)| count).sum();
    let rank = (count - 1.0).max(0.0) * percent / 100.0;
    let at = |rank: f64| {
        let mut before = 0.0;
        values.iter().find(|(_, count)| {
            before += count;
            rank < before
        })
    };
    let low = at(rank.floor())?.0;
    let high = at(rank.ceil()).map_or(low, |(value, _)| *value);
    Some(low + (high - low) * rank.fract())
}

/// The samples' range for an asked one: whole buckets, from the one of the start to the last that begins before the end.
pub(super) fn whole_buckets(start_ms: i64, end_ms: i64, period_seconds: i64) -> (i64, i64) {
    let period_ms = period_seconds * 1000;
    let up = |ms: i64| ms.div_euclid(period_ms) * period_ms + if ms.rem_euclid(period_ms) == 0 { 0 } else { period_ms };
    (start_ms.div_euclid(period_ms) * period_ms, up(end_ms))
}

/// Buckets in order of time; periods without samples are absent, never zero.
pub(super) fn buckets<'a>(samples: impl IntoIterator<Item = &'a Sample>, period_seconds: i64) -> BTreeMap<i64, Bucket> {
    let period_ms = period_seconds * 1000;
    let mut buckets: BTreeMap<i64, Bucket> = BTreeMap::new();
    for sample in samples {
        buckets.entry(sample.at_ms.div_euclid(period_ms) * period_ms).or_default().add(sample);
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::super::metric::Unit;
    use super::*;

    #[test]
    fn samples_fall_into_periods_since_the_epoch() {
        let samples = [(59_999, 1.0), (60_000, 2.0), (119_000, 4.0), (300_000, 9.0)]
            .map(|(at, value)| Sample::one(at, value, Unit::NONE));
        let buckets = buckets(&samples, 60);
        assert_eq!(buckets.keys().copied().collect::<Vec<_>>(), [0, 60_000, 300_000]);
        let all = [Statistic::Average, Statistic::Sum, Statistic::Minimum, Statistic::Maximum, Statistic::SampleCount];
        assert_eq!(all.map(|statistic| buckets[&60_000].value(statistic)), [3.0, 6.0, 2.0, 4.0, 2.0].map(Some));
    }

    #[test]
    fn percentiles_weigh_counts_and_need_single_values() {
        let mut bucket = Bucket::default();
        for value in 1..=100 {
            bucket.add(&Sample::one(0, f64::from(value), Unit::NONE));
        }
        let value = |bucket: &Bucket, name: &str| bucket.value(Statistic::parse(name).unwrap());
        assert_eq!(value(&bucket, "p50"), Some(50.5));
        assert_eq!((value(&bucket, "p0"), value(&bucket, "p100")), (Some(1.0), Some(100.0)));
        assert!(value(&bucket, "p99.9").is_some_and(|value| value > 99.8 && value < 100.0));
        let mut weighted = Bucket::default();
        weighted.add(&Sample { at_ms: 0, count: 99.0, sum: 99.0, min: 1.0, max: 1.0, unit: Unit::NONE });
        weighted.add(&Sample::one(0, 7.0, Unit::NONE));
        assert_eq!((value(&weighted, "p90"), value(&weighted, "p100")), (Some(1.0), Some(7.0)));
        weighted.add(&Sample { at_ms: 0, count: 2.0, sum: 3.0, min: 1.0, max: 2.0, unit: Unit::NONE });
        assert_eq!(value(&weighted, "p90"), None);
        for wrong in ["p", "p101", "p-1", "p1e1", "pNaN", "tm90", "average"] {
            assert!(Statistic::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ranges_cover_whole_buckets() {
        assert_eq!(whole_buckets(61_000, 120_000, 60), (60_000, 120_000));
        assert_eq!(whole_buckets(60_000, 120_001, 60), (60_000, 180_000));
    }
}
