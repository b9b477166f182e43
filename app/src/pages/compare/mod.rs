//! `/compare`: runs side by side, across experiments: their curves over each other, a table of what they were given and
//! what came of it, and any two quantities against each other.

mod curves;
mod quantity;
mod query;
mod runs;
mod scatter;
mod state;
mod table;

use domain::ids::RunId;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::{
    query::{CompareQuery, Tab},
    state::CompareState,
};
use crate::{
    api::compare::{CompareView, compare_get},
    components::{
        basket::Basket,
        choice::choice_link,
        fault::{Empty, Fault},
        icon::{Glyph, Icon},
    },
    paths,
};

/// What the parts of the page share.
#[derive(Clone, Copy)]
struct Page {
    state: CompareState,
    query: Memo<CompareQuery>,
}

impl Page {
    /// The page's URL with one thing changed.
    fn href(self, change: impl FnOnce(&mut CompareQuery)) -> String {
        let mut query = self.query.get();
        change(&mut query);
        query.href()
    }

    /// The place of the run that others are measured against.
    fn base(self) -> usize {
        let base = self.query.with(|it| it.base.clone());
        self.state.runs.with(|all| all.iter().position(|it| Some(&it.id) == base.as_ref())).unwrap_or(0)
    }
}

#[component]
pub fn Compare() -> impl IntoView {
    let params = use_query_map();
    let query = Memo::new(move |_| params.with(CompareQuery::read));
    let wanted = Memo::new(move |_| query.with(|it| (it.runs.clone(), it.experiment.clone())));
    let data = Resource::new_blocking(move || wanted.get(), |(ids, experiment)| compare_get(ids, experiment));
    view! {
        <Title text="Compare"/>
        <Transition>
            {move || Suspend::new(async move {
                match data.await {
                    Ok(view) if view.comparison.runs.is_empty() => view! { <Nothing missing=view.comparison.missing/> }.into_any(),
                    Ok(view) => view! { <Screen view query/> }.into_any(),
                    Err(error) => view! { <h1>"Compare"</h1><Fault error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Screen(view: CompareView, query: Memo<CompareQuery>) -> impl IntoView {
    let missing = view.comparison.missing.clone();
    let count = view.comparison.runs.len();
    let page = Page { state: CompareState::new(view), query };
    let tab = Memo::new(move |_| page.query.with(|it| it.tab));
    let tabs = Tab::ALL
        .map(|it| choice_link(it.word(), "page", move || page.href(|query| query.tab = it), move || tab.get() == it));
    let body = move || match tab.get() {
        Tab::Curves => view! { <curves::CurvesTab page/> }.into_any(),
        Tab::Table => view! { <table::TableTab page/> }.into_any(),
        Tab::Scatter => view! { <scatter::ScatterTab page/> }.into_any(),
    };
    let lead = move || {
        let what = if count == 1 { "1 run".to_owned() } else { format!("{count} runs") };
        page.query.with(|it| match it.experiment.as_ref().filter(|_| it.runs.is_empty()) {
            Some(name) => format!("The newest {what} of {name}."),
            None => format!("{what}, side by side."),
        })
    };
    view! {
        <div class="page-head">
            <h1>"Compare"</h1>
            <p class="page-lead">{lead}</p>
        </div>
        <Missing missing/>
        <runs::RunKey page/>
        <nav class="tabs" aria-label="Parts of this comparison">{tabs.into_iter().collect_view()}</nav>
        <div class="tab-body">{body}</div>
    }
}

#[component]
fn Missing(missing: Vec<RunId>) -> impl IntoView {
    let names: Vec<&str> = missing.iter().map(RunId::as_str).collect();
    let text = format!("Not here (any more), so not compared: {}.", names.join(", "));
    (!missing.is_empty()).then(|| view! { <p class="notice notice-warn">{text}</p> })
}

/// Nothing is chosen; what the basket holds is a press away.
#[component]
fn Nothing(missing: Vec<RunId>) -> impl IntoView {
    let basket = Basket::of_site();
    let chosen = move || {
        let ids = basket.ids();
        (!ids.is_empty()).then(|| {
            let word = if ids.len() == 1 { "run" } else { "runs" };
            view! {
                <a class="button is-primary" href=paths::compare(&ids)>{format!("Compare the {} chosen {word}", ids.len())}</a>
            }
        })
    };
    view! {
        <div class="page-head"><h1>"Compare"</h1></div>
        <Missing missing/>
        <Empty title="Choose runs to compare">
            <p>
                "Tick runs in any list, also of different experiments, and press Compare. Or compare all runs of an "
                "experiment from its page."
            </p>
            <p class="empty-actions">
                {chosen}
                <a class="button" href=paths::RUNS><Glyph icon=Icon::Runs/>"Runs"</a>
                <a class="button" href=paths::EXPERIMENTS><Glyph icon=Icon::Experiments/>"Experiments"</a>
            </p>
        </Empty>
    }
}
