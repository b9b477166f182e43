//! Which runs are compared: colour, name, state and cost of each; the base among them.

use domain::run::Run;
use leptos::prelude::*;

use super::Page;
use crate::{
    components::{
        badge::Badge,
        icon::{Glyph, Icon},
        money::Money,
        run_table::JobTitle,
    },
    paths,
};

/// The key to the colours of every chart of the page.
#[component]
pub(super) fn RunKey(page: Page) -> impl IntoView {
    let count = page.state.runs.with_untracked(Vec::len);
    let items = (0..count).map(|index| view! { <KeyItem page index/> }).collect_view();
    let ids = move || page.state.runs.with(|all| all.iter().map(|it| it.id.to_string()).collect::<Vec<_>>().join(","));
    view! {
        <ul class="run-key" aria-label="Compared runs" data-runs=ids>{items}</ul>
    }
}

#[component]
fn KeyItem(page: Page, index: usize) -> impl IntoView {
    let run = Memo::new(move |_| page.state.runs.with(|all| all.get(index).cloned()));
    let Some(first) = run.get_untracked() else { return ().into_any() };
    let (id, href) = (StoredValue::new(first.id.clone()), paths::run(&first.id));
    let is_base = Memo::new(move |_| page.base() == index);
    let note = page.state.labels.with_value(|all| all.get(index).map(|it| it.parameters.clone()).unwrap_or_default());
    let badge = Memo::new(move |_| run.with(|it| it.as_ref().map(Run::badge)));
    let cost = move || run.with(|it| it.as_ref().map(|it| it.cost(page.state.now.get())));
    let without = move || {
        page.href(|query| {
            query.runs = page.state.runs.with(|all| all.iter().map(|it| it.id.clone()).collect());
            query.experiment = None;
            query.runs.retain(|it| *it != id.get_value());
        })
    };
    let base = move || {
        if is_base.get() {
            view! { <span class="tag">"base"</span> }.into_any()
        } else {
            view! {
                <a
                    class="quiet-link"
                    href=move || page.href(|query| query.base = Some(id.get_value()))
                    data-noscroll=""
                >
                    "make base"
                </a>
            }
            .into_any()
        }
    };
    let experiment = first.experiment.to_string();
    view! {
        <li class=charts::series_class(index)>
            <span class="legend-dot" aria-hidden="true"></span>
            <span class="run-key-name">
                <a href=href><JobTitle id=first.id job_name=first.job_name/></a>
                <span class="dim">{if note.is_empty() { experiment } else { note }}</span>
            </span>
            <span class="run-key-state">{move || badge.get().map(|badge| view! { <Badge badge/> })}</span>
            <span class="run-key-cost">{move || cost().map(|cost| view! { <Money cost/> })}</span>
            <span class="run-key-tools">
                {base}
                <a class="button is-small is-quiet" href=without data-noscroll="" title="Leave this run out">
                    <Glyph icon=Icon::Cross/><span class="sr-only">"Leave this run out"</span>
                </a>
            </span>
        </li>
    }
    .into_any()
}
