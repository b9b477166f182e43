//! What a field is compared with: read as its kind wants it, and written back so that it is read the same.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Field, FieldKind, Op,
    fault::{near, shown},
    lexer::{is_keyword, is_plain},
};
use crate::{money::NanoUsd, run::RunBadge, run::RunOrigin, series::lossless_f64, time::Timestamp};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    Text(String),
    /// Never NaN. Of a parameter or tag: what it says is compared as a number.
    Number(#[serde(with = "lossless_f64")] f64),
    /// Of metrics only.
    NotANumber,
    Seconds(f64),
    Dollars(NanoUsd),
    Percent(f64),
    Time(Timestamp),
    /// The whole day that begins at this time, UTC.
    Day(Timestamp),
    /// So many seconds before now.
    Ago(f64),
    Flag(bool),
}

/// A length of time, by its letter.
const UNITS: [(char, f64); 5] = [('w', 604_800.0), ('d', 86_400.0), ('h', 3_600.0), ('m', 60.0), ('s', 1.0)];
const DAY_SECONDS: i64 = 86_400;

impl Operand {
    /// `is_bare`: it stood there without quotes. The message names what fits.
    pub(super) fn parse(field: &Field, op: Op, text: &str, is_bare: bool) -> Result<Self, String> {
        let wrong = |what: &str| format!("{} is {what}", shown(text));
        match field.kind() {
            FieldKind::Text => Self::text(field, op, text, is_bare),
            FieldKind::Number => {
                let number = text
                    .parse()
                    .map_err(|_| wrong(&format!("no number: {field} is compared with one, as 0.5 or 1e-3")))?;
                match Self::number(number) {
                    Self::NotANumber if op.is_order() => {
                        Err("nothing is less or more than NaN: ask with = or !=".to_owned())
                    }
                    number => Ok(number),
                }
            }
            FieldKind::Seconds => {
                let seconds = seconds(text).or_else(|| text.parse().ok().filter(|it: &f64| it.is_finite()));
                let seconds =
                    seconds.ok_or_else(|| wrong("no length of time: write 90s, 5m, 2h, 3d or a number of seconds"))?;
                Ok(Self::Seconds(seconds))
            }
            FieldKind::Dollars => {
                let dollars = text.strip_prefix('$').unwrap_or(text);
                let dollars = NanoUsd::parse(dollars);
                dollars.map(Self::Dollars).map_err(|_| wrong("no amount of dollars: write 5 or $0.50"))
            }
            FieldKind::Percent => {
                let percent = text.strip_suffix('%').unwrap_or(text).parse().ok().filter(|it: &f64| it.is_finite());
                percent.map(Self::Percent).ok_or_else(|| wrong("no percentage: write 30 or 30%"))
            }
            FieldKind::Time => Self::time(text)
                .ok_or_else(|| wrong("no time: write '2026-11-01', '2026-11-01T12:00:00Z', or -7d for seven days ago")),
            FieldKind::Flag => match text.to_ascii_lowercase().as_str() {
                _ if op.is_order() => Err(format!("{field} is true or false: ask with = or !=")),
                "true" | "yes" | "1" => Ok(Self::Flag(true)),
                "false" | "no" | "0" => Ok(Self::Flag(false)),
                _ => Err(wrong(&format!("neither true nor false, which {field} is"))),
            },
        }
    }

    fn text(field: &Field, op: Op, text: &str, is_bare: bool) -> Result<Self, String> {
        let words: &[&str] = match field {
            Field::Param(_) | Field::Tag(_) => {
                return match number_of(text).filter(|_| is_bare || op.is_order()) {
                    Some(number) => Ok(Self::Number(number)),
                    None if op.is_order() => Err(format!(
                        "{} is no number: {} compares parameters and tags as numbers",
                        shown(text),
                        op.as_str()
                    )),
                    None => Ok(Self::Text(text.to_owned())),
                };
            }
            Field::Status => &RunBadge::ALL.map(RunBadge::as_str),
            Field::Origin => &RunOrigin::ALL.map(RunOrigin::as_str),
            _ => return Ok(Self::Text(text.to_owned())),
        };
        if op.is_order() {
            return Err(format!("{field} is a word, none is more than another: ask with =, != or IN"));
        }
        if let Some(word) = words.iter().find(|it| it.eq_ignore_ascii_case(text)) {
            return Ok(Self::Text((*word).to_owned()));
        }
        let cure = near(text, words.iter().copied()).unwrap_or_else(|| format!("there are {}", words.join(", ")));
        Err(format!("{} is no {field}: {cure}", shown(text)))
    }

    fn time(text: &str) -> Option<Self> {
        if let Some(ago) = text.strip_prefix('-').filter(|it| !it.starts_with('-')) {
            return seconds(ago).map(Self::Ago);
        }
        // Only `2026-11-01` has this length: a time of day has more.
        if text.len() == 10 {
            return Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")).map(Self::Day);
        }
        Timestamp::parse_rfc3339(text).map(Self::Time)
    }

    /// Any double as what it is compared as.
    pub fn number(value: f64) -> Self {
        if value.is_nan() { Self::NotANumber } else { Self::Number(value) }
    }

    /// The first moment of a time and the first one behind it; `None` for what is no time.
    pub fn moments(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let (from, to) = match self {
            Self::Time(at) => (*at, at.plus_micros(1)),
            Self::Day(at) => (*at, at.plus_seconds(DAY_SECONDS)),
            Self::Ago(seconds) => {
                let at = now.plus_micros(-((seconds * 1e6).min(9e18) as i64));
                (at, at.plus_micros(1))
            }
            _ => return None,
        };
        Some((from, to))
    }
}

/// What a parameter or tag says, when it says a number.
pub fn number_of(text: &str) -> Option<f64> {
    // `inf`, `nan` and `infinity` are words to people.
    let has_digit = text.bytes().any(|it| it.is_ascii_digit());
    text.parse().ok().filter(|it: &f64| has_digit && it.is_finite())
}

/// `90s`, `1.5h`; a unit must be there.
fn seconds(text: &str) -> Option<f64> {
    let unit = text.chars().next_back()?;
    let (_, length) = UNITS.iter().find(|(letter, _)| *letter == unit.to_ascii_lowercase())?;
    let count: f64 = text[..text.len() - 1].parse().ok()?;
    Some(count * length).filter(|it| it.is_finite())
}

/// In the largest unit that leaves nothing over.
fn seconds_text(seconds: f64) -> String {
    let is_exact = seconds.abs() < 1e12 && seconds.fract() == 0.0 && seconds != 0.0;
    let unit = UNITS.iter().find(|(_, length)| is_exact && seconds % length == 0.0);
    let (letter, length) = unit.unwrap_or(&('s', 1.0));
    format!("{}{letter}", number_text(seconds / length))
}

/// The shortest text that is read as this number: `3`, `0.001`, `1e-9`.
pub(super) fn number_text(value: f64) -> String {
    // Plus 0: there is no minus in a nought.
    let text = format!("{:?}", value + 0.0);
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // What begins with a letter and is no number to anybody needs no quotes.
            Self::Text(text) => {
                let is_word = text.starts_with(|c: char| c.is_alphabetic()) && is_plain(text);
                if is_word && !is_keyword(text) { f.write_str(text) } else { f.write_str(&quoted(text)) }
            }
            Self::Number(value) => f.write_str(&number_text(*value)),
            Self::NotANumber => f.write_str("NaN"),
            Self::Seconds(seconds) => f.write_str(&seconds_text(*seconds)),
            Self::Dollars(dollars) => write!(f, "${}", dollars.to_exact()),
            Self::Percent(percent) => write!(f, "{}%", number_text(*percent)),
            Self::Time(at) => f.write_str(&quoted(&at.to_rfc3339())),
            Self::Day(at) => f.write_str(&quoted(at.to_rfc3339().split('T').next().unwrap_or_default())),
            Self::Ago(seconds) => write!(f, "-{}", seconds_text(*seconds)),
            Self::Flag(is_set) => write!(f, "{is_set}"),
        }
    }
}
