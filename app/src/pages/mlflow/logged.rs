//! What a script logged besides metrics, as two panels: params and tags.

use leptos::prelude::*;

use crate::api::mlflow::TrackedRun;

#[component]
pub fn Logged(run: TrackedRun) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="m-params">
            <h2 id="m-params" class="panel-title">"Params logged with MLflow"</h2>
            <Pairs pairs=run.params empty="No param."/>
        </section>
        <section class="panel" aria-labelledby="m-tags">
            <h2 id="m-tags" class="panel-title">"Tags set with MLflow"</h2>
            <Pairs pairs=run.tags empty="No tag."/>
        </section>
    }
}

/// Names and values; without any, what that means.
#[component]
pub fn Pairs(pairs: Vec<(String, String)>, empty: &'static str) -> impl IntoView {
    if pairs.is_empty() {
        return view! { <p class="dim">{empty}</p> }.into_any();
    }
    let rows = pairs
        .into_iter()
        .map(|(name, value)| view! { <tr><th scope="row">{name}</th><td>{value}</td></tr> })
        .collect_view();
    view! { <table class="pairs"><tbody>{rows}</tbody></table> }.into_any()
}
