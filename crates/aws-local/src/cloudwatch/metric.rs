//! What a metric is, and what one sample of it says.

use serde::{Deserialize, Serialize};

/// A metric's identity; dimensions in order of name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct MetricKey {
    pub namespace: String,
    pub name: String,
    pub dimensions: Vec<(String, String)>,
}

/// One sample, or a set of them summed up by the client.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Sample {
    pub at_ms: i64,
    pub count: f64,
    pub sum: f64,
    pub min: f64,
    pub max: f64,
    pub unit: Unit,
}

impl Sample {
    pub(super) fn one(at_ms: i64, value: f64, unit: Unit) -> Self {
        Self { at_ms, count: 1.0, sum: value, min: value, max: value, unit }
    }
}

/// Index into [`UNITS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Unit(u8);

/// `StandardUnit` of the API's model.
const UNITS: [&str; 27] = [
    "None",
    "Percent",
    "Count",
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
];

impl Unit {
    pub(super) const NONE: Self = Self(0);
    pub(super) const PERCENT: Self = Self(1);

    pub(super) fn parse(name: &str) -> Option<Self> {
        UNITS.iter().position(|unit| *unit == name).and_then(|index| u8::try_from(index).ok()).map(Self)
    }

    pub(super) fn name(self) -> &'static str {
        UNITS.get(usize::from(self.0)).copied().unwrap_or("None")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_the_models() {
        for name in UNITS {
            assert_eq!(Unit::parse(name).unwrap().name(), name);
        }
        assert_eq!(Unit::parse("Furlong"), None);
        assert_eq!((Unit::NONE.name(), Unit::PERCENT.name()), ("None", "Percent"));
    }
}
