//! `/runs/mlflow`: runs that MLflow clients logged, found with MLflow's own language; and `/runs/mlflow/{id}`, one of
//! them.

mod logged;
mod query;
mod run;

pub use logged::{Logged, Pairs};
pub use run::MlflowRun;

use std::collections::BTreeMap;

use domain::{
    compare::MAX_COMPARED,
    live::{LiveEvent, Topic},
    time::{Timestamp, duration_text},
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use crate::{
    api::mlflow::{TrackedList, TrackedQuery, TrackedRun, mlflow_run_list},
    components::{
        badge::Badge,
        choice::choice_link,
        fault::{Empty, Fault},
        icon::{Glyph, Icon},
        now::{Age, ticking},
        search_form::SearchForm,
        timeline::CopyLine,
    },
    live::{self, Heard},
    model::rows,
    paths::{self, UrlQuery},
};

/// Columns of each kind: those that most of the page's runs have.
const MAX_COLUMNS: usize = 5;

#[component]
pub fn MlflowRuns() -> impl IntoView {
    let search = use_location().search;
    let query = Memo::new(move |_| query::read(&UrlQuery::parse(&search.read())));
    let list = Resource::new_blocking(move || query.get(), mlflow_run_list);
    view! {
        <Title text="MLflow runs"/>
        <div class="page-head">
            <h1>"Runs"</h1>
            <RunKinds is_mlflow=true/>
        </div>
        <Transition>
            {move || Suspend::new(async move {
                match list.await {
                    Ok(list) => view! { <List list query=query.get_untracked()/> }.into_any(),
                    Err(error) => view! { <Fault error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// The two lists of runs: jobs, and what was logged from anywhere.
#[component]
pub fn RunKinds(is_mlflow: bool) -> impl IntoView {
    view! {
        <nav class="segmented run-kinds" aria-label="Kinds of runs">
            {choice_link("Training jobs", "page", || paths::RUNS.to_owned(), move || !is_mlflow)}
            {choice_link("Logged with MLflow", "page", || paths::MLFLOW.to_owned(), move || is_mlflow)}
        </nav>
    }
}

#[component]
fn List(list: TrackedList, query: TrackedQuery) -> impl IntoView {
    let TrackedList { live_number, now, experiments, runs, next_page_token, refusal, tracking_uri } = list;
    let is_filtered = query != TrackedQuery::default();
    let is_refused = refusal.is_some();
    let names = RwSignal::new(experiments.iter().cloned().collect::<BTreeMap<i64, String>>());
    let runs = RwSignal::new(runs);
    follow(query.clone(), live_number, runs, names);
    let is_empty = Memo::new(move |_| runs.with(Vec::is_empty));
    let now = ticking(now);
    let older = next_page_token
        .map(|token| query::href(&TrackedQuery { page_token: token, ..query.clone() }))
        .map(|href| view! { <a class="button is-small" href=href rel="next">"Older"</a> });
    let first = (!query.page_token.is_empty())
        .then(|| query::href(&TrackedQuery { page_token: String::new(), ..query.clone() }))
        .map(|href| view! { <a class="button is-small" href=href>"First page"</a> });
    let body = if is_refused {
        ().into_any()
    } else {
        let query = query.clone();
        let table = move || {
            if is_empty.get() {
                return view! { <Nothing is_filtered tracking_uri=tracking_uri.clone()/> }.into_any();
            }
            view! { <RunsTable runs=runs.get() names=names.get() now query=query.clone()/> }.into_any()
        };
        view! {
            {table}
            <nav class="pager" aria-label="Pages of the list">{first}{older}</nav>
        }
        .into_any()
    };
    view! {
        <FilterForm query experiments refusal is_filtered/>
        {body}
    }
}

/// Reads the list again when clients have logged. The columns follow what the runs have, so the table is drawn anew.
fn follow(
    query: TrackedQuery,
    live_number: i64,
    runs: RwSignal<Vec<TrackedRun>>,
    names: RwSignal<BTreeMap<i64, String>>,
) {
    let of_running = runs.with_untracked(|all| {
        let running = all.iter().filter(|it| !it.badge.is_over());
        // One stream hears of so many topics.
        running.map(|it| Topic::Curves(it.id.clone())).take(MAX_COMPARED - 1).collect::<Vec<_>>()
    });
    let topics: Vec<Topic> = std::iter::once(Topic::Mlflow).chain(of_running).collect();
    // Of what comes while the list is being read, one more reading tells everything.
    let (is_reading, is_late) = (StoredValue::new(false), StoredValue::new(false));
    live::listen(&topics, live_number, move |heard| {
        if !matches!(heard, Heard::Event(LiveEvent::Logged | LiveEvent::Points { .. } | LiveEvent::Resync)) {
            return;
        }
        is_late.set_value(true);
        if is_reading.get_value() {
            return;
        }
        is_reading.set_value(true);
        let query = query.clone();
        spawn_local(async move {
            while is_late.try_get_value() == Some(true) {
                is_late.set_value(false);
                // Failing means that the list stays as it is; the connection light tells.
                if let Ok(list) = mlflow_run_list(query.clone()).await {
                    names.try_set(list.experiments.into_iter().collect());
                    runs.try_set(list.runs);
                }
            }
            is_reading.try_set_value(false);
        });
    });
}

/// A plain GET form: the filter is the URL.
#[component]
fn FilterForm(
    query: TrackedQuery,
    experiments: Vec<(i64, String)>,
    refusal: Option<String>,
    is_filtered: bool,
) -> impl IntoView {
    let options = experiments
        .into_iter()
        .map(|(id, name)| {
            let selected = query.experiment_id == Some(id);
            view! { <option value=id.to_string() selected=selected>{name}</option> }
        })
        .collect_view();
    let is_wrong = refusal.is_some();
    view! {
        <SearchForm action=paths::MLFLOW class="filter" fields=&["filter", "experiment", "order"]>
            <label class="filter-field tracked-filter">
                <span class="sr-only">"Filter"</span>
                <input
                    type="search"
                    name="filter"
                    placeholder="metrics.loss < 0.1 and params.lr = '0.1'"
                    value=query.filter.clone()
                    autocomplete="off"
                    spellcheck="false"
                    aria-invalid=is_wrong.then_some("true")
                    aria-describedby=if is_wrong { "filter-error filter-help" } else { "filter-help" }
                />
            </label>
            <label class="filter-field">
                <span class="sr-only">"Experiment"</span>
                <select name="experiment">
                    <option value="">"All experiments"</option>
                    {options}
                </select>
            </label>
            <input type="hidden" name="order" value=query.order.clone()/>
            <button type="submit" class="button">"Filter"</button>
            {is_filtered.then(|| view! { <a class="button is-quiet" href=paths::MLFLOW>"Clear"</a> })}
        </SearchForm>
        {refusal.map(|why| view! {
            <div class="notice notice-bad" role="alert" id="filter-error"><Glyph icon=Icon::Alert/><p>{why}</p></div>
        })}
        <details class="tracked-help">
            <summary>"How to write a filter"</summary>
            <p id="filter-help">
                "MLflow's own language: "<code>"metrics."</code>", "<code>"params."</code>", "<code>"tags."</code>" or "
                <code>"attributes."</code>" with a name, compared and joined by "<code>"and"</code>". Params and tags are texts: "
                <code>"params.lr = '0.1'"</code>", "<code>"tags.team LIKE 'vis%'"</code>", "
                <code>"attributes.status = 'FAILED'"</code>". A name with blanks stands in backticks."
            </p>
        </details>
    }
}

/// Names of a kind by how many of the runs have them, then by name: those that get a column, and how many do not.
fn columns<'r>(runs: &'r [TrackedRun], names: impl Fn(&'r TrackedRun) -> Vec<&'r str>) -> (Vec<String>, usize) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in runs.iter().flat_map(names) {
        *counts.entry(name).or_default() += 1;
    }
    let mut all: Vec<(&str, usize)> = counts.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let rest = all.len().saturating_sub(MAX_COLUMNS);
    let mut shown: Vec<String> = all.into_iter().take(MAX_COLUMNS).map(|it| it.0.to_owned()).collect();
    shown.sort();
    (shown, rest)
}

#[component]
fn RunsTable(
    runs: Vec<TrackedRun>,
    names: BTreeMap<i64, String>,
    #[prop(into)] now: Signal<Timestamp>,
    query: TrackedQuery,
) -> impl IntoView {
    let (metrics, more_metrics) = columns(&runs, |it| it.metrics.iter().map(|(name, _)| name.as_str()).collect());
    let (params, more_params) = columns(&runs, |it| it.params.iter().map(|(name, _)| name.as_str()).collect());
    let head = |entity: &'static str, name: &String| {
        let by = format!("{entity}.`{name}` ");
        let sort = query.order.strip_prefix(&by).map(|it| if it == "ASC" { "ascending" } else { "descending" });
        let href = query::href(&query::order(&query, entity, name));
        let class = if entity == "metrics" { "is-number" } else { "" };
        view! { <th scope="col" class=class aria-sort=sort><a class="sort" href=href>{name.clone()}</a></th> }
    };
    let metric_heads = metrics.iter().map(|it| head("metrics", it)).collect_view();
    let param_heads = params.iter().map(|it| head("params", it)).collect_view();
    let rows = runs
        .into_iter()
        .map(|run| {
            let experiment = names.get(&run.experiment_id).cloned().unwrap_or_default();
            let cells = cells(&run, &metrics, &params);
            view! { <RunRow run experiment now cells/> }
        })
        .collect_view();
    let more = [(more_metrics, "metric"), (more_params, "param")];
    let more: Vec<String> = more
        .iter()
        .filter(|it| it.0 > 0)
        .map(|(count, what)| format!("{count} more {what}{}", if *count == 1 { "" } else { "s" }))
        .collect();
    view! {
        <div class="table-scroll">
            <table class="table tracked-table">
                <caption class="sr-only">"Runs that MLflow clients logged"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Run"</th>
                        <th scope="col">"Status"</th>
                        {metric_heads}
                        {param_heads}
                        <th scope="col" class="is-number">"Duration"</th>
                        <th scope="col" class="is-number">"Started"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {(!more.is_empty()).then(|| view! { <p class="dim">{format!("{} on the runs' own pages.", more.join(" and "))}</p> })}
    }
}

/// A run's values in the order of the columns: what it is called, what it says, and whether it is a number.
fn cells(run: &TrackedRun, metrics: &[String], params: &[String]) -> Vec<(String, Option<String>, bool)> {
    let metric = |name: &String| {
        let found = run.metrics.iter().find(|it| it.0 == *name).map(|it| rows::number(it.1.value));
        (name.clone(), found, true)
    };
    let param = |name: &String| {
        let found = run.params.iter().find(|it| it.0 == *name).map(|it| it.1.clone());
        (name.clone(), found, false)
    };
    metrics.iter().map(metric).chain(params.iter().map(param)).collect()
}

#[component]
fn RunRow(
    run: TrackedRun,
    experiment: String,
    #[prop(into)] now: Signal<Timestamp>,
    cells: Vec<(String, Option<String>, bool)>,
) -> impl IntoView {
    let cells = cells
        .into_iter()
        .map(|(name, value, is_number)| {
            let is_empty = value.is_none();
            view! {
                <td class="cell-value" class:is-number=is_number class:is-empty=is_empty data-label=name>
                    {value.unwrap_or_else(|| "—".to_owned())}
                </td>
            }
        })
        .collect_view();
    let (started_at, ended_at) = (run.started_at, run.ended_at);
    view! {
        <tr>
            <th scope="row" class="cell-run">
                <a href=paths::mlflow_run(&run.id, "")>{run.name.clone()}</a>
                <span class="cell-experiment">{experiment}</span>
            </th>
            <td class="cell-status"><Badge badge=run.badge/></td>
            {cells}
            <td class="is-number" data-label="Duration">{move || lasted(started_at, ended_at, now)}</td>
            <td class="is-number dim" data-label="Started"><Age at=started_at now/></td>
        </tr>
    }
}

/// How long it has been going on; a run that ended stands still.
fn lasted(started_at: Timestamp, ended_at: Option<Timestamp>, now: Signal<Timestamp>) -> String {
    let end = ended_at.unwrap_or_else(|| now.get());
    duration_text(end.seconds_since(started_at).max(0.0) as u64)
}

#[component]
fn Nothing(is_filtered: bool, tracking_uri: Option<String>) -> impl IntoView {
    if is_filtered {
        return view! {
            <Empty title="No run matches">
                <p>"Change the filter, or look at all runs."</p>
                <p class="empty-actions"><a class="button" href=paths::MLFLOW>"Clear the filter"</a></p>
            </Empty>
        }
        .into_any();
    }
    view! {
        <Empty title="Nothing logged yet">
            <p>
                "Any script that logs with MLflow can log here. Jobs that Trainyard launches do so by themselves; elsewhere,
                tell the client where this server is:"
            </p>
            {match tracking_uri {
                Some(uri) => view! { <CopyLine text=format!("export MLFLOW_TRACKING_URI={uri}") what="command"/> }.into_any(),
                None => view! { <p>"Set "<code>"MLFLOW_TRACKING_URI"</code>" to this page's own host."</p> }.into_any(),
            }}
        </Empty>
    }
    .into_any()
}
