//! What changed since a run was launched, item by item: a state in a word and an icon, a sentence, the names.

use domain::capsule::{DriftItem, DriftState};
use leptos::prelude::*;

use super::icon::{Glyph, Icon};

const fn word(state: DriftState) -> (&'static str, &'static str, Icon) {
    match state {
        DriftState::Same => ("same", "Unchanged", Icon::Check),
        DriftState::Note => ("note", "Differs, harmless", Icon::Alert),
        DriftState::Changed => ("changed", "Changed", Icon::Alert),
        DriftState::Gone => ("gone", "Gone", Icon::Cross),
        DriftState::Unknown => ("unknown", "Not checked", Icon::Question),
    }
}

#[component]
pub fn DriftList(items: Vec<DriftItem>) -> impl IntoView {
    let rows = items.into_iter().map(|it| {
        let (class, word, icon) = word(it.state);
        let details = (!it.details.is_empty()).then(|| {
            let names = it.details.into_iter().map(|it| view! { <li><code>{it}</code></li> }).collect_view();
            view! { <details><summary>"Which"</summary><ul>{names}</ul></details> }
        });
        view! {
            <li class=format!("drift drift-{class}")>
                <span class="drift-state"><Glyph icon/>{word}</span>
                <div class="drift-body">
                    <strong>{it.subject}</strong>
                    <p>{it.summary}</p>
                    {details}
                </div>
            </li>
        }
    });
    view! { <ul class="drifts">{rows.collect_view()}</ul> }
}
