//! `/sweeps`: the newest first.

use domain::sweep::Sweep;
use leptos::prelude::*;
use leptos_meta::Title;

use super::{plan_words, state_word};
use crate::{
    api::sweep::sweep_list,
    components::fault::{Empty, Fault},
    paths,
};

#[component]
pub fn Sweeps() -> impl IntoView {
    let list = Resource::new_blocking(|| (), |()| sweep_list());
    view! {
        <Title text="Sweeps"/>
        <div class="page-head">
            <h1>"Sweeps"</h1>
            <p class="page-lead">"One form launched many times, with other hyperparameters each time."</p>
        </div>
        <Transition>
            {move || Suspend::new(async move {
                match list.await {
                    Ok(list) if list.is_empty() => view! { <NoSweep/> }.into_any(),
                    Ok(list) => view! { <Table list/> }.into_any(),
                    Err(error) => view! { <Fault error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn NoSweep() -> impl IntoView {
    view! {
        <Empty title="No sweep yet">
            <p>"Fill the launch form as for one run, then press Sweep instead of Launch."</p>
            <p class="empty-actions"><a class="button is-primary" href=paths::LAUNCH>"To the launch form"</a></p>
        </Empty>
    }
}

#[component]
fn Table(list: Vec<Sweep>) -> impl IntoView {
    let rows = list
        .into_iter()
        .map(|it| {
            view! {
                <tr>
                    <th scope="row"><a href=paths::sweep(&it.id)>{plan_words(&it.spec)}</a></th>
                    <td data-label="Experiment">{it.spec.draft.experiment.clone()}</td>
                    <td data-label="State">{state_word(it.state)}</td>
                    <td class="is-number" data-label="Created">{it.created_at.to_civil_seconds()}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll">
            <table class="table">
                <caption class="sr-only">"Sweeps"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Sweep"</th>
                        <th scope="col">"Experiment"</th>
                        <th scope="col">"State"</th>
                        <th scope="col" class="is-number">"Created"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
