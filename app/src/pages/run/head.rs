//! The run's head: name, state, what went wrong, and the stop button.

use domain::{
    ids::RunId,
    run::{Run, RunBadge},
    status::Wish,
};
use leptos::prelude::*;

use super::{Page, query::Tab};
use crate::{
    components::{
        badge::{Badge, badge_word},
        icon::{Glyph, Icon},
        log_view::line_text,
        now::Age,
        run_table::JobTitle,
        timeline::CopyLine,
    },
    model::{rows, traceback::last_traceback},
    pages::sweep::SweepLink,
    paths,
};

#[component]
pub(super) fn Head(page: Page) -> impl IntoView {
    let run = page.state.run;
    let now = page.state.now;
    let first = run.get_untracked();
    let badge = Memo::new(move |_| run.with(Run::badge));
    // What the badge says already is not said twice.
    let secondary = Memo::new(move |_| {
        run.with(|it| it.secondary_status.clone()).filter(|it| !it.is_empty() && it != badge_word(badge.get()))
    });
    let machine = Memo::new(move |_| run.with(rows::machine));
    let can_stop = Memo::new(move |_| run.with(|it| !it.is_over() && it.wish == Wish::Run));
    let experiment = first.experiment.clone();
    view! {
        <div class="page-head run-head">
            <p class="crumb">
                <a href=paths::EXPERIMENTS>"Experiments"</a>
                <span aria-hidden="true">"/"</span>
                <a href=paths::runs_of_experiment(&experiment)>{experiment.to_string()}</a>
            </p>
            <div class="run-title">
                <h1><JobTitle id=first.id.clone() job_name=first.job_name.clone()/></h1>
                <span class="run-state" role="status">
                    {move || view! { <Badge badge=badge.get()/> }}
                    {move || secondary.get().map(|it| view! {
                        <span class="secondary-status" title="SageMaker's secondary status">{it}</span>
                    })}
                </span>
                <span class="run-actions">
                    <a class="button" href=paths::run_relaunch(&first.id)><Glyph icon=Icon::Repeat/>"Relaunch"</a>
                    <a class="button" href=paths::launch_clone(&first.id)><Glyph icon=Icon::Copy/>"Clone"</a>
                    {move || can_stop.get().then(|| view! { <StopForm page/> })}
                </span>
            </div>
            <p class="run-sub">
                <span>{move || machine.get()}</span>
                <span>"created "<Age at=first.created_at now/></span>
                {first.parent().map(|it| view! {
                    <span>"cloned from "<a href=paths::run(&it)>{job_tail(&it)}</a></span>
                })}
                {move || page.state.run.with(|it| it.wanted().map(str::to_owned)).map(|it| view! {
                    <span>{format!("instead of {it}, which had no room")}</span>
                })}
                {first.sweep().map(|id| view! { <SweepLink id/> })}
                <CopyLine text=first.job_name.to_string() what="job name"/>
            </p>
        </div>
        <Trouble page badge/>
    }
}

/// The end of a run's id, by which people tell runs of one name apart.
fn job_tail(id: &RunId) -> String {
    let id = id.as_str().to_ascii_lowercase();
    id[id.len() - 6..].to_owned()
}

/// A plain form behind a disclosure: it asks before it acts, with or without script.
#[component]
fn StopForm(page: Page) -> impl IntoView {
    view! {
        <details class="confirm">
            <summary class="button is-danger"><Glyph icon=Icon::Square/>"Stop"</summary>
            <form class="confirm-body" method="post" action=page.id.with_value(paths::run_stop)>
                <p>
                    "The script gets SIGTERM and 120 seconds to save its work; what is in "<code>"/opt/ml/model"</code>
                    " is kept. A stop cannot be taken back."
                </p>
                <button type="submit" class="button is-danger is-solid">"Stop this run"</button>
            </form>
        </details>
    }
}

/// What a person must know: a refusal, an open question, a failure with its traceback.
#[component]
fn Trouble(page: Page, badge: Memo<RunBadge>) -> impl IntoView {
    move || trouble(page, badge.get())
}

fn trouble(page: Page, badge: RunBadge) -> Option<impl IntoView> {
    let run = page.state.run.get();
    let (title, text) = match badge {
        RunBadge::Failed => ("The job failed", run.failure_reason.clone()),
        RunBadge::Rejected => {
            ("The engine refused the request: no job exists, nothing is billed", run.launch_message.clone())
        }
        RunBadge::NeedsAttention => ("This run needs a person", run.launch_message.clone()),
        RunBadge::Unknown => (
            "The engine's answer was lost; Trainyard is looking the job up before it does anything else",
            run.launch_message.clone(),
        ),
        RunBadge::Queued => ("Not sent yet: nothing is billed", Some(run.launch_message.clone()?)),
        _ => return None,
    };
    let traceback = (badge == RunBadge::Failed).then(|| {
        page.state.log.with(|log| {
            let lines = last_traceback(log.lines.iter().map(|(_, line)| line))?;
            let lines = lines.into_iter().map(|it| view! { <span class="log-text">{line_text(&it.text)}"\n"</span> });
            Some(view! { <pre class="traceback" tabindex="0" aria-label="Traceback">{lines.collect_view()}</pre> })
        })
    });
    let is_question = matches!(badge, RunBadge::Unknown | RunBadge::NeedsAttention);
    let is_waiting = badge == RunBadge::Queued;
    let label = if is_waiting { "What it waits for" } else { "What went wrong" };
    let icon = if is_waiting { Icon::Clock } else { Icon::Alert };
    Some(view! {
        <section class="notice trouble" class:notice-bad=!(is_question || is_waiting) class:notice-warn=is_question aria-label=label>
            <Glyph icon/>
            <div>
                <h2>{title}</h2>
                {text.map(|it| view! { <p class="failure-reason">{it}</p> })}
                {traceback}
                {(badge == RunBadge::Failed).then(|| view! {
                    <p><a href=page.href(|query| query.tab = Tab::Logs) data-noscroll="">"Read the log"</a></p>
                })}
            </div>
        </section>
    })
}
