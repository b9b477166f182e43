//! One cell: a run's value in a field.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Field, Operand, operand};
use crate::{money::NanoUsd, series::lossless_f64, time::Timestamp};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    Text(String),
    /// May be NaN or infinite.
    Number(#[serde(with = "lossless_f64")] f64),
    Seconds(i64),
    Dollars(NanoUsd),
    /// 0 to 100, with a decimal at most.
    Percent(f64),
    Time(Timestamp),
    Flag(bool),
}

impl Value {
    /// For means and differences: a text that says a number is one, dollars are dollars, times are Unix seconds. `None`
    /// for other texts and for flags.
    pub fn as_f64(&self) -> Option<f64> {
        Some(match self {
            Self::Text(text) => operand::number_of(text)?,
            Self::Number(value) | Self::Percent(value) => *value,
            Self::Seconds(seconds) => *seconds as f64,
            // For a mean only: sums of money are made elsewhere, of integers.
            Self::Dollars(dollars) => dollars.0 as f64 / NanoUsd::ONE_DOLLAR as f64,
            Self::Time(at) => at.unix_seconds(),
            Self::Flag(_) => return None,
        })
    }

    /// What it is equal to in a search. A parameter or tag is compared as the text that it is.
    pub fn operand(&self) -> Operand {
        match self {
            Self::Text(text) => Operand::Text(text.clone()),
            Self::Number(value) => Operand::number(*value),
            Self::Seconds(seconds) => Operand::Seconds(*seconds as f64),
            Self::Dollars(dollars) => Operand::Dollars(*dollars),
            Self::Percent(percent) => Operand::Percent(*percent),
            Self::Time(at) => Operand::Time(*at),
            Self::Flag(is_set) => Operand::Flag(*is_set),
        }
    }
}

/// Exact, for tables that other programs read: `0.1`, `NaN`, seconds, decimals of dollars and percent, RFC 3339.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(value) | Self::Percent(value) => f.write_str(&operand::number_text(*value)),
            Self::Seconds(seconds) => write!(f, "{seconds}"),
            Self::Dollars(dollars) => f.write_str(&dollars.to_exact()),
            Self::Time(at) => f.write_str(&at.to_rfc3339()),
            Self::Flag(is_set) => write!(f, "{is_set}"),
        }
    }
}

impl Field {
    /// What finds this value, or its absence, in a search.
    pub(super) fn is(&self, value: Option<&Value>) -> super::Condition {
        use super::{Condition, Op, Test};
        let test = match value {
            Some(value) => Test::Compare { op: Op::Equal, value: value.operand() },
            None => Test::Null { is_not: false },
        };
        Condition::test(self.clone(), test)
    }
}
