//! What a run costs, and how sure the figure is. Prices come from the run itself.
//!
//! SageMaker bills `price per hour x BillableTimeInSeconds / 3600 x instances`; a spot job is billed fewer seconds,
//! not a lower price, and its savings are `1 - Billable / Training` (API reference, `BillableTimeInSeconds`).
//!
//! Invariants: a figure is never shown without its `CostState`; absent is not zero; savings are never negative.

mod alternatives;
mod estimate;
mod past;
mod quote;
#[cfg(test)]
mod tests;
mod warnings;

use serde::{Deserialize, Serialize};

use crate::{money::NanoUsd, run::Run, time::Timestamp};

pub use alternatives::{Alternative, MAX_ALTERNATIVES};
pub use estimate::Estimate;
pub use past::{Likeness, PastRun, Program};
pub use quote::{Likely, Quote, WithSpot};
pub use warnings::{LaunchWarning, launch_warnings};

/// How sure a cost is. A figure is never shown without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostState {
    /// No instance was ever there: nothing is billed.
    NotStarted,
    /// Still growing: seconds since the start at the on-demand price; an upper bound for spot.
    Running,
    /// From the billable seconds that SageMaker reported.
    Final,
    /// The instance type has no known price: the seconds are known, the dollars are not.
    Unpriced,
    /// SageMaker reported no billable seconds.
    NotReported,
}

/// What is wrong with the seconds that the engine reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostProblem {
    /// More billable than training seconds. The total stands, as it would on the bill; savings are not shown.
    BillableExceedsTraining,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostSummary {
    pub state: CostState,
    /// Absent is not zero.
    pub total: Option<NanoUsd>,
    /// What the training seconds would have cost on demand, minus `total`; for finished spot runs only, never negative.
    pub spot_savings: Option<NanoUsd>,
    /// Managed Spot Training savings in tenths of a percent, `1 - Billable / Training`.
    pub spot_savings_permille: Option<u16>,
    /// `total` is not what it costs but the most that it can have cost: a spot run that is not over.
    #[serde(default)]
    pub is_upper_bound: bool,
    #[serde(default)]
    pub problem: Option<CostProblem>,
}

/// What a run's cost follows from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostFacts {
    pub spot: bool,
    /// Nothing more will happen to the run.
    pub is_over: bool,
    /// `None`: no instance has started.
    pub started_at: Option<Timestamp>,
    pub instance_count: u32,
    /// `None`: unpriced, never 0.
    pub price_nanousd_per_hour: Option<NanoUsd>,
    pub training_seconds: Option<u64>,
    pub billable_seconds: Option<u64>,
}

impl CostFacts {
    pub fn of_run(run: &Run) -> Self {
        Self {
            spot: run.spot,
            is_over: run.is_over(),
            started_at: run.started_at,
            instance_count: run.instance_count,
            price_nanousd_per_hour: run.price.as_ref().map(|it| it.price_nanousd_per_hour),
            training_seconds: run.training_seconds,
            billable_seconds: run.billable_seconds,
        }
    }

    /// The cost at `now`.
    pub fn summary(&self, now: Timestamp) -> CostSummary {
        let none = |state| CostSummary {
            state,
            total: None,
            spot_savings: None,
            spot_savings_permille: None,
            is_upper_bound: false,
            problem: None,
        };
        let Some(started_at) = self.started_at else {
            return if self.is_over {
                CostSummary { total: Some(NanoUsd(0)), ..none(CostState::NotStarted) }
            } else {
                none(CostState::NotStarted)
            };
        };
        let spot_seconds = if self.spot { self.training_seconds.zip(self.billable_seconds) } else { None };
        let spot_savings_permille = spot_seconds.and_then(|(training, billable)| savings_permille(training, billable));
        let is_contradiction = self.training_seconds.zip(self.billable_seconds).is_some_and(|(it, bill)| bill > it);
        let problem = is_contradiction.then_some(CostProblem::BillableExceedsTraining);
        let Some(price) = self.price_nanousd_per_hour else {
            return CostSummary { spot_savings_permille, problem, ..none(CostState::Unpriced) };
        };
        let of = |seconds| price.per_hour_times(seconds, self.instance_count);
        if !self.is_over {
            let elapsed = now.seconds_since(started_at).max(0.0) as u64;
            return CostSummary { total: Some(of(elapsed)), is_upper_bound: self.spot, ..none(CostState::Running) };
        }
        let Some(billable) = self.billable_seconds else {
            return none(CostState::NotReported);
        };
        let total = of(billable);
        let spot_savings =
            spot_seconds.filter(|(training, billable)| billable <= training).map(|(training, _)| of(training) - total);
        CostSummary { total: Some(total), spot_savings, spot_savings_permille, problem, ..none(CostState::Final) }
    }
}

impl CostSummary {
    pub fn of_run(run: &Run, now: Timestamp) -> Self {
        CostFacts::of_run(run).summary(now)
    }

    /// What the figure is, in two or three words, to stand beside it.
    pub const fn label(&self) -> &'static str {
        match (self.state, self.is_upper_bound) {
            (CostState::NotStarted, _) => "nothing billed",
            (CostState::Running, false) => "so far",
            (CostState::Running, true) => "so far, at most",
            (CostState::Final, _) => "final",
            (CostState::Unpriced, _) => "unpriced",
            (CostState::NotReported, _) => "not reported",
        }
    }

    /// How the figure came about and how far to trust it, one to three sentences.
    pub fn explanation(&self) -> String {
        let mut text = match (self.state, self.is_upper_bound) {
            (CostState::NotStarted, _) => "No instance has started, so nothing is billed.",
            (CostState::Running, false) => {
                "Seconds since training started, times the on-demand price and the number of instances."
            }
            (CostState::Running, true) => {
                "An upper bound: seconds since training started at the on-demand price. What spot saves is known when \
                 the job has ended and SageMaker reports its billable seconds."
            }
            (CostState::Final, _) => {
                "The billable seconds that SageMaker reported, times the on-demand price and the number of instances. \
                 Storage and data transfer are not included."
            }
            (CostState::Unpriced, _) => {
                "The price of this instance type is not known here, so there is no figure in dollars."
            }
            (CostState::NotReported, _) => "SageMaker reported no billable seconds for this job.",
        }
        .to_owned();
        if self.problem == Some(CostProblem::BillableExceedsTraining) {
            text.push_str(
                " SageMaker reported more billable than training seconds, which contradicts itself: no savings are shown.",
            );
        }
        text
    }

    /// `70%` or `70.4%`, as SageMaker's own "Managed Spot Training savings".
    pub fn savings_percent_text(&self) -> Option<String> {
        let permille = self.spot_savings_permille?;
        Some(match permille % 10 {
            0 => format!("{}%", permille / 10),
            tenth => format!("{}.{tenth}%", permille / 10),
        })
    }
}

/// `1 - billable / training` in tenths of a percent, rounded half up; `None` when that is not a saving.
pub fn savings_permille(training_seconds: u64, billable_seconds: u64) -> Option<u16> {
    let saved = u128::from(training_seconds.checked_sub(billable_seconds)?);
    let training = u128::from(training_seconds);
    let permille = (saved * 1_000 + training / 2).checked_div(training)?;
    u16::try_from(permille).ok()
}
