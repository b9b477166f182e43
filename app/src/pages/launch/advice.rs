//! Beside the price: what to look at before launching, with what it can cost, and cheaper instance types to take.

use domain::{
    cost::{Alternative, LaunchWarning, launch_warnings},
    instance_type::InstanceTypeInfo,
    time::duration_text,
};
use leptos::prelude::*;

use super::{
    instance::{INSTANCE_TYPE, size_text},
    quote::QuoteState,
    state::FormState,
};
use crate::components::{field::field_id, request_form::RequestForm};

#[component]
pub(super) fn Warnings() -> impl IntoView {
    let state = FormState::of_form();
    let quote = QuoteState::of_form().quote;
    let warnings = Memo::new(move |_| state.draft.with(|draft| quote.with(|quote| launch_warnings(draft, quote))));
    let row = |LaunchWarning { field, message, price }| {
        view! {
            <li class="notice notice-warn">
                <div>
                    {message}" "
                    {price.map(|it| view! { <b>{format!("Up to {it}.")}</b>" " })}
                    <a href=format!("#{}", field_id(field)) rel="external">"Look at the field"<span class="sr-only">" "{field}</span></a>
                </div>
            </li>
        }
    };
    let section = move || {
        (!warnings.with(Vec::is_empty)).then(|| {
            view! {
                <section class="advice" aria-label="Before you launch">
                    <ul>{warnings.get().into_iter().map(row).collect_view()}</ul>
                </section>
            }
        })
    };
    // Always there: what comes into being together with its text is not announced.
    view! { <div aria-live="polite">{section}</div> }
}

/// They come with the quote, so they are there with script only, and the button needs nothing else.
#[component]
pub(super) fn Alternatives() -> impl IntoView {
    let quote = QuoteState::of_form().quote;
    let form = RequestForm::of_form();
    let found = Memo::new(move |_| quote.with(|it| it.alternatives.clone()));
    let row = move |it: Alternative| {
        let name = it.instance_type.clone();
        let take = move |_| form.text(INSTANCE_TYPE).set(name.clone());
        let size = InstanceTypeInfo::find(&it.instance_type).map(size_text);
        view! {
            <tr>
                <th scope="row">{it.instance_type.clone()}<small>{size}</small></th>
                <td>{cost_text(&it)}<small>{speed_text(&it)}</small></td>
                <td>
                    <button type="button" class="button is-quiet is-small" on:click=take aria-label=format!("Use {}", it.instance_type)>
                        "Use"
                    </button>
                </td>
            </tr>
        }
    };
    move || {
        (!found.with(Vec::is_empty)).then(|| {
            view! {
                <table class="alternatives">
                    <caption>"Cheaper types"</caption>
                    <thead class="sr-only">
                        <tr><th scope="col">"Instance type"</th><th scope="col">"Cost"</th><th scope="col">"Take it"</th></tr>
                    </thead>
                    <tbody>{found.get().into_iter().map(row).collect_view()}</tbody>
                </table>
            }
        })
    }
}

fn cost_text(it: &Alternative) -> String {
    match (it.likely, it.at_most) {
        (Some(likely), _) => format!("likely {likely}"),
        (None, Some(at_most)) => format!("at most {at_most}"),
        (None, None) => "unpriced".to_owned(),
    }
}

fn speed_text(it: &Alternative) -> String {
    match it.median_seconds {
        Some(seconds) => format!("n = {}: {}", it.run_count, duration_text(seconds)),
        None => "speed not known".to_owned(),
    }
}
