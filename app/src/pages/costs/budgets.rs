//! What is used of each budget: a bar of what is spent and what jobs that are not over can still cost.

use domain::{
    budget::{Budget, BudgetUse},
    money::NanoUsd,
};
use leptos::prelude::*;

/// The bar's width in its own units; the page scales it.
const WIDTH: i64 = 1_000;

#[component]
pub(super) fn Budgets(budgets: Vec<(Budget, BudgetUse)>) -> impl IntoView {
    let rows = budgets.into_iter().map(|(budget, used)| view! { <BudgetRow budget used/> }).collect_view();
    view! {
        <section class="panel" aria-labelledby="c-budgets">
            <h2 id="c-budgets" class="panel-title">"Budgets"</h2>
            <ul class="budgets">{rows}</ul>
        </section>
    }
}

#[component]
fn BudgetRow(budget: Budget, used: BudgetUse) -> impl IntoView {
    let left = budget.left(&used);
    let spent = share(used.spent, budget.limit);
    let committed = share(used.total(), budget.limit) - spent;
    let (state, class) = match budget.warning(&used) {
        _ if left < NanoUsd(0) => ("exceeded".to_owned(), "badge badge-failed"),
        Some(percent) => (format!("{percent}% reached"), "badge badge-stopping"),
        None => (String::new(), ""),
    };
    let left_words = if left < NanoUsd(0) {
        format!("{} over", NanoUsd(-left.0))
    } else {
        format!("{left} left of {}", budget.limit)
    };
    let unpriced = (used.unpriced > 0).then(|| format!("{} of unknown cost, in no sum", used.unpriced));
    let about = match &budget.tag {
        Some((key, value)) => format!("{}, {key}={value}", budget.experiments),
        None => budget.experiments.to_string(),
    };
    view! {
        <li class="budget">
            <div class="budget-head">
                <strong>{budget.name.clone()}</strong>
                <span class="dim">{about}{budget.is_hard.then_some(", refuses launches")}</span>
                {(!state.is_empty()).then(|| view! { <span class=class>{state}</span> })}
                <span class="budget-left">{left_words}</span>
            </div>
            <svg class="budget-bar" viewBox=format!("0 0 {WIDTH} 12") preserveAspectRatio="none" aria-hidden="true">
                <rect class="budget-room" width=WIDTH.to_string() height="12"/>
                <rect class="bar-settled" width=spent.to_string() height="12"/>
                <rect class="bar-running" x=spent.to_string() width=committed.to_string() height="12"/>
            </svg>
            <p class="dim budget-details">
                <span class="budget-dot bar-settled" aria-hidden="true"></span>
                {format!("{} spent", used.spent)}
                <span class="budget-dot bar-running" aria-hidden="true"></span>
                {format!("{} still possible for jobs that are not over", used.committed)}
                {unpriced}
            </p>
        </li>
    }
}

/// `part / whole` in the bar's units, not beyond its end.
fn share(part: NanoUsd, whole: NanoUsd) -> i64 {
    let wanted = i128::from(part.0) * i128::from(WIDTH) / i128::from(whole.0.max(1));
    i64::try_from(wanted.clamp(0, i128::from(WIDTH))).unwrap_or(WIDTH)
}
