//! Writes a page with charts of all kinds, light and dark, to look at:
//! `cargo run --release -p charts --example gallery > gallery.html`.
//!
//! It also says, on standard error, how long ten series of a thousand points take.

use std::time::Instant;

use charts::{ChartSeries, ChartSpec, Unit, XAxis, YScale, chart_svg, overlay_svg, readout, sparkline_svg};
use domain::{series::Point, time::Timestamp};

/// The page around the charts.
const PAGE_CSS: &str = "body{margin:0;background:#fff}div{display:grid;grid-template-columns:1fr 1fr;gap:12px;padding:16px;\
    background:var(--chart-surface);color:var(--chart-ink)}figure{margin:0;padding:10px;position:relative;\
    border:1px solid var(--chart-grid);border-radius:8px}figcaption{font:600 13px system-ui;padding:2px 4px 8px}\
    figure .chart-overlay{inset:auto;left:10px;top:38px;width:calc(100% - 20px)}";

fn main() {
    let card = |title: &str, svg: String| format!("<figure><figcaption>{title}</figcaption>{svg}</figure>");
    let mut cards = String::new();
    for (title, spec, curves) in charts() {
        let series: Vec<ChartSeries> =
            curves.iter().enumerate().map(|(index, (label, points))| ChartSeries::new(label, index, points)).collect();
        let chart = chart_svg(&spec, &series);
        let mut svg = chart.svg.clone();
        if title.starts_with("Hover") {
            let seen = readout(&spec, &series, &chart.plot, 300.0, None).expect("there are points");
            svg.push_str(&overlay_svg(&seen, &chart.plot));
        }
        cards.push_str(&card(title, svg));
    }
    let (_, _, curves) = &charts()[0];
    let sparks: String =
        curves.iter().enumerate().map(|(index, (_, points))| sparkline_svg(points, 120, 28, index)).collect();
    cards.push_str(&card("Sparklines", sparks));

    #[expect(clippy::print_stdout, reason = "the page is this program's output")]
    {
        println!(
            "<!doctype html><meta charset=utf-8><title>Charts</title><style>{}{}</style><div>{cards}</div>\
             <div class=dark>{cards}</div>",
            include_str!("chart.css"),
            PAGE_CSS,
        );
    }
    report_speed();
}

fn report_speed() {
    let curves: Vec<Vec<Point>> = (0..10).map(|seed| noisy_decay(1_000, seed)).collect();
    let series: Vec<ChartSeries> =
        curves.iter().enumerate().map(|(index, points)| ChartSeries::new("loss", index, points)).collect();
    let start = Instant::now();
    let rounds = 100;
    let bytes: usize = (0..rounds).map(|_| chart_svg(&ChartSpec::default(), &series).svg.len()).sum();
    #[expect(clippy::print_stderr, reason = "a measurement for the person at the terminal")]
    {
        eprintln!(
            "10 series x 1,000 points: {:?} a chart, {} bytes",
            start.elapsed() / rounds,
            bytes / rounds as usize
        );
    }
}

type Curve = (&'static str, Vec<Point>);

fn charts() -> Vec<(&'static str, ChartSpec, Vec<Curve>)> {
    let plain = ChartSpec::default();
    let three = || {
        vec![
            ("train:loss", noisy_decay(60, 1)),
            ("validation:loss", noisy_decay(60, 2)),
            ("test:loss", noisy_decay(40, 5)),
        ]
    };
    let restart: Vec<Point> = noisy_decay(60, 3).into_iter().chain(noisy_decay(90, 4).into_iter().skip(40)).collect();
    let broken =
        values(&[2.0, 1.5, f64::NAN, 1.2, 1.1, f64::INFINITY, f64::NAN, 0.9, 0.8, f64::NEG_INFINITY, 0.7, 0.7]);
    let log = values(&[100.0, 30.0, 8.0, 2.0, 0.0, 0.5, 0.2, -1.0, 0.05, 0.02, 0.02, 0.018]);
    vec![
        ("Three curves", plain, three()),
        (
            "Smoothing 0.8, ghosts behind",
            ChartSpec { smoothing: 0.8, ..plain },
            vec![("loss", noisy_decay(800, 1)), ("val", noisy_decay(800, 2))],
        ),
        (
            "CPU, percent, elapsed time",
            ChartSpec { unit: Unit::Percent, x: XAxis::RelativeTime, ..plain },
            vec![("CPUUtilization algo-1", cpu(90, 1)), ("CPUUtilization algo-2", cpu(90, 2))],
        ),
        (
            "Wall clock",
            ChartSpec { unit: Unit::Percent, x: XAxis::WallTime, ..plain },
            vec![("MemoryUtilization", cpu(400, 3))],
        ),
        ("NaN, infinities", plain, vec![("loss", broken)]),
        ("Log scale with values that it cannot show", ChartSpec { y_scale: YScale::Log, ..plain }, vec![("lr", log)]),
        (
            "Log scale, many decades",
            ChartSpec { y_scale: YScale::Log, ..plain },
            vec![("grad", (0..200).map(|i| point(i, 10_f64.powf(-(i as f64) / 20.0))).collect())],
        ),
        ("100,000 points with three spikes", plain, vec![("loss", spiky(100_000))]),
        ("Zoomed in", ChartSpec { x_range: Some((20.5, 33.3)), ..plain }, three()),
        ("Restarted from a checkpoint", plain, vec![("loss", restart)]),
        ("Hover", plain, three()),
        ("One point", plain, vec![("loss", values(&[0.25]))]),
        ("Constant", plain, vec![("lr", values(&[0.001; 20]))]),
        (
            "Dollars",
            ChartSpec { unit: Unit::Dollars, x: XAxis::RelativeTime, ..plain },
            vec![("cost", (0..100).map(|i| point(i, i as f64 * 0.0126)).collect())],
        ),
        ("Large values", plain, vec![("tokens", (0..50).map(|i| point(i * 25_000, i as f64 * 262_144.0)).collect())]),
        ("Small values", plain, vec![("lr", (0..50).map(|i| point(i, 5e-5 * (1.0 - i as f64 / 50.0))).collect())]),
        ("Empty", plain, vec![]),
        ("Only NaN", plain, vec![("loss", values(&[f64::NAN; 5]))]),
        ("Low", ChartSpec { height: 120, ..plain }, three()),
        ("Twelve curves", plain, (0..12).map(|seed| ("acc", rising(50, seed))).collect()),
    ]
}

fn point(step: i64, value: f64) -> Point {
    Point { step, at: Timestamp::from_unix_millis(1_795_449_912_000 + step * 2_000), value }
}

fn values(values: &[f64]) -> Vec<Point> {
    (0..).zip(values).map(|(step, value)| point(step, *value)).collect()
}

/// The same "random" number for the same place, 0 to 1 (the mixer of `SplitMix64`).
fn noise(seed: i64, index: i64) -> f64 {
    let mut bits = (seed * 1_000_003 + index).unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn noisy_decay(count: i64, seed: i64) -> Vec<Point> {
    let rate = 12.0 / count as f64 / (1.0 + seed as f64 * 0.3);
    (0..count).map(|i| point(i, 0.12 * seed as f64 + 2.1 * (-rate * i as f64).exp() + 0.12 * noise(seed, i))).collect()
}

fn rising(count: i64, seed: i64) -> Vec<Point> {
    (0..count)
        .map(|i| {
            point(
                i,
                0.98 - 0.05 * seed as f64 - (0.5 - 0.02 * seed as f64) * (-0.1 * i as f64).exp()
                    + 0.01 * noise(seed, i),
            )
        })
        .collect()
}

fn cpu(count: i64, seed: i64) -> Vec<Point> {
    (0..count)
        .map(|i| point(i, if i < 8 { 4.0 * noise(seed, i) } else { 78.0 - 6.0 * seed as f64 + 14.0 * noise(seed, i) }))
        .collect()
}

fn spiky(count: i64) -> Vec<Point> {
    let spike = |i: i64| [20_011, 50_023, 80_051].contains(&i);
    (0..count).map(|i| point(i, if spike(i) { 9.0 } else { 1.0 + noise(3, i) })).collect()
}
