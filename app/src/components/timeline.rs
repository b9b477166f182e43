//! The phases of a job as SageMaker reports them (`SecondaryStatusTransitions`): a bar to see where the time went, and
//! a list with the durations and messages. Interruptions of spot jobs stand out.

use domain::{
    status::Transition,
    time::{Timestamp, duration_text},
};
use leptos::prelude::*;

use super::copy::CopyButton;

/// The width of the bar in its own units; the page scales it.
const BAR_WIDTH: f64 = 1_000.0;
/// A phase of no time at all is still a phase: it gets this much of the bar.
const MIN_WIDTH: f64 = 6.0;

/// One phase, ready to draw.
#[derive(Clone, Debug, PartialEq)]
struct Phase {
    status: String,
    seconds: f64,
    is_current: bool,
    transition: Transition,
}

/// Statuses that mark the end and last no time.
fn is_terminal(status: &str) -> bool {
    matches!(status, "Completed" | "Failed" | "Stopped" | "MaxRuntimeExceeded" | "MaxWaitTimeExceeded")
}

fn phases(transitions: &[Transition], now: Timestamp) -> Vec<Phase> {
    let last = transitions.len().saturating_sub(1);
    transitions
        .iter()
        .enumerate()
        .map(|(index, it)| {
            let next = transitions.get(index + 1).map(|next| next.started_at);
            let is_current = index == last && it.ended_at.is_none() && !is_terminal(&it.status);
            let end = it.ended_at.or(next).unwrap_or(if is_current { now } else { it.started_at });
            Phase {
                status: it.status.clone(),
                seconds: end.seconds_since(it.started_at).max(0.0),
                is_current,
                transition: it.clone(),
            }
        })
        .collect()
}

/// The colour class of a phase: the status is free text, the class is one of ours.
fn phase_class(status: &str) -> &'static str {
    match status {
        "Starting" | "Pending" | "Restarting" => "phase-wait",
        "LaunchingMLInstances" | "PreparingTrainingStack" | "Downloading" | "DownloadingTrainingImage" => {
            "phase-prepare"
        }
        "Training" => "phase-train",
        "Interrupted" => "phase-interrupted",
        "Uploading" | "Updating" => "phase-upload",
        "Stopping" | "Stopped" | "MaxRuntimeExceeded" | "MaxWaitTimeExceeded" => "phase-stop",
        "Failed" => "phase-failed",
        "Completed" => "phase-done",
        _ => "phase-other",
    }
}

/// Widths that fill the bar, each at least [`MIN_WIDTH`].
fn widths(phases: &[Phase]) -> Vec<f64> {
    let total: f64 = phases.iter().map(|it| it.seconds).sum();
    let room = BAR_WIDTH - MIN_WIDTH * phases.len() as f64;
    let share = |seconds: f64| if total > 0.0 { seconds / total } else { 1.0 / phases.len().max(1) as f64 };
    phases.iter().map(|it| MIN_WIDTH + room.max(0.0) * share(it.seconds)).collect()
}

#[component]
pub fn Timeline(
    #[prop(into)] transitions: Signal<Vec<Transition>>,
    #[prop(into)] now: Signal<Timestamp>,
) -> impl IntoView {
    let phases = Memo::new(move |_| transitions.with(|it| phases(it, now.get())));
    let bar = move || {
        let phases = phases.get();
        let drawn: Vec<Phase> = phases.into_iter().filter(|it| !is_terminal(&it.status)).collect();
        let mut x = 0.0;
        let rects = widths(&drawn)
            .into_iter()
            .zip(&drawn)
            .map(|(width, phase)| {
                let rect = view! {
                    <rect
                        class=phase_class(&phase.status)
                        class:is-current=phase.is_current
                        x=format!("{x:.1}")
                        y="0"
                        width=format!("{:.1}", (width - 2.0).max(1.0))
                        height="12"
                        rx="2"
                    />
                };
                x += width;
                rect
            })
            .collect_view();
        view! {
            <svg class="timeline-bar" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                {rects}
            </svg>
        }
    };
    let list = move || {
        phases
            .get()
            .into_iter()
            .map(|phase| {
                let started_at = phase.transition.started_at;
                let duration = (!is_terminal(&phase.status)).then(|| duration_text(phase.seconds.round() as u64));
                view! {
                    <li class:is-current=phase.is_current>
                        <span class=format!("phase-dot {}", phase_class(&phase.status)) aria-hidden="true"></span>
                        <strong>{phase.status.clone()}</strong>
                        <span class="phase-duration">{duration}</span>
                        <time datetime=started_at.to_rfc3339() title=format!("{} UTC", started_at.to_civil_seconds())>
                            {started_at.to_civil_seconds().split_off(11)}
                        </time>
                        <span class="phase-message">{phase.transition.message.clone()}</span>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <div class="timeline">
            {bar}
            <ol class="timeline-list">{list}</ol>
        </div>
    }
}

/// A mono text with its copy button: an S3 URI, an ARN.
#[component]
pub fn CopyLine(#[prop(into)] text: String, what: &'static str) -> impl IntoView {
    let shown = text.clone();
    view! {
        <span class="copy-line">
            <code>{shown}</code>
            <CopyButton text=Signal::stored(text) what/>
        </span>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transition(status: &str, from: i64, to: Option<i64>) -> Transition {
        Transition {
            status: status.to_owned(),
            started_at: Timestamp::from_unix_millis(from * 1_000),
            ended_at: to.map(|it| Timestamp::from_unix_millis(it * 1_000)),
            message: String::new(),
        }
    }

    #[test]
    fn the_current_phase_grows_with_the_clock_and_the_last_of_a_finished_job_does_not() {
        let now = Timestamp::from_unix_millis(100_000);
        let running = phases(&[transition("Starting", 0, Some(10)), transition("Training", 10, None)], now);
        assert!((running[1].seconds - 90.0).abs() < 1e-9);
        assert!(running[1].is_current);
        let done = phases(&[transition("Training", 0, Some(10)), transition("Completed", 10, None)], now);
        assert!(done[1].seconds.abs() < 1e-9);
        assert!(!done[1].is_current);
    }

    #[test]
    fn every_phase_is_visible_and_the_bar_is_full() {
        let now = Timestamp::from_unix_millis(0);
        let phases = phases(&[transition("Starting", 0, Some(0)), transition("Training", 0, Some(1_000))], now);
        let widths = widths(&phases);
        assert!(widths.iter().all(|it| *it >= MIN_WIDTH));
        assert!((widths.iter().sum::<f64>() - BAR_WIDTH).abs() < 0.001);
    }
}
