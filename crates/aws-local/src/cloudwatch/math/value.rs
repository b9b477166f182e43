//! What expressions compute with.

use std::collections::BTreeMap;

use super::{Malformed, malformed};

/// Values by time; a period without one is absent.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Series {
    pub label: String,
    pub period_seconds: i64,
    pub points: BTreeMap<i64, f64>,
}

#[derive(Debug, Clone, PartialEq)]
pub(in super::super) enum Computed {
    Number(f64),
    One(Series),
    Many(Vec<Series>),
}

impl Computed {
    /// As an array, whatever it is; a number is none.
    pub(super) fn into_many(self) -> Result<Vec<Series>, Malformed> {
        match self {
            Self::Number(_) => malformed("a time series is expected where there is a number"),
            Self::One(series) => Ok(vec![series]),
            Self::Many(many) => Ok(many),
        }
    }

    pub(in super::super) fn points(&self) -> usize {
        match self {
            Self::Number(_) => 0,
            Self::One(series) => series.points.len(),
            Self::Many(many) => many.iter().map(|series| series.points.len()).sum(),
        }
    }

    /// The same to each series.
    pub(super) fn each(self, change: impl Fn(Series) -> Series) -> Result<Self, Malformed> {
        match self {
            Self::Number(_) => malformed("a time series is expected where there is a number"),
            Self::One(series) => Ok(Self::One(change(series))),
            Self::Many(many) => Ok(Self::Many(many.into_iter().map(change).collect())),
        }
    }

    /// The same to each value, of a number too. What has no value then (a division by zero) is absent.
    pub(super) fn each_value(self, change: impl Fn(f64) -> f64) -> Result<Self, Malformed> {
        match self {
            Self::Number(number) => Ok(Self::Number(change(number))),
            other => other.each(|series| series.map(&change)),
        }
    }
}

impl Series {
    pub(super) fn map(mut self, change: impl Fn(f64) -> f64) -> Self {
        for value in self.points.values_mut() {
            *value = change(*value);
        }
        self.points.retain(|_, value| value.is_finite());
        self
    }
}
