//! The review of a month's costs.

use domain::{
    budget::{Budget, BudgetUse},
    costs::{CostFilter, CostGrouping, CostReview, Month},
    time::Timestamp,
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostsView {
    pub now: Timestamp,
    pub review: CostReview,
    /// Each with what is used of it in the month.
    pub budgets: Vec<(Budget, BudgetUse)>,
}

/// Without a month, the one that it is now.
#[server(prefix = "/api/ui", endpoint = "costs_get", input = Json)]
pub async fn costs_get(
    month: Option<Month>,
    grouping: CostGrouping,
    filter: CostFilter,
) -> Result<CostsView, ApiError> {
    let services = super::context::services()?;
    let now = services.now();
    let month = month.unwrap_or_else(|| Month::of(now));
    let budgets = services.budget_list(month).await?;
    Ok(CostsView { now, review: services.cost_review(month, &grouping, &filter).await?, budgets })
}
