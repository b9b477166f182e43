use proptest::prelude::*;

use super::*;
use crate::{
    series::{Point, SeriesKey, SeriesSource},
    sweep::Goal,
    time::Timestamp,
};

fn summary(name: &str, values: &[f64]) -> SeriesSummary {
    let points: Vec<Point> = (0..)
        .zip(values)
        .map(|(step, value)| Point { step, at: Timestamp::from_unix_millis(step), value: *value })
        .collect();
    let key = SeriesKey { name: name.to_owned(), source: SeriesSource::Log, host: "algo-1".to_owned() };
    SeriesSummary::of_points(key, &points).expect("points")
}

#[test]
fn a_row_for_each_metric_that_any_run_has() {
    let (a, b) = ([summary("loss", &[3.0, 1.0, 2.0])], [summary("loss", &[1.5]), summary("acc", &[0.5])]);
    let rows = metric_rows(&[&a, &b], MetricStat::Last, 0);
    assert_eq!(rows.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["acc", "loss"]);
    assert!(rows[0].cells[0].is_none() && rows[0].differs());
    let of_b = rows[1].cells[1].expect("a value");
    assert_eq!((of_b.value, of_b.delta, of_b.is_lowest, of_b.is_highest), (1.5, Some(-0.5), true, false));
    assert_eq!(rows[1].cells[0].expect("a value").delta, None, "the base has no distance from itself");
    let lowest = metric_rows(&[&a, &b], MetricStat::Min, 1);
    assert_eq!(lowest[1].cells[0].and_then(|it| it.delta), Some(-0.5));
}

#[test]
fn what_is_not_finite_is_no_extreme_and_has_no_distance() {
    let (a, b) = ([summary("loss", &[f64::NAN])], [summary("loss", &[1.0])]);
    let rows = metric_rows(&[&a, &b], MetricStat::Last, 0);
    let (of_a, of_b) = (rows[0].cells[0].expect("NaN is a value"), rows[0].cells[1].expect("a value"));
    assert!(of_a.value.is_nan() && of_b.delta.is_none());
    assert!(![of_a.is_lowest, of_a.is_highest, of_b.is_lowest, of_b.is_highest].contains(&true));
    assert_eq!(metric_rows(&[&a, &b], MetricStat::Min, 0)[0].cells[0], None);
}

#[test]
fn the_front_is_what_nobody_beats() {
    let points = [(1.0, 5.0), (2.0, 3.0), (2.0, 4.0), (3.0, 3.0), (4.0, 1.0), (f64::NAN, 0.0)];
    assert_eq!(pareto_front(&points, Goal::Minimize), [0, 1, 4]);
    assert_eq!(pareto_front(&points, Goal::Maximize), [0]);
    assert_eq!(pareto_front(&[], Goal::Minimize), [0_usize; 0]);
}

#[test]
fn a_name_tells_which_way_is_better() {
    for (name, goal) in
        [("validation:accuracy", Goal::Maximize), ("ROC-AUC", Goal::Maximize), ("val_loss", Goal::Minimize)]
    {
        assert_eq!(Goal::of_name(name), goal, "{name}");
    }
}

proptest! {
    /// By the definition: a point is on the front exactly when none beats it, but for equals, of which one is.
    #[test]
    fn the_front_is_right(points in proptest::collection::vec((0_u8..6, 0_u8..6), 0..20), is_higher: bool) {
        let goal = if is_higher { Goal::Maximize } else { Goal::Minimize };
        let points: Vec<(f64, f64)> = points.into_iter().map(|(x, y)| (f64::from(x), f64::from(y))).collect();
        let front = pareto_front(&points, goal);
        let better_or_equal = |a: f64, b: f64| if is_higher { a >= b } else { a <= b };
        for (index, (x, y)) in points.iter().enumerate() {
            let is_beaten = points.iter().any(|(other_x, other_y)| {
                other_x <= x && better_or_equal(*other_y, *y) && (other_x, other_y) != (x, y)
            });
            let is_on = front.iter().any(|it| points[*it] == (*x, *y));
            prop_assert_eq!(is_on, !is_beaten, "{}: {:?}", index, points);
        }
    }
}
