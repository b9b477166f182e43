//! The dialog itself: where one is, what lies there, what is chosen.

use leptos::{html, prelude::*};

use super::{S3Browser, S3Pick, entries::Entries};
use crate::components::icon::{Glyph, Icon};

/// The browser keeps the focus inside, closes it on Escape and gives the focus back to the button that opened it.
#[component]
pub fn S3Dialog() -> impl IntoView {
    let browser = expect_context::<S3Browser>();
    let dialog = NodeRef::<html::Dialog>::new();
    let is_open = Memo::new(move |_| browser.target.with(Option::is_some));
    Effect::new(move |_| {
        let (Some(dialog), wanted) = (dialog.get(), is_open.get()) else { return };
        if wanted && !dialog.open() {
            // It fails only for a dialog that is open or not on the page.
            drop(dialog.show_modal());
        } else if !wanted && dialog.open() {
            dialog.close();
        }
    });
    let title = move || browser.target.with(|it| it.as_ref().map_or("", |it| it.label));
    view! {
        <dialog class="s3-dialog" aria-labelledby="s3-title" node_ref=dialog on:close=move |_| browser.close()>
            <div class="s3-head">
                <h2 id="s3-title">"Browse S3: "{title}</h2>
                <button type="button" class="button is-quiet is-small" aria-label="Close" on:click=move |_| browser.close()>
                    <Glyph icon=Icon::Cross/>
                </button>
            </div>
            <Way browser/>
            <input
                type="search" class="s3-filter" aria-label="Names that begin with" placeholder="Names that begin with …"
                autocomplete="off" spellcheck="false"
                prop:value=move || browser.prefix.get()
                on:input=move |event| browser.type_prefix(event_target_value(&event))
            />
            <Entries browser/>
            <Foot browser/>
        </dialog>
    }
}

/// From the buckets to the folder that is shown; each step goes back to it.
#[component]
fn Way(browser: S3Browser) -> impl IntoView {
    let steps = move || {
        let steps = browser.place.with(|it| it.as_ref().map(domain::s3_uri::S3Uri::steps)).unwrap_or_default();
        let last = steps.len().checked_sub(1);
        steps
            .into_iter()
            .enumerate()
            .map(|(index, (name, at))| {
                let go = move |_| browser.go(Some(at.clone()));
                let current = (Some(index) == last).then_some("location");
                view! { <li><button type="button" aria-current=current on:click=go>{name}</button></li> }
            })
            .collect_view()
    };
    let is_top = move || browser.place.with(Option::is_none).then_some("location");
    view! {
        <nav class="s3-way" aria-label="Place in S3">
            <ol>
                <li><button type="button" aria-current=is_top on:click=move |_| browser.go(None)>"Buckets"</button></li>
                {steps}
            </ol>
        </nav>
    }
}

#[component]
fn Foot(browser: S3Browser) -> impl IntoView {
    let shown = move || browser.place.with(|it| it.as_ref().map(|it| it.as_str().to_owned())).unwrap_or_default();
    let choose = move |_| {
        if let Some(place) = browser.place.get_untracked() {
            browser.choose(&place);
        }
    };
    let hint = move || {
        let is_folder = browser.target.with(|it| it.as_ref().is_some_and(|it| it.pick == S3Pick::Folder));
        if is_folder { "Choose the folder to write below." } else { "Choose an object, or this folder as a whole." }
    };
    view! {
        <div class="s3-foot">
            <p class="hint">{hint}<code>{shown}</code></p>
            <button
                type="button" class="button is-primary" disabled=move || browser.place.with(Option::is_none)
                on:click=choose
            >
                "Use this folder"
            </button>
        </div>
    }
}
