//! The runs as a grid with the chosen columns. On a desk it scrolls through all of them, and only what is seen is in the
//! document; on a phone, and without script, it is a page of cards or rows.

use domain::{
    run_search::{Field, ListedRun},
    time::Timestamp,
};
use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    cells::{cell, is_number},
    query::{href, sorted},
    scroll,
    window::Rows,
};
use crate::{
    api::runs::{PAGE_ROWS, RunsQuery},
    components::{basket::BasketTick, run_table::JobTitle},
    model::rows::grouped_digits,
    paths,
};

#[component]
pub(super) fn Grid(
    rows: Rows,
    columns: Vec<Field>,
    base: Option<ListedRun>,
    #[prop(into)] now: Signal<Timestamp>,
    query: RunsQuery,
) -> impl IntoView {
    let place = NodeRef::<html::Div>::new();
    scroll::follow(place, rows);
    let has_base = base.is_some();
    let heads = columns
        .iter()
        .map(|field| {
            // A metric and a parameter of one name are told apart.
            let is_twice = columns.iter().filter(|it| it.label() == field.label()).count() > 1;
            let label = if is_twice { field.to_string() } else { field.label() };
            view! { <Head field=field.clone() label query=query.clone()/> }
        })
        .collect_view();
    let with_experiment = !columns.contains(&Field::Experiment);
    let shown = StoredValue::new((columns, base));
    let row = move |index: u64| {
        // A row is drawn again when its own run has changed.
        let run = Memo::new(move |_| rows.at(index));
        move || match run.get() {
            Some(run) => shown.with_value(|(columns, base)| {
                view! { <Row run index columns base=base.clone() now with_experiment/> }.into_any()
            }),
            None => view! { <tr class="grid-row is-waiting"><td class="grid-cell">"…"</td></tr> }.into_any(),
        }
    };
    let above = move || rows.range.with(|it| it.start);
    let below = move || rows.total.get().saturating_sub(rows.range.with(|it| it.end));
    view! {
        <div
            class="grid-scroll"
            node_ref=place
            role="region"
            aria-label="Runs"
            tabindex="0"
            on:scroll=move |_| scroll::look(place, rows)
        >
            <table
                class="table grid"
                class:is-scrolled=move || rows.is_scrolled.get()
                class:has-base=has_base
                aria-rowcount=move || (rows.total.get() + 1).to_string()
            >
                <caption class="sr-only">"Runs"</caption>
                <thead>
                    <tr aria-rowindex="1">
                        <th scope="col" class="cell-tick"><span class="sr-only">"Choose"</span></th>
                        <Head field=Field::Name label=Field::Name.label() query=query.clone()/>
                        {heads}
                    </tr>
                </thead>
                <Space rows count=Signal::derive(above)/>
                <tbody>
                    <For each=move || rows.range.get() key=|index| *index children=row/>
                </tbody>
                <Space rows count=Signal::derive(below)/>
            </table>
        </div>
        <Pager rows query/>
    }
}

/// Stands for rows that are not in the document.
#[component]
fn Space(rows: Rows, #[prop(into)] count: Signal<u64>) -> impl IntoView {
    move || {
        rows.is_scrolled.get().then(|| {
            let height = move || format!("{}px", count.get() as f64 * rows.row_px.get());
            view! { <tbody class="grid-space" aria-hidden="true"><tr><td style:height=height></td></tr></tbody> }
        })
    }
}

/// A column's heading sorts by it; with the shift key, after the columns that sort already.
#[component]
fn Head(field: Field, label: String, query: RunsQuery) -> impl IntoView {
    let order = query.order.iter().position(|it| it.field == field);
    let direction = order.map(|at| if query.order[at].is_ascending { "ascending" } else { "descending" });
    let place = order.filter(|_| query.order.len() > 1).map(|at| view! { <sub>{at + 1}</sub> });
    let (alone, more) = (href(&sorted(&query, &field, false)), href(&sorted(&query, &field, true)));
    let navigate = use_navigate();
    let on_click = move |event: leptos::ev::MouseEvent| {
        if event.shift_key() {
            event.prevent_default();
            navigate(&more, NavigateOptions { scroll: false, ..NavigateOptions::default() });
        }
    };
    let class = if is_number(&field) { "grid-head is-number" } else { "grid-head" };
    view! {
        <th scope="col" class=class class:cell-run=field == Field::Name aria-sort=direction>
            <a class="sort" href=alone title=field.to_string() data-noscroll="" on:click=on_click>{label}</a>
            {place}
        </th>
    }
}

#[component]
fn Row<'f>(
    run: ListedRun,
    index: u64,
    columns: &'f [Field],
    base: Option<ListedRun>,
    now: Signal<Timestamp>,
    with_experiment: bool,
) -> impl IntoView {
    let cells = columns.iter().map(|field| cell(&run, field, base.as_ref(), now)).collect_view();
    let is_base = base.is_some_and(|it| it.id == run.id);
    let ListedRun { id, job_name, experiment, is_archived, .. } = run;
    let href = paths::run(&id);
    view! {
        <tr class="grid-row" aria-rowindex=(index + 2).to_string() class:is-base=is_base class:is-archived=is_archived>
            <td class="cell-tick"><BasketTick id=id.clone() name=job_name.to_string()/></td>
            <th scope="row" class="cell-run">
                <a href=href><JobTitle id job_name/></a>
                {with_experiment.then(|| view! {
                    <a class="cell-experiment" href=paths::runs_of_experiment(&experiment)>{experiment.to_string()}</a>
                })}
            </th>
            {cells}
        </tr>
    }
}

#[component]
fn Pager(rows: Rows, query: RunsQuery) -> impl IntoView {
    let (current, offset) = (query.page, query.offset());
    let page = move |page: u32| href(&RunsQuery { page, ..query.clone() });
    let newer = (current > 1).then(|| page(current - 1));
    let next = page(current + 1);
    let older = move || {
        let has_more = rows.total.get() > offset + u64::from(PAGE_ROWS) && !rows.is_scrolled.get();
        let next = next.clone();
        has_more.then(|| view! { <a class="button is-small" href=next rel="next">"Next"</a> })
    };
    let newer = move || {
        let href = newer.clone().filter(|_| !rows.is_scrolled.get());
        href.map(|href| view! { <a class="button is-small" href=href rel="prev">"Previous"</a> })
    };
    let words = move || {
        let total = rows.total.get();
        let runs = if total == 1 { "run" } else { "runs" };
        if rows.is_scrolled.get() || rows.shown() == total {
            return format!("{} {runs}", grouped_digits(total));
        }
        let range = rows.range.get();
        if range.is_empty() {
            return format!("None here of {} {runs}", grouped_digits(total));
        }
        format!("{}–{} of {} {runs}", grouped_digits(range.start + 1), grouped_digits(range.end), grouped_digits(total))
    };
    view! {
        <nav class="pager" aria-label="Pages of the list">
            <span class="dim" role="status">{words}</span>
            {newer}
            {older}
        </nav>
    }
}
