//! What a job can cost at most, before it is launched: the one bound that holds without any history.

use serde::{Deserialize, Serialize};

use crate::{instance_type::InstanceTypeInfo, money::NanoUsd, time::duration_text, training_job::TrainingJobRequest};

/// The most that this request can be billed, line by line. An estimate of the most, not of the likely.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// The sum of the lines. `None`: an instance type has no known price, or none is chosen.
    pub at_most: Option<NanoUsd>,
    pub lines: Vec<EstimateLine>,
    pub max_runtime_seconds: u32,
    pub spot: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EstimateLine {
    /// `2 × ml.m5.xlarge`
    pub what: String,
    /// `1 h at $0.23 per hour; AWS price list, us-east-1, 2026-09-24, firm`
    pub how: String,
    /// `None`: unpriced.
    pub amount: Option<NanoUsd>,
}

/// ML storage of training jobs in us-east-1, per GB and month. Not read from a price list but inferred: eu-west-1 bills
/// training and notebook storage alike, and us-east-1's notebook storage is $0.14.
const STORAGE_PER_GB_MONTH: NanoUsd = NanoUsd(140_000_000);
/// A month of 30 days, the shortest that a bill divides by but February: the most that a second can cost.
const HOURS_PER_MONTH: i64 = 720;

impl Estimate {
    pub fn of(request: &TrainingJobRequest) -> Self {
        Self::lasting(request, u64::from(request.max_runtime_seconds()))
    }

    /// The bill, should the job be billed for so many seconds per instance.
    pub fn lasting(request: &TrainingJobRequest, seconds: u64) -> Self {
        let keep_alive = request.keep_alive_seconds().map(u64::from);
        let mut lines = Vec::new();
        for (name, count) in request.instances() {
            lines.push(compute(&name, count, seconds, ""));
            if let Some(keep_alive) = keep_alive {
                lines.push(compute(&name, count, keep_alive, ", kept as a warm pool"));
            }
            let has_own_storage = InstanceTypeInfo::find(&name).is_some_and(|it| it.has_local_nvme);
            if let Some(gb) = request.volume_size_gb().filter(|_| !has_own_storage) {
                lines.push(storage(gb, count, seconds.saturating_add(keep_alive.unwrap_or(0))));
            }
        }
        let amounts: Option<Vec<NanoUsd>> = lines.iter().map(|it| it.amount).collect();
        let at_most = amounts.filter(|it| !it.is_empty()).map(|it| it.into_iter().sum());
        Self { at_most, lines, max_runtime_seconds: request.max_runtime_seconds(), spot: request.is_spot() }
    }

    /// What the figure is, to stand before it: `at most $1.26`.
    pub const fn label(&self) -> &'static str {
        if self.at_most.is_some() { "at most" } else { "unpriced" }
    }

    /// What the figure leaves out.
    pub fn explanation(&self) -> String {
        let mut text = "S3, logs, data transfer and the minutes that a stopped job gets to save its model are not \
                        included."
            .to_owned();
        if self.spot {
            text.push_str(" Spot usually costs less, and the time spent waiting for capacity is not billed.");
        }
        text
    }
}

fn compute(name: &str, count: u32, seconds: u64, note: &str) -> EstimateLine {
    let what = format!("{count} × {name}{note}");
    let time = duration_text(seconds);
    match InstanceTypeInfo::find(name).and_then(|it| it.price.as_ref()) {
        Some(price) => EstimateLine {
            what,
            how: format!(
                "{time} at ${} per hour; {}, {}, {}",
                price.price_nanousd_per_hour.to_exact(),
                price.source,
                price.date,
                price.confidence
            ),
            amount: Some(price.price_nanousd_per_hour.per_hour_times(seconds, count)),
        },
        None => EstimateLine { what, how: format!("{time}; the price of this type is not known here"), amount: None },
    }
}

fn storage(gb: u32, count: u32, seconds: u64) -> EstimateLine {
    let hourly = NanoUsd(STORAGE_PER_GB_MONTH.0 * i64::from(gb) / HOURS_PER_MONTH);
    EstimateLine {
        what: format!("{count} × {gb} GB of storage"),
        how: format!("{} at ${} per GB and month, inferred", duration_text(seconds), STORAGE_PER_GB_MONTH.to_exact()),
        amount: Some(hourly.per_hour_times(seconds, count)),
    }
}
