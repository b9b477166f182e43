//! `/runs`: every run that a search finds, as a grid with columns of one's choice or put together in groups. The whole
//! state is in the URL.

mod cells;
mod columns;
mod grid;
mod groups;
mod query;
mod scroll;
mod search;
mod views;
mod window;

use std::time::Duration;

use domain::{
    live::{LiveEvent, Topic},
    run_search::{Field, ListedRun, SearchFault},
    time::Timestamp,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

pub use self::query::{href, read};
use self::window::Rows;
use crate::{
    api::runs::{Found, RunListView, RunsQuery, run_list},
    components::{
        fault::{Empty, Fault},
        icon::{Glyph, Icon},
        now::ticking,
        run_table::JobTitle,
    },
    live::{self, Heard},
    pages::mlflow::RunKinds,
    paths::{self, UrlQuery},
};

/// After a change the list is read anew, but not more often than this.
const REFRESH_AFTER: Duration = Duration::from_secs(2);
/// Running rows whose points are listened to.
const MAX_FOLLOWED: usize = 20;

#[component]
pub fn Runs() -> impl IntoView {
    let search = use_location().search;
    let query = Memo::new(move |_| query::read(&UrlQuery::parse(&search.read())));
    let list = Resource::new_blocking(move || query.get(), run_list);
    view! {
        <Title text="Runs"/>
        <Transition>
            {move || Suspend::new(async move {
                match list.await {
                    Ok(list) => {
                        let query = query.get_untracked();
                        // Another URL is another page: what was typed and opened before goes.
                        let key = href(&query);
                        view! {
                            <For
                                each=move || [key.clone()]
                                key=Clone::clone
                                children=move |_| view! { <Screen list=list.clone() query=query.clone()/> }
                            />
                        }
                        .into_any()
                    }
                    Err(error) => view! { <h1>"Runs"</h1><Fault error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Screen(list: RunListView, query: RunsQuery) -> impl IntoView {
    let RunListView { live_number, now, found, columns, base, names, experiments, views } = list;
    let fault: Option<SearchFault> = if let Found::Wrong(fault) = &found { Some(fault.clone()) } else { None };
    let terms = query::terms(&query.search);
    let experiment = query::choice(&terms, &Field::Experiment).map(str::to_owned);
    let shown = query::columns_text(&columns);
    let faults = query
        .faults
        .iter()
        .map(|it| view! { <p class="notice notice-warn" role="alert">{it.clone()}</p> })
        .collect_view();
    let body = match found {
        Found::Wrong(_) => ().into_any(),
        Found::Groups(page) if page.groups.is_empty() => view! { <Nothing query=query.clone()/> }.into_any(),
        Found::Groups(page) => view! { <groups::Groups page columns=columns.clone() query=query.clone()/> }.into_any(),
        Found::Rows(page) => {
            let columns = columns.clone();
            let rows = Rows::new(query.clone(), columns.clone(), page.total, page.rows);
            view! { <List rows columns base=base.clone() live_number now query=query.clone()/> }.into_any()
        }
    };
    view! {
        <div class="page-head">
            {experiment.is_some().then(|| view! {
                <p class="crumb"><a href=paths::EXPERIMENTS>"Experiments"</a></p>
            })}
            <h1>{experiment.clone().unwrap_or_else(|| "Runs".to_owned())}</h1>
            {experiment.is_none().then(|| view! { <RunKinds is_mlflow=false/> })}
            {experiment.and_then(|it| domain::ids::ExperimentName::parse(&it).ok()).map(|it| view! {
                <a class="button" href=paths::compare_experiment(&it)><Glyph icon=Icon::Compare/>"Compare its runs"</a>
            })}
        </div>
        <columns::FieldNames names/>
        <search::Search query=query.clone() experiments fault/>
        <div class="runs-tools">
            <search::Conditions query=query.clone()/>
            <div class="runs-menus">
                <columns::ColumnsMenu query=query.clone() columns/>
                <columns::GroupMenu query=query.clone()/>
                <views::ViewsMenu query=query.clone() views/>
                <views::ExportMenu query=query.clone() columns=shown/>
            </div>
        </div>
        {faults}
        {base.map(|base| view! { <Baseline base query/> })}
        {body}
    }
}

/// The run that numbers are compared with, and how to leave it.
#[component]
fn Baseline(base: ListedRun, query: RunsQuery) -> impl IntoView {
    let without = href(&RunsQuery { base: None, ..query });
    view! {
        <p class="baseline dim">
            "Differences are against "
            <a href=paths::run(&base.id)><JobTitle id=base.id.clone() job_name=base.job_name/></a>
            <a class="button is-small is-quiet" href=without data-noscroll="">"No baseline"</a>
        </p>
    }
}

#[component]
fn List(
    rows: Rows,
    columns: Vec<Field>,
    base: Option<ListedRun>,
    live_number: i64,
    now: Timestamp,
    query: RunsQuery,
) -> impl IntoView {
    let now = ticking(now);
    follow(rows, live_number);
    let is_empty = Memo::new(move |_| rows.total.get() == 0);
    move || {
        if is_empty.get() {
            return view! { <Nothing query=query.clone()/> }.into_any();
        }
        view! {
            // Without script the ticks are sent by the form; with it they go into the basket.
            <form method="get" action=paths::COMPARE>
                <grid::Grid rows columns=columns.clone() base=base.clone() now query=query.clone()/>
                <input type="hidden" name="next" value=href(&query)/>
                <p class="no-js-only bulk">
                    <button type="submit" class="button">"Compare the ticked runs"</button>
                    <button type="submit" class="button" formmethod="post" formaction=paths::RUNS_BULK name="action" value="stop">"Stop them"</button>
                    <button type="submit" class="button" formmethod="post" formaction=paths::RUNS_BULK name="action" value="archive">"Archive them"</button>
                    <button type="submit" class="button" formmethod="post" formaction=paths::RUNS_BULK name="action" value="unarchive">"Take them out of the archive"</button>
                </p>
            </form>
        }
        .into_any()
    }
}

/// A run in memory changes at once; what else a change means for the list (its order, what is found) is read, and so are
/// the last values of metrics.
fn follow(rows: Rows, live_number: i64) {
    let running = rows.running(MAX_FOLLOWED);
    let topics: Vec<Topic> = std::iter::once(Topic::Runs).chain(running.into_iter().map(Topic::Curves)).collect();
    let is_due = StoredValue::new(false);
    live::listen(&topics, live_number, move |heard| {
        match heard {
            Heard::Event(LiveEvent::Run(run)) => rows.change(&run),
            Heard::Event(LiveEvent::Points { .. } | LiveEvent::Resync) => {}
            Heard::Opened | Heard::Event(LiveEvent::Log { .. } | LiveEvent::Logged) => return,
        }
        if is_due.try_get_value() == Some(false) {
            is_due.set_value(true);
            set_timeout(
                move || {
                    if is_due.try_set_value(false).is_none() {
                        rows.refresh();
                    }
                },
                REFRESH_AFTER,
            );
        }
    });
}

#[component]
fn Nothing(query: RunsQuery) -> impl IntoView {
    if query.search.is_empty() {
        return view! {
            <Empty title="No run yet">
                <p>
                    "Launch one here, or create a training job at the engine with boto3: it appears by itself. Archived runs
                    are found by "<code>"archived = true"</code>"."
                </p>
                <p class="empty-actions">
                    <a class="button is-primary" href=paths::LAUNCH><Glyph icon=Icon::Launch/>"Launch a run"</a>
                </p>
            </Empty>
        }
        .into_any();
    }
    let all = href(&RunsQuery { search: String::new(), page: 1, ..query });
    view! {
        <Empty title="No run matches">
            <p>"Change the search, or look at all runs."</p>
            <p class="empty-actions"><a class="button" href=all>"Clear the search"</a></p>
        </Empty>
    }
    .into_any()
}
