//! The commit that a run's source was made from, in a list of facts.

use domain::git_source::GitOrigin;
use leptos::prelude::*;

use super::timeline::CopyLine;

/// Three facts, for a `dl` of class `identity`. The commit is a link where its host is known to have a page of it.
#[component]
pub fn GitFacts(origin: GitOrigin) -> impl IntoView {
    let page = origin.commit_page();
    let host = origin.url.host_and_path().0.to_owned();
    let folder = match origin.folder.as_str() {
        "" => view! { <span class="dim">"all of the repository"</span> }.into_any(),
        folder => view! { <code>{folder.to_owned()}</code> }.into_any(),
    };
    view! {
        <dt>"Repository"</dt>
        <dd><CopyLine text=origin.url.to_string() what="repository's address"/></dd>
        <dt>"Commit"</dt>
        <dd>
            <CopyLine text=origin.commit what="commit"/>
            {page.map(|href| view! { " "<a href=href rel="external noreferrer">{format!("Show it on {host}")}</a> })}
        </dd>
        <dt>"Folder"</dt>
        <dd>{folder}</dd>
    }
}
