//! What went in and what came out: the source archive and the model artifact.

use leptos::prelude::*;

use super::Page;
use crate::{
    api::run::{SourceView, run_source},
    components::{
        fault::Fault,
        git_origin::GitFacts,
        icon::{Glyph, Icon},
        timeline::CopyLine,
    },
    model::rows::bytes,
    paths,
};

#[component]
pub(super) fn FilesTab(page: Page) -> impl IntoView {
    let (has_source, origin) = page.state.run.with_untracked(|it| (it.source_sha256.is_some(), it.git_origin()));
    view! {
        <section class="panel" aria-labelledby="f-model">
            <h2 id="f-model" class="panel-title">"Model artifact"</h2>
            <ModelLine page/>
        </section>
        <section class="panel" aria-labelledby="f-source">
            <h2 id="f-source" class="panel-title">"Source"</h2>
            {origin.map(|origin| view! { <dl class="identity"><GitFacts origin/></dl> })}
            {if has_source {
                view! { <Source page/> }.into_any()
            } else {
                view! { <p class="dim">"This job was created by another client; Trainyard does not hold its source."</p> }.into_any()
            }}
        </section>
    }
}

/// The model with its download, or why there is none.
#[component]
pub(super) fn ModelLine(page: Page) -> impl IntoView {
    let run = page.state.run;
    let artifact = Memo::new(move |_| run.with(|it| (it.model_artifact.clone(), it.is_over())));
    move || {
        match artifact.get() {
        (Some(uri), true) => view! {
            <p><a class="button" download="" href=page.id.with_value(paths::run_model)><Glyph icon=Icon::Download/>"model.tar.gz"</a></p>
            <CopyLine text=uri what="S3 URI"/>
        }
        .into_any(),
        (_, false) => view! {
            <p class="dim">"What the script puts into "<code>"/opt/ml/model"</code>" is packed when the job ends."</p>
        }
        .into_any(),
        (None, true) => view! { <p class="dim">"This job left no model."</p> }.into_any(),
    }
    }
}

#[component]
fn Source(page: Page) -> impl IntoView {
    let source = Resource::new_blocking(|| (), move |()| run_source(page.id.get_value()));
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match source.await {
                    Ok(source) => view! { <SourceFiles page source/> }.into_any(),
                    Err(error) => view! { <Fault error/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn SourceFiles(page: Page, source: SourceView) -> impl IntoView {
    let rows = source
        .entries
        .into_iter()
        .map(|(path, size)| view! { <tr><th scope="row"><code>{path}</code></th><td class="is-number">{bytes(size)}</td></tr> })
        .collect_view();
    let is_git = page.state.run.with_untracked(|it| it.git_origin().is_some());
    let kept_as = if is_git { "as it was fetched".to_owned() } else { format!("uploaded as {}", source.file_name) };
    view! {
        <p>
            <a class="button" download="" href=page.id.with_value(paths::run_source)>
                <Glyph icon=Icon::Download/>"source.tar.gz"
            </a>
            " "
            <span class="dim">{kept_as}</span>
        </p>
        <CopyLine text=source.sha256 what="SHA-256"/>
        <table class="pairs">
            <thead><tr><th scope="col">"File"</th><th scope="col" class="is-number">"Size"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}
