//! The review of a month's costs.

use domain::{
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
    Ok(CostsView { now, review: services.cost_review(month, &grouping, &filter).await? })
}
