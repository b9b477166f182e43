//! Views: states of the list that somebody gave a name, for everybody; and the list as a file.

use domain::run_search::RunView;
use leptos::prelude::*;

use super::query::{href, pairs};
use crate::{
    api::runs::RunsQuery,
    components::icon::{Glyph, Icon},
    paths,
};

#[component]
pub(super) fn ViewsMenu(query: RunsQuery, views: Vec<RunView>) -> impl IntoView {
    let current = href(&RunsQuery { page: 1, ..query });
    let state = current.strip_prefix(paths::RUNS).unwrap_or_default().trim_start_matches('?').to_owned();
    let chosen = views.iter().find(|it| it.query == state).map(|it| it.name.to_string());
    let is_chosen = chosen.is_some();
    let items = views
        .into_iter()
        .map(|it| {
            let is_current = it.query == state;
            let words = format!("Delete the view {}", it.name);
            view! {
                <li>
                    <a href=paths::runs_view(&it.query) aria-current=is_current.then_some("true") data-noscroll="">{it.name.to_string()}</a>
                    <form method="post" action=paths::runs_view_delete(&it.id)>
                        <input type="hidden" name="next" value=current.clone()/>
                        <button type="submit" class="button is-quiet is-small" title=words.clone()>
                            <span aria-hidden="true">"×"</span><span class="sr-only">{words.clone()}</span>
                        </button>
                    </form>
                </li>
            }
        })
        .collect_view();
    view! {
        <details class="confirm">
            <summary class="button is-small" class:is-on=is_chosen>{chosen.unwrap_or_else(|| "Views".to_owned())}</summary>
            <div class="confirm-body menu-body">
                <ul class="view-list">{items}</ul>
                <form class="condition-form" method="post" action=paths::RUNS_VIEWS>
                    <input type="hidden" name="query" value=state/>
                    <label>
                        "Name of this view"
                        <input type="text" name="name" maxlength="80" required autocomplete="off"/>
                    </label>
                    <button type="submit" class="button is-small is-primary">"Keep"</button>
                </form>
                <p class="dim">"Search, order, columns, groups and baseline, for everybody. A view of the same name is replaced."</p>
            </div>
        </details>
    }
}

/// The runs that are found, all of them, with the columns that are shown.
#[component]
pub(super) fn ExportMenu(query: RunsQuery, columns: String) -> impl IntoView {
    let mut of_file = pairs(&RunsQuery { by: Vec::new(), base: None, page: 1, ..query });
    of_file.retain(|(name, _)| *name != "columns");
    of_file.push(("columns", columns));
    let file = |path: &str| {
        let mut query = paths::Query::default();
        for (name, value) in &of_file {
            query.push(name, Some(value));
        }
        query.on(path)
    };
    view! {
        <details class="confirm">
            <summary class="button is-small"><Glyph icon=Icon::Download/>"Export"</summary>
            <div class="confirm-body menu-body">
                <ul class="view-list">
                    <li><a href=file("/api/v1/runs.csv") download="" rel="external">"CSV, for spreadsheets"</a></li>
                    <li><a href=file("/api/v1/runs.json") download="" rel="external">"JSON"</a></li>
                </ul>
                <p class="dim">"Every run that the search finds, with these columns."</p>
            </div>
        </details>
    }
}
