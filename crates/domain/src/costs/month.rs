//! A calendar month in UTC, as AWS bills by it.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::{Date, Month as CivilMonth, OffsetDateTime, Time};

use crate::time::Timestamp;

/// `2026-11`. Years 1970 to 9998, so that every moment of it is a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Month {
    year: i32,
    /// 1 to 12
    month: u8,
}

const DAY_MICROS: i64 = 86_400_000_000;

impl Month {
    pub fn new(year: i32, month: u8) -> Option<Self> {
        ((1970..=9998).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let is_plain = |text: &str, digits| text.len() == digits && text.bytes().all(|it| it.is_ascii_digit());
        if !is_plain(year, 4) || !is_plain(month, 2) {
            return None;
        }
        Self::new(year.parse().ok()?, month.parse().ok()?)
    }

    /// The month that a moment lies in; moments beyond its years lie in the nearest.
    pub fn of(at: Timestamp) -> Self {
        let civil = OffsetDateTime::from_unix_timestamp(at.unix_micros().div_euclid(1_000_000));
        let found = civil.ok().and_then(|it| Self::new(it.year(), it.month().into()));
        found.unwrap_or(if at.unix_micros() < 0 {
            Self { year: 1970, month: 1 }
        } else {
            Self { year: 9998, month: 12 }
        })
    }

    /// Its first moment.
    pub fn start(self) -> Timestamp {
        let date = CivilMonth::try_from(self.month).ok().and_then(|it| Date::from_calendar_date(self.year, it, 1).ok());
        let seconds = date.map_or(0, |it| it.with_time(Time::MIDNIGHT).assume_utc().unix_timestamp());
        Timestamp::from_unix_micros(seconds.saturating_mul(1_000_000))
    }

    /// The first moment after it.
    pub fn end(self) -> Timestamp {
        let (year, month) = if self.month == 12 { (self.year + 1, 1) } else { (self.year, self.month + 1) };
        Self { year, month }.start()
    }

    /// `None` at the end of time.
    pub fn next(self) -> Option<Self> {
        if self.month == 12 { Self::new(self.year + 1, 1) } else { Self::new(self.year, self.month + 1) }
    }

    pub fn previous(self) -> Option<Self> {
        if self.month == 1 { Self::new(self.year - 1, 12) } else { Self::new(self.year, self.month - 1) }
    }

    /// How many days it has.
    pub fn day_count(self) -> u32 {
        u32::try_from((self.end().unix_micros() - self.start().unix_micros()) / DAY_MICROS).unwrap_or(0)
    }

    /// The first moments of its days, and that of the day after them.
    pub fn day_borders(self) -> impl Iterator<Item = Timestamp> {
        (0..=i64::from(self.day_count())).map(move |it| self.start().plus_micros(it * DAY_MICROS))
    }

    /// `November 2026`
    pub fn words(self) -> String {
        const NAMES: [&str; 12] = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ];
        format!("{} {}", NAMES[usize::from(self.month) - 1], self.year)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}
