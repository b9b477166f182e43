//! Training and billable seconds.
//!
//! `TrainingTimeInSeconds` is the clock from `TrainingStartTime` to `TrainingEndTime`, waits for capacity between spot
//! attempts included. On demand, `BillableTimeInSeconds` is the same. For managed spot SageMaker expresses the discount as
//! fewer billable seconds; here at a configured rate, because no spot market exists on this machine.

use serde_json::Value;

use super::cached::read_json;
use super::host::EngineSettings;
use super::layout::JobDir;

/// What a job took and what of it is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bill {
    pub(super) training_seconds: u64,
    pub(super) billable_seconds: u64,
}

/// The bill of a job that ended; `None` when it never started.
pub(super) fn of(started_at_ms: Option<i64>, ended_at_ms: i64, request: &Value, dir: &JobDir) -> Option<Bill> {
    let training_seconds = seconds(ended_at_ms - started_at_ms?);
    let spot = request["EnableManagedSpotTraining"].as_bool().unwrap_or(false);
    let settings = read_json::<EngineSettings>(&dir.engine()).ok();
    let discount = settings.map_or(0, |settings| settings.config.spot_discount_percent);
    Some(Bill { training_seconds, billable_seconds: billable_seconds(training_seconds, spot, discount) })
}

/// Whole seconds of a span of milliseconds, rounded; at least 1, because a job that ran is never free of time.
fn seconds(span_ms: i64) -> u64 {
    u64::try_from((span_ms + 500) / 1000).unwrap_or(0).max(1)
}

/// Billable seconds: all of them on demand, `training * (100 - discount) / 100` rounded for spot; at least 1.
fn billable_seconds(training_seconds: u64, spot: bool, discount_percent: u32) -> u64 {
    if !spot {
        return training_seconds;
    }
    let paid_percent = u64::from(100_u32.saturating_sub(discount_percent));
    (training_seconds.saturating_mul(paid_percent).saturating_add(50) / 100).max(1)
}

#[cfg(test)]
mod tests {
    use super::{billable_seconds, seconds};

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
