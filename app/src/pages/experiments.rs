//! `/experiments`: every experiment with its runs.

use domain::{
    live::{LiveEvent, Topic},
    run::ExperimentSummary,
    time::Timestamp,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;

use crate::{
    api::experiments::{ExperimentListView, experiment_list},
    components::{
        fault::Empty,
        loaded::Loaded,
        now::{Age, ticking},
    },
    live::{self, Heard},
    model::rows::grouped_digits,
    paths,
};

#[component]
pub fn Experiments() -> impl IntoView {
    let list = Resource::new_blocking(|| (), |()| experiment_list());
    view! {
        <Title text="Experiments"/>
        <div class="page-head">
            <h1>"Experiments"</h1>
            <p class="page-lead">"Runs that belong together: the same question, other parameters."</p>
        </div>
        <Loaded data=list show=|list| view! { <List list/> }.into_any()/>
    }
}

#[component]
fn List(list: ExperimentListView) -> impl IntoView {
    let now = ticking(list.now);
    let experiments = RwSignal::new(list.experiments);
    live::listen(&[Topic::Runs], list.live_number, move |heard| {
        // Counts are sums over everything: they are asked for, not guessed.
        if matches!(heard, Heard::Event(LiveEvent::Run(_) | LiveEvent::Resync)) {
            spawn_local(async move {
                if let Ok(list) = experiment_list().await {
                    experiments.try_set(list.experiments);
                }
            });
        }
    });
    let is_empty = Memo::new(move |_| experiments.with(Vec::is_empty));
    move || {
        if is_empty.get() {
            view! { <NoExperiment/> }.into_any()
        } else {
            view! { <Table experiments now/> }.into_any()
        }
    }
}

#[component]
fn NoExperiment() -> impl IntoView {
    view! {
        <Empty title="No experiment yet">
            <p>"An experiment comes into being with its first run: name it in the launch form."</p>
            <p class="empty-actions"><a class="button is-primary" href=paths::LAUNCH>"Launch a run"</a></p>
        </Empty>
    }
}

#[component]
fn Table(experiments: RwSignal<Vec<ExperimentSummary>>, now: ReadSignal<Timestamp>) -> impl IntoView {
    let rows = move || experiments.get().into_iter().map(|it| view! { <ExperimentRow it now/> }).collect_view();
    view! {
        <div class="table-scroll">
            <table class="table">
                <caption class="sr-only">"Experiments"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Experiment"</th>
                        <th scope="col" class="is-number">"Runs"</th>
                        <th scope="col" class="is-number">"Running"</th>
                        <th scope="col" class="is-number">"Last run"</th>
                        <th scope="col"><span class="sr-only">"Compare"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[component]
fn ExperimentRow(it: ExperimentSummary, now: ReadSignal<Timestamp>) -> impl IntoView {
    view! {
        <tr>
            <th scope="row" class="cell-run">
                <a href=paths::runs_of_experiment(&it.name)><span class="job-base">{it.name.to_string()}</span></a>
            </th>
            <td class="is-number" data-label="Runs">{grouped_digits(it.run_count)}</td>
            <td class="is-number" data-label="Running">
                {if it.running_count > 0 {
                    view! { <span class="running-count">{grouped_digits(it.running_count)}</span> }.into_any()
                } else {
                    view! { <span class="dim">"0"</span> }.into_any()
                }}
            </td>
            <td class="is-number dim" data-label="Last run"><Age at=it.last_created_at now/></td>
            <td class="is-number">
                <a class="cell-link" href=paths::compare_experiment(&it.name) aria-label=format!("Compare the runs of {}", it.name)>
                    "Compare"
                </a>
            </td>
        </tr>
    }
}
