//! The team's policies of the experiment that is typed: what they ask for, and the tags that are still missing.

use domain::launch_policy::{LaunchPolicy, missing_tags};
use leptos::prelude::*;

use super::state::FormState;
use crate::components::{
    field::field_id,
    focus::focus_next,
    icon::{Glyph, Icon},
    request_form::RequestForm,
};

/// The policies that count for the form as it is now.
pub(super) fn policies_of(state: FormState) -> Memo<Vec<LaunchPolicy>> {
    Memo::new(move |_| {
        state.experiment.with(|experiment| {
            state.policies.with_value(|all| all.iter().filter(|it| it.is_about(experiment)).cloned().collect())
        })
    })
}

/// `Some`: why this instance type may not be taken.
pub(super) fn refused_type(policies: &[LaunchPolicy], name: &str) -> Option<String> {
    let policy = policies.iter().find(|it| !it.allows_type(name))?;
    Some(format!("not allowed for experiments {}", policy.experiments))
}

#[component]
pub(super) fn Policies() -> impl IntoView {
    let state = FormState::of_form();
    let form = RequestForm::of_form();
    let policies = policies_of(state);
    let missing =
        Memo::new(move |_| state.draft.with(|draft| state.policies.with_value(|all| missing_tags(all, draft))));
    let buttons = move || {
        let add = |name: String| {
            let tag = name.clone();
            let on_click = move |_| {
                form.row_fill("Tags", [("Key", &tag), ("Value", "")]);
                let is_it = |row: &usize| form.text(&format!("Tags[{row}].Key")).with_untracked(|it| *it == tag);
                if let Some(row) = form.rows("Tags").with_untracked(|rows| rows.iter().copied().find(is_it)) {
                    focus_next(field_id(&format!("Tags[{row}].Value")));
                }
            };
            view! {
                <button type="button" class="button is-small needs-js" on:click=on_click>
                    <Glyph icon=Icon::Plus/>{format!("Add tag {name}")}
                </button>
            }
        };
        missing.get().into_iter().map(add).collect_view()
    };
    let notices = move || {
        let notice = |policy: LaunchPolicy| {
            let rules = policy.rules().into_iter().map(|it| view! { <li>{it}</li> }).collect_view();
            view! {
                <h3>"Policy for experiments "<code>{policy.experiments.to_string()}</code></h3>
                <ul>{rules}</ul>
                {policy.message.map(|it| view! { <p>{it}</p> })}
            }
        };
        policies.get().into_iter().map(notice).collect_view()
    };
    move || {
        policies.with(|it| !it.is_empty()).then(|| {
            view! {
                <section class="policy" aria-label="Policy" aria-live="polite">
                    {notices}
                    <p class="policy-tags">{buttons}</p>
                </section>
            }
        })
    }
}
