//! What an axis of the scatter measures, and a run's value of it.

use std::fmt;

use charts::Unit;
use domain::{compare::MetricStat, run::Run, series::SeriesSummary, time::Timestamp};

use crate::model::spend::dollars;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Quantity {
    Cost,
    Duration,
    Parameter(String),
    Metric(String),
}

impl Quantity {
    pub fn parse(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some(("p", name)) if !name.is_empty() => Some(Self::Parameter(name.to_owned())),
            Some(("m", name)) if !name.is_empty() => Some(Self::Metric(name.to_owned())),
            None if text == "cost" => Some(Self::Cost),
            None if text == "duration" => Some(Self::Duration),
            _ => None,
        }
    }

    /// As people read it.
    pub fn name(&self) -> String {
        match self {
            Self::Cost => "cost".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::Parameter(name) | Self::Metric(name) => name.clone(),
        }
    }

    pub const fn unit(&self) -> Unit {
        match self {
            Self::Cost => Unit::Dollars,
            Self::Duration => Unit::Seconds,
            Self::Parameter(_) | Self::Metric(_) => Unit::Plain,
        }
    }

    /// `None`: the run has none, or it is no number.
    pub fn of(&self, run: &Run, metrics: &[SeriesSummary], stat: MetricStat, now: Timestamp) -> Option<f64> {
        let value = match self {
            Self::Cost => dollars(run.cost(now).total?),
            Self::Duration => run.ended_at.unwrap_or(now).seconds_since(run.started_at?).max(0.0),
            Self::Parameter(name) => run.hyperparameters.get(name)?.trim().parse().ok()?,
            Self::Metric(name) => stat.of(metrics.iter().find(|it| it.key.name == *name)?)?,
        };
        value.is_finite().then_some(value)
    }
}

/// In the URL.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cost => f.write_str("cost"),
            Self::Duration => f.write_str("duration"),
            Self::Parameter(name) => write!(f, "p:{name}"),
            Self::Metric(name) => write!(f, "m:{name}"),
        }
    }
}
