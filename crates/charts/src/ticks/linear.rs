//! Ticks at 1, 2, 2.5 or 5 times a power of ten, computed as exact decimals.

use super::Tick;
use crate::{
    format::{Decimal, Notation, scientific_parts},
    spec::Unit,
};

/// The smallest distance that ticks may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Least {
    Any,
    /// Steps are whole numbers.
    One,
}

/// The distance between ticks: `digit x 10^exponent`.
#[derive(Clone, Copy, Debug)]
struct Distance {
    digit: i64,
    exponent: i32,
}

impl Distance {
    /// The smallest round distance that gives at most `wanted` intervals.
    fn new(span: f64, wanted: u32, least: Least) -> Self {
        let (mantissa, exponent) = scientific_parts(span / f64::from(wanted));
        // A hair of tolerance, so that a span of exactly 5 x 0.2 is not pushed to the next size by rounding.
        let (digit, exponent) = match mantissa {
            it if it <= 1.000_001 => (1, exponent),
            it if it <= 2.000_001 => (2, exponent),
            // Whole steps have no half: there the next size is 5.
            it if it <= 2.500_001 && (least == Least::Any || exponent > 0) => (25, exponent - 1),
            it if it <= 5.000_001 => (5, exponent),
            _ => (1, exponent + 1),
        };
        if least == Least::One && exponent < 0 { Self { digit: 1, exponent: 0 } } else { Self { digit, exponent } }
    }

    fn value(self) -> f64 {
        Decimal { digits: self.digit, exponent: self.exponent }.value()
    }

    fn ticks(self, first: i64, last: i64, unit: Unit) -> Vec<Tick> {
        let number = |index: i64| Decimal { digits: index.saturating_mul(self.digit), exponent: self.exponent };
        let magnitude = number(first).value().abs().max(number(last).value().abs());
        // Parts of a cent are written out: `$6e-4` is no price.
        let notation = match unit {
            Unit::Dollars if (1e-5..1.0).contains(&magnitude) => Notation::Plain,
            _ => Notation::for_magnitude(magnitude),
        };
        (first..=last)
            .map(|index| Tick { value: number(index).value(), label: notation.label(number(index), unit) })
            .collect()
    }
}

/// The distance between round whole numbers.
pub(crate) fn whole_distance(span: f64, wanted: u32) -> i64 {
    Distance::new(span, wanted, Least::One).value() as i64
}

/// Ticks from at or below `low` to at or above `high`; at least two.
pub(crate) fn covering(low: f64, high: f64, wanted: u32, unit: Unit) -> Vec<Tick> {
    let distance = Distance::new(high - low, wanted, Least::Any);
    let first = (low / distance.value() + 1e-6).floor() as i64;
    let last = (high / distance.value() - 1e-6).ceil() as i64;
    distance.ticks(first, last.max(first + 1), unit)
}

/// Ticks between `low` and `high`, both included.
pub(crate) fn inside(low: f64, high: f64, wanted: u32, least: Least, unit: Unit) -> Vec<Tick> {
    let distance = Distance::new(high - low, wanted, least);
    let first = (low / distance.value() - 1e-9).ceil() as i64;
    let last = (high / distance.value() + 1e-9).floor() as i64;
    distance.ticks(first, last, unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|it| it.label.as_str()).collect()
    }

    #[test]
    fn round_numbers() {
        assert_eq!(labels(&covering(0.02, 0.97, 5, Unit::Plain)), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
        assert_eq!(labels(&covering(-3.0, 11.0, 4, Unit::Plain)), ["-5", "0", "5", "10", "15"]);
        assert_eq!(labels(&covering(0.0, 0.9, 4, Unit::Dollars)), ["$0", "$0.25", "$0.50", "$0.75", "$1.00"]);
        assert_eq!(labels(&covering(0.0, 0.0006, 4, Unit::Dollars)), ["$0", "$0.0002", "$0.0004", "$0.0006"]);
        assert_eq!(labels(&covering(0.0, 100.0, 5, Unit::Percent)), ["0%", "20%", "40%", "60%", "80%", "100%"]);
        assert_eq!(labels(&covering(0.0, 43_000.0, 5, Unit::Plain)), ["0", "10k", "20k", "30k", "40k", "50k"]);
    }

    #[test]
    fn steps_are_whole() {
        assert_eq!(labels(&inside(0.0, 3.0, 8, Least::One, Unit::Plain)), ["0", "1", "2", "3"]);
        assert_eq!(labels(&inside(0.0, 9.0, 4, Least::One, Unit::Plain)), ["0", "5"]);
        assert_eq!(labels(&inside(5.0, 6.0, 8, Least::One, Unit::Plain)), ["5", "6"]);
    }

    proptest! {
        #[test]
        fn covering_covers_with_few_short_labels(
            magnitude in -290_i32..290, low in -1.0..1.0_f64, span in 1e-4..1.0_f64, wanted in 2_u32..9,
        ) {
            let scale: f64 = format!("1e{magnitude}").parse().expect("a float");
            let (low, high) = (low * scale, (low + span) * scale);
            let ticks = covering(low, high, wanted, Unit::Plain);
            let distance = ticks[1].value - ticks[0].value;
            prop_assert!(ticks[0].value <= low + distance * 1e-5 && ticks[ticks.len() - 1].value >= high - distance * 1e-5);
            prop_assert!((2..=wanted as usize + 2).contains(&ticks.len()), "{:?}", labels(&ticks));
            prop_assert!(ticks.iter().all(|it| it.label.chars().count() <= 11), "{:?}", labels(&ticks));
            prop_assert!(ticks.windows(2).all(|it| it[0].value < it[1].value && it[0].label != it[1].label));
        }
    }
}
