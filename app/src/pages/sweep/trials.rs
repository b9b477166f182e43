//! `/sweeps/{id}`: the trials with what they were given and what came of it, live; the best one is marked.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    ids::{RunId, SweepId},
    live::{LiveEvent, Topic},
    run::Run,
    sweep::{Goal, SweepState, Trial},
    time::Timestamp,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::{plan_words, state_word};
use crate::{
    api::{
        error::ApiError,
        sweep::{SweepView, sweep_get},
    },
    components::{
        badge::Badge,
        fault::Fault,
        icon::{Glyph, Icon},
        money::Money,
        now::{Age, ticking},
    },
    live::{self, Heard},
    model::rows::{self, grouped_digits, number},
    pages::not_found::NotFound,
    paths,
};

#[component]
pub fn SweepPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|it| it.get("id").unwrap_or_default()));
    let view = Resource::new_blocking(move || id.get(), sweep_get);
    view! {
        <Title text="Sweep"/>
        <Transition>
            {move || Suspend::new(async move {
                match view.await {
                    Ok(view) => view! { <Screen view/> }.into_any(),
                    Err(ApiError::NotFound) => view! { <NotFound/> }.into_any(),
                    Err(error) => view! { <Fault error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn Screen(view: SweepView) -> impl IntoView {
    let now = ticking(view.now);
    let (id, created_at) = (view.sweep.id.clone(), view.sweep.created_at);
    let experiment = view.sweep.spec.draft.experiment.clone();
    let words = plan_words(&view.sweep.spec);
    let live_number = view.live_number;
    let known = RwSignal::new(view);
    let again = id.to_string();
    live::listen(Topic::Runs, live_number, move |heard| {
        let is_ours = match &heard {
            Heard::Event(LiveEvent::Run(run)) => run.sweep().is_some_and(|it| it.as_str() == again),
            Heard::Event(LiveEvent::Resync) => true,
            _ => false,
        };
        if is_ours {
            read_again(known, again.clone(), LATE_READS);
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
    view! {
        <div class="page-head run-head">
            <p class="crumb"><a href=paths::SWEEPS>"Sweeps"</a><span aria-hidden="true">"/"</span><span>{experiment}</span></p>
            <div class="run-title">
                <h1>{words}</h1>
                <span class="run-state" role="status"><span class="tag">{move || state_word(state.get())}</span></span>
                {move || (state.get() == SweepState::Running).then(|| view! {
                    <span class="run-actions">
                        <details class="confirm">
                            <summary class="button is-danger"><Glyph icon=Icon::Square/>"Stop"</summary>
                            <form class="confirm-body" method="post" action=stop.get_value()>
                                <p>"No further trial is launched, and those that run are stopped."</p>
                                <button type="submit" class="button is-danger is-solid">"Stop this sweep"</button>
                            </form>
                        </details>
                    </span>
                })}
            </div>
            <p class="run-sub"><span>{progress}</span><span>"created "<Age at=created_at now/></span></p>
        </div>
        {move || message().map(|it| view! { <p class="notice notice-warn">{it}</p> })}
        {move || view! { <Trials view=known.get() now=now.get()/> }}
    }
}

/// A run's last values come with its log, a moment after its end, and the sweep's own end a moment after its last run's;
/// no event of a run tells of them.
const LATE_READS: u32 = 5;
const LATE_READ_AFTER: Duration = Duration::from_secs(2);

fn read_again(known: RwSignal<SweepView>, id: String, tries: u32) {
    spawn_local(async move {
        let Ok(view) = sweep_get(id.clone()).await else { return };
        let is_over = view.runs.len() == view.sweep.trials.len() && view.runs.iter().all(Run::is_over);
        let has_late_values = view.sweep.spec.objective.is_some()
            && view.runs.iter().any(|it| it.is_over() && !view.values.contains_key(&it.id));
        let is_late = has_late_values || (is_over && view.sweep.state == SweepState::Running);
        if known.try_set(view).is_none() && is_late && tries > 0 {
            set_timeout(move || read_again(known, id, tries - 1), LATE_READ_AFTER);
        }
    });
}

#[component]
fn Trials(view: SweepView, now: Timestamp) -> impl IntoView {
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
        view! { <th scope="col" class="is-number" title=arrow>{it.metric.clone()}</th> }
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
fn TrialRow(trial: Trial, run: Option<Run>, value: Option<String>, is_best: bool, now: Timestamp) -> impl IntoView {
    let label = format!("{}", trial.number + 1);
    let head = match &run {
        Some(run) => view! { <a href=paths::run(&run.id)>{label}</a> }.into_any(),
        None => label.into_any(),
    };
    let cells =
        trial.parameters.into_iter().map(|(name, value)| view! { <td data-label=name>{value}</td> }).collect_view();
    let value = value.map(|it| view! { <td class="is-number" data-label="Objective">{it}</td> });
    let (badge, duration, cost) = match run {
        Some(run) => (
            view! { <Badge badge=run.badge()/> }.into_any(),
            rows::duration(&run, now).unwrap_or_else(|| "—".to_owned()),
            view! { <Money cost=run.cost(now)/> }.into_any(),
        ),
        None => (view! { <span class="dim">"planned"</span> }.into_any(), "—".to_owned(), "—".into_any()),
    };
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
