//! Runs as a table; on a phone each row becomes a card (style only, the markup is the same).

use domain::{
    ids::{JobName, RunId},
    run::Run,
    time::Timestamp,
};
use leptos::prelude::*;

use crate::{
    components::{badge::Badge, money::Money, now::Age},
    model::rows,
    paths,
};

/// A run's name: the part that its user chose, and the end of the id that makes it unique.
#[component]
pub fn JobTitle(id: RunId, job_name: JobName) -> impl IntoView {
    let full = job_name.to_string();
    let suffix = format!("-{}", id.as_str().to_ascii_lowercase());
    let (base, tail) = match full.strip_suffix(&suffix) {
        Some(base) => (base.to_owned(), Some(suffix[suffix.len() - 6..].to_owned())),
        None => (full.clone(), None),
    };
    view! {
        <span class="job-title" title=full>
            <span class="job-base">{base}</span>
            {tail.map(|it| view! { <span class="job-tail">{it}</span> })}
        </span>
    }
}

#[component]
pub fn RunTable(
    #[prop(into)] runs: Signal<Vec<Run>>,
    #[prop(into)] now: Signal<Timestamp>,
    /// What the table holds, for screen readers.
    caption: &'static str,
) -> impl IntoView {
    view! {
        <div class="table-scroll">
            <table class="table run-table">
                <caption class="sr-only">{caption}</caption>
                <thead>
                    <tr>
                        <th scope="col">"Run"</th>
                        <th scope="col">"Status"</th>
                        <th scope="col">"Metrics"</th>
                        <th scope="col">"Machine"</th>
                        <th scope="col" class="is-number">"Duration"</th>
                        <th scope="col" class="is-number">"Cost"</th>
                        <th scope="col" class="is-number">"Created"</th>
                    </tr>
                </thead>
                <tbody>
                    // A changed run is a new key: its row is drawn anew, the others stay.
                    <For
                        each=move || runs.get()
                        key=|run| (run.id.clone(), run.updated_at, run.badge())
                        children=move |run| view! { <RunRow run now/> }
                    />
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn RunRow(run: Run, now: Signal<Timestamp>) -> impl IntoView {
    let run_has_no_metrics = run.final_metrics.is_empty();
    let metrics = rows::key_metrics(&run, 3);
    let more_metrics = run.final_metrics.len().saturating_sub(metrics.len());
    let metrics = metrics
        .into_iter()
        .map(|it| {
            view! {
                <span class="metric-chip">
                    <span>{it.name.clone()}</span>
                    <b>{rows::number(it.value)}</b>
                </span>
            }
        })
        .collect_view();
    let (badge, machine) = (run.badge(), rows::machine(&run));
    let (id, job_name, experiment, created_at) =
        (run.id.clone(), run.job_name.clone(), run.experiment.clone(), run.created_at);
    let (duration, cost) = moving_figures(Some(run), now);
    let href = paths::run(&id);
    view! {
        <tr>
            <th scope="row" class="cell-run">
                <a href=href><JobTitle id job_name/></a>
                <a class="cell-experiment" href=paths::runs_of_experiment(&experiment)>{experiment.to_string()}</a>
            </th>
            <td class="cell-status"><Badge badge/></td>
            <td class="cell-metrics" class:is-empty=run_has_no_metrics data-label="Metrics">
                {metrics}
                {(more_metrics > 0).then(|| view! { <span class="dim">{format!("+{more_metrics}")}</span> })}
            </td>
            <td class="cell-machine" data-label="Machine">{machine}</td>
            <td class="is-number" data-label="Duration">{duration}</td>
            <td class="is-number" data-label="Cost">{cost}</td>
            <td class="is-number dim" data-label="Created"><Age at=created_at now/></td>
        </tr>
    }
}

/// Duration and cost of a run, as long as they move; dashes without a run. A finished run's figures stand still: they must
/// not be computed every second.
pub fn moving_figures(run: Option<Run>, now: Signal<Timestamp>) -> (AnyView, AnyView) {
    let none = || "—".to_owned();
    let Some(run) = run else { return (none().into_any(), none().into_any()) };
    let is_over = run.is_over();
    let at = move || if is_over { now.get_untracked() } else { now.get() };
    let duration_run = run.clone();
    let duration = move || rows::duration(&duration_run, at()).unwrap_or_else(none);
    let cost = move || view! { <Money cost=run.cost(at())/> };
    (duration.into_any(), cost.into_any())
}

/// Puts a live change into a list: replaces the run that is there, or inserts a new one at its place (newest first).
pub fn apply_change(runs: &mut Vec<Run>, changed: Run) {
    if let Some(known) = runs.iter_mut().find(|it| it.id == changed.id) {
        *known = changed;
        return;
    }
    let place = runs.iter().position(|it| it.id < changed.id).unwrap_or(runs.len());
    runs.insert(place, changed);
}
