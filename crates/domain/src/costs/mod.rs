//! What a team spent in a month: the costs of its runs, cut exactly at the month's ends, in sums by what they share.
//!
//! Invariants:
//! - Integers only. The parts of a run's cost in consecutive periods sum to its whole; groups sum to the total; the days
//!   of a month sum to the month. Whatever is chosen, no nano-dollar is lost or counted twice.
//! - What is final and what is still running are never one figure. A run whose dollars are not known is counted, and is
//!   in no sum.
//!
//! Included: the instances' billable seconds at the on-demand price of each run. Not included: storage, data transfer,
//! discounts and taxes, and warm pools that wait.

mod month;
mod review;
mod spend;
#[cfg(test)]
mod tests;

pub use month::Month;
pub use review::{CostFilter, CostGroup, CostGrouping, CostReview, CostRun, MAX_GROUPS, month_spend};
pub use spend::Spend;
