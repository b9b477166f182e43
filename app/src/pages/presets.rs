//! `/presets`: the team's launch forms under their names, to use, rename or delete. Plain forms: no script is needed.

use domain::time::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::presets::{PresetLine, PresetListView, preset_list},
    components::{
        fault::Empty,
        loaded::Loaded,
        now::{Age, ticking},
    },
    paths,
};

#[component]
pub fn Presets() -> impl IntoView {
    let list = Resource::new_blocking(|| (), |()| preset_list());
    view! {
        <Title text="Presets"/>
        <div class="page-head">
            <h1>"Presets"</h1>
            <p class="page-lead">"Launch forms that are used again. They keep no secrets and have no parent run."</p>
        </div>
        <Loaded data=list show=|list| view! { <List list/> }.into_any()/>
    }
}

#[component]
fn List(list: PresetListView) -> impl IntoView {
    let now = ticking(list.now);
    if list.presets.is_empty() {
        return view! {
            <Empty title="No preset yet">
                <p>"Fill in the launch form and save it under a name, or save what a run was launched with."</p>
                <p class="empty-actions"><a class="button is-primary" href=paths::LAUNCH>"To the launch form"</a></p>
            </Empty>
        }
        .into_any();
    }
    let rows = list.presets.into_iter().map(|it| view! { <PresetRow it now/> }).collect_view();
    view! {
        <div class="table-scroll">
            <table class="table">
                <caption class="sr-only">"Presets"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Preset"</th>
                        <th scope="col">"Instance type"</th>
                        <th scope="col">"Not kept"</th>
                        <th scope="col" class="is-number">"Changed"</th>
                        <th scope="col"><span class="sr-only">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

#[component]
fn PresetRow(it: PresetLine, now: ReadSignal<Timestamp>) -> impl IntoView {
    let name = it.name.to_string();
    let instance_type = it.instance_type;
    let id = format!("name-{}", it.id);
    view! {
        <tr data-preset=name.clone()>
            <th scope="row"><a href=paths::launch_preset(&it.id)>{name.clone()}</a></th>
            <td data-label="Instance type">{instance_type}</td>
            <td class="dim" data-label="Not kept">{it.left_out.join(", ")}</td>
            <td class="is-number dim" data-label="Changed"><Age at=it.updated_at now/></td>
            <td>
                <details class="confirm">
                    <summary class="button is-small">"Rename"</summary>
                    <form class="confirm-body" method="post" action=paths::preset_rename(&it.id)>
                        <label for=id.clone()>"New name"</label>
                        <input id=id type="text" name="preset_name" maxlength="80" required=true autocomplete="off" value=name.clone()/>
                        <button type="submit" class="button is-small">"Rename this preset"</button>
                    </form>
                </details>
                <details class="confirm">
                    <summary class="button is-small is-danger">"Delete"</summary>
                    <form class="confirm-body" method="post" action=paths::preset_delete(&it.id)>
                        <p>"Runs that were launched with it stay as they are."</p>
                        <button type="submit" class="button is-danger is-solid">"Delete this preset"</button>
                    </form>
                </details>
            </td>
        </tr>
    }
}
