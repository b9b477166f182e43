//! What the list is searched by: the text, choices and conditions one by one, all of the same search, kept in sync by the
//! URL.

use domain::{
    run::RunBadge,
    run_search::{Condition, Field, SearchFault},
};
use leptos::prelude::*;

use super::query::{choice, href, pairs, read, search_of, terms};
use crate::{
    api::runs::RunsQuery,
    components::{
        badge::badge_word,
        choice::hidden_fields,
        icon::{Glyph, Icon},
        search_form::SearchForm,
    },
    paths,
};

/// Operators of the condition's form: in the URL, and in words.
const OPERATORS: [(&str, &str); 9] = [
    ("=", "is"),
    ("!=", "is not"),
    ("<", "is below"),
    ("<=", "is at most"),
    (">", "is above"),
    (">=", "is at least"),
    ("contains", "contains"),
    ("is not null", "is there"),
    ("is null", "is not there"),
];

/// Everything of the page's state but these fields, for a form that sends those itself.
pub(super) fn rest_of(query: &RunsQuery, without: &[&str]) -> Vec<(&'static str, String)> {
    let first = RunsQuery { page: 1, ..query.clone() };
    pairs(&first).into_iter().filter(|(name, _)| !without.contains(name)).collect()
}

#[component]
pub(super) fn Search(query: RunsQuery, experiments: Vec<String>, fault: Option<SearchFault>) -> impl IntoView {
    let terms = terms(&query.search);
    let chosen = |field| choice(&terms, &field).unwrap_or_default().to_owned();
    let (experiment, status) = (chosen(Field::Experiment), chosen(Field::Status));
    let shown_experiment = experiment.clone();
    let experiments = experiments
        .into_iter()
        .map(|name| {
            let selected = name == shown_experiment;
            view! { <option value=name.clone() selected=selected>{name.clone()}</option> }
        })
        .collect_view();
    let badges = RunBadge::ALL.map(|badge| {
        let selected = status == badge.as_str();
        view! { <option value=badge.as_str() selected=selected>{badge_word(badge)}</option> }
    });
    let is_wrong = fault.is_some();
    let (is_searched, search) = (!query.search.is_empty(), query.search.clone());
    let all = href(&RunsQuery { search: String::new(), page: 1, ..query.clone() });
    view! {
        <SearchForm
            action=paths::RUNS
            class="filter"
            fields=&[
                "search", "experiment", "shown_experiment", "status", "shown_status", "order", "columns", "by", "base",
            ]
            target=|params| href(&read(params))
        >
            <label class="filter-field runs-search">
                <span class="sr-only">"Search"</span>
                <input
                    type="search"
                    name="search"
                    placeholder="metrics.loss < 0.1 and (params.lr in (0.1, 0.01) or cost > $5)"
                    value=query.search.clone()
                    maxlength="4000"
                    autocomplete="off"
                    spellcheck="false"
                    aria-invalid=is_wrong.then_some("true")
                    aria-describedby=is_wrong.then_some("search-error")
                />
            </label>
            <label class="filter-field">
                <span class="sr-only">"Experiment"</span>
                <select name="experiment">
                    <option value="">"All experiments"</option>
                    {experiments}
                </select>
            </label>
            <label class="filter-field">
                <span class="sr-only">"Status"</span>
                <select name="status">
                    <option value="">"Any status"</option>
                    {badges.into_iter().collect_view()}
                </select>
            </label>
            {hidden_fields(vec![("shown_experiment", experiment), ("shown_status", status)])}
            {hidden_fields(rest_of(&query, &["search"]))}
            <button type="submit" class="button">"Search"</button>
            {is_searched.then(|| view! { <a class="button is-quiet" href=all>"Clear"</a> })}
        </SearchForm>
        {fault.map(|fault| view! { <Wrong search fault/> })}
    }
}

/// What is wrong, and where.
#[component]
fn Wrong(search: String, fault: SearchFault) -> impl IntoView {
    let at = |skip: usize, take: usize| search.chars().skip(skip).take(take).collect::<String>();
    let (before, wrong) = (at(0, fault.at), at(fault.at, fault.length));
    let after = at(fault.at + fault.length, usize::MAX);
    // At the end of the text there is nothing to mark but the end.
    let wrong = if wrong.is_empty() { " ".to_owned() } else { wrong };
    view! {
        <div class="notice notice-bad" role="alert" id="search-error">
            <Glyph icon=Icon::Alert/>
            <div>
                <p>{fault.message}</p>
                <code class="search-fault">{before}<mark>{wrong}</mark>{after}</code>
            </div>
        </div>
    }
}

/// The conditions of the search, each with a link that leaves it out, and a form that adds one.
#[component]
pub(super) fn Conditions(query: RunsQuery) -> impl IntoView {
    let all = terms(&query.search);
    let chips = all
        .iter()
        .enumerate()
        .map(|(at, term)| {
            let rest: Vec<Condition> = all.iter().enumerate().filter(|it| it.0 != at).map(|it| it.1.clone()).collect();
            let without = href(&RunsQuery { search: search_of(rest), page: 1, ..query.clone() });
            view! {
                <li class="tag condition">
                    <code>{term.to_string()}</code>
                    <a href=without title="Leave this condition out" data-noscroll="">
                        <span aria-hidden="true">"×"</span>
                        <span class="sr-only">{format!("Leave out {term}")}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    let operators = OPERATORS.map(|(op, words)| view! { <option value=op>{words}</option> });
    view! {
        <div class="conditions">
            {(!all.is_empty()).then(|| view! { <ul class="trail" aria-label="Conditions">{chips}</ul> })}
            <details class="confirm">
                <summary class="button is-small is-quiet"><Glyph icon=Icon::Plus/>"Condition"</summary>
                <div class="confirm-body menu-body">
                    <SearchForm
                        action=paths::RUNS
                        class="condition-form"
                        is_part=true
                        fields=&["search", "order", "columns", "by", "base", "field", "op", "value"]
                        target=|params| href(&read(params))
                    >
                        {hidden_fields(rest_of(&query, &[]))}
                        <label>
                            "Field"
                            <input type="text" name="field" list="run-fields" placeholder="metrics.loss" required autocomplete="off" spellcheck="false"/>
                        </label>
                        <label>"Test"<select name="op">{operators.into_iter().collect_view()}</select></label>
                        <label>"Value"<input type="text" name="value" placeholder="0.1" autocomplete="off" spellcheck="false"/></label>
                        <button type="submit" class="button is-small is-primary">"Add"</button>
                    </SearchForm>
                    <Help/>
                </div>
            </details>
        </div>
    }
}

#[component]
fn Help() -> impl IntoView {
    view! {
        <div class="search-help">
            <p>
                "A search joins conditions by "<code>"and"</code>", "<code>"or"</code>", "<code>"not"</code>" and parentheses. A plain word
                is a part of the job's name."
            </p>
            <dl>
                <dt><code>"metrics.loss < 0.1"</code></dt>
                <dd>"the last value; also "<code>"min(…)"</code>", "<code>"max(…)"</code>", "<code>"first(…)"</code>", "<code>"count(…)"</code></dd>
                <dt><code>"params.lr in (0.1, 1e-2)"</code></dt>
                <dd>"numbers are equal however they are written"</dd>
                <dt><code>"tags.team = vision"</code></dt>
                <dd>"also "<code>"like 'vis%'"</code>", and "<code>"is null"</code>" for runs without it"</dd>
                <dt><code>"cost > $5 and duration < 2h"</code></dt>
                <dd>"also "<code>"savings >= 30%"</code>", "<code>"billable_seconds"</code>", "<code>"instance_count"</code></dd>
                <dt><code>"created > -7d"</code></dt>
                <dd>"so long ago, or a day: "<code>"'2026-11-01'"</code></dd>
                <dt><code>"archived = true"</code></dt>
                <dd>"archived runs are found only when a search names them"</dd>
            </dl>
        </div>
    }
}
