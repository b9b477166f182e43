//! Charts compared byte by byte with `tests/golden/*.svg`.
//!
//! After a wanted change: `CHARTS_GOLDEN=write cargo test -p charts --test it golden`, look at the files (the gallery
//! example shows the same kinds with the style sheet), and commit them with the change.

use std::{fs, path::PathBuf};

use crate::support::{point, points};
use charts::{
    Bar, BarSpec, ChartSeries, ChartSpec, ScatterAxis, ScatterDot, ScatterSpec, Unit, XAxis, YScale, bars_svg,
    chart_svg, overlay_svg, readout, scatter_svg, sparkline_svg,
};

fn check(name: &str, svg: &str) {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate lies");
    let path = PathBuf::from(folder).join("tests/golden").join(format!("{name}.svg"));
    // One element a line: differences are readable.
    let text = format!("{}\n", svg.replace("><", ">\n<"));
    if std::env::var("CHARTS_GOLDEN").is_ok_and(|it| it == "write") {
        fs::write(&path, text).expect("the golden folder is writable");
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()));
    assert!(text == expected, "{} has changed; see this file's header. Now:\n{text}", path.display());
}

#[test]
fn two_curves_by_step() {
    let (train, test) = (points(&[2.3, 1.6, 1.1, 0.8, 0.65]), points(&[2.4, 1.8, 1.4, 1.2]));
    let series = [ChartSeries::new("train:loss", 0, &train), ChartSeries::new("test:loss", 1, &test)];
    let spec = ChartSpec::default();
    let chart = chart_svg(&spec, &series);
    check("two_curves", &chart.svg);
    let seen = readout(&spec, &series, &chart.plot, 300.0, Some(100.0)).expect("points are visible");
    check("two_curves_overlay", &overlay_svg(&seen, &chart.plot));
}

#[test]
fn what_is_not_a_number() {
    let points = points(&[2.0, f64::NAN, 1.2, f64::INFINITY, 0.9, f64::NEG_INFINITY, 0.7, 0.6]);
    check("gaps", &chart_svg(&ChartSpec::default(), &[ChartSeries::new("loss", 2, &points)]).svg);
}

#[test]
fn log_scale_with_values_that_it_cannot_show() {
    let points = points(&[100.0, 12.0, 0.0, 1.5, -2.0, 0.03]);
    let spec = ChartSpec { y_scale: YScale::Log, ..ChartSpec::default() };
    check("log", &chart_svg(&spec, &[ChartSeries::new("lr", 0, &points)]).svg);
}

#[test]
fn smoothed_percentages_by_wall_clock() {
    let points: Vec<_> = (0..40).map(|i| point(i, 60.0 + f64::from(i as i32 % 7) * 3.0)).collect();
    let spec = ChartSpec { x: XAxis::WallTime, unit: Unit::Percent, smoothing: 0.6, ..ChartSpec::default() };
    check("smoothed", &chart_svg(&spec, &[ChartSeries::new("CPUUtilization algo-1", 3, &points)]).svg);
}

#[test]
fn empty_and_single() {
    check("empty", &chart_svg(&ChartSpec::default(), &[]).svg);
    check("single", &chart_svg(&ChartSpec::default(), &[ChartSeries::new("loss", 0, &points(&[0.25]))]).svg);
}

#[test]
fn sparklines() {
    check("sparkline", &sparkline_svg(&points(&[2.0, 1.2, f64::NAN, 0.9, 0.7, 0.75]), 120, 28, 0));
}

#[test]
fn hostile_names_stay_text() {
    let points = points(&[1.0, 2.0]);
    let name = "</desc><script>alert('1')</script>\u{202e}\u{1b}[31m\" onload=\"x & y";
    let svg = chart_svg(&ChartSpec::default(), &[ChartSeries::new(name, 0, &points)]).svg;
    assert!(!svg.contains("<script") && !svg.contains("onload=\"") && !svg.contains(['\u{202e}', '\u{1b}']), "{svg}");
    check("hostile_name", &svg);
}

#[test]
fn a_scatter_has_a_link_for_each_run_that_has_both_values() {
    let dot = |label, color_index, x, y| ScatterDot { label, color_index, x, y, href: "/runs/1?a=1&b=\"" };
    let axis = |name: &str, unit| ScatterAxis { name: name.to_owned(), unit };
    let spec = ScatterSpec { width: 560, height: 240, x: axis("cost", Unit::Dollars), y: axis("<loss>", Unit::Plain) };
    let dots = [dot("a", 0, 0.5, 0.3), dot("<b>", 1, 1.0, 0.2), dot("c", 2, f64::NAN, 0.1)];
    let svg = scatter_svg(&spec, &dots, &[0, 1]);
    assert_eq!(svg.matches("<circle").count(), 2, "NaN has no place");
    assert_eq!(svg.matches("is-front").count(), 2);
    assert!(svg.contains("scatter-front") && svg.contains("$1.00"), "{svg}");
    assert!(!svg.contains("<b>") && !svg.contains("<loss>") && svg.contains("&amp;b=&quot;"), "{svg}");
    assert_eq!(svg, scatter_svg(&spec, &dots, &[0, 1]));
    assert_eq!(scatter_svg(&spec, &[], &[]).matches("<circle").count(), 0);
}

#[test]
fn bars_stand_on_each_other_and_something_is_never_nothing() {
    let spec = BarSpec {
        width: 560,
        height: 240,
        unit: Unit::Dollars,
        label: "Dollars <a day>".to_owned(),
        part_classes: &["bar-settled", "bar-running"],
    };
    let bar = |parts: &[f64]| Bar { tick: "1".to_owned(), title: "<1>".to_owned(), parts: parts.to_vec() };
    let svg = bars_svg(&spec, &[bar(&[100.0, 50.0]), bar(&[1e-9, 0.0]), bar(&[f64::NAN, -1.0])]);
    assert_eq!(svg.matches("bar-settled").count(), 2, "{svg}");
    assert_eq!(svg.matches("bar-running").count(), 1);
    assert!(svg.contains("height=\"1\"") && svg.contains("&lt;1&gt;") && !svg.contains("<a day>"), "{svg}");
    assert_eq!(bars_svg(&spec, &[]).matches("bar-slot").count(), 0);
}
