//! `/runs`: every run under a filter that lives in the URL, newest first.

use domain::{
    ids::{ExperimentName, RunId},
    live::{LiveEvent, Topic},
    run::{RunBadge, RunFilter},
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::{hooks::use_query_map, params::ParamsMap};

use crate::{
    api::runs::{RunListView, run_list},
    components::{
        badge::badge_word,
        fault::{Empty, Fault},
        icon::{Glyph, Icon},
        now::ticking,
        run_table::{RunTable, apply_change},
        search_form::SearchForm,
    },
    live::{self, Heard},
    model::rows::grouped_digits,
    pages::mlflow::RunKinds,
    paths,
};

/// What the URL asks for; parts that make no sense are left out.
fn filter_of(query: &ParamsMap) -> RunFilter {
    let text = |name| query.get_str(name).map(str::trim).filter(|it| !it.is_empty());
    RunFilter {
        experiment: text("experiment").and_then(|it| ExperimentName::parse(it).ok()),
        badge: text("badge").and_then(RunBadge::parse),
        name_contains: text("name").map(str::to_owned),
        before: text("before").and_then(|it| RunId::parse(it).ok()),
        limit: 0,
    }
}

#[component]
pub fn Runs() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| query.with(filter_of));
    let list = Resource::new_blocking(move || filter.get(), run_list);
    let title = move || filter.with(|it| it.experiment.as_ref().map_or_else(|| "Runs".to_owned(), ToString::to_string));
    view! {
        <Title text=title/>
        <Transition>
            {move || Suspend::new(async move {
                match list.await {
                    Ok(list_now) => view! { <List list=list_now filter=filter.get_untracked()/> }.into_any(),
                    Err(error) => view! { <Fault error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn List(list: RunListView, filter: RunFilter) -> impl IntoView {
    let RunListView { live_number, now, page, experiments } = list;
    let now = ticking(now);
    let total = RwSignal::new(page.total);
    let runs = RwSignal::new(page.runs);
    let is_empty = Memo::new(move |_| runs.with(Vec::is_empty));
    {
        let filter = filter.clone();
        live::listen(&[Topic::Runs], live_number, move |heard| match heard {
            Heard::Event(LiveEvent::Run(run)) => {
                if runs.try_update(|runs| apply_change(runs, *run, &filter)).unwrap_or(false) {
                    total.update(|it| *it += 1);
                }
            }
            Heard::Event(LiveEvent::Resync) => {
                let filter = filter.clone();
                spawn_local(async move {
                    // Failing means that the list stays as it is; the connection light tells.
                    if let Ok(list) = run_list(filter).await {
                        total.try_set(list.page.total);
                        runs.try_set(list.page.runs);
                    }
                });
            }
            Heard::Opened | Heard::Event(LiveEvent::Points { .. } | LiveEvent::Log { .. } | LiveEvent::Logged) => {}
        });
    }
    let newest = filter.before.is_some().then(|| paths::runs(&RunFilter { before: None, ..filter.clone() }));
    let older = page.next_before.map(|before| paths::runs(&RunFilter { before: Some(before), ..filter.clone() }));
    let heading = filter.experiment.as_ref().map_or_else(|| "Runs".to_owned(), ToString::to_string);
    let is_filtered = filter != RunFilter { limit: filter.limit, ..RunFilter::default() };
    let with_experiment = filter.experiment.is_none();
    let body = move || {
        if is_empty.get() {
            return view! { <Nothing is_filtered/> }.into_any();
        }
        view! {
            // Without script the ticks are sent by the form; with it they go into the basket.
            <form method="get" action=paths::COMPARE>
                <RunTable runs now caption="Runs, newest first" with_experiment with_ticks=true/>
                <p class="no-js-only"><button type="submit" class="button">"Compare the ticked runs"</button></p>
            </form>
            <nav class="pager" aria-label="Pages of the list">
                <span class="dim">
                    {move || {
                        let (shown, total) = (runs.with(Vec::len) as u64, total.get());
                        format!("{} of {} runs", grouped_digits(shown), grouped_digits(total))
                    }}
                </span>
                {newest.clone().map(|href| view! { <a class="button is-small" href=href>"Newest"</a> })}
                {older.clone().map(|href| view! { <a class="button is-small" href=href rel="next">"Older"</a> })}
            </nav>
        }
        .into_any()
    };
    view! {
        <div class="page-head">
            {filter.experiment.is_some().then(|| view! {
                <p class="crumb"><a href=paths::EXPERIMENTS>"Experiments"</a></p>
            })}
            <h1>{heading}</h1>
            {filter.experiment.is_none().then(|| view! { <RunKinds is_mlflow=false/> })}
            {filter.experiment.as_ref().map(|it| view! {
                <a class="button" href=paths::compare_experiment(it)><Glyph icon=Icon::Compare/>"Compare its runs"</a>
            })}
        </div>
        <FilterForm filter experiments is_filtered/>
        {body}
    }
}

/// A plain GET form: the filter is the URL.
#[component]
fn FilterForm(filter: RunFilter, experiments: Vec<String>, is_filtered: bool) -> impl IntoView {
    let chosen_experiment = filter.experiment.as_ref().map(ToString::to_string).unwrap_or_default();
    let experiment_options = experiments
        .into_iter()
        .map(|name| {
            let selected = name == chosen_experiment;
            view! { <option value=name.clone() selected=selected>{name.clone()}</option> }
        })
        .collect_view();
    let badge_options = RunBadge::ALL
        .map(|badge| {
            view! {
                <option value=badge.as_str() selected=filter.badge == Some(badge)>{badge_word(badge)}</option>
            }
        })
        .into_iter()
        .collect_view();
    view! {
        <SearchForm action=paths::RUNS class="filter" fields=&["name", "experiment", "badge"]>
            <label class="filter-field">
                <span class="sr-only">"Part of the job name"</span>
                <input
                    type="search"
                    name="name"
                    placeholder="Job name contains"
                    value=filter.name_contains.clone().unwrap_or_default()
                    maxlength="63"
                    autocomplete="off"
                />
            </label>
            <label class="filter-field">
                <span class="sr-only">"Experiment"</span>
                <select name="experiment">
                    <option value="">"All experiments"</option>
                    {experiment_options}
                </select>
            </label>
            <label class="filter-field">
                <span class="sr-only">"Status"</span>
                <select name="badge">
                    <option value="">"Any status"</option>
                    {badge_options}
                </select>
            </label>
            <button type="submit" class="button">"Filter"</button>
            {is_filtered.then(|| view! { <a class="button is-quiet" href=paths::RUNS>"Clear"</a> })}
        </SearchForm>
    }
}

#[component]
fn Nothing(is_filtered: bool) -> impl IntoView {
    if is_filtered {
        view! {
            <Empty title="No run matches">
                <p>"Change the filter, or look at all runs."</p>
                <p class="empty-actions"><a class="button" href=paths::RUNS>"Clear the filter"</a></p>
            </Empty>
        }
        .into_any()
    } else {
        view! {
            <Empty title="No run yet">
                <p>"Launch one here, or create a training job at the engine with boto3: it appears by itself."</p>
                <p class="empty-actions">
                    <a class="button is-primary" href=paths::LAUNCH><Glyph icon=Icon::Launch/>"Launch a run"</a>
                </p>
            </Empty>
        }
        .into_any()
    }
}
