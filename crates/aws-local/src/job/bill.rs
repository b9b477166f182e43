//! Training and billable seconds.
//!
//! `TrainingTimeInSeconds` is the clock from `TrainingStartTime` to `TrainingEndTime`, waits for capacity between attempts
//! included. `BillableTimeInSeconds` is the time in which a job had instances: waits for capacity (`Interrupted`,
//! `Starting`, `Pending`, `Restarting`) are not billed. For managed spot SageMaker expresses the discount as fewer
//! billable seconds; here at a configured rate, because no spot market exists on this machine.
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html>

use serde_json::Value;

use super::cached::read_json;
use super::host::EngineSettings;
use super::journal::JobState;
use super::layout::JobDir;

/// What a job took and what of it is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bill {
    pub(super) training_seconds: u64,
    pub(super) billable_seconds: u64,
}

/// Secondary statuses of a job that has no instances.
const WAITS: [&str; 4] = ["Interrupted", "Starting", "Pending", "Restarting"];

/// The bill of a job that ends now; `None` when it never started.
pub(super) fn of(state: &JobState, ended_at_ms: i64, request: &Value, dir: &JobDir) -> Option<Bill> {
    let started_at_ms = state.started_at_ms?;
    let training_seconds = seconds(ended_at_ms - started_at_ms);
    let working_seconds = seconds(ended_at_ms - started_at_ms - waited_ms(state, started_at_ms, ended_at_ms));
    let spot = request["EnableManagedSpotTraining"].as_bool().unwrap_or(false);
    let settings = read_json::<EngineSettings>(&dir.engine()).ok();
    let discount = settings.map_or(0, |settings| settings.config.spot_discount_percent);
    Some(Bill { training_seconds, billable_seconds: billable_seconds(working_seconds, spot, discount) })
}

/// How long the job waited for instances after it had once started.
fn waited_ms(state: &JobState, started_at_ms: i64, ended_at_ms: i64) -> i64 {
    let waits = state.transitions.iter().filter(|transition| WAITS.contains(&transition.status.as_str()));
    waits
        .map(|wait| wait.ended_at_ms.unwrap_or(ended_at_ms).min(ended_at_ms) - wait.started_at_ms.max(started_at_ms))
        .filter(|span| *span > 0)
        .sum()
}

/// Whole seconds of a span of milliseconds, rounded; at least 1, because a job that ran is never free of time.
fn seconds(span_ms: i64) -> u64 {
    u64::try_from((span_ms + 500) / 1000).unwrap_or(0).max(1)
}

/// Billable seconds: all of them on demand, `working * (100 - discount) / 100` rounded for spot; at least 1.
fn billable_seconds(working_seconds: u64, spot: bool, discount_percent: u32) -> u64 {
    if !spot {
        return working_seconds;
    }
    let paid_percent = u64::from(100_u32.saturating_sub(discount_percent));
    (working_seconds.saturating_mul(paid_percent).saturating_add(50) / 100).max(1)
}

#[cfg(test)]
mod tests {
    use super::super::journal::JobState;
    use super::{billable_seconds, seconds, waited_ms};

    #[test]
    fn waits_after_the_start_are_not_work() {
        let mut state = JobState::default();
        for (at_ms, secondary) in
            [(0, "Starting"), (10, "Training"), (40, "Interrupted"), (45, "Starting"), (60, "Training")]
        {
            state.turn(at_ms, "InProgress".into(), secondary.into(), "m".into());
        }
        assert_eq!(waited_ms(&state, 10, 100), 20);
        state.turn(100, "InProgress".into(), "Interrupted".into(), "m".into());
        assert_eq!(waited_ms(&state, 10, 130), 50);
    }

    #[test]
    fn seconds_are_rounded_and_never_zero() {
        assert_eq!([seconds(0), seconds(1499), seconds(1500), seconds(-5)], [1, 1, 2, 1]);
    }

    #[test]
    fn spot_is_fewer_seconds() {
        assert_eq!(billable_seconds(350, false, 70), 350);
        assert_eq!(billable_seconds(100, true, 70), 30);
        assert_eq!(billable_seconds(5, true, 70), 2);
        assert_eq!(billable_seconds(1, true, 70), 1);
        assert_eq!(billable_seconds(10, true, 100), 1);
    }
}
