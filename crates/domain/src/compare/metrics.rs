//! Metrics of several runs: one row for each name, and each cell's distance from a base run.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::series::SeriesSummary;

/// Which value of a series stands for the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MetricStat {
    #[default]
    Last,
    Min,
    Max,
}

impl MetricStat {
    pub const ALL: [Self; 3] = [Self::Last, Self::Min, Self::Max];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Min => "min",
            Self::Max => "max",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }

    /// `None`: no value was finite, so there is no smallest and no largest.
    pub fn of(self, summary: &SeriesSummary) -> Option<f64> {
        match self {
            Self::Last => Some(summary.last.value),
            Self::Min => summary.min.map(|it| it.value),
            Self::Max => summary.max.map(|it| it.value),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MetricCell {
    pub value: f64,
    /// `value` less the base run's; absent for the base itself, and where one of them is not finite.
    pub delta: Option<f64>,
    /// The smallest, or the largest, of at least two different finite values of the row.
    pub is_lowest: bool,
    pub is_highest: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct MetricRow {
    pub name: String,
    /// In the runs' order.
    pub cells: Vec<Option<MetricCell>>,
}

impl MetricRow {
    pub fn differs(&self) -> bool {
        let bits = |it: &Option<MetricCell>| it.map(|it| it.value.to_bits());
        self.cells.windows(2).any(|it| bits(&it[0]) != bits(&it[1]))
    }
}

/// `columns` are the runs' metrics; `base` is the place of one of them.
pub fn metric_rows(columns: &[&[SeriesSummary]], stat: MetricStat, base: usize) -> Vec<MetricRow> {
    let names: BTreeSet<&str> = columns.iter().flat_map(|it| it.iter().map(|it| it.key.name.as_str())).collect();
    names
        .into_iter()
        .map(|name| {
            let value =
                |metrics: &&[SeriesSummary]| metrics.iter().find(|it| it.key.name == name).and_then(|it| stat.of(it));
            let values: Vec<Option<f64>> = columns.iter().map(value).collect();
            MetricRow { name: name.to_owned(), cells: cells(&values, base) }
        })
        .collect()
}

fn cells(values: &[Option<f64>], base: usize) -> Vec<Option<MetricCell>> {
    let finite = || values.iter().flatten().copied().filter(|it| it.is_finite());
    let (lowest, highest) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let is_spread = lowest < highest;
    let of_base = values.get(base).copied().flatten();
    let cell = |(index, value): (usize, &Option<f64>)| {
        let value = (*value)?;
        let delta = of_base.filter(|_| index != base).map(|base| value - base).filter(|it| it.is_finite());
        // Exact: the extremes are two of these very values.
        let is = |extreme: f64| is_spread && value.to_bits() == extreme.to_bits();
        Some(MetricCell { value, delta, is_lowest: is(lowest), is_highest: is(highest) })
    };
    values.iter().enumerate().map(cell).collect()
}
