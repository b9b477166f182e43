//! What the job can cost at most, while it is being typed.

use domain::cost::Estimate as Bound;
use leptos::prelude::*;

use crate::components::request_form::RequestForm;

#[component]
pub(super) fn Estimate(is_local: bool) -> impl IntoView {
    let form = RequestForm::of_form();
    let bound = Memo::new(move |_| form.fields().with(|it| Bound::of(&it.to_partial_request())));
    let amount = Memo::new(move |_| bound.with(|it| it.at_most));
    let label = move || if amount.get().is_some() { "At most" } else { "Cost" };
    let figure = move || match (amount.get(), bound.with(|it| it.lines.is_empty())) {
        (Some(amount), _) => amount.to_string(),
        (None, false) => "unpriced".to_owned(),
        (None, true) => "—".to_owned(),
    };
    let lines = move || {
        bound.with(|it| {
            it.lines
                .iter()
                .map(|line| {
                    view! {
                        <tr>
                            <th scope="row">{line.what.clone()}<small>{line.how.clone()}</small></th>
                            <td>{line.amount.map_or_else(|| "unpriced".to_owned(), |it| it.to_string())}</td>
                        </tr>
                    }
                })
                .collect_view()
        })
    };
    let how = move || {
        bound.with(|it| {
            if it.lines.is_empty() {
                "Instance type, count and maximum runtime make the estimate.".to_owned()
            } else {
                it.explanation()
            }
        })
    };
    view! {
        <div class="estimate" aria-live="polite">
            <p class="estimate-label">{label}</p>
            <p class="estimate-figure" class:is-absent=move || amount.get().is_none()>{figure}</p>
            <table class="estimate-lines"><tbody>{lines}</tbody></table>
            <p class="hint">{how}</p>
            {is_local.then(|| view! {
                <p class="hint"><span class="tag">"local engine"</span>" It runs on this machine; nothing is billed."</p>
            })}
        </div>
    }
}
