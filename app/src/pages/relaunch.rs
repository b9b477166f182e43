//! `/runs/{id}/relaunch`: the same request again, after a look at what it depends on.

use domain::capsule::DriftState;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::{
    api::{
        capsule::{RelaunchView, relaunch_check},
        error::ApiError,
    },
    components::{
        drift::DriftList,
        fault::Fault,
        icon::{Glyph, Icon},
        run_table::JobTitle,
    },
    model::rows,
    pages::not_found::NotFound,
    paths,
};

#[component]
pub fn Relaunch() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|it| it.get("id").unwrap_or_default()));
    let view = Resource::new_blocking(move || id.get(), relaunch_check);
    view! {
        <Title text="Relaunch"/>
        <Suspense fallback=|| view! { <p class="dim">"Looking at the inputs…"</p> }>
            {move || Suspend::new(async move {
                match view.await {
                    Ok(view) => view! { <Screen view/> }.into_any(),
                    Err(ApiError::NotFound) => view! { <NotFound/> }.into_any(),
                    Err(error) => view! { <Fault error/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Screen(view: RelaunchView) -> impl IntoView {
    let has = |state: DriftState| view.items.iter().any(|it| it.state == state);
    let (lead, button, is_danger) = if has(DriftState::Gone) {
        ("Something that the run needed is gone: the same job will most likely fail.", "Launch anyway", true)
    } else if has(DriftState::Changed) {
        ("What the run read has changed: the result can differ.", "Launch with what is there now", true)
    } else if has(DriftState::Unknown) {
        ("Nothing that could be checked has changed.", "Launch again", false)
    } else {
        ("Everything is as it was.", "Launch again", false)
    };
    let recorded = match view.recorded_at {
        Some(at) => format!("Compared with what was recorded at {}.", at.to_civil_seconds()),
        None => "Nothing was recorded to compare the inputs with.".to_owned(),
    };
    let at_most = view.at_most.map_or_else(|| "unpriced".to_owned(), |it| it.to_string());
    let run = view.run;
    view! {
        <div class="page-head">
            <p class="crumb">
                <a href=paths::runs_of_experiment(&run.experiment)>{run.experiment.to_string()}</a>
                <span aria-hidden="true">"/"</span>
                <a href=paths::run(&run.id)><JobTitle id=run.id.clone() job_name=run.job_name.clone()/></a>
            </p>
            <h1>"Relaunch"</h1>
            <p class="page-lead">"The same request once more, under a new name. Nothing is sent before you say so."</p>
        </div>
        <section class="panel" aria-labelledby="r-drift">
            <h2 id="r-drift" class="panel-title">{lead}</h2>
            <p class="hint">{recorded}</p>
            <DriftList items=view.items/>
        </section>
        <section class="panel" aria-labelledby="r-go">
            <h2 id="r-go" class="panel-title">{rows::machine(&run)}", at most "{at_most}</h2>
            <form class="capsule-actions" method="post" action=paths::run_relaunch(&run.id)>
                <input type="hidden" name="idempotency_key" value=view.idempotency_key/>
                <button type="submit" class="button is-primary" class:is-danger=is_danger class:is-solid=is_danger>
                    <Glyph icon=Icon::Repeat/>{button}
                </button>
                <a class="button" href=paths::launch_clone(&run.id)><Glyph icon=Icon::Copy/>"Clone and change"</a>
            </form>
            <p class="hint">
                "When both runs have ended, the new run's Capsule tab says whether its metrics came out the same."
            </p>
        </section>
    }
}
