//! The one place of the endpoint that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "the endpoint plays AWS: its time is the machine's")]
pub(crate) fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Epoch seconds with milliseconds, as the JSON protocols carry times.
pub(crate) fn seconds(at_ms: i64) -> f64 {
    at_ms as f64 / 1000.0
}

/// ISO 8601 in UTC with milliseconds, as the query protocol and messages carry times.
pub(crate) fn iso(at_ms: i64) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(at_ms) * 1_000_000)
        .unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

/// Parses ISO 8601: with or without zone (then UTC), with or without a fraction, or a date alone.
pub(crate) fn parse_iso(text: &str) -> Option<i64> {
    use time::format_description::well_known::Rfc3339;
    let text = text.trim();
    let full = match text.len() {
        10 => format!("{text}T00:00:00Z"),
        _ if text.ends_with(['Z', 'z']) || text.get(19..).is_some_and(|rest| rest.contains(['+', '-'])) => {
            text.to_owned()
        }
        _ => format!("{text}Z"),
    };
    let at = time::OffsetDateTime::parse(&full, &Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()
}

/// `20261123T101500Z`, as signatures carry times.
pub(crate) fn compact(at_ms: i64) -> String {
    let iso = iso(at_ms);
    let digits: String = iso[..19].chars().filter(|char| !matches!(char, '-' | ':')).collect();
    format!("{digits}Z")
}

pub(crate) fn parse_compact(text: &str) -> Option<i64> {
    let part = |range| text.get(range);
    if text.len() != 16 || part(8..9)? != "T" || part(15..16)? != "Z" {
        return None;
    }
    let (date, time) = ([part(0..4)?, part(4..6)?, part(6..8)?], [part(9..11)?, part(11..13)?, part(13..15)?]);
    parse_iso(&format!("{}T{}Z", date.join("-"), time.join(":")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iso_times_are_read_in_every_spelling_the_clients_use() {
        for text in
            ["2026-11-23T10:00:00Z", "2026-11-23T10:00:00", "2026-11-23T11:00:00+01:00", "2026-11-23T10:00:00.000Z"]
        {
            assert_eq!(parse_iso(text).map(iso).as_deref(), Some("2026-11-23T10:00:00.000Z"), "{text}");
        }
        assert_eq!(parse_iso("2026-11-23").map(iso).as_deref(), Some("2026-11-23T00:00:00.000Z"));
        assert_eq!(parse_iso("yesterday"), None);
        assert_eq!(parse_compact("20261123T101500Z").map(compact).as_deref(), Some("20261123T101500Z"));
        for text in ["20261123", "20261123T101500", "2026112\u{e9}T101500Z", "20261323T101500Z"] {
            assert_eq!(parse_compact(text), None, "{text}");
        }
    }
}
