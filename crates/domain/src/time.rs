//! Points in time: microseconds since 1970-01-01 UTC, the same integer in both databases and on the wire.

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

/// A point in time in microseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// AWS JSON protocols carry epoch seconds with a fraction.
    pub fn from_unix_seconds(seconds: f64) -> Self {
        Self((seconds * 1e6).round() as i64)
    }

    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    pub const fn unix_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    pub fn unix_seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Seconds from `earlier` to `self`; negative when `self` is the earlier one.
    pub fn seconds_since(self, earlier: Self) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 / 1e6
    }

    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_micros(seconds.saturating_mul(1_000_000))
    }

    /// RFC 3339 with any offset: `2026-11-23T16:05:00Z`. Digits beyond microseconds are cut.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let nanos = OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp_nanos();
        i64::try_from(nanos.div_euclid(1_000)).ok().map(Self)
    }

    /// `2026-11-23T16:05:00Z`, with a fraction only when there is one.
    pub fn to_rfc3339(self) -> String {
        self.civil().and_then(|it| it.format(&Rfc3339).ok()).unwrap_or_else(|| format!("{} µs", self.0))
    }

    /// `2026-11-23 16:05:00`, UTC, for people.
    pub fn to_civil_seconds(self) -> String {
        let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
        self.civil().and_then(|it| it.format(&format).ok()).unwrap_or_else(|| format!("{} µs", self.0))
    }

    /// `20261123-160500`, UTC: the shape that SageMaker users know from job names.
    pub fn to_compact(self) -> String {
        let format = format_description!("[year][month][day]-[hour][minute][second]");
        self.civil().and_then(|it| it.format(&format).ok()).unwrap_or_else(|| self.0.to_string())
    }

    fn civil(self) -> Option<OffsetDateTime> {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000).ok()
    }
}

/// Where the time comes from: the real clock in `server`, a hand-moved one in tests.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
}

/// `75` -> `1 min 15 s`; days and hours as needed, at most two units.
pub fn duration_text(seconds: u64) -> String {
    let (days, hours, minutes, rest) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, _) => format!("{minutes} min {rest} s"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_of_one_moment() {
        let at = Timestamp::from_unix_seconds(1_795_449_900.25);
        assert_eq!(at.to_rfc3339(), "2026-11-23T16:05:00.25Z");
        assert_eq!(at.to_civil_seconds(), "2026-11-23 16:05:00");
        assert_eq!(at.to_compact(), "20261123-160500");
        assert_eq!(Timestamp::parse_rfc3339("2026-11-23T17:05:00.25+01:00"), Some(at));
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), None);
    }

    #[test]
    fn durations_have_two_units_at_most() {
        let shown: Vec<String> = [0, 59, 75, 3_600, 90_061].map(duration_text).into();
        assert_eq!(shown, ["0 s", "59 s", "1 min 15 s", "1 h 0 min", "1 d 1 h"]);
    }

    #[test]
    fn what_is_no_date_is_shown_all_the_same() {
        assert!(Timestamp::from_unix_micros(i64::MAX).to_rfc3339().ends_with("µs"));
        assert_eq!(Timestamp::from_unix_seconds(f64::NAN).unix_micros(), 0);
        assert!(Timestamp::from_unix_micros(i64::MIN).seconds_since(Timestamp::from_unix_micros(i64::MAX)) < 0.0);
    }

    proptest! {
        /// Years 0 to 9999.
        #[test]
        fn rfc3339_is_parsed_back(micros in -62_167_219_200_000_000_i64..253_402_300_799_999_999) {
            let at = Timestamp::from_unix_micros(micros);
            prop_assert_eq!(Timestamp::parse_rfc3339(&at.to_rfc3339()), Some(at));
        }

        /// Seconds with a fraction, as AWS sends them, keep microseconds in this century.
        #[test]
        fn unix_seconds_keep_microseconds(micros in 0_i64..4_102_444_800_000_000) {
            let at = Timestamp::from_unix_micros(micros);
            prop_assert_eq!(Timestamp::from_unix_seconds(at.unix_seconds()), at);
        }

        #[test]
        fn json_is_the_integer(micros in any::<i64>()) {
            let at = Timestamp::from_unix_micros(micros);
            let text = serde_json::to_string(&at).expect("serializable");
            prop_assert_eq!(&text, &micros.to_string());
            prop_assert_eq!(serde_json::from_str::<Timestamp>(&text).expect("parsable"), at);
        }
    }
}
