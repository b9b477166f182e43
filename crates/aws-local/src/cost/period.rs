//! A request's time, cut into the periods of its granularity. All of it is UTC; a period ends before its end.

use serde_json::{Value, json};
use time::{Date, Month, OffsetDateTime, Time};

use super::{one_of, required};
use crate::clock;
use crate::field;
use crate::wire::ApiError;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// How far back Cost Explorer looks: this month and the thirteen before.
const MONTHS: i32 = 14;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Granularity {
    Hourly,
    Daily,
    Monthly,
}

impl Granularity {
    pub(super) fn of(input: &Value) -> Result<Self, ApiError> {
        match required(input, "Granularity")? {
            "HOURLY" => Ok(Self::Hourly),
            "DAILY" => Ok(Self::Daily),
            "MONTHLY" => Ok(Self::Monthly),
            other => Err(one_of("granularity", other, &["DAILY", "MONTHLY", "HOURLY"])),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) begin_ms: i64,
    pub(super) end_ms: i64,
}

impl Period {
    /// The whole time that a request asks for.
    pub(super) fn of(input: &Value, granularity: Granularity, now_ms: i64) -> Result<Self, ApiError> {
        let time = input.get("TimePeriod").unwrap_or(&Value::Null);
        if time.is_null() {
            return required(input, "TimePeriod").map(|_| Self { begin_ms: 0, end_ms: 0 });
        }
        let at = |name: &str, shown: &str| {
            let text = field::text(time, name).unwrap_or_default();
            point(text, granularity).ok_or_else(|| {
                let form = if granularity == Granularity::Hourly { "yyyy-MM-ddTHH:mm:ssZ" } else { "yyyy-MM-dd" };
                ApiError::validation(format!("{shown} time {text} is invalid. Valid format is: {form}."))
            })
        };
        let (begin_ms, end_ms) = (at("Start", "Start")?, at("End", "End")?);
        if begin_ms >= end_ms {
            return Err(ApiError::validation("Start date (and hour) should be before end date (and hour)"));
        }
        if begin_ms < earliest(now_ms) {
            return Err(ApiError::validation("You haven't enabled historical data beyond 14 months"));
        }
        // Nothing is known of the far future, and a year of hours is a long answer already.
        let end_ms = end_ms.min(next_month(next_month(now_ms)).max(begin_ms + DAY_MS));
        Ok(Self { begin_ms, end_ms })
    }

    pub(super) fn cut(self, granularity: Granularity) -> Vec<Self> {
        let mut periods = Vec::new();
        let mut begin_ms = self.begin_ms;
        while begin_ms < self.end_ms {
            let next = match granularity {
                Granularity::Hourly => begin_ms - begin_ms.rem_euclid(HOUR_MS) + HOUR_MS,
                Granularity::Daily => begin_ms - begin_ms.rem_euclid(DAY_MS) + DAY_MS,
                Granularity::Monthly => next_month(begin_ms),
            };
            let end_ms = next.min(self.end_ms);
            periods.push(Self { begin_ms, end_ms });
            begin_ms = end_ms;
        }
        periods
    }

    pub(super) fn shown(self, granularity: Granularity) -> Value {
        let text = |at_ms: i64| {
            let iso = clock::iso(at_ms);
            if granularity == Granularity::Hourly { format!("{}Z", &iso[..19]) } else { iso[..10].to_owned() }
        };
        json!({ "Start": text(self.begin_ms), "End": text(self.end_ms) })
    }

    /// The bill of a month is final after it.
    pub(super) fn is_estimated(self, now_ms: i64) -> bool {
        self.end_ms > month(now_ms)
    }
}

fn point(text: &str, granularity: Granularity) -> Option<i64> {
    let is_plain = match granularity {
        Granularity::Hourly => text.len() == 20 && text.ends_with('Z') || text.len() == 10,
        _ => text.len() == 10,
    };
    if is_plain { clock::parse_iso(text) } else { None }
}

fn date(at_ms: i64) -> Date {
    OffsetDateTime::from_unix_timestamp(at_ms.div_euclid(1000)).map_or(Date::MIN, OffsetDateTime::date)
}

fn first(year: i32, month: Month) -> i64 {
    Date::from_calendar_date(year, month, 1)
        .map_or(i64::MAX, |date| date.with_time(Time::MIDNIGHT).assume_utc().unix_timestamp() * 1000)
}

fn month(at_ms: i64) -> i64 {
    first(date(at_ms).year(), date(at_ms).month())
}

fn next_month(at_ms: i64) -> i64 {
    let (year, month) = (date(at_ms).year(), date(at_ms).month());
    first(if month == Month::December { year + 1 } else { year }, month.next())
}

fn earliest(now_ms: i64) -> i64 {
    let day = date(now_ms);
    let months = day.year() * 12 + i32::from(u8::from(day.month())) - 1 - (MONTHS - 1);
    let month = u8::try_from(months.rem_euclid(12) + 1).ok().and_then(|month| Month::try_from(month).ok());
    first(months.div_euclid(12), month.unwrap_or(Month::January))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        clock::parse_iso(text).unwrap()
    }

    fn of(start: &str, end: &str, granularity: Granularity) -> Result<Period, ApiError> {
        let input = json!({ "TimePeriod": { "Start": start, "End": end } });
        Period::of(&input, granularity, at("2026-02-10"))
    }

    #[test]
    fn time_is_cut_at_calendar_borders_and_the_end_is_out() {
        let year = of("2025-11-15", "2026-02-02", Granularity::Monthly).unwrap();
        let shown: Vec<Value> =
            year.cut(Granularity::Monthly).iter().map(|it| it.shown(Granularity::Monthly)["Start"].clone()).collect();
        assert_eq!(shown, ["2025-11-15", "2025-12-01", "2026-01-01", "2026-02-01"]);
        let days = of("2025-12-31", "2026-01-02", Granularity::Daily).unwrap().cut(Granularity::Daily);
        assert_eq!(days[1].shown(Granularity::Daily), json!({ "Start": "2026-01-01", "End": "2026-01-02" }));
        let hours = of("2026-01-01T22:00:00Z", "2026-01-02", Granularity::Hourly).unwrap().cut(Granularity::Hourly);
        assert_eq!(hours.len(), 2);
        assert_eq!(hours[1].shown(Granularity::Hourly)["End"], "2026-01-02T00:00:00Z");
        let now_ms = at("2026-02-10");
        assert_eq!(days.iter().map(|it| it.is_estimated(now_ms)).collect::<Vec<_>>(), [false, false]);
        assert!(Period { begin_ms: at("2026-02-01"), end_ms: at("2026-02-02") }.is_estimated(now_ms));
    }

    #[test]
    fn times_that_are_none_or_too_old_are_refused() {
        for (start, end, word) in [
            ("2026-01-02", "2026-01-02", "before end"),
            ("2026-01-02T00:00:00Z", "2026-01-03", "yyyy-MM-dd"),
            ("yesterday", "2026-01-03", "Start time"),
            ("2024-12-31", "2026-01-03", "14 months"),
        ] {
            let error = of(start, end, Granularity::Daily).unwrap_err();
            assert_eq!(error.code, "ValidationException");
            assert!(error.message.contains(word), "{}", error.message);
        }
        assert!(of("2025-01-01", "9999-12-31", Granularity::Hourly).unwrap().cut(Granularity::Hourly).len() < 11_000);
    }
}
