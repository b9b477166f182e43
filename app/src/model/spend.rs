//! Money along an axis: dollars as a float are for looking at, never for sums.

use domain::{money::NanoUsd, run::Run, time::Timestamp};

pub fn dollars(amount: NanoUsd) -> f64 {
    amount.0 as f64 / 1e9
}

/// What a second of a run costs: of one that is over on average, so that its curve over money ends at its cost; of one
/// that runs its list price. `None`: not known, or it has not run.
pub fn dollars_per_second(run: &Run, now: Timestamp) -> Option<f64> {
    if !run.is_over() {
        let per_hour = run.price.as_ref()?.price_nanousd_per_hour.per_hour_times(3_600, run.instance_count);
        return Some(dollars(per_hour) / 3_600.0);
    }
    let seconds = run.ended_at.unwrap_or(now).seconds_since(run.started_at?);
    let total = run.cost(now).total?;
    (seconds > 0.0).then(|| dollars(total) / seconds)
}
