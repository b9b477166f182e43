//! A GET form: the filter is the URL. Without script the browser sends it; with script the router goes there without
//! loading the page anew, and fields that say nothing stay out of the URL.

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::paths::Query;

#[component]
pub fn SearchForm(
    #[prop(into)] action: String,
    class: &'static str,
    /// The fields that go into the URL, in their order.
    fields: &'static [&'static str],
    children: Children,
) -> impl IntoView {
    let navigate = use_navigate();
    let target = action.clone();
    let on_submit = move |event: SubmitEvent| {
        let Some(values) = browser::values(&event, fields) else { return };
        event.prevent_default();
        let mut query = Query::default();
        for (name, value) in fields.iter().zip(&values) {
            query.push(name, Some(value));
        }
        navigate(&query.on(&target), NavigateOptions { scroll: false, ..NavigateOptions::default() });
    };
    view! {
        <form class=class role="search" method="get" action=action on:submit=on_submit>
            {children()}
        </form>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::ev::SubmitEvent;
    use wasm_bindgen::JsCast;

    /// The fields' values; `None` when this is no form of ours, and the browser should do what it always does.
    pub(super) fn values(event: &SubmitEvent, fields: &[&str]) -> Option<Vec<String>> {
        let form: web_sys::HtmlFormElement = event.target()?.dyn_into().ok()?;
        let data = web_sys::FormData::new_with_form(&form).ok()?;
        Some(fields.iter().map(|name| data.get(name).as_string().unwrap_or_default().trim().to_owned()).collect())
    }
}

#[cfg(not(feature = "hydrate"))]
mod browser {
    use leptos::ev::SubmitEvent;

    pub(super) fn values(_: &SubmitEvent, _: &[&str]) -> Option<Vec<String>> {
        None
    }
}
