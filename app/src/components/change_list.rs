//! Members that differ between two requests: what it was, what it is.

use domain::draft_changes::Change;
use leptos::prelude::*;

#[component]
pub fn ChangeList(changes: Vec<Change>) -> impl IntoView {
    let row = |it: Change| {
        let text = |it: String| if it.is_empty() { "not set".to_owned() } else { it };
        view! {
            <li>
                <strong>{it.what}</strong>
                <del>{text(it.was)}</del>
                <ins>{text(it.is)}</ins>
            </li>
        }
    };
    view! { <ul class="change-list">{changes.into_iter().map(row).collect_view()}</ul> }
}
