//! Runs side by side: what they were launched with, what came out, and in what they differ from one of them.
//!
//! Invariants: a run without a value has none, which differs from any value and from no other absence; figures keep
//! NaN and the infinities; a table has a row for whatever at least one of the runs has.

mod metrics;
mod pareto;
mod table;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{ids::RunId, run::Run, series::SeriesSummary};

pub use metrics::{MetricCell, MetricRow, MetricStat, metric_rows};
pub use pareto::pareto_front;
pub use table::{CompareRow, member_rows, parameter_rows};

/// More than these are neither told apart by colour nor read as columns.
pub const MAX_COMPARED: usize = 50;

/// What a comparison is made of: the runs that were found, in the order that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub runs: Vec<ComparedRun>,
    /// Asked for and not here.
    pub missing: Vec<RunId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparedRun {
    pub run: Run,
    /// Of the metrics that its algorithm reported, each name once.
    pub metrics: Vec<SeriesSummary>,
}
