//! What a set of runs costs together, without mixing what is sure with what is not.

use serde::{Deserialize, Serialize};

use crate::{
    cost::{CostState, CostSummary},
    money::NanoUsd,
    run::Run,
    time::Timestamp,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    /// From billable seconds that the engine reported.
    pub settled: NanoUsd,
    /// Of running jobs, so far, at the on-demand price: an upper bound for spot.
    pub running: NanoUsd,
    pub saved_by_spot: NanoUsd,
    /// Runs that have begun.
    pub runs: usize,
    /// Those of them whose dollars are not known; they are in no sum.
    pub unpriced: usize,
}

impl Spend {
    pub fn of<'a>(runs: impl IntoIterator<Item = &'a Run>, now: Timestamp) -> Self {
        let mut spend = Self::default();
        for run in runs {
            spend.add(&run.cost(now), |whole| whole);
        }
        spend
    }

    /// Adds the `part` of a run's amounts that counts here.
    pub(super) fn add(&mut self, cost: &CostSummary, part: impl Fn(NanoUsd) -> NanoUsd) {
        match (cost.state, cost.total) {
            (CostState::Running, Some(total)) => self.running = self.running + part(total),
            (CostState::Final, Some(total)) => self.settled = self.settled + part(total),
            (CostState::NotStarted, _) => return,
            _ => self.unpriced += 1,
        }
        self.runs += 1;
        if let Some(saved) = cost.spot_savings {
            self.saved_by_spot = self.saved_by_spot + part(saved);
        }
    }

    /// Of sets that share no run.
    pub(super) fn plus(self, other: &Self) -> Self {
        Self {
            settled: self.settled + other.settled,
            running: self.running + other.running,
            saved_by_spot: self.saved_by_spot + other.saved_by_spot,
            runs: self.runs + other.runs,
            unpriced: self.unpriced + other.unpriced,
        }
    }

    pub fn total(&self) -> NanoUsd {
        self.settled + self.running
    }
}
