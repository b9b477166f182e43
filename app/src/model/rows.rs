//! The words of a run's row: what ran on, how long, its numbers in people's shape.

use domain::{
    run::{FinalMetric, Run},
    time::{Timestamp, duration_text},
};

/// `2 × ml.m5.xlarge · spot`.
pub fn machine(run: &Run) -> String {
    machine_text(run.instance_type.as_deref(), run.instance_count, run.spot)
}

/// The same from its parts; no type: a cluster of several.
pub fn machine_text(instance_type: Option<&str>, count: u32, spot: bool) -> String {
    let instance = instance_type.unwrap_or("instance groups");
    let count = if count > 1 { format!("{count} × ") } else { String::new() };
    let spot = if spot { " · spot" } else { "" };
    format!("{count}{instance}{spot}")
}

/// From the start of training to its end, or to `now` while it runs.
pub fn duration(run: &Run, now: Timestamp) -> Option<String> {
    let end = run.ended_at.unwrap_or(now);
    Some(duration_text(end.seconds_since(run.started_at?).max(0.0) as u64))
}

/// `just now`, `5 min ago`, `3 h ago`, `12 d ago`.
pub fn age(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.seconds_since(at).max(0.0) as u64;
    match seconds {
        0..=9 => "just now".to_owned(),
        10..=59 => format!("{seconds} s ago"),
        60..=3_599 => format!("{} min ago", seconds / 60),
        3_600..=86_399 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// A value as charts write it, so that a number is the same text everywhere.
pub fn number(value: f64) -> String {
    charts::value_text(value, charts::Unit::Plain)
}

/// The metrics to name in a row: those the engine reported last, at most `limit`.
pub fn key_metrics(run: &Run, limit: usize) -> Vec<&FinalMetric> {
    run.final_metrics.iter().take(limit).collect()
}

/// `12,345,678`.
pub fn grouped_digits(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1.4 kB`, `23 MB`: decimal units.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1_000 {
        return format!("{count} B");
    }
    let mut value = count as f64;
    let mut unit = "B";
    for next in UNITS {
        if value < 999.5 {
            break;
        }
        value /= 1_000.0;
        unit = next;
    }
    if value < 9.95 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_counts_read_well() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_400), "1.4 kB");
        assert_eq!(bytes(999_950), "1.0 MB");
        assert_eq!(bytes(23_000_000), "23 MB");
        assert_eq!(grouped_digits(1_234_567), "1,234,567");
        assert_eq!(grouped_digits(12), "12");
    }

    #[test]
    fn ages_are_never_negative() {
        let now = Timestamp::from_unix_millis(1_000_000);
        assert_eq!(age(now.plus_seconds(5), now), "just now");
        assert_eq!(age(now.plus_seconds(-90), now), "1 min ago");
    }
}
