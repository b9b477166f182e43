//! Where the keyboard goes on when the element that had the focus goes away, or a new one is wanted next.
//!
//! On the server, and without script, nothing here does anything.

/// Puts the focus into the element of this id, once what was changed is drawn.
pub fn focus_next(id: String) {
    #[cfg(feature = "hydrate")]
    leptos::prelude::request_animation_frame(move || {
        focus(leptos::prelude::document().get_element_by_id(&id));
    });
    #[cfg(not(feature = "hydrate"))]
    drop(id);
}

/// Puts the focus into the first element that fits, if no element has it any more.
pub fn focus_if_lost(selector: &'static str) {
    #[cfg(feature = "hydrate")]
    leptos::prelude::request_animation_frame(move || {
        let document = leptos::prelude::document();
        let is_lost = document.active_element().is_none_or(|it| it.tag_name() == "BODY");
        if is_lost {
            focus(document.query_selector(selector).ok().flatten());
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = selector;
}

#[cfg(feature = "hydrate")]
fn focus(element: Option<leptos::web_sys::Element>) {
    use leptos::wasm_bindgen::JsCast as _;
    if let Some(element) = element.and_then(|it| it.dyn_into::<leptos::web_sys::HtmlElement>().ok()) {
        drop(element.focus());
    }
}
