//! `/`: what is running now and what it costs, what ran last, and the way to the first run.

use domain::{
    costs::Spend,
    ids::RunId,
    live::{LiveEvent, Topic},
    run::{Run, RunBadge},
    series::Series,
    time::Timestamp,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;

use crate::{
    api::overview::{Overview as Data, RECENT_RUNS, overview_get},
    components::{
        badge::{Badge, badge_word},
        chart::Sparkline,
        icon::{Glyph, Icon},
        loaded::Loaded,
        money::Money,
        now::ticking,
        run_table::{JobTitle, RunTable, apply_change},
    },
    live::{self, Heard},
    model::{
        progress,
        rows::{self, grouped_digits, number},
    },
    paths,
};

/// Rows of the list of recent runs.
const RECENT_ROWS: usize = 12;

#[component]
pub fn Overview() -> impl IntoView {
    let data = Resource::new_blocking(|| (), |()| overview_get());
    view! {
        <Title text=""/>
        <Loaded data=data show=|data| view! { <Screen data/> }.into_any()/>
    }
}

#[component]
fn Screen(data: Data) -> impl IntoView {
    let now = ticking(data.now);
    let counts = RwSignal::new(data.counts);
    let runs = RwSignal::new(data.recent);
    let total = RwSignal::new(data.total);
    let sparklines = RwSignal::new(data.sparklines);
    let read_again = move || {
        spawn_local(async move {
            if let Ok(data) = overview_get().await {
                counts.try_set(data.counts);
                runs.try_set(data.recent);
                total.try_set(data.total);
                sparklines.try_set(data.sparklines);
            }
        });
    };
    live::listen(&[Topic::Runs], data.live_number, move |heard| match heard {
        Heard::Event(LiveEvent::Run(run)) => {
            runs.try_update(|runs| apply_change(runs, *run));
            // Counts and curves are sums over everything: they are asked for, not guessed.
            read_again();
        }
        Heard::Event(LiveEvent::Resync) => read_again(),
        Heard::Opened | Heard::Event(LiveEvent::Points { .. } | LiveEvent::Log { .. } | LiveEvent::Logged) => {}
    });
    let is_empty = Memo::new(move |_| runs.with(Vec::is_empty));
    let active = Memo::new(move |_| {
        let mut active: Vec<Run> = runs.with(|it| it.iter().filter(|it| !it.is_over()).cloned().collect());
        // What moves comes first; each group stays newest first.
        active.sort_by_key(|it| it.badge() != RunBadge::Running);
        active
    });
    let recent = Signal::derive(move || {
        runs.with(|it| it.iter().filter(|it| it.is_over()).take(RECENT_ROWS).cloned().collect::<Vec<_>>())
    });
    let has_recent = Memo::new(move |_| runs.with(|it| it.iter().any(Run::is_over)));
    move || {
        if is_empty.get() {
            return view! { <FirstRun/> }.into_any();
        }
        view! {
            <div class="page-head page-head-row">
                <h1>"Overview"</h1>
            </div>
            <Figures counts runs total now/>
            <section aria-labelledby="now-title">
                <h2 id="now-title" class="section-title">"Running now"</h2>
                <Active active sparklines now/>
            </section>
            {move || has_recent.get().then(|| view! {
                <section aria-labelledby="recent-title">
                    <div class="section-head">
                        <h2 id="recent-title" class="section-title">"Recent runs"</h2>
                        <a href=paths::RUNS>"All runs"</a>
                    </div>
                    <RunTable runs=recent now caption="Recent runs"/>
                </section>
            })}
        }
        .into_any()
    }
}

/// The row of figures: counts that link to their lists, and what was spent.
#[component]
fn Figures(
    counts: RwSignal<Vec<(RunBadge, u64)>>,
    runs: RwSignal<Vec<Run>>,
    total: RwSignal<u64>,
    now: ReadSignal<Timestamp>,
) -> impl IntoView {
    let spend = Memo::new(move |_| runs.with(|it| Spend::of(it, now.get())));
    let scope = move || {
        let total = total.get();
        if total > u64::from(RECENT_RUNS) { format!("the newest {RECENT_RUNS} runs") } else { "all runs".to_owned() }
    };
    let count_links = move || {
        let mut counts = counts.get();
        counts.retain(|(_, count)| *count > 0);
        counts.sort();
        counts
            .into_iter()
            .map(|(badge, count)| {
                view! {
                    <a class=format!("count count-{}", badge.as_str()) href=paths::runs_with_badge(badge)>
                        <b>{grouped_digits(count)}</b>
                        <span>{badge_word(badge)}</span>
                    </a>
                }
            })
            .collect_view()
    };
    view! {
        <div class="figures">
            <nav class="counts" aria-label="Runs by status">{count_links}</nav>
            <dl class="spend">
                <div>
                    <dt>"Spent"</dt>
                    <dd><span class="fact-value">{move || spend.get().settled.to_string()}</span><small>"final, "{scope}</small></dd>
                </div>
                <div class="is-estimate">
                    <dt>"Running"</dt>
                    <dd><span class="fact-value">{move || spend.get().running.to_string()}</span><small>"so far, at most"</small></dd>
                </div>
                <div class="is-saving">
                    <dt>"Saved by spot"</dt>
                    <dd><span class="fact-value">{move || spend.get().saved_by_spot.to_string()}</span><small>"vs on demand"</small></dd>
                </div>
                {move || {
                    let unpriced = spend.get().unpriced;
                    (unpriced > 0).then(|| view! {
                        <div><dt>"Unpriced"</dt><dd><span class="fact-value">{unpriced}</span><small>"runs in no sum"</small></dd></div>
                    })
                }}
            </dl>
        </div>
    }
}

#[component]
fn Active(
    active: Memo<Vec<Run>>,
    sparklines: RwSignal<Vec<(RunId, Series)>>,
    now: ReadSignal<Timestamp>,
) -> impl IntoView {
    move || {
        if active.with(Vec::is_empty) {
            return view! {
                <div class="quiet">
                    <p>"Nothing is running."</p>
                    <a class="button" href=paths::LAUNCH><Glyph icon=Icon::Launch/>"Launch a run"</a>
                </div>
            }
            .into_any();
        }
        view! {
            <ul class="active-runs">
                <For
                    each=move || active.get()
                    key=|run| (run.id.clone(), run.updated_at)
                    children=move |run| view! { <ActiveCard run sparklines now/> }
                />
            </ul>
        }
        .into_any()
    }
}

#[component]
fn ActiveCard(run: Run, sparklines: RwSignal<Vec<(RunId, Series)>>, now: ReadSignal<Timestamp>) -> impl IntoView {
    let id = run.id.clone();
    let series = Memo::new(move |_| {
        sparklines.with(|all| all.iter().find(|(of, _)| *of == id).map(|(_, series)| series.clone()))
    });
    let run = StoredValue::new(run);
    let progress = move || {
        let last = series.with(|it| it.as_ref().and_then(|it| it.points.last().copied()));
        run.with_value(|run| progress::of_steps(run, last).or_else(|| progress::of_time(run, now.get())))
    };
    let cost = move || run.with_value(|run| view! { <Money cost=run.cost(now.get())/> });
    let duration = move || run.with_value(|run| rows::duration(run, now.get())).unwrap_or_else(|| "waiting".to_owned());
    let first = run.get_value();
    view! {
        <li class="active-run">
            <div class="active-head">
                <a class="active-name" href=paths::run(&first.id)><JobTitle id=first.id.clone() job_name=first.job_name.clone()/></a>
                <Badge badge=first.badge()/>
            </div>
            <p class="active-sub">
                <a href=paths::runs_of_experiment(&first.experiment)>{first.experiment.to_string()}</a>
                {first.secondary_status.clone().map(|it| view! { <span>{it}</span> })}
                <span>{rows::machine(&first)}</span>
            </p>
            {move || series.get().map(|series| {
                let last = series.points.last().map(|it| number(it.value)).unwrap_or_default();
                view! {
                    <div class="active-curve">
                        <Sparkline series=series.clone()/>
                        <span class="active-metric"><span>{series.key.name}</span><b>{last}</b></span>
                    </div>
                }
            })}
            {move || progress().map(|it| view! {
                <div class="active-progress">
                    <progress max=it.total value=it.done aria-label="Progress"></progress>
                    <span>{it.label}</span>
                </div>
            })}
            <p class="active-foot"><span>{duration}</span>{cost}</p>
        </li>
    }
}

/// What somebody sees who has just started Trainyard: one way, and where it leads.
#[component]
fn FirstRun() -> impl IntoView {
    view! {
        <div class="first-run">
            <h1>"Train your first model"</h1>
            <p class="first-lead">
                "Pick a sample, press Launch, and watch its loss fall while the cost counts up. The job really runs, on this
                server's engine; nothing is billed by the local one."
            </p>
            <ol class="first-steps">
                <li><b>"Launch"</b><span>"A bundled sample or your own script, with its parameters and limits."</span></li>
                <li><b>"Watch"</b><span>"Phases, curves, CPU and memory, the log: live, without reloading."</span></li>
                <li><b>"Account"</b><span>"Training seconds, billable seconds, spot savings, dollars."</span></li>
            </ol>
            <p class="empty-actions">
                <a class="button is-primary is-large" href=paths::LAUNCH><Glyph icon=Icon::Launch/>"Launch a sample"</a>
            </p>
            <p class="dim first-boto">
                "Jobs that boto3 or the AWS CLI create at the engine appear here by themselves."
            </p>
        </div>
    }
}
