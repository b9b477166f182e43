//! What a set of runs costs together, without mixing what is sure with what is not.

use domain::{cost::CostState, money::NanoUsd, run::Run, time::Timestamp};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spend {
    /// From billable seconds that the engine reported.
    pub settled: NanoUsd,
    /// Of running jobs, so far, at the on-demand price: an upper bound for spot.
    pub running: NanoUsd,
    pub saved_by_spot: NanoUsd,
    /// Runs whose dollars are not known; they are in no sum.
    pub unpriced: usize,
}

impl Spend {
    pub fn of<'a>(runs: impl IntoIterator<Item = &'a Run>, now: Timestamp) -> Self {
        let mut spend = Self::default();
        for run in runs {
            let cost = run.cost(now);
            match (cost.state, cost.total) {
                (CostState::Running, Some(total)) => spend.running = spend.running + total,
                (CostState::Final, Some(total)) => spend.settled = spend.settled + total,
                (CostState::Unpriced | CostState::NotReported, _) => spend.unpriced += 1,
                _ => {}
            }
            if let Some(saved) = cost.spot_savings {
                spend.saved_by_spot = spend.saved_by_spot + saved;
            }
        }
        spend
    }
}
