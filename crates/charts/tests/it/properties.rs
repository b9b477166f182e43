//! What must hold for every chart, whatever the data.

use crate::support::{attributes, dots, line_points, point, points};
use charts::{ChartSeries, ChartSpec, Unit, XAxis, YScale, chart_svg, readout, sparkline_svg};
use domain::series::Point;
use proptest::prelude::*;

/// Drawn coordinates are cut to tenths of a pixel.
const NEAR: f64 = 0.11;

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![8 => -1e6..1e6_f64, 2 => any::<f64>(), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(0.0)]
}

fn any_spec() -> impl Strategy<Value = ChartSpec> {
    let x = prop_oneof![Just(XAxis::Step), Just(XAxis::RelativeTime), Just(XAxis::WallTime), Just(XAxis::Dollars)];
    let unit = prop_oneof![Just(Unit::Plain), Just(Unit::Percent), Just(Unit::Dollars), Just(Unit::Seconds)];
    let x_range = proptest::option::of((any::<f64>(), any::<f64>()));
    (0_u32..2_000, 0_u32..1_000, x, any::<bool>(), 0.0..1.2_f64, x_range, unit).prop_map(
        |(width, height, x, log, smoothing, x_range, unit)| {
            let y_scale = if log { YScale::Log } else { YScale::Linear };
            ChartSpec { width, height, x, y_scale, smoothing, x_range, unit }
        },
    )
}

proptest! {
    /// Of a visible range with far more points than pixels, the lowest and highest are on the curve; without zoom the
    /// first and last are too (zoomed in, the curve is cut exactly at the plot's borders).
    #[test]
    fn extremes_of_the_visible_range_are_always_drawn(
        values in proptest::collection::vec(-1e3..1e3_f64, 2..6_000),
        from in 0.0..0.9_f64, share in 0.05..1.0_f64, zoomed: bool, log: bool,
    ) {
        let values: Vec<f64> = values.into_iter().map(|it| if log { it.abs() + 1e-3 } else { it }).collect();
        let points = points(&values);
        let last_step = (points.len() - 1) as f64;
        let x_range = if zoomed { (from * last_step, (from + share).min(1.0) * last_step) } else { (0.0, last_step) };
        let y_scale = if log { YScale::Log } else { YScale::Linear };
        let spec = ChartSpec { x_range: zoomed.then_some(x_range), y_scale, ..ChartSpec::default() };
        let chart = chart_svg(&spec, &[ChartSeries::new("loss", 0, &points)]);
        let drawn: Vec<(f64, f64)> = line_points(&chart.svg).into_iter().chain(dots(&chart.svg)).collect();
        let visible: Vec<&Point> =
            points.iter().filter(|it| (x_range.0..=x_range.1).contains(&(it.step as f64))).collect();
        let lowest = visible.iter().min_by(|a, b| a.value.total_cmp(&b.value));
        let highest = visible.iter().max_by(|a, b| a.value.total_cmp(&b.value));
        let ends = if zoomed { [None, None] } else { [visible.first(), visible.last()] };
        for wanted in [lowest, highest, ends[0], ends[1]].into_iter().flatten() {
            let x = chart.plot.pixel_of_x(wanted.step as f64);
            let y = chart.plot.pixel_of_y(wanted.value).expect("it has a place");
            prop_assert!(
                drawn.iter().any(|it| (it.0 - x).abs() < NEAR && (it.1 - y).abs() < NEAR),
                "step {} value {} at {x} {y} is not drawn", wanted.step, wanted.value,
            );
        }
    }

    /// Any points in any chart: no panic, nothing outside the plot, no number that is not one, equal bytes twice.
    #[test]
    fn every_chart_is_sound(
        spec in any_spec(),
        curves in proptest::collection::vec(proptest::collection::vec((any::<i16>(), any_value()), 0..60), 0..4),
    ) {
        let curves: Vec<Vec<Point>> =
            curves.iter().map(|it| it.iter().map(|(step, value)| point(i64::from(*step), *value)).collect()).collect();
        let series: Vec<ChartSeries> =
            curves.iter().enumerate().map(|(index, it)| ChartSeries::new("a", index * 7, it)).collect();
        let chart = chart_svg(&spec, &series);
        let plot = chart.plot;
        for (x, y) in line_points(&chart.svg).into_iter().chain(dots(&chart.svg)) {
            prop_assert!((plot.left - NEAR..=plot.right + NEAR).contains(&x), "x {x} in {plot:?}");
            prop_assert!((plot.top - NEAR..=plot.bottom + NEAR).contains(&y), "y {y} in {plot:?}");
        }
        prop_assert!(plot.x_min < plot.x_max && plot.y_min < plot.y_max, "{plot:?}");
        for coordinates in [attributes(&chart.svg, " d=\""), attributes(&chart.svg, " x=\""), attributes(&chart.svg, " y=\"")].concat() {
            prop_assert!(!coordinates.contains("NaN") && !coordinates.contains("inf"), "{coordinates}");
        }
        prop_assert!(!chart.svg.contains("style=") && !chart.svg.contains('#'), "colours belong to the style sheet");
        prop_assert_eq!(&chart_svg(&spec, &series), &chart);
    }

    /// Tick labels never lie on each other, at any width: six pixels a character at most.
    #[test]
    fn x_labels_do_not_overlap(spec in any_spec(), first in -1_000_000_i64..1_000_000, span in 0_i64..1_000_000_000) {
        let spec = ChartSpec { x_range: None, ..spec };
        let points = [point(first, 1.0), point(first + span, 2.0)];
        let svg = chart_svg(&spec, &[ChartSeries::new("a", 0, &points)]).svg;
        let mut right_end = f64::NEG_INFINITY;
        for label in svg.split("<text class=\"chart-tick\" ").skip(1).filter(|it| !it.contains("x=\"48\"")) {
            let x: f64 = attributes(label, "x=\"")[0].parse().expect("a number");
            let text = label.split(['>', '<']).nth(1).expect("a label");
            let width = 6.0 * text.chars().count() as f64;
            let is_end = label.split('>').next().is_some_and(|it| it.contains("\"end\""));
            let left = if is_end { x - width } else { x - width / 2.0 };
            prop_assert!(left > right_end, "{text} at {x} in {svg}");
            right_end = left + width;
        }
    }

    #[test]
    fn a_readout_points_at_real_points(
        spec in any_spec(), values in proptest::collection::vec(any_value(), 1..50), pointer in -50.0..2_000.0_f64,
    ) {
        let points = points(&values);
        let series = [ChartSeries::new("a", 0, &points)];
        let plot = chart_svg(&spec, &series).plot;
        if let Some(seen) = readout(&spec, &series, &plot, pointer, Some(10.0)) {
            for row in &seen.rows {
                // By bits: NaN is not equal to itself.
                prop_assert!(points.iter().any(|it| it.step == row.point.step && it.value.to_bits() == row.point.value.to_bits()));
            }
            prop_assert!((plot.left..=plot.right).contains(&seen.x_pixel));
        } else {
            prop_assert!(spec.x_range.is_some(), "without a range every point is visible");
        }
    }

    #[test]
    fn sparklines_are_sound(values in proptest::collection::vec(any_value(), 0..300), width in 0_u32..400, height in 0_u32..90) {
        let svg = sparkline_svg(&points(&values), width, height, 3);
        let (width, height) = (f64::from(width.max(24)), f64::from(height.max(12)));
        for (x, y) in line_points(&svg).into_iter().chain(dots(&svg)) {
            prop_assert!((0.0..=width).contains(&x) && (0.0..=height).contains(&y), "{x} {y}");
        }
    }
}

#[test]
fn every_spike_of_a_long_series_is_drawn() {
    let spikes = [20_011, 50_023, 80_051];
    let points: Vec<Point> = (0..100_000)
        .map(|step| point(step, if spikes.contains(&step) { 9.0 } else { (step % 10) as f64 / 10.0 }))
        .collect();
    let chart = chart_svg(&ChartSpec::default(), &[ChartSeries::new("loss", 0, &points)]);
    let top = chart.plot.pixel_of_y(9.0).expect("on the axis");
    let tops = line_points(&chart.svg).into_iter().filter(|it| (it.1 - top).abs() < NEAR).count();
    assert_eq!(tops, spikes.len());
    assert!(chart.svg.len() < 60_000, "{} bytes for 100,000 points", chart.svg.len());
}

#[test]
fn gaps_are_counted_in_words_and_marked() {
    let points = points(&[1.0, f64::NAN, 0.0, f64::INFINITY, 4.0]);
    let spec = ChartSpec { y_scale: YScale::Log, ..ChartSpec::default() };
    let svg = chart_svg(&spec, &[ChartSeries::new("loss", 0, &points)]).svg;
    for part in ["5 points, last 4 at step 4", "min 0 at step 2", "1 NaN", "1 infinite", "1 not above 0"] {
        assert!(svg.contains(part), "{part:?} in {svg}");
    }
    for class in ["chart-mark-nan", "chart-mark-inf", "chart-mark-nonpositive"] {
        assert!(svg.contains(class), "{class} in {svg}");
    }
}

#[test]
fn a_chart_without_curves_says_why() {
    let says = |spec: &ChartSpec, values: &[f64], text: &str| {
        let points = points(values);
        let svg = chart_svg(spec, &[ChartSeries::new("loss", 0, &points)]).svg;
        assert!(svg.contains(text), "{text:?} in {svg}");
    };
    let plain = ChartSpec::default();
    says(&plain, &[], "No points yet");
    says(&plain, &[f64::NAN], "Only NaN or infinite");
    says(&ChartSpec { y_scale: YScale::Log, ..plain }, &[0.0, -1.0], "Nothing above 0");
    says(&ChartSpec { x_range: Some((50.0, 60.0)), ..plain }, &[1.0, 2.0], "No points in this range");
}

#[test]
fn relative_time_begins_at_the_given_origin() {
    let points = points(&[1.0, 2.0]);
    let spec = ChartSpec { x: XAxis::RelativeTime, ..ChartSpec::default() };
    let own = chart_svg(&spec, &[ChartSeries::new("a", 0, &points)]).plot;
    assert!(own.x_min.abs() < 1e-9 && (own.x_max - 2.0).abs() < 1e-9);
    let since = points[0].at.plus_seconds(-60);
    let given = chart_svg(&spec, &[ChartSeries::new("a", 0, &points).since(since)]).plot;
    assert!((given.x_min - 60.0).abs() < 1e-9 && (given.x_max - 62.0).abs() < 1e-9);
}

#[test]
fn the_readout_sorts_by_the_pointer_and_knows_what_is_smoothed() {
    let (low, high) = (points(&[1.0, 1.0, 1.0]), points(&[9.0, 9.0, 9.0]));
    let series = [ChartSeries::new("low", 0, &low), ChartSeries::new("high", 1, &high)];
    let spec = ChartSpec { smoothing: 0.5, ..ChartSpec::default() };
    let plot = chart_svg(&spec, &series).plot;
    let middle = f64::midpoint(plot.left, plot.right) + 5.0;
    let seen = readout(&spec, &series, &plot, middle, Some(plot.top)).expect("visible points");
    assert_eq!(seen.x_text, "step 1");
    assert_eq!(seen.rows.iter().map(|it| it.label.as_str()).collect::<Vec<_>>(), ["high", "low"]);
    assert_eq!(seen.rows[0].smoothed_text.as_deref(), Some("9"));
    let ordered = readout(&spec, &series, &plot, middle, None).expect("visible points");
    assert_eq!(ordered.rows[0].label, "low");
}
