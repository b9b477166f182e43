//! The review of a month's costs.

use domain::costs::{CostFilter, CostGrouping, CostReview, Month};

use crate::{ServiceError, Services};

impl Services {
    /// Reads the runs of the month and of the one before, which it is compared with.
    pub async fn cost_review(
        &self,
        month: Month,
        grouping: &CostGrouping,
        filter: &CostFilter,
    ) -> Result<CostReview, ServiceError> {
        let from = month.previous().unwrap_or(month).start();
        let runs = self.inner.store.run_cost_list(from, month.end()).await?;
        Ok(CostReview::of(&runs, month, grouping, filter, self.now()))
    }
}
