//! Money along an axis: dollars as a float are for looking at, never for sums.

use domain::{money::NanoUsd, run::Run, time::Timestamp};

pub fn dollars(amount: NanoUsd) -> f64 {
    amount.0 as f64 / 1e9
}

/// What a second of a run has cost on average, so that a curve over money ends at the run's cost. `None`: its cost is
/// not known, or it has not run.
pub fn dollars_per_second(run: &Run, now: Timestamp) -> Option<f64> {
    let seconds = run.ended_at.unwrap_or(now).seconds_since(run.started_at?);
    let total = run.cost(now).total?;
    (seconds > 0.0).then(|| dollars(total) / seconds)
}
