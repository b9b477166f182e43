//! Ticks of a log axis: powers of ten, with 2 and 5 between them where there is room.

use super::Tick;
use crate::{
    format::{Decimal, Notation},
    spec::Unit,
};

/// log10 of 1, 2 and 5.
const MANTISSAS: [(i64, f64); 3] = [(1, 0.0), (2, std::f64::consts::LOG10_2), (5, 1.0 - std::f64::consts::LOG10_2)];
/// Logarithms of round numbers miss them by less than this.
const NEARLY: f64 = 1e-9;

/// Ticks around a range given as logarithms: from at or below `low` to at or above `high`; at least two.
pub(crate) fn covering(low: f64, high: f64, wanted: u32, unit: Unit) -> Vec<Tick> {
    let (first, last) = (at_or_below(low), at_or_above(high));
    let last = if first == last { next(last) } else { last };
    // Wide ranges end on powers of ten, several of them apart where there are too many.
    let fine_count = (3.0 * (place(last) - place(first))).round() as usize + 1;
    let numbers: Vec<Decimal> = if fine_count <= 2 * wanted as usize {
        std::iter::successors(Some(first), |it| Some(next(*it)))
            .take_while(|it| place(*it) <= place(last) + NEARLY)
            .collect()
    } else {
        let start = (low + NEARLY).floor() as i32;
        let decades = (high - NEARLY).ceil() as i32 - start;
        let wanted = wanted.cast_signed();
        let stride = (decades + wanted - 1) / wanted;
        let count = (decades + stride - 1) / stride;
        (0..=count).map(|index| Decimal { digits: 1, exponent: start + index * stride }).collect()
    };
    numbers
        .into_iter()
        .map(|number| {
            let value = number.value();
            Tick { value, label: Notation::for_magnitude(value).label(number, unit) }
        })
        .collect()
}

fn place(number: Decimal) -> f64 {
    let fraction = MANTISSAS.iter().find(|(digit, _)| *digit == number.digits).map_or(0.0, |(_, it)| *it);
    f64::from(number.exponent) + fraction
}

fn at_or_below(place: f64) -> Decimal {
    let exponent = (place + NEARLY).floor();
    let fraction = place - exponent + NEARLY;
    let digits = MANTISSAS.iter().rev().find(|(_, it)| *it <= fraction).map_or(1, |(digit, _)| *digit);
    Decimal { digits, exponent: exponent as i32 }
}

fn at_or_above(wanted: f64) -> Decimal {
    let below = at_or_below(wanted);
    if place(below) >= wanted - NEARLY { below } else { next(below) }
}

fn next(number: Decimal) -> Decimal {
    match number.digits {
        1 => Decimal { digits: 2, ..number },
        2 => Decimal { digits: 5, ..number },
        _ => Decimal { digits: 1, exponent: number.exponent + 1 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, wanted: u32) -> Vec<String> {
        covering(libm::log10(low), libm::log10(high), wanted, Unit::Plain).into_iter().map(|it| it.label).collect()
    }

    #[test]
    fn decades_and_what_is_between() {
        assert_eq!(labels(0.3, 4.0, 5), ["0.2", "0.5", "1", "2", "5"]);
        assert_eq!(labels(1.0, 1000.0, 5), ["1", "2", "5", "10", "20", "50", "100", "200", "500", "1000"]);
        assert_eq!(labels(1e-6, 1.0, 6), ["1e-6", "1e-5", "1e-4", "0.001", "0.01", "0.1", "1"]);
        assert_eq!(labels(1.0, 1000.0, 4), ["1", "10", "100", "1000"]);
        assert_eq!(labels(1e-9, 1e9, 4).len(), 5);
    }

    #[test]
    fn a_narrow_range_has_two_ticks() {
        assert_eq!(labels(1.0, 1.0, 5), ["1", "2"]);
        assert_eq!(labels(1.01, 1.02, 5), ["1", "2"]);
    }
}
