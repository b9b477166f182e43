//! Budgets: what is used of each, and what they say of one more launch.

use domain::{
    budget::{Budget, BudgetRun, BudgetUse},
    costs::Month,
    job_draft::FieldError,
    time::Timestamp,
};

use crate::{ServiceError, Services};

/// What a refusal stands beside in the form; its cure may be in several fields, or in none.
pub(crate) const FIELD: &str = "budget";

/// The hard budgets that a launch must fit in, with the job itself.
pub(crate) struct BudgetJudge<'b> {
    budgets: Vec<&'b Budget>,
    job: BudgetRun,
    /// Those that the job can be billed in, from this one on.
    months: Vec<Month>,
    now: Timestamp,
}

impl<'b> BudgetJudge<'b> {
    /// `None`: no hard budget is about the job.
    pub(crate) fn of(budgets: &'b [Budget], job: BudgetRun, now: Timestamp) -> Option<Self> {
        let is_meant = |it: &&Budget| it.is_hard && it.is_about(&job.run.experiment, &job.run.tags);
        let budgets: Vec<&Budget> = budgets.iter().filter(is_meant).collect();
        let last = job.last_moment(now);
        let all = std::iter::successors(Some(Month::of(now)), |it| it.next());
        let months = all.take_while(|it| it.start() <= last).collect();
        (!budgets.is_empty()).then_some(Self { budgets, job, months, now })
    }

    /// What runs are needed for judging.
    pub(crate) fn period(&self) -> (Timestamp, Timestamp) {
        let (first, last) = (self.months.first(), self.months.last());
        (first.map_or(self.now, |it| it.start()), last.map_or(self.now, |it| it.end()))
    }

    /// Every budget that refuses, given the runs that count: one month of each.
    pub(crate) fn refusals(&self, runs: &[BudgetRun]) -> Vec<FieldError> {
        let of_month = |budget: &&Budget, month: Month| {
            let used = BudgetUse::of(budget, runs, month, self.now);
            budget.refusal(&used, self.job.still_possible(month, self.now), month)
        };
        let refusal = |budget: &&Budget| self.months.iter().find_map(|month| of_month(budget, *month));
        self.budgets.iter().filter_map(refusal).map(|why| FieldError::new(FIELD, why)).collect()
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
