//! How long CloudWatch keeps which detail: under a minute 3 hours, a minute 15 days, five minutes 63 days, an hour 455.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html>

use std::collections::BTreeMap;

use super::metric::{Sample, Unit};

const HOUR_MS: i64 = 3600 * 1000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// The detail that is kept of a sample of that age; `None` when nothing is.
fn resolution_ms(age_ms: i64) -> Option<i64> {
    match age_ms {
        age if age < 3 * HOUR_MS => Some(1),
        age if age < 15 * DAY_MS => Some(60 * 1000),
        age if age < 63 * DAY_MS => Some(5 * 60 * 1000),
        age if age < 455 * DAY_MS => Some(HOUR_MS),
        _ => None,
    }
}

/// Samples of one metric with no more detail than their age allows. A sum of unequal values has no percentiles any more.
pub(super) fn rolled_up(samples: &[Sample], now_ms: i64) -> Vec<Sample> {
    let mut groups: BTreeMap<(i64, Unit), Vec<Sample>> = BTreeMap::new();
    let mut kept = Vec::new();
    for sample in samples {
        match resolution_ms(now_ms - sample.at_ms) {
            None => {}
            Some(1) => kept.push(*sample),
            Some(resolution) => {
                let begin = sample.at_ms.div_euclid(resolution) * resolution;
                groups.entry((begin, sample.unit)).or_default().push(*sample);
            }
        }
    }
    kept.extend(groups.into_iter().map(|((at_ms, unit), group)| match group.as_slice() {
        [alone] => *alone,
        group => Sample {
            at_ms,
            unit,
            count: group.iter().map(|sample| sample.count).sum(),
            sum: group.iter().map(|sample| sample.sum).sum(),
            min: group.iter().map(|sample| sample.min).fold(f64::INFINITY, f64::min),
            max: group.iter().map(|sample| sample.max).fold(f64::NEG_INFINITY, f64::max),
        },
    }));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detail_goes_with_age_and_sums_stay() {
        let now = 1000 * DAY_MS;
        let at = |age: i64, value: f64| Sample::one(now - age, value, Unit::NONE);
        let samples = [
            at(1, 1.0),
            at(2, 2.0),
            at(DAY_MS, 3.0),
            at(DAY_MS - 1000, 5.0),
            at(DAY_MS - 60_000, 7.0),
            at(500 * DAY_MS, 9.0),
        ];
        let rolled = rolled_up(&samples, now);
        assert_eq!(rolled.iter().map(|sample| sample.sum.to_string()).collect::<Vec<_>>(), ["1", "2", "8", "7"]);
        assert_eq!(rolled[2].at_ms, now - DAY_MS);
        assert_eq!(
            (rolled[2].count.to_string(), rolled[2].min.to_string(), rolled[2].max.to_string()),
            ("2".into(), "3".into(), "5".into())
        );
    }
}
