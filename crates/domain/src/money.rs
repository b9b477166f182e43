//! Money as integer nano-dollars: exact to nine decimals, no float anywhere.

use std::fmt;

use serde::{Deserialize, Serialize};

/// US dollars in units of 10^-9. AWS quotes prices with up to ten decimals; the tenth is always 0 in its lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NanoUsd(pub i64);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an amount of dollars: give digits with at most nine decimals, for example `1.2575`")]
pub struct MoneyError(pub String);

impl NanoUsd {
    pub const ONE_DOLLAR: i64 = 1_000_000_000;

    /// Parses `1.2575000000` exactly; more than nine significant decimals are refused.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        let fail = || MoneyError(text.to_owned());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        let is_digits = |it: &str| it.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || fraction.len() > 9 {
            return Err(fail());
        }
        let whole: i64 = whole.parse().map_err(|_| fail())?;
        let nanos: i64 = format!("{fraction:0<9}").parse().map_err(|_| fail())?;
        let sum = whole.checked_mul(Self::ONE_DOLLAR).and_then(|it| it.checked_add(nanos)).ok_or_else(fail)?;
        Ok(Self(if negative { -sum } else { sum }))
    }

    /// `price per hour x seconds x count`, divided last and rounded half up to a nano-dollar.
    #[must_use]
    pub fn per_hour_times(self, seconds: u64, count: u32) -> Self {
        let product = (i128::from(self.0) * i128::from(seconds)).saturating_mul(i128::from(count));
        // A product beyond i64 (billions of dollars) is bad data: it stays at the bound instead of wrapping round.
        let bound = if product < 0 { i64::MIN } else { i64::MAX };
        Self(i64::try_from(product.saturating_add(1_800).div_euclid(3_600)).unwrap_or(bound))
    }

    /// The exact decimal, `0.0035` or `12.5`.
    pub fn to_exact(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let unit = Self::ONE_DOLLAR.unsigned_abs();
        let text = format!("{sign}{}.{:09}", magnitude / unit, magnitude % unit);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// For people: cents from a dollar up, four decimals below, so that a run of seconds is not "$0.00".
impl fmt::Display for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        if magnitude == 0 {
            f.write_str("$0.00")
        } else if magnitude < 50_000 {
            write!(f, "{sign}<$0.0001")
        } else if magnitude < 999_950_000 {
            let rounded = (magnitude + 50_000) / 100_000;
            write!(f, "{sign}${}.{:04}", rounded / 10_000, rounded % 10_000)
        } else {
            let cents = magnitude.saturating_add(5_000_000) / 10_000_000;
            write!(f, "{sign}${}.{:02}", cents / 100, cents % 100)
        }
    }
}

impl std::iter::Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self(0), |sum, it| sum + it)
    }
}

impl std::ops::Add for NanoUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::Sub for NanoUsd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prices_as_aws_writes_them() {
        assert_eq!(NanoUsd::parse("1.2575000000"), Ok(NanoUsd(1_257_500_000)));
        assert_eq!(NanoUsd::parse("0.0000000010"), Ok(NanoUsd(1)));
        assert_eq!(NanoUsd::parse("-3"), Ok(NanoUsd(-3_000_000_000)));
        for wrong in
            ["", "-", ".5", "1,5", "$1", "1e3", "0.0000000001", "99999999999999999999", "1.2.3", " 1", "+1", "--1"]
        {
            assert!(NanoUsd::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_run_of_seconds_is_not_zero_dollars() {
        let shown = |nanos: i64| NanoUsd(nanos).to_string();
        assert_eq!(shown(0), "$0.00");
        assert_eq!(shown(1), "<$0.0001");
        assert_eq!(shown(50_000), "$0.0001");
        assert_eq!(shown(3_833_333), "$0.0038");
        assert_eq!(shown(999_949_999), "$0.9999");
        assert_eq!(shown(999_950_000), "$1.00", "never $1.0000");
        assert_eq!(shown(12_345_000_000), "$12.35");
        assert_eq!(shown(-12_345_000_000), "-$12.35");
        assert_eq!(shown(i64::MAX), "$9223372036.85");
    }

    #[test]
    fn the_division_comes_last() {
        // 0.23 $/h for 1 s is 63,888.9 nano-dollars; three instances are 191,666.7, not 3 x 63,889.
        let price = NanoUsd(230_000_000);
        assert_eq!(price.per_hour_times(1, 1), NanoUsd(63_889));
        assert_eq!(price.per_hour_times(1, 3), NanoUsd(191_667));
        assert_eq!(NanoUsd(i64::MAX).per_hour_times(u64::MAX, u32::MAX), NanoUsd(i64::MAX));
        assert_eq!(NanoUsd(i64::MIN).per_hour_times(u64::MAX, u32::MAX), NanoUsd(i64::MIN));
    }

    proptest! {
        #[test]
        fn exact_text_is_parsed_back(nanos in -i64::MAX..i64::MAX) {
            let money = NanoUsd(nanos);
            prop_assert_eq!(NanoUsd::parse(&money.to_exact()), Ok(money));
        }

        #[test]
        fn parts_sum_to_the_whole(parts in proptest::collection::vec(-1_000_000_000_000_i64..1_000_000_000_000, 0..50)) {
            let sum: NanoUsd = parts.iter().map(|it| NanoUsd(*it)).sum();
            prop_assert_eq!(sum.0, parts.iter().sum::<i64>());
        }

        /// Splitting the time loses at most one rounding per part.
        #[test]
        fn time_may_be_split(price in 0_i64..1_000_000_000_000, first in 0_u64..10_000_000, second in 0_u64..10_000_000) {
            let price = NanoUsd(price);
            let split = price.per_hour_times(first, 1) + price.per_hour_times(second, 1);
            prop_assert!((split - price.per_hour_times(first + second, 1)).0.abs() <= 1);
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in any::<String>()) {
            let _ = NanoUsd::parse(&text);
        }
    }
}
