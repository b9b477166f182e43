//! A button that copies a text. It appears with the script that makes it work.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

#[component]
pub fn CopyButton(
    /// Read at the click.
    #[prop(into)]
    text: Signal<String>,
    /// What is copied, for the button's name: "S3 URI".
    what: &'static str,
) -> impl IntoView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        #[cfg(feature = "hydrate")]
        if let Some(window) = web_sys::window() {
            // The promise fails only without focus or permission; then the text is still there to select.
            let _ = window.navigator().clipboard().write_text(&text.get_untracked());
            copied.set(true);
            set_timeout(
                move || {
                    copied.try_set(false);
                },
                std::time::Duration::from_secs(2),
            );
        }
        #[cfg(not(feature = "hydrate"))]
        let _ = text;
    };
    view! {
        <button type="button" class="button is-quiet is-small needs-js" on:click=copy aria-label=format!("Copy {what}")>
            <Glyph icon=Icon::Copy/>
            {move || if copied.get() { "Copied" } else { "Copy" }}
        </button>
    }
}
