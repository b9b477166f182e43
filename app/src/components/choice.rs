//! A choice that is a link: it leads to the page as it is with that choice, so that it works without script and can be
//! shared.

use leptos::prelude::*;

/// `current`: what `aria-current` says of the chosen one, `page` for a tab and `true` for a setting.
pub fn choice_link(
    word: impl Into<String>,
    current: &'static str,
    href: impl Fn() -> String + Send + 'static,
    is_chosen: impl Fn() -> bool + Send + 'static,
) -> AnyView {
    let word: String = word.into();
    view! {
        <a href=href aria-current=move || is_chosen().then_some(current) data-noscroll="">
            {word}
        </a>
    }
    .into_any()
}

/// What a GET form sends besides what can be typed: the rest of the page's URL.
pub fn hidden_fields(pairs: Vec<(&'static str, String)>) -> AnyView {
    pairs
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect_view()
        .into_any()
}
