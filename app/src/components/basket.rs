//! The basket: runs that somebody ticked, in whatever list, to compare them. It lives in this browser.

use domain::{compare::MAX_COMPARED, ids::RunId};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{
    icon::{Glyph, Icon},
    kept::{kept_get, kept_put},
};
use crate::{
    api::runs::RunsQuery,
    pages::runs,
    paths::{self, UrlQuery},
};

const KEY: &str = "trainyard.basket";

fn stored() -> Vec<RunId> {
    let text = kept_get(KEY).unwrap_or_default();
    text.split(',').filter_map(|it| RunId::parse(it).ok()).take(MAX_COMPARED).collect()
}

#[derive(Clone, Copy)]
pub struct Basket(RwSignal<Vec<RunId>>);

/// For every page below. Empty at the first paint; then what the browser has kept.
pub fn provide_basket() {
    let basket = Basket(RwSignal::new(Vec::new()));
    provide_context(basket);
    Effect::new(move |_| basket.0.set(stored()));
}

impl Basket {
    pub fn of_site() -> Self {
        use_context().unwrap_or_else(|| Self(RwSignal::new(Vec::new())))
    }

    pub fn ids(self) -> Vec<RunId> {
        self.0.get()
    }

    pub fn has(self, id: &RunId) -> bool {
        self.0.with(|all| all.contains(id))
    }

    /// Beyond [`MAX_COMPARED`] nothing is added.
    pub fn set(self, id: &RunId, is_in: bool) {
        self.0.update(|all| {
            all.retain(|it| it != id);
            if is_in && all.len() < MAX_COMPARED {
                all.push(id.clone());
            }
        });
        self.keep();
    }

    fn keep(self) {
        let text = self.0.with_untracked(|all| all.iter().map(RunId::as_str).collect::<Vec<_>>().join(","));
        kept_put(KEY, Some(&text));
    }

    fn clear(self) {
        self.0.set(Vec::new());
        self.keep();
    }
}

/// Ticks a run. Without script it is a field of the form around the list.
#[component]
pub fn BasketTick(id: RunId, name: String) -> impl IntoView {
    let basket = Basket::of_site();
    let (value, stored) = (id.to_string(), StoredValue::new(id));
    view! {
        <input
            type="checkbox"
            class="tick"
            name="run"
            value=value
            aria-label=format!("Compare {name}")
            prop:checked=move || stored.with_value(|id| basket.has(id))
            on:change=move |event| stored.with_value(|id| basket.set(id, event_target_checked(&event)))
        />
    }
}

/// What the basket holds, at the window's lower edge, as long as it holds anything.
#[component]
pub fn BasketBar() -> impl IntoView {
    let basket = Basket::of_site();
    move || {
        let ids = basket.ids();
        (!ids.is_empty()).then(|| {
            let text = match ids.len() {
                1 => "1 run chosen".to_owned(),
                MAX_COMPARED => format!("{MAX_COMPARED} runs chosen, the most there can be"),
                count => format!("{count} runs chosen"),
            };
            view! {
                <div class="basket" role="region" aria-label="Runs to compare">
                    <span role="status">{text}</span>
                    <a class="button is-primary is-small" href=paths::compare(&ids)><Glyph icon=Icon::Compare/>"Compare"</a>
                    <More ids/>
                    <button type="button" class="button is-small is-quiet" on:click=move |_| basket.clear()>"Clear"</button>
                </div>
            }
        })
    }
}

/// What else can be done with them, all at once; afterwards one is where one was, if that is the list.
#[component]
fn More(ids: Vec<RunId>) -> impl IntoView {
    let location = use_location();
    // The list as it is, or all runs.
    let list = Memo::new(move |_| {
        if location.pathname.get() == paths::RUNS {
            runs::read(&UrlQuery::parse(&location.search.read()))
        } else {
            RunsQuery::default()
        }
    });
    let next = move || list.with(runs::href);
    let base = match ids.as_slice() {
        [id] => Some(id.clone()),
        _ => None,
    };
    let differences = base.map(|id| {
        let href = move || runs::href(&RunsQuery { base: Some(id.clone()), ..list.get() });
        view! { <a class="button is-small" href=href>"Show differences to it"</a> }
    });
    let fields = ids.iter().map(|id| view! { <input type="hidden" name="run" value=id.to_string()/> }).collect_view();
    view! {
        <details class="confirm basket-more">
            <summary class="button is-small">"More"</summary>
            <form class="confirm-body" method="post" action=paths::RUNS_BULK>
                {fields}
                <input type="hidden" name="next" value=next/>
                {differences}
                <button type="submit" class="button is-small" name="action" value="archive">"Archive"</button>
                <button type="submit" class="button is-small" name="action" value="unarchive">"Take out of the archive"</button>
                <button type="submit" class="button is-small is-danger" name="action" value="stop">"Stop those that run"</button>
            </form>
        </details>
    }
}
