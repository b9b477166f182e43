//! A cost with the word that says how sure it is. No figure is shown without it; what is not known is not `$0`.

use domain::cost::{CostState, CostSummary};
use leptos::prelude::*;

/// The figure alone, or the word that stands for a missing one.
pub fn figure(cost: &CostSummary) -> String {
    cost.total.map_or_else(|| cost.label().to_owned(), |total| total.to_string())
}

/// How sure the figure is; nothing where the word stands for the figure already.
pub fn certainty(cost: &CostSummary) -> Option<&'static str> {
    cost.total.map(|_| cost.label())
}

#[component]
pub fn Money(cost: CostSummary) -> impl IntoView {
    let is_number = cost.total.is_some();
    view! {
        <span
            class="money"
            class:is-estimate=matches!(cost.state, CostState::Running)
            class:is-absent=!is_number
            title=cost.explanation()
        >
            <span class="money-figure">{figure(&cost)}</span>
            {certainty(&cost).map(|it| view! { <small class="money-certainty">{it}</small> })}
        </span>
    }
}
