//! A GET form: the filter is the URL. Without script the browser sends it; with script the router goes there without
//! loading the page anew, and fields that say nothing stay out of the URL.

use leptos::{ev::SubmitEvent, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::paths::{Query, UrlQuery};

#[component]
pub fn SearchForm(
    #[prop(into)] action: String,
    class: &'static str,
    /// The fields that go into the URL, in their order.
    fields: &'static [&'static str],
    /// The URL for what the form says, where it is another one than the form's own.
    #[prop(optional)]
    target: Option<fn(&UrlQuery) -> String>,
    /// A form beside the search of the page: no landmark of its own.
    #[prop(optional)]
    is_part: bool,
    children: Children,
) -> impl IntoView {
    let navigate = use_navigate();
    let base = action.clone();
    let on_submit = move |event: SubmitEvent| {
        let Some(values) = browser::values(&event, fields) else { return };
        event.prevent_default();
        let url = if let Some(target) = target {
            let pairs = fields.iter().zip(values);
            target(&pairs.map(|(name, value)| ((*name).to_owned(), value)).collect())
        } else {
            let mut query = Query::default();
            for (name, value) in fields.iter().zip(&values) {
                query.push(name, Some(value));
            }
            query.on(&base)
        };
        navigate(&url, NavigateOptions { scroll: false, ..NavigateOptions::default() });
    };
    view! {
        <form class=class role=(!is_part).then_some("search") method="get" action=action on:submit=on_submit>
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
