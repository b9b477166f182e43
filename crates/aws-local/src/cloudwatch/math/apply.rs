//! Operators and functions over series. Where two series meet, only times that both have are left.

use std::collections::{BTreeMap, BTreeSet};

use super::{Computed, Malformed, Operator, Series, malformed};

pub(in super::super) fn operate(operator: Operator, left: Computed, right: Computed) -> Result<Computed, Malformed> {
    let value = |left: f64, right: f64| match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Power => left.powf(right),
    };
    let join = |left: Series, right: &Series| {
        let both = left.points.iter().filter_map(|(at, mine)| Some((*at, value(*mine, *right.points.get(at)?))));
        let points = both.filter(|(_, value)| value.is_finite()).collect();
        Series { points, period_seconds: left.period_seconds.max(right.period_seconds), label: left.label }
    };
    Ok(match (left, right) {
        (left, Computed::Number(right)) => left.each_value(|left| value(left, right))?,
        (Computed::Number(left), right) => right.each_value(|right| value(left, right))?,
        (left, Computed::One(right)) => left.each(|left| join(left, &right))?,
        (Computed::One(left), Computed::Many(right)) => Computed::Many(
            right
                .into_iter()
                .map(|right| Series { label: right.label.clone(), ..join(left.clone(), &right) })
                .collect(),
        ),
        (Computed::Many(_), Computed::Many(_)) => return malformed("two arrays of time series cannot be combined"),
    })
}

/// A function of computed arguments. `METRICS`, `SEARCH`, `FILL` and `TIME_SERIES` need more and are the caller's.
pub(in super::super) fn apply(function: &str, arguments: Vec<Computed>) -> Result<Computed, Malformed> {
    let Ok([argument]) = <[Computed; 1]>::try_from(arguments) else {
        return malformed(format!("{function} takes one argument"));
    };
    match function {
        "SUM" => reduced(argument, |values, _| values.iter().sum()),
        "AVG" => reduced(argument, |values, count| values.iter().sum::<f64>() / count),
        "MIN" => reduced(argument, |values, _| values.iter().copied().fold(f64::INFINITY, f64::min)),
        "MAX" => reduced(argument, |values, _| values.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        "STDDEV" => reduced(argument, deviation),
        "ABS" => argument.each_value(f64::abs),
        "CEIL" => argument.each_value(f64::ceil),
        "FLOOR" => argument.each_value(f64::floor),
        "LOG" => argument.each_value(f64::ln),
        "LOG10" => argument.each_value(f64::log10),
        "DIFF" => argument.each(|series| steps(series, |_, change| change)),
        "DIFF_TIME" => argument.each(|series| steps(series, |seconds, _| seconds)),
        "RATE" => argument.each(|series| steps(series, |seconds, change| change / seconds)),
        "RUNNING_SUM" => argument.each(running_sum),
        "PERIOD" => match argument {
            Computed::One(series) => Ok(Computed::Number(series.period_seconds as f64)),
            _ => malformed("PERIOD takes one time series"),
        },
        "DATAPOINT_COUNT" => reduced(argument, |values, _| values.len() as f64),
        "METRIC_COUNT" => Ok(Computed::Number(argument.into_many()?.len() as f64)),
        "REMOVE_EMPTY" => {
            let many = argument.into_many()?;
            Ok(Computed::Many(many.into_iter().filter(|series| !series.points.is_empty()).collect()))
        }
        "FIRST" | "LAST" => {
            let mut many = argument.into_many()?;
            match if function == "FIRST" && !many.is_empty() { Some(many.swap_remove(0)) } else { many.pop() } {
                Some(series) => Ok(Computed::One(series)),
                None => malformed(format!("{function} of no time series")),
            }
        }
        _ => malformed(format!("the function {function} is not provided by the local endpoint")),
    }
}

/// One series to a number; an array to one series, time by time. `reduce` gets the values that there are and how many
/// there could be: the average and the deviation take a missing value for 0, as CloudWatch says.
fn reduced(argument: Computed, reduce: impl Fn(&[f64], f64) -> f64) -> Result<Computed, Malformed> {
    match argument {
        Computed::Number(_) => malformed("a time series is expected where there is a number"),
        Computed::One(series) => {
            let values: Vec<f64> = series.points.into_values().collect();
            let number = reduce(&values, values.len() as f64);
            Ok(Computed::Number(if values.is_empty() { 0.0 } else { number }))
        }
        Computed::Many(many) => {
            let times: BTreeSet<i64> = many.iter().flat_map(|series| series.points.keys().copied()).collect();
            let points = times.into_iter().map(|at| {
                let values: Vec<f64> = many.iter().filter_map(|series| series.points.get(&at).copied()).collect();
                (at, reduce(&values, many.len() as f64))
            });
            let period_seconds = many.iter().map(|series| series.period_seconds).max().unwrap_or(60);
            let points = points.filter(|(_, value)| value.is_finite()).collect();
            Ok(Computed::One(Series { label: String::new(), period_seconds, points }))
        }
    }
}

fn deviation(values: &[f64], count: f64) -> f64 {
    let mean = values.iter().sum::<f64>() / count;
    let missing = count - values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    ((squares + missing * mean.powi(2)) / count).sqrt()
}

/// From the seconds and the change since the value before; the first value has none.
fn steps(series: Series, step: impl Fn(f64, f64) -> f64) -> Series {
    let points = series
        .points
        .iter()
        .zip(series.points.iter().skip(1))
        .map(|((before_at, before), (at, value))| (*at, step((at - before_at) as f64 / 1000.0, value - before)));
    Series { points: points.filter(|(_, value)| value.is_finite()).collect(), ..series }
}

fn running_sum(mut series: Series) -> Series {
    let mut sum = 0.0;
    for value in series.points.values_mut() {
        sum += *value;
        *value = sum;
    }
    series.points.retain(|_, value| value.is_finite());
    series
}

/// What `FILL` puts where a period has no value.
#[derive(Debug, Clone, Copy)]
pub(in super::super) enum Fill {
    Number(f64),
    /// The value before.
    Repeat,
    /// On the line between the values before and after.
    Linear,
}

/// Gives a series a value at each of `times`, as far as the way to fill has one.
pub(in super::super) fn fill(mut series: Series, how: Fill, times: &[i64]) -> Series {
    let known = std::mem::take(&mut series.points);
    let filled = |at: i64| -> Option<f64> {
        let before = known.range(..at).next_back();
        match how {
            Fill::Number(number) => Some(number),
            Fill::Repeat => before.map(|(_, value)| *value),
            Fill::Linear => {
                let ((from, low), (to, high)) = (before?, known.range(at..).next()?);
                Some(low + (high - low) * (at - from) as f64 / (to - from) as f64)
            }
        }
    };
    let mut points: BTreeMap<i64, f64> =
        times.iter().filter(|at| !known.contains_key(at)).filter_map(|at| Some((*at, filled(*at)?))).collect();
    points.extend(known);
    series.points = points;
    series
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(values: &[(i64, f64)]) -> Computed {
        Computed::One(series(values))
    }

    fn series(values: &[(i64, f64)]) -> Series {
        let points = values.iter().map(|(minute, value)| (minute * 60_000, *value)).collect();
        Series { label: "m".to_owned(), period_seconds: 60, points }
    }

    #[test]
    fn operators_keep_what_both_have_and_what_is_finite() {
        let quotient =
            operate(Operator::Divide, one(&[(0, 6.0), (1, 8.0), (2, 1.0)]), one(&[(1, 2.0), (2, 0.0), (3, 1.0)]));
        assert_eq!(quotient.unwrap(), one(&[(1, 4.0)]));
        assert_eq!(operate(Operator::Subtract, Computed::Number(1.0), one(&[(0, 6.0)])).unwrap(), one(&[(0, -5.0)]));
        let many = || Computed::Many(vec![series(&[(0, 1.0)]), series(&[(0, 2.0)])]);
        let product = operate(Operator::Multiply, one(&[(0, 3.0)]), many()).unwrap();
        assert_eq!(product, Computed::Many(vec![series(&[(0, 3.0)]), series(&[(0, 6.0)])]));
        assert!(operate(Operator::Add, many(), many()).is_err());
    }

    #[test]
    fn functions_of_one_series_and_of_arrays() {
        let apply_one = |name: &str, argument: Computed| apply(name, vec![argument]).unwrap();
        let values = one(&[(0, 1.0), (1, 4.0), (3, 10.0)]);
        assert_eq!(apply_one("AVG", values.clone()), Computed::Number(5.0));
        assert_eq!(apply_one("RATE", values.clone()), one(&[(1, 0.05), (3, 0.05)]));
        assert_eq!(apply_one("RUNNING_SUM", values.clone()), one(&[(0, 1.0), (1, 5.0), (3, 15.0)]));
        let Computed::One(sum) =
            apply_one("SUM", Computed::Many(vec![series(&[(0, 1.0)]), series(&[(0, 2.0), (1, 5.0)])]))
        else {
            panic!("an array becomes a series")
        };
        assert_eq!(sum.points, series(&[(0, 3.0), (1, 5.0)]).points);
        assert_eq!(apply_one("STDDEV", one(&[(0, 1.0), (1, 3.0)])), Computed::Number(1.0));
        assert!(apply("SUM", vec![]).is_err() && apply("ANOMALY_DETECTION_BAND", vec![values]).is_err());
    }

    #[test]
    fn gaps_are_filled_in_each_way() {
        let times = [0, 60_000, 120_000, 180_000];
        let filled = |how| fill(series(&[(1, 2.0), (3, 6.0)]), how, &times);
        assert_eq!(filled(Fill::Number(0.0)), series(&[(0, 0.0), (1, 2.0), (2, 0.0), (3, 6.0)]));
        assert_eq!(filled(Fill::Repeat), series(&[(1, 2.0), (2, 2.0), (3, 6.0)]));
        assert_eq!(filled(Fill::Linear), series(&[(1, 2.0), (2, 4.0), (3, 6.0)]));
    }
}
