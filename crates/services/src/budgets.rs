//! Budgets: what is used of each, and what they say of one more launch.

use domain::{
    budget::{Budget, BudgetRun, BudgetUse},
    costs::Month,
    job_draft::FieldError,
    time::Timestamp,
};

use crate::{ServiceError, Services};

/// The field with the cure that is always there.
const FIELD: &str = "StoppingCondition.MaxRuntimeInSeconds";

/// The hard budgets that a launch must fit in, with the job itself.
pub(crate) struct BudgetJudge<'b> {
    budgets: Vec<&'b Budget>,
    job: BudgetRun,
    pub(crate) month: Month,
    now: Timestamp,
}

impl<'b> BudgetJudge<'b> {
    /// `None`: no hard budget is about the job.
    pub(crate) fn of(budgets: &'b [Budget], job: BudgetRun, now: Timestamp) -> Option<Self> {
        let is_meant = |it: &&Budget| it.is_hard && it.is_about(&job.run.experiment, &job.run.tags);
        let budgets: Vec<&Budget> = budgets.iter().filter(is_meant).collect();
        (!budgets.is_empty()).then(|| Self { budgets, job, month: Month::of(now), now })
    }

    /// Every budget that refuses, given the runs that count.
    pub(crate) fn refusals(&self, runs: &[BudgetRun]) -> Vec<FieldError> {
        let wanted = self.job.still_possible(self.month, self.now);
        let refusal = |budget: &&Budget| {
            let used = BudgetUse::of(budget, runs, self.month, self.now);
            budget.refusal(&used, wanted).map(|why| FieldError::new(FIELD, why))
        };
        self.budgets.iter().filter_map(refusal).collect()
    }
}

impl Services {
    /// What is used of each budget in a month, in their order.
    pub async fn budget_list(&self, month: Month) -> Result<Vec<(Budget, BudgetUse)>, ServiceError> {
        let budgets = &self.inner.config.budgets;
        if budgets.is_empty() {
            return Ok(Vec::new());
        }
        let runs = self.inner.store.budget_run_list(month.start(), month.end()).await?;
        let now = self.now();
        Ok(budgets.iter().map(|it| (it.clone(), BudgetUse::of(it, &runs, month, now))).collect())
    }
}
