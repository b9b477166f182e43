//! Numbers as text: exact decimals for ticks, about six digits for values.

use domain::time::Timestamp;

use crate::spec::{Unit, XAxis};

/// `digits x 10^exponent`: a tick's value exactly, without a float's noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) digits: i64,
    pub(crate) exponent: i32,
}

impl Decimal {
    pub(crate) fn value(self) -> f64 {
        power_of_ten_times(self.digits, self.exponent)
    }
}

/// Correctly rounded, the same on every platform: decimal text is parsed, not a power computed.
pub(crate) fn power_of_ten_times(digits: i64, exponent: i32) -> f64 {
    format!("{digits}e{exponent}").parse().unwrap_or(0.0)
}

/// Mantissa in 1..10 and decimal exponent of a positive finite number, by its shortest decimal text.
pub(crate) fn scientific_parts(value: f64) -> (f64, i32) {
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (mantissa.parse().unwrap_or(1.0), exponent.parse().unwrap_or(0))
}

/// How an axis writes its labels; the same for all of them, chosen by the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notation {
    Plain,
    /// Thousands by k, M, G, T: the exponent and its letter.
    Si(i32, &'static str),
    Scientific,
}

impl Notation {
    pub(crate) fn for_magnitude(magnitude: f64) -> Self {
        if magnitude == 0.0 {
            return Self::Plain;
        }
        match scientific_parts(magnitude).1 {
            -3..=3 => Self::Plain,
            4..=5 => Self::Si(3, "k"),
            6..=8 => Self::Si(6, "M"),
            9..=11 => Self::Si(9, "G"),
            12..=14 => Self::Si(12, "T"),
            _ => Self::Scientific,
        }
    }

    pub(crate) fn label(self, number: Decimal, unit: Unit) -> String {
        let sign = if number.digits < 0 { "-" } else { "" };
        let magnitude = Decimal { digits: number.digits.abs(), ..number };
        // Cents are written out: `$0.50`, not `$0.5`.
        let magnitude = match unit {
            Unit::Dollars if self == Self::Plain && number.exponent == -1 => {
                Decimal { digits: magnitude.digits.saturating_mul(10), exponent: -2 }
            }
            _ => magnitude,
        };
        let text = match self {
            _ if number.digits == 0 => "0".to_owned(),
            Self::Plain => plain(magnitude),
            Self::Si(exponent, letter) => {
                format!("{}{letter}", plain(Decimal { exponent: magnitude.exponent - exponent, ..magnitude }))
            }
            Self::Scientific => scientific(magnitude),
        };
        match unit {
            Unit::Plain => format!("{sign}{text}"),
            Unit::Percent => format!("{sign}{text}%"),
            Unit::Dollars => format!("{sign}${text}"),
            Unit::Seconds => format!("{sign}{text}s"),
        }
    }
}

fn plain(number: Decimal) -> String {
    let Ok(decimals) = usize::try_from(-number.exponent) else {
        let zeros = "0".repeat(number.exponent.unsigned_abs() as usize);
        return format!("{}{zeros}", number.digits);
    };
    if decimals == 0 {
        return number.digits.to_string();
    }
    let padded = format!("{:0>width$}", number.digits, width = decimals + 1);
    let (whole, fraction) = padded.split_at(padded.len() - decimals);
    // Zeros at the end stay: an axis' labels have the same number of decimals.
    format!("{whole}.{fraction}")
}

fn scientific(number: Decimal) -> String {
    let digits = number.digits.to_string();
    let exponent = number.exponent + i32::try_from(digits.len()).unwrap_or(0) - 1;
    let (first, rest) = digits.split_at(1);
    format!("{}e{exponent}", trimmed(&format!("{first}.{rest}")))
}

/// Without zeros at the end of a fraction.
fn trimmed(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

/// A value for people, about six digits: `0.031416`, `1,234.5`, `2.5e-7`, `NaN`, `∞`.
pub fn value_text(value: f64, unit: Unit) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let magnitude = value.abs();
    let text = if magnitude == 0.0 {
        "0".to_owned()
    } else if magnitude.is_infinite() {
        "∞".to_owned()
    } else {
        // Rounded first: 999,999.9 has one digit more than it seems.
        let rounded: f64 = format!("{magnitude:.5e}").parse().unwrap_or(magnitude);
        let exponent = scientific_parts(rounded).1;
        if (-4..=8).contains(&exponent) {
            let decimals = usize::try_from(5 - exponent).unwrap_or(0);
            grouped(&trimmed(&format!("{magnitude:.decimals$}")))
        } else {
            let text = format!("{magnitude:.5e}");
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            format!("{}e{exponent}", trimmed(mantissa))
        }
    };
    match unit {
        Unit::Plain => format!("{sign}{text}"),
        Unit::Percent => format!("{sign}{text}%"),
        Unit::Dollars => format!("{sign}${text}"),
        Unit::Seconds => format!("{sign}{text} s"),
    }
}

/// `1234567.5` as `1,234,567.5`.
fn grouped(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    fraction.map_or(grouped.clone(), |it| format!("{grouped}.{it}"))
}

/// An x value for people: `step 1,200`, `2m 05s`, `2026-11-23 16:05:00 UTC`.
pub(crate) fn x_text(axis: XAxis, x: f64) -> String {
    match axis {
        XAxis::Step => format!("step {}", grouped_integer(x)),
        XAxis::RelativeTime => elapsed_text(x),
        XAxis::WallTime => format!("{} UTC", Timestamp::from_unix_seconds(x).to_civil_seconds()),
        XAxis::Dollars => value_text(x, Unit::Dollars),
    }
}

fn grouped_integer(x: f64) -> String {
    let sign = if x < 0.0 { "-" } else { "" };
    format!("{sign}{}", grouped(&format!("{:.0}", x.abs())))
}

/// `3.2s` below a minute, then `2m 05s`, `1h 02m`, `3d 04h`.
fn elapsed_text(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    let magnitude = seconds.abs();
    if magnitude < 59.95 {
        return format!("{sign}{}s", trimmed(&format!("{magnitude:.1}")));
    }
    let whole = magnitude.round() as u64;
    let (days, hours, minutes, rest) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60, whole % 60);
    match (days, hours) {
        (0, 0) => format!("{sign}{minutes}m {rest:02}s"),
        (0, _) => format!("{sign}{hours}h {minutes:02}m"),
        _ => format!("{sign}{days}d {hours:02}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_about_six_digits() {
        let shown = |value| value_text(value, Unit::Plain);
        assert_eq!(shown(std::f64::consts::PI / 100.0), "0.0314159");
        assert_eq!(shown(1_234.5), "1,234.5");
        assert_eq!(shown(0.1 + 0.2), "0.3");
        assert_eq!(shown(999_999.96), "1,000,000");
        assert_eq!(shown(123_456_789.4), "123,456,789");
        assert_eq!(shown(1.5e12), "1.5e12");
        assert_eq!(shown(2.5e-7), "2.5e-7");
        assert_eq!(shown(-0.0), "0");
        assert_eq!(shown(f64::NAN), "NaN");
        assert_eq!(shown(f64::NEG_INFINITY), "-∞");
        assert_eq!(value_text(37.5, Unit::Percent), "37.5%");
        assert_eq!(value_text(-1.25, Unit::Dollars), "-$1.25");
    }

    #[test]
    fn ticks_are_exact_decimals() {
        let label = |digits, exponent, magnitude| {
            Notation::for_magnitude(magnitude).label(Decimal { digits, exponent }, Unit::Plain)
        };
        assert_eq!(label(3, -1, 1.0), "0.3");
        assert_eq!(label(-25, -2, 1.0), "-0.25");
        assert_eq!(label(5, 3, 9_000.0), "5000");
        assert_eq!(label(125, 2, 20_000.0), "12.5k");
        assert_eq!(label(2, 6, 3e6), "2M");
        assert_eq!(label(10, -1, 2.0), "1.0", "as many decimals as its neighbours");
        assert_eq!(Notation::Plain.label(Decimal { digits: -5, exponent: -1 }, Unit::Dollars), "-$0.50");
        assert_eq!(label(25, -6, 5e-5), "2.5e-5");
        assert_eq!(label(0, -6, 5e-5), "0");
        assert_eq!(label(1, 18, 2e18), "1e18");
    }

    #[test]
    fn times_for_people() {
        assert_eq!(x_text(XAxis::RelativeTime, 3.24), "3.2s");
        assert_eq!(x_text(XAxis::RelativeTime, 59.97), "1m 00s");
        assert_eq!(x_text(XAxis::RelativeTime, 3_725.0), "1h 02m");
        assert_eq!(x_text(XAxis::Step, 1_200.0), "step 1,200");
        assert_eq!(x_text(XAxis::WallTime, 1_795_449_900.0), "2026-11-23 16:05:00 UTC");
    }
}
