//! What of a budget is used: spent already, and promised to jobs that are not over.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Budget;
use crate::{
    cost::CostFacts,
    costs::{CostRun, Month, month_spend},
    money::NanoUsd,
    quota::{WaitPlan, per_hour},
    run::Run,
    time::Timestamp,
    training_job::TrainingJobRequest,
};

/// A run with what it may still take.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetRun {
    pub run: CostRun,
    pub most: Most,
}

/// The most that a job can be billed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Most {
    /// Of all its instances together, on demand, in the dearest form that may be sent: SageMaker chooses among preferred
    /// types, and a job that waits for room may take a fallback. `None`: not known of all of them.
    pub per_hour: Option<NanoUsd>,
    /// `MaxRuntimeInSeconds`, at which SageMaker stops the job, and the time that its warm pool is kept.
    pub billed_seconds: u64,
    /// From the job's start to the end of its bill. A spot job may wait in between, unbilled.
    pub span_seconds: u64,
}

impl Most {
    /// `wait`: what may be sent instead.
    pub fn of(request: &Value, wait: Option<&WaitPlan>) -> Self {
        let job = TrainingJobRequest::of_recorded(request.clone());
        let forms = match wait {
            Some(plan) => plan.candidates(request, i64::MAX),
            None => vec![request.clone()],
        };
        let prices: Option<Vec<NanoUsd>> = forms.iter().map(most_per_hour).collect();
        let kept = u64::from(job.keep_alive_seconds().unwrap_or(0));
        let (limit, wait) = (job.max_runtime_seconds(), job.max_wait_seconds().unwrap_or(0));
        Self {
            per_hour: prices.and_then(|all| all.into_iter().max()),
            billed_seconds: u64::from(limit) + kept,
            span_seconds: u64::from(limit.max(wait)) + kept,
        }
    }

    /// The whole bill.
    pub fn total(&self) -> Option<NanoUsd> {
        Some(self.per_hour?.per_hour_times(self.billed_seconds, 1))
    }
}

/// Of one form of a job.
fn most_per_hour(request: &Value) -> Option<NanoUsd> {
    let preferred = request.pointer("/ResourceConfig/InstancePreferences").and_then(Value::as_array);
    let Some(preferred) = preferred else { return per_hour(request) };
    let count = request.pointer("/ResourceConfig/InstanceCount").cloned().unwrap_or(Value::from(1));
    let of = |preference: &Value| {
        let mut config = json!({ "InstanceCount": count });
        for (name, value) in preference.as_object()? {
            config[name] = value.clone();
        }
        per_hour(&json!({ "ResourceConfig": config }))
    };
    let prices: Option<Vec<NanoUsd>> = preferred.iter().map(of).collect();
    prices?.into_iter().max()
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
            let spend = month_spend(&it.reported(), month, now);
            // What waits in between is not billed: in all it is never more than the whole bill.
            let most = it.most.total().filter(|_| !it.run.facts.is_over).unwrap_or(NanoUsd(i64::MAX));
            let spent = spend.total().min(most);
            used.spent = used.spent + spent;
            used.unpriced += spend.unpriced;
            match it.still_possible(month, now) {
                Some(amount) => used.committed = used.committed + amount.min(most - spent),
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
    /// Of a run as it is recorded, or is to be.
    pub fn of_run(run: &Run, wait: Option<&WaitPlan>) -> Self {
        Self {
            most: Most::of(&run.request, wait),
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

    /// A job that ended without billable seconds has cost something: the time it took is the most that it can be.
    fn reported(&self) -> Cow<'_, CostRun> {
        let facts = &self.run.facts;
        let (true, None, Some(from), Some(to)) =
            (facts.is_over, facts.billable_seconds, facts.started_at, self.run.ended_at)
        else {
            return Cow::Borrowed(&self.run);
        };
        let took = to.seconds_since(from).max(0.0).ceil() as u64;
        let facts = CostFacts { billable_seconds: Some(facts.training_seconds.unwrap_or(took)), ..facts.clone() };
        Cow::Owned(CostRun { facts, ..self.run.clone() })
    }

    /// The most that the run can still cost in what is left of the month at `now`; `None`: its price is not known.
    pub fn still_possible(&self, month: Month, now: Timestamp) -> Option<NanoUsd> {
        let (facts, from) = (&self.run.facts, now.max(month.start()));
        // Nothing is left of a month that is past.
        if facts.is_over || from >= month.end() {
            return Some(NanoUsd(0));
        }
        let price = self.most.per_hour?;
        // One that has not begun may begin at once.
        let last = facts.started_at.unwrap_or(now).plus_seconds(i64::try_from(self.most.span_seconds).ok()?);
        let micros = last.min(month.end()).unix_micros().saturating_sub(from.unix_micros()).max(0);
        // A second that has begun is billed whole.
        let seconds = u64::try_from(micros).unwrap_or_default().div_ceil(1_000_000);
        Some(price.per_hour_times(seconds.min(self.most.billed_seconds), 1))
    }

    /// The last moment that it can be billed for.
    pub fn last_moment(&self, now: Timestamp) -> Timestamp {
        let span = i64::try_from(self.most.span_seconds).unwrap_or(i64::MAX);
        self.run.facts.started_at.unwrap_or(now).plus_seconds(span)
    }
}
