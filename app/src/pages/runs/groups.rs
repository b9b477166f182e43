//! Runs put together: a row per group, with the statistics of each column of numbers, and a way to its runs.

use domain::{
    money::NanoUsd,
    run_search::{Field, FieldKind, RunGroupPage, Statistics, group_search},
    time::duration_text,
};
use leptos::prelude::*;

use super::{cells::group_text, query::href};
use crate::{
    api::runs::RunsQuery,
    model::rows::{self, grouped_digits},
};

#[component]
pub(super) fn Groups(page: RunGroupPage, columns: Vec<Field>, query: RunsQuery) -> impl IntoView {
    // Of words and of moments there is no mean; what the groups are made by is their head.
    let has_any = |at: usize| page.groups.iter().any(|it| it.statistics.get(at).is_some_and(Option::is_some));
    let is_shown = |(at, it): &(usize, Field)| {
        let is_counted = match it.kind() {
            FieldKind::Time | FieldKind::Flag => false,
            FieldKind::Text => matches!(it, Field::Param(_) | Field::Tag(_)) && has_any(*at),
            _ => true,
        };
        is_counted && !query.by.contains(it)
    };
    let shown: Vec<(usize, Field)> = columns.into_iter().enumerate().filter(is_shown).collect();
    let heads =
        shown.iter().map(|(_, it)| view! { <th scope="col" class="is-number">{it.label()}</th> }).collect_view();
    let by_heads = query.by.iter().map(|it| view! { <th scope="col">{it.label()}</th> }).collect_view();
    let RunGroupPage { run_total, group_total, groups } = page;
    let count = groups.len() as u64;
    let rows = groups
        .into_iter()
        .map(|group| {
            let search = group_search(&query.search, &query.by, &group.values);
            let runs = href(&RunsQuery { search, by: Vec::new(), page: 1, ..query.clone() });
            let keys = query
                .by
                .iter()
                .zip(&group.values)
                .map(|(field, value)| {
                    let class = if value.is_none() { "dim" } else { "" };
                    view! { <td class=class data-label=field.label()>{group_text(field, value.as_ref())}</td> }
                })
                .collect_view();
            let cells = shown
                .iter()
                .map(|(at, field)| cell(field, group.statistics.get(*at).and_then(Option::as_ref)))
                .collect_view();
            view! {
                <tr>
                    {keys}
                    <th scope="row" class="is-number" data-label="Runs">
                        <a href=runs>{grouped_digits(group.count)}<span class="sr-only">" runs of this group"</span></a>
                    </th>
                    {cells}
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll">
            <table class="table group-table">
                <caption class="sr-only">"Groups of runs"</caption>
                <thead>
                    <tr>{by_heads}<th scope="col" class="is-number">"Runs"</th>{heads}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <p class="pager dim" role="status">
            {if count < group_total {
                format!(
                    "The {} largest of {} groups, of {} runs; search for fewer runs to see the others.",
                    grouped_digits(count), grouped_digits(group_total), grouped_digits(run_total)
                )
            } else {
                format!(
                    "{} group{} of {} run{}", grouped_digits(count), if count == 1 { "" } else { "s" },
                    grouped_digits(run_total), if run_total == 1 { "" } else { "s" }
                )
            }}
        </p>
    }
}

/// `0.12 ± 0.03` over `0.08 – 0.2, n 5`.
fn cell(field: &Field, statistics: Option<&Statistics>) -> AnyView {
    let Some(of) = statistics.filter(|it| it.n > 0) else {
        return view! { <td class="is-number is-empty" data-label=field.label()>"—"</td> }.into_any();
    };
    let shown = |value: f64| in_unit(field, value);
    let deviation = (of.n > 1).then(|| format!(" ± {}", shown(of.std)));
    let range =
        if of.n > 1 { format!("{} – {}, n {}", shown(of.min), shown(of.max), of.n) } else { "n 1".to_owned() };
    view! {
        <td class="is-number" data-label=field.label()>
            {shown(of.mean)}{deviation}
            <small class="cell-delta">{range}</small>
        </td>
    }
    .into_any()
}

/// A statistic as values of the field are written. A mean of money is a statistic, too: no sum is made of it.
fn in_unit(field: &Field, value: f64) -> String {
    match field.kind() {
        FieldKind::Dollars => NanoUsd((value * NanoUsd::ONE_DOLLAR as f64).round() as i64).to_string(),
        FieldKind::Seconds if value >= 0.0 => duration_text(value.round() as u64),
        FieldKind::Percent => format!("{}%", rows::number(value)),
        _ => rows::number(value),
    }
}
