//! `/runs/{id}`: one run, live. The tab and every choice of view are in the URL.

mod capsule;
mod charts;
mod facts;
mod files;
mod head;
mod logs;
mod overview;
mod params;
mod query;
mod state;

use domain::ids::RunId;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::{
    api::{
        error::ApiError,
        run::{RunView, run_get},
    },
    components::{
        choice::choice_link,
        fault::{Empty, Fault},
    },
    paths,
};
use query::{RunQuery, Tab};
use state::RunState;

#[component]
pub fn RunPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|it| it.get("id").unwrap_or_default()));
    let view = Resource::new_blocking(move || id.get(), run_get);
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match view.await {
                    Ok(view) => view! { <Screen view/> }.into_any(),
                    Err(ApiError::NotFound) => view! { <NoRun/> }.into_any(),
                    Err(error) => view! { <Fault error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn NoRun() -> impl IntoView {
    view! {
        <Title text="No such run"/>
        <Empty title="No such run" is_page=true>
            <p>"This Trainyard knows no run with this id."</p>
            <p class="empty-actions"><a class="button" href=paths::RUNS>"All runs"</a></p>
        </Empty>
    }
}

/// The page's own context: what is known, and how it is looked at.
#[derive(Clone, Copy)]
struct Page {
    state: RunState,
    query: Memo<RunQuery>,
    id: StoredValue<RunId>,
}

impl Page {
    /// The link to this page with one choice changed.
    fn href(self, change: impl FnOnce(&mut RunQuery)) -> String {
        let mut query = self.query.get();
        change(&mut query);
        self.id.with_value(|id| query.href(id))
    }
}

#[component]
fn Screen(view: RunView) -> impl IntoView {
    let id = view.run.id.clone();
    let name = view.run.job_name.to_string();
    let params = use_query_map();
    let page = Page {
        state: RunState::new(view),
        query: Memo::new(move |_| params.with(RunQuery::read)),
        id: StoredValue::new(id),
    };
    let tab = Memo::new(move |_| page.query.with(|it| it.tab));
    let tabs = Tab::ALL
        .map(|it| choice_link(it.word(), "page", move || page.href(|query| query.tab = it), move || tab.get() == it));
    let body = move || match tab.get() {
        Tab::Overview => view! { <overview::OverviewTab page/> }.into_any(),
        Tab::Charts => view! { <charts::ChartsTab page/> }.into_any(),
        Tab::System => view! { <charts::SystemTab page/> }.into_any(),
        Tab::Logs => view! { <logs::LogsTab page/> }.into_any(),
        Tab::Config => view! { <params::ParamsTab page/> }.into_any(),
        Tab::Files => view! { <files::FilesTab page/> }.into_any(),
        Tab::Capsule => view! { <capsule::CapsuleTab page/> }.into_any(),
    };
    view! {
        <Title text=name/>
        <head::Head page/>
        <facts::Facts page/>
        <nav class="tabs" aria-label="Parts of this run">{tabs.into_iter().collect_view()}</nav>
        <div class="tab-body">{body}</div>
    }
}
