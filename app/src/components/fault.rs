//! What a page shows instead of data that it could not get, and where there is none yet.

use leptos::prelude::*;

use crate::{
    api::error::ApiError,
    components::icon::{Glyph, Icon},
};

#[component]
pub fn Fault(error: ApiError) -> impl IntoView {
    view! {
        <div class="notice notice-bad" role="alert">
            <Glyph icon=Icon::Alert/>
            <p>{error.to_string()}</p>
        </div>
    }
}

/// Says why there is nothing and what to do about it.
#[component]
pub fn Empty(
    #[prop(into)] title: String,
    /// Whether this is all that the page has: then its title is the page's.
    #[prop(optional)]
    is_page: bool,
    children: Children,
) -> impl IntoView {
    let title = if is_page { view! { <h1>{title}</h1> }.into_any() } else { view! { <h2>{title}</h2> }.into_any() };
    view! {
        <div class="empty">
            <svg class="empty-tracks" viewBox="0 0 160 48" aria-hidden="true" focusable="false">
                <path class="rail" d="M4 14h152M4 34h152"/>
                <path class="ties" d="M16 6v36M40 6v36M64 6v36M88 6v36M112 6v36M136 6v36"/>
            </svg>
            {title}
            {children()}
        </div>
    }
}
