//! `/runs/{id}/diff?with=`: what one run changed against another.

use domain::run_diff::{DiffLine, FileChange, FileDiff, LineKind, RunDiff, SourceDiff};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::{
    api::{capsule::diff_get, error::ApiError},
    components::{change_list::ChangeList, drift::DriftList, fault::Fault, run_table::JobTitle},
    pages::not_found::NotFound,
    paths,
};

#[component]
pub fn Diff() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let runs = Memo::new(move |_| {
        let other = query.with(|it| it.get("with").unwrap_or_default());
        (params.with(|it| it.get("id").unwrap_or_default()), other)
    });
    let diff = Resource::new_blocking(move || runs.get(), |(id, other)| diff_get(id, other));
    view! {
        <Title text="Differences"/>
        <Transition>
            {move || Suspend::new(async move {
                match diff.await {
                    Ok(diff) => view! { <Screen diff/> }.into_any(),
                    Err(ApiError::NotFound) => view! { <NotFound/> }.into_any(),
                    Err(error) => view! { <h1>"Differences"</h1><Fault error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Screen(diff: RunDiff) -> impl IntoView {
    let (then, now) = (diff.then, diff.now);
    let parameters = if diff.changes.is_empty() {
        view! { <p class="dim">"None: both asked for the same job."</p> }.into_any()
    } else {
        view! { <ChangeList changes=diff.changes/> }.into_any()
    };
    let source = match diff.source {
        SourceDiff::Same => view! { <p class="dim">"The same archive, byte for byte."</p> }.into_any(),
        SourceDiff::Unknown => {
            view! { <p class="dim">"Trainyard does not hold the sources of both runs."</p> }.into_any()
        }
        SourceDiff::Files(files) => files.into_iter().map(|it| view! { <File it/> }).collect_view().into_any(),
    };
    let data = if diff.data.is_empty() {
        view! { <p class="dim">"Neither has a recorded input channel that the other could be compared with."</p> }
            .into_any()
    } else {
        view! { <DriftList items=diff.data/> }.into_any()
    };
    view! {
        <div class="page-head">
            <p class="crumb"><a href=paths::RUNS>"Runs"</a></p>
            <h1>"Differences"</h1>
            <p class="page-lead">
                <a href=paths::run(&then.id)><JobTitle id=then.id.clone() job_name=then.job_name.clone()/></a>
                " → "
                <a href=paths::run(&now.id)><JobTitle id=now.id.clone() job_name=now.job_name.clone()/></a>
            </p>
        </div>
        <section class="panel" aria-labelledby="d-parameters">
            <h2 id="d-parameters" class="panel-title">"Parameters"</h2>
            {parameters}
        </section>
        <section class="panel" aria-labelledby="d-source">
            <h2 id="d-source" class="panel-title">"Source"</h2>
            {source}
        </section>
        <section class="panel" aria-labelledby="d-data">
            <h2 id="d-data" class="panel-title">"Data"</h2>
            {data}
        </section>
        <section class="panel" aria-labelledby="d-request">
            <h2 id="d-request" class="panel-title">"Request"</h2>
            <Lines lines=diff.request label="Request, line by line".to_owned()/>
        </section>
    }
}

#[component]
fn File(it: FileDiff) -> impl IntoView {
    let word = match it.kind {
        FileChange::Added => "added",
        FileChange::Removed => "removed",
        FileChange::Changed => "changed",
    };
    let body = if it.lines.is_empty() {
        view! { <p class="dim">"Not text, or too large to show line by line."</p> }.into_any()
    } else {
        let label = format!("{}, line by line", it.path);
        view! { <Lines lines=it.lines label/> }.into_any()
    };
    view! {
        <div class="manifest">
            <h3><code>{it.path}</code>" "<span class="tag">{word}</span></h3>
            {body}
        </div>
    }
}

/// The sign at the line's beginning says what the colour says.
#[component]
fn Lines(lines: Vec<DiffLine>, label: String) -> impl IntoView {
    let rows = lines.into_iter().map(|it| {
        let (class, sign) = match it.kind {
            LineKind::Same => ("diff-same", "  "),
            LineKind::Added => ("diff-added", "+ "),
            LineKind::Removed => ("diff-removed", "- "),
            LineKind::Gap => ("diff-gap", "· "),
        };
        view! { <span class=class>{sign}{it.text}"\n"</span> }
    });
    view! { <pre class="code diff" tabindex="0" role="region" aria-label=label>{rows.collect_view()}</pre> }
}
