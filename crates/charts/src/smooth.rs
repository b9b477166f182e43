//! `TensorBoard`'s smoothing: an exponential moving average, corrected for its beginning at zero.
//!
//! Source: `tensorboard/components/vz_line_chart2/line-chart.ts`, `resmoothDataset`.

/// The smoothed value at each value; `None` where the value itself is not finite, which leaves the average unchanged.
pub(crate) fn smoothed(values: impl Iterator<Item = f64>, weight: f64) -> impl Iterator<Item = Option<f64>> {
    let mut average = 0.0;
    // weight^n, multiplied up: a power function would not give the same bits everywhere.
    let mut remaining = 1.0;
    values.map(move |value| {
        if !value.is_finite() {
            return None;
        }
        average = average * weight + (1.0 - weight) * value;
        remaining *= weight;
        Some(average / (1.0 - remaining))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_stays_and_the_first_value_is_itself() {
        let out: Vec<_> = smoothed([3.0, 3.0, 3.0].into_iter(), 0.9).flatten().collect();
        assert!(out.iter().all(|it| (it - 3.0).abs() < 1e-12), "{out:?}");
        let first = smoothed([7.0, 0.0].into_iter(), 0.6).next().flatten();
        assert!(first.is_some_and(|it| (it - 7.0).abs() < 1e-12));
    }

    #[test]
    fn not_a_number_is_skipped() {
        let with: Vec<_> = smoothed([1.0, f64::NAN, 2.0].into_iter(), 0.5).collect();
        let without: Vec<_> = smoothed([1.0, 2.0].into_iter(), 0.5).collect();
        assert_eq!(with, [without[0], None, without[1]]);
    }
}
