//! Ticks of time axes: 1, 2, 5, 10, 15, 30 seconds and minutes, hours, days.

use domain::time::Timestamp;

use super::{Tick, linear};
use crate::spec::Unit;

const MINUTE: i64 = 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
const DISTANCES: [i64; 22] = [
    1,
    2,
    5,
    10,
    15,
    30,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
];

/// Seconds since some beginning: `0s`, `30s`, `1m 30s`, `2h`.
pub(crate) fn relative(from: f64, to: f64, wanted: u32) -> Vec<Tick> {
    let distance = distance(to - from, wanted);
    if to - from < 2.0 {
        return linear::inside(from, to, wanted, linear::Least::Any, Unit::Seconds);
    }
    whole_seconds(from, to, distance)
        .map(|seconds| Tick { value: seconds as f64, label: elapsed_label(seconds) })
        .collect()
}

/// Unix seconds in UTC: `16:05:30`, `16:05`, and the date where a day begins.
pub(crate) fn wall(from: f64, to: f64, wanted: u32) -> Vec<Tick> {
    let distance = distance(to - from, wanted);
    whole_seconds(from, to, distance)
        .map(|seconds| Tick { value: seconds as f64, label: wall_label(seconds, distance) })
        .collect()
}

fn distance(span: f64, wanted: u32) -> i64 {
    let least = span / f64::from(wanted);
    let listed = DISTANCES.into_iter().find(|it| *it as f64 >= least);
    // Beyond four weeks: round numbers of days.
    listed.unwrap_or_else(|| linear::whole_distance(span / DAY as f64, wanted).saturating_mul(DAY))
}

fn whole_seconds(from: f64, to: f64, distance: i64) -> impl Iterator<Item = i64> {
    let first = (from / distance as f64 - 1e-9).ceil() as i64;
    let last = (to / distance as f64 + 1e-9).floor() as i64;
    (first..=last).map(move |index| index.saturating_mul(distance))
}

fn elapsed_label(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let whole = seconds.unsigned_abs();
    let parts = [(whole / 86_400, "d"), (whole / 3_600 % 24, "h"), (whole / 60 % 60, "m"), (whole % 60, "s")];
    let text: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).take(2).map(|(count, unit)| format!("{count}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { format!("{sign}{}", text.join(" ")) }
}

fn wall_label(seconds: i64, distance: i64) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = Timestamp::from_unix_micros(seconds.saturating_mul(1_000_000)).to_civil_seconds();
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    if seconds.rem_euclid(DAY) == 0 {
        let month = part(5..7).parse::<usize>().ok().and_then(|it| MONTHS.get(it.wrapping_sub(1))).unwrap_or(&"?");
        if distance > 28 * DAY {
            return format!("{month} {}", part(0..4));
        }
        return format!("{month} {}", part(8..10).trim_start_matches('0'));
    }
    if distance < MINUTE { part(11..19).to_owned() } else { part(11..16).to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: Vec<Tick>) -> Vec<String> {
        ticks.into_iter().map(|it| it.label).collect()
    }

    #[test]
    fn elapsed_time() {
        assert_eq!(labels(relative(0.0, 95.0, 5)), ["0s", "30s", "1m", "1m 30s"]);
        assert_eq!(labels(relative(0.0, 7_300.0, 5)), ["0s", "30m", "1h", "1h 30m", "2h"]);
        assert_eq!(labels(relative(0.0, 1.0, 5)), ["0s", "0.2s", "0.4s", "0.6s", "0.8s", "1.0s"]);
        assert_eq!(labels(relative(-60.0, 60.0, 4)), ["-1m", "-30s", "0s", "30s", "1m"]);
        assert_eq!(labels(relative(0.0, 200.0 * 86_400.0, 4)), ["0s", "50d", "100d", "150d", "200d"]);
    }

    #[test]
    fn wall_clock() {
        let start = 1_795_449_900.0;
        assert_eq!(labels(wall(start, start + 90.0, 4)), ["16:05:00", "16:05:30", "16:06:00", "16:06:30"]);
        assert_eq!(labels(wall(start, start + 3_600.0, 4)), ["16:15", "16:30", "16:45", "17:00"]);
        assert_eq!(labels(wall(start, start + 60_000.0, 4)), ["18:00", "Nov 24", "06:00"]);
    }
}
