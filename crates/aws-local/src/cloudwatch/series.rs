//! Samples to one value per period.

use std::collections::BTreeMap;

use super::invalid;
use super::store::Sample;
use crate::wire::ApiError;

/// The statistics that can be computed from stored sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statistic {
    Average,
    Sum,
    Minimum,
    Maximum,
    SampleCount,
}

impl Statistic {
    pub(super) fn parse(name: &str) -> Result<Self, ApiError> {
        Ok(match name {
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            "SampleCount" => Self::SampleCount,
            _ => {
                return Err(invalid(format!(
                    "The statistic {:?} is not provided by the local endpoint: use Average, Sum, Minimum, Maximum or SampleCount.",
                    name.chars().take(40).collect::<String>()
                )));
            }
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Average => "Average",
            Self::Sum => "Sum",
            Self::Minimum => "Minimum",
            Self::Maximum => "Maximum",
            Self::SampleCount => "SampleCount",
        }
    }
}

/// All samples of one period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bucket {
    count: f64,
    sum: f64,
    min: f64,
    max: f64,
}

impl Bucket {
    pub(super) fn value(&self, statistic: Statistic) -> f64 {
        match statistic {
            Statistic::Average => self.sum / self.count,
            Statistic::Sum => self.sum,
            Statistic::Minimum => self.min,
            Statistic::Maximum => self.max,
            Statistic::SampleCount => self.count,
        }
    }
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
        let begin = sample.at_ms.div_euclid(period_ms) * period_ms;
        let bucket =
            buckets.entry(begin).or_insert(Bucket { count: 0.0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY });
        bucket.count += sample.count;
        bucket.sum += sample.sum;
        bucket.min = bucket.min.min(sample.min);
        bucket.max = bucket.max.max(sample.max);
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::super::store::Unit;
    use super::*;

    #[test]
    fn samples_fall_into_periods_since_the_epoch() {
        let samples = [(59_999, 1.0), (60_000, 2.0), (119_000, 4.0), (300_000, 9.0)]
            .map(|(at, value)| Sample::one(at, value, Unit::NONE));
        let buckets = buckets(&samples, 60);
        assert_eq!(buckets.keys().copied().collect::<Vec<_>>(), [0, 60_000, 300_000]);
        let all = [Statistic::Average, Statistic::Sum, Statistic::Minimum, Statistic::Maximum, Statistic::SampleCount];
        assert_eq!(all.map(|statistic| buckets[&60_000].value(statistic).to_string()), ["3", "6", "2", "4", "2"]);
    }

    #[test]
    fn ranges_cover_whole_buckets() {
        assert_eq!(whole_buckets(61_000, 120_000, 60), (60_000, 120_000));
        assert_eq!(whole_buckets(60_000, 120_001, 60), (60_000, 180_000));
    }
}
