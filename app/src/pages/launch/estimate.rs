//! What the job costs, while it is being typed: likely, with spot and at most; and the bound line by line.

use domain::cost::Estimate as Bound;
use leptos::prelude::*;

use super::quote::QuoteTable;
use crate::components::request_form::RequestForm;

#[component]
pub(super) fn Estimate(is_local: bool) -> impl IntoView {
    let form = RequestForm::of_form();
    let bound = Memo::new(move |_| form.fields().with(|it| Bound::of(&it.to_partial_request())));
    let amount = Memo::new(move |_| bound.with(|it| it.at_most));
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
            <QuoteTable at_most=amount/>
            <table class="estimate-lines"><caption class="sr-only">"At most, line by line"</caption><tbody>{lines}</tbody></table>
            <p class="hint">{how}</p>
            {is_local.then(|| view! {
                <p class="hint"><span class="tag">"local engine"</span>" This is what it would cost on AWS. Here it runs on this machine; nothing is billed."</p>
            })}
        </div>
    }
}
