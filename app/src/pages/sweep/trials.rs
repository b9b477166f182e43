//! `/sweeps/{id}`: the trials with what they were given and what came of it, live; the best one is marked.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    compare::MAX_COMPARED,
    ids::{RunId, SweepId},
    live::{LiveEvent, Topic},
    run::{Run, RunBadge},
    sweep::{Goal, SweepState, Trial},
    time::Timestamp,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::state_word;
use crate::{
    api::sweep::{SweepView, sweep_get},
    components::{
        badge::Badge,
        icon::{Glyph, Icon},
        loaded::Loaded,
        now::{Age, ticking},
        run_table::moving_figures,
    },
    live::{self, Heard},
    model::rows::{grouped_digits, number},
    paths,
};

#[component]
pub fn SweepPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|it| it.get("id").unwrap_or_default()));
    let view = Resource::new_blocking(move || id.get(), sweep_get);
    view! {
        <Title text="Sweep"/>
        <Loaded data=view show=|view| view! { <Screen view/> }.into_any()/>
    }
}

#[component]
fn Screen(view: SweepView) -> impl IntoView {
    let now = ticking(view.now);
    let (id, created_at) = (view.sweep.id.clone(), view.sweep.created_at);
    let experiment = view.sweep.spec.draft.experiment.clone();
    let words = view.sweep.spec.words();
    let live_number = view.live_number;
    let known = RwSignal::new(view);
    let again = id.to_string();
    // Of many events the newest reads, so that no older answer comes after a newer one.
    let newest = StoredValue::new(0_u64);
    live::listen(&[Topic::Runs], live_number, move |heard| {
        let is_ours = match &heard {
            Heard::Event(LiveEvent::Run(run)) => run.sweep().is_some_and(|it| it.as_str() == again),
            Heard::Event(LiveEvent::Resync) => true,
            _ => false,
        };
        if is_ours {
            newest.update_value(|it| *it += 1);
            read_again(known, again.clone(), Reading { newest, number: newest.get_value(), tries: LATE_READS });
        }
    });
    let state = Memo::new(move |_| known.with(|it| it.sweep.state));
    let message = move || known.with(|it| it.sweep.message.clone());
    let progress = move || {
        known.with(|SweepView { sweep, runs, .. }| {
            let over = runs.iter().filter(|it| it.is_over()).count();
            format!(
                "{} of {} trials launched, {} ended",
                grouped_digits(runs.len() as u64),
                grouped_digits(sweep.trials.len() as u64),
                grouped_digits(over as u64)
            )
        })
    };
    let stop = StoredValue::new(paths::sweep_stop(&id));
    let launched =
        move || known.with(|it| it.runs.iter().map(|it| it.id.clone()).take(MAX_COMPARED).collect::<Vec<_>>());
    let compare = move || {
        let ids = launched();
        (ids.len() > 1).then(|| {
            view! {
                <a class="button" href=paths::compare(&ids)><Glyph icon=Icon::Compare/>"Compare trials"</a>
            }
        })
    };
    view! {
        <div class="page-head run-head">
            <p class="crumb"><a href=paths::SWEEPS>"Sweeps"</a><span aria-hidden="true">"/"</span><span>{experiment}</span></p>
            <div class="run-title">
                <h1>{words}</h1>
                <span class="run-state" role="status"><span class="tag">{move || state_word(state.get())}</span></span>
                <span class="run-actions">
                    {compare}
                    {move || (state.get() == SweepState::Running).then(|| view! {
                        <details class="confirm">
                            <summary class="button is-danger"><Glyph icon=Icon::Square/>"Stop"</summary>
                            <form class="confirm-body" method="post" action=stop.get_value()>
                                <p>"No further trial is launched, and those that run are stopped."</p>
                                <button type="submit" class="button is-danger is-solid">"Stop this sweep"</button>
                            </form>
                        </details>
                    })}
                </span>
            </div>
            <p class="run-sub"><span>{progress}</span><span>"created "<Age at=created_at now/></span></p>
        </div>
        {move || message().map(|it| view! { <p class="notice notice-warn">{it}</p> })}
        {move || view! { <Trials view=known.get() now/> }}
    }
}

/// A run's last values come with its log, a moment after its end, and the sweep's own end a moment after its last run's;
/// no event of a run tells of them.
const LATE_READS: u32 = 5;
const LATE_READ_AFTER: Duration = Duration::from_secs(2);

/// One event's readings.
#[derive(Clone, Copy)]
struct Reading {
    newest: StoredValue<u64>,
    number: u64,
    tries: u32,
}

impl Reading {
    /// Nothing has happened since; `false` also when the page is gone.
    fn is_newest(self) -> bool {
        self.newest.try_get_value() == Some(self.number)
    }
}

fn read_again(known: RwSignal<SweepView>, id: String, reading: Reading) {
    if !reading.is_newest() {
        return;
    }
    spawn_local(async move {
        let Ok(view) = sweep_get(id.clone()).await else { return };
        if !reading.is_newest() {
            return;
        }
        let is_over = view.runs.len() == view.sweep.trials.len() && view.runs.iter().all(Run::is_over);
        let has_late_values = view.sweep.spec.objective.is_some()
            && view.runs.iter().any(|it| it.badge() == RunBadge::Completed && !view.values.contains_key(&it.id));
        let is_late = has_late_values || (is_over && view.sweep.state == SweepState::Running);
        if known.try_set(view).is_none() && is_late && reading.tries > 0 {
            let next = Reading { tries: reading.tries - 1, ..reading };
            set_timeout(move || read_again(known, id, next), LATE_READ_AFTER);
        }
    });
}

#[component]
fn Trials(view: SweepView, now: ReadSignal<Timestamp>) -> impl IntoView {
    let SweepView { sweep, runs, values, .. } = view;
    let objective = sweep.spec.objective.clone();
    let best = objective.as_ref().and_then(|it| it.best(&values));
    let by_id: BTreeMap<RunId, Run> = runs.into_iter().map(|it| (it.id.clone(), it)).collect();
    let heads = sweep.spec.dimensions.iter().map(|it| view! { <th scope="col">{it.name.clone()}</th> }).collect_view();
    let objective_head = objective.as_ref().map(|it| {
        let arrow = match it.goal {
            Goal::Minimize => "lower is better",
            Goal::Maximize => "higher is better",
        };
        view! { <th scope="col" class="is-number" title=arrow>{it.metric.clone()}<span class="sr-only">", "{arrow}</span></th> }
    });
    let rows = sweep
        .trials
        .into_iter()
        .map(|trial| {
            let run = trial.run_id.as_ref().and_then(|it| by_id.get(it)).cloned();
            let value = objective.as_ref().map(|_| {
                let value = run.as_ref().and_then(|run| values.get(&run.id));
                value.map_or_else(|| "—".to_owned(), |it| number(*it))
            });
            let is_best = best.is_some() && best == trial.run_id;
            view! { <TrialRow trial run value is_best now/> }
        })
        .collect_view();
    view! {
        <div class="table-scroll">
            <table class="table sweep-table">
                <caption class="sr-only">"Trials"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Trial"</th>
                        {heads}
                        {objective_head}
                        <th scope="col">"Status"</th>
                        <th scope="col" class="is-number">"Duration"</th>
                        <th scope="col" class="is-number">"Cost"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// `value`: `None` without an objective.
#[component]
fn TrialRow(
    trial: Trial,
    run: Option<Run>,
    value: Option<String>,
    is_best: bool,
    now: ReadSignal<Timestamp>,
) -> impl IntoView {
    let label = (trial.number + 1).to_string();
    let head = match &run {
        Some(run) => view! { <a href=paths::run(&run.id)>{label}</a> }.into_any(),
        None => label.into_any(),
    };
    let cells =
        trial.parameters.into_iter().map(|(name, value)| view! { <td data-label=name>{value}</td> }).collect_view();
    let value = value.map(|it| view! { <td class="is-number" data-label="Objective">{it}</td> });
    let badge = match &run {
        Some(run) => view! { <Badge badge=run.badge()/> }.into_any(),
        None => view! { <span class="dim">"planned"</span> }.into_any(),
    };
    let (duration, cost) = moving_figures(run, now.into());
    view! {
        <tr class:is-best=is_best>
            <th scope="row">{head}{is_best.then(|| view! { " "<span class="tag">"best"</span> })}</th>
            {cells}
            {value}
            <td data-label="Status">{badge}</td>
            <td class="is-number" data-label="Duration">{duration}</td>
            <td class="is-number" data-label="Cost">{cost}</td>
        </tr>
    }
}

/// The link from a run to the sweep that it is a trial of.
#[component]
pub fn SweepLink(id: SweepId) -> impl IntoView {
    view! { <span>"trial of "<a href=paths::sweep(&id)>"a sweep"</a></span> }
}
