//! What of a budget is used: spent already, and promised to jobs that are not over.

use super::Budget;
use serde::{Deserialize, Serialize};

use crate::{
    cost::CostFacts,
    costs::{CostRun, Month, month_spend},
    money::NanoUsd,
    run::Run,
    time::Timestamp,
    training_job::TrainingJobRequest,
};

/// A run with what it may still take.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetRun {
    pub run: CostRun,
    /// `MaxRuntimeInSeconds`: SageMaker stops the job then.
    pub max_runtime_seconds: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetUse {
    /// In this month, of runs that are over and of running ones so far.
    pub spent: NanoUsd,
    /// The most that jobs which are not over can still cost in this month.
    pub committed: NanoUsd,
    /// Runs whose dollars are not known.
    pub unpriced: usize,
}

impl BudgetUse {
    /// `runs`: those that ran in the month, and those that are recorded and not over.
    pub fn of(budget: &Budget, runs: &[BudgetRun], month: Month, now: Timestamp) -> Self {
        let mut used = Self::default();
        for it in runs.iter().filter(|it| budget.is_about(&it.run.experiment, &it.run.tags)) {
            let spend = month_spend(&it.run, month, now);
            used.spent = used.spent + spend.total();
            used.unpriced += spend.unpriced;
            match it.still_possible(month, now) {
                Some(amount) => used.committed = used.committed + amount,
                None if spend.unpriced == 0 => used.unpriced += 1,
                None => {}
            }
        }
        used
    }

    pub fn total(&self) -> NanoUsd {
        self.spent + self.committed
    }
}

impl BudgetRun {
    /// Of a run as it is recorded.
    pub fn of_run(run: &Run) -> Self {
        let request = TrainingJobRequest::of_recorded(run.request.clone());
        Self {
            max_runtime_seconds: request.max_runtime_seconds(),
            run: CostRun {
                id: run.id.clone(),
                job_name: run.job_name.to_string(),
                experiment: run.experiment.to_string(),
                instance_type: run.instance_type.clone(),
                badge: run.badge(),
                ended_at: run.ended_at,
                facts: CostFacts::of_run(run),
                tags: run.own_tags(),
            },
        }
    }

    /// The most that the run can still cost from `now` to the month's end; `None`: its price is not known.
    pub fn still_possible(&self, month: Month, now: Timestamp) -> Option<NanoUsd> {
        let facts = &self.run.facts;
        if facts.is_over {
            return Some(NanoUsd(0));
        }
        let price = facts.price_nanousd_per_hour?;
        let limit = i64::from(self.max_runtime_seconds);
        // One that has not begun may begin at once.
        let last = facts.started_at.unwrap_or(now).plus_seconds(limit).min(month.end());
        let micros = last.unix_micros().saturating_sub(now.unix_micros()).max(0);
        // A second that has begun is billed whole.
        let seconds = u64::try_from(micros).unwrap_or_default().div_ceil(1_000_000);
        Some(price.per_hour_times(seconds, facts.instance_count))
    }
}
