//! How far a run is, as far as anybody can know.

use domain::{run::Run, series::Point, time::Timestamp};

/// Names under which scripts take their number of steps, in the order of trust.
const TOTALS: [(&str, &str); 8] = [
    ("max_steps", "step"),
    ("num_steps", "step"),
    ("epochs", "epoch"),
    ("num_epochs", "epoch"),
    ("max_epochs", "epoch"),
    ("n_epochs", "epoch"),
    ("num_round", "round"),
    ("iterations", "iteration"),
];

/// A place between 0 and `total`, with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub total: u64,
    pub label: String,
}

/// From the script's own total and the last step it printed.
pub fn of_steps(run: &Run, last: Option<Point>) -> Option<Progress> {
    let (total, unit) = TOTALS.iter().find_map(|(name, unit)| {
        let total: u64 = run.hyperparameters.get(*name)?.trim().trim_matches('"').parse().ok()?;
        (total > 0).then_some((total, *unit))
    })?;
    let step = u64::try_from(last?.step).ok()?;
    // Scripts count from 0 or from 1; a bar that is one step off is no lie, a bar beyond its end would be.
    let done = step.min(total);
    Some(Progress { done, total, label: format!("{unit} {done} of {total}") })
}

/// Without a total: the time used of the time allowed. A bound, not a forecast, and it says so.
pub fn of_time(run: &Run, now: Timestamp) -> Option<Progress> {
    let started_at = run.started_at?;
    let total = run.request.pointer("/StoppingCondition/MaxRuntimeInSeconds")?.as_u64().filter(|it| *it > 0)?;
    let done = (now.seconds_since(started_at).max(0.0) as u64).min(total);
    let text = domain::time::duration_text;
    Some(Progress { done, total, label: format!("{} of at most {}", text(done), text(total)) })
}
