//! `/sweeps`: the newest first.

use leptos::prelude::*;
use leptos_meta::Title;

use super::state_word;
use crate::{
    api::sweep::{SweepLine, sweep_list},
    components::{fault::Empty, loaded::Loaded},
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
        <Loaded data=list show=|list| view! { <List list/> }.into_any()/>
    }
}

#[component]
fn List(list: Vec<SweepLine>) -> impl IntoView {
    if list.is_empty() { view! { <NoSweep/> }.into_any() } else { view! { <Table list/> }.into_any() }
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
fn Table(list: Vec<SweepLine>) -> impl IntoView {
    let rows = list
        .into_iter()
        .map(|it| {
            view! {
                <tr>
                    <th scope="row"><a href=paths::sweep(&it.id)>{it.plan}</a></th>
                    <td data-label="Experiment">{it.experiment}</td>
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
