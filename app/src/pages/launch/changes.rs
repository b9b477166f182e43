//! What a clone changes, while it is being changed: the members that differ from the parent run's.

use domain::draft_changes::draft_changes;
use leptos::prelude::*;

use super::state::FormState;
use crate::{api::launch::ParentForm, components::change_list::ChangeList, paths};

#[component]
pub(super) fn Changes(parent: StoredValue<Option<ParentForm>>) -> impl IntoView {
    let state = FormState::of_form();
    let of_form = Memo::new(move |_| {
        let of = |parent: &ParentForm| state.draft.with(|now| draft_changes(&parent.draft, now));
        parent.with_value(|it| it.as_ref().map(of).unwrap_or_default())
    });
    parent.with_value(|it| {
        it.as_ref().map(|it| {
            let rows = move || view! { <ChangeList changes=of_form.get()/> };
            let count = move || match of_form.with(Vec::len) {
                0 => "Nothing is changed yet: this would be the same job again.".to_owned(),
                1 => "1 change".to_owned(),
                count => format!("{count} changes"),
            };
            view! {
                <section class="changes" aria-labelledby="s-changes" aria-live="polite">
                    <h2 id="s-changes">"Clone of "<a href=paths::run(&it.run)>{it.draft.job_name.clone()}</a></h2>
                    <p class="hint">{count}</p>
                    {rows}
                </section>
            }
        })
    })
}
