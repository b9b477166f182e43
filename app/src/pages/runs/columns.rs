//! Which columns the grid has and in which order; and what its runs are put together by.

use domain::run_search::Field;
use leptos::prelude::*;

use super::{
    query::{columns_text, href, read, sorted},
    search::rest_of,
};
use crate::{
    api::runs::RunsQuery,
    components::{
        choice::hidden_fields,
        icon::{Glyph, Icon},
        search_form::SearchForm,
    },
    paths,
};

/// The fields that forms propose; others can be typed.
#[component]
pub(super) fn FieldNames(names: Vec<Field>) -> impl IntoView {
    let built_in = Field::BUILT_IN.iter().map(ToString::to_string);
    let options = built_in
        .chain(names.iter().map(ToString::to_string))
        .map(|name| view! { <option value=name></option> })
        .collect_view();
    view! { <datalist id="run-fields">{options}</datalist> }
}

#[component]
pub(super) fn ColumnsMenu(query: RunsQuery, columns: Vec<Field>) -> impl IntoView {
    let with = |columns: Vec<Field>| href(&RunsQuery { columns: Some(columns), ..query.clone() });
    let last = columns.len().saturating_sub(1);
    let items = columns
        .iter()
        .enumerate()
        .map(|(at, field)| {
            let moved = |to: usize| {
                let mut all = columns.clone();
                all.swap(at, to);
                with(all)
            };
            let earlier = (at > 0).then(|| moved(at - 1));
            let later = (at < last).then(|| moved(at + 1));
            let mut rest = columns.clone();
            rest.remove(at);
            let name = field.to_string();
            let link = |href: Option<String>, sign: &'static str, words: String| match href {
                Some(href) => view! {
                    <a href=href title=words.clone() data-noscroll=""><span aria-hidden="true">{sign}</span><span class="sr-only">{words.clone()}</span></a>
                }
                .into_any(),
                None => view! { <span></span> }.into_any(),
            };
            view! {
                <li>
                    <code>{name.clone()}</code>
                    {link(Some(href(&sorted(&query, field, true))), "⇅", format!("Order by {name}"))}
                    {link(earlier, "↑", format!("Move {name} to the left"))}
                    {link(later, "↓", format!("Move {name} to the right"))}
                    {link(Some(with(rest)), "×", format!("Leave out {name}"))}
                </li>
            }
        })
        .collect_view();
    let is_chosen = query.columns.is_some();
    let usual = href(&RunsQuery { columns: None, ..query.clone() });
    let shown = columns_text(&columns);
    view! {
        <details class="confirm">
            <summary class="button is-small">"Columns"</summary>
            <div class="confirm-body menu-body">
                <ol class="column-list">{items}</ol>
                <SearchForm
                    action=paths::RUNS
                    class="condition-form"
                    is_part=true
                    fields=&["search", "order", "columns", "by", "base", "add"]
                    target=|params| href(&read(params))
                >
                    {hidden_fields(rest_of(&query, &["columns"]))}
                    // What is shown now, so that the one that is added does not stand alone.
                    <input type="hidden" name="columns" value=shown/>
                    <label>
                        "Add a column"
                        <input type="text" name="add" list="run-fields" placeholder="min(metrics.loss)" required autocomplete="off" spellcheck="false"/>
                    </label>
                    <button type="submit" class="button is-small is-primary">"Add"</button>
                </SearchForm>
                <p class="dim">"Any field of a search: a parameter, a tag, the last, least or largest value of a metric."</p>
                {is_chosen.then(|| view! { <p><a href=usual data-noscroll="">"The usual columns"</a></p> })}
            </div>
        </details>
    }
}

#[component]
pub(super) fn GroupMenu(query: RunsQuery) -> impl IntoView {
    let items = query
        .by
        .iter()
        .map(|field| {
            let by = query.by.iter().filter(|it| *it != field).cloned().collect();
            let without = href(&RunsQuery { by, page: 1, ..query.clone() });
            let words = format!("No longer by {field}");
            view! {
                <li>
                    <code>{field.to_string()}</code>
                    <a href=without title=words.clone() data-noscroll=""><span aria-hidden="true">"×"</span><span class="sr-only">{words.clone()}</span></a>
                </li>
            }
        })
        .collect_view();
    let is_grouped = !query.by.is_empty();
    let summary = if is_grouped {
        format!("Grouped by {}", query.by.iter().map(Field::label).collect::<Vec<_>>().join(", "))
    } else {
        "Group".to_owned()
    };
    view! {
        <details class="confirm">
            <summary class="button is-small" class:is-on=is_grouped>{summary}</summary>
            <div class="confirm-body menu-body">
                {is_grouped.then(|| view! { <ol class="column-list">{items}</ol> })}
                <SearchForm
                    action=paths::RUNS
                    class="condition-form"
                    is_part=true
                    fields=&["search", "order", "columns", "by", "base", "also_by"]
                    target=|params| href(&read(params))
                >
                    {hidden_fields(rest_of(&query, &[]))}
                    <label>
                        "Put runs together by"
                        <input type="text" name="also_by" list="run-fields" placeholder="params.lr" required autocomplete="off" spellcheck="false"/>
                    </label>
                    <button type="submit" class="button is-small is-primary"><Glyph icon=Icon::Plus/>"Group"</button>
                </SearchForm>
                <p class="dim">"Each group shows how many runs it has, and mean, deviation, least and largest of every column of numbers."</p>
            </div>
        </details>
    }
}
