//! What past runs say of the job in the form, while it is being typed: asked of the server after a pause, shown when it
//! comes. The form never waits for it, and without script the bound of `estimate` stands alone.

use std::time::Duration;

use domain::{
    cost::{Likely, Quote, WithSpot},
    git_source::GitSource,
    job_draft::{JobDraft, SourceKind},
    money::NanoUsd,
    time::duration_text,
    training_job::Fields,
};
use leptos::{prelude::*, task::spawn_local};

use super::{quota::QuotaState, state::FormState};
use crate::api::quote::launch_quote;

/// So long after the last key the server is asked.
const PAUSE: Duration = Duration::from_millis(400);
/// The members that a quote depends on; nothing else is sent.
const MEMBERS: [&str; 4] =
    ["AlgorithmSpecification.TrainingImage", "ResourceConfig.", "StoppingCondition.", "EnableManagedSpotTraining"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    NotYet,
    Answered,
    /// The quote is the last one that came.
    Failed,
}

#[derive(Clone, Copy)]
pub(super) struct QuoteState {
    pub quote: RwSignal<Quote>,
    pub asked: RwSignal<Asked>,
}

impl QuoteState {
    /// The quote of the form that the current component is a part of.
    pub(super) fn of_form() -> Self {
        expect_context()
    }

    pub(super) fn new(form: FormState, quota: QuotaState) -> Self {
        let this = Self { quote: RwSignal::new(Quote::default()), asked: RwSignal::new(Asked::NotYet) };
        let subject = Memo::new(move |_| form.draft.with(subject));
        // Of a burst of keys the last one asks, and an answer that was overtaken is dropped. The form may be gone.
        let mut ask = debounce(PAUSE, move |draft: JobDraft| {
            spawn_local(async move {
                let answer = launch_quote(draft.clone()).await;
                if subject.try_with_untracked(|it| *it == draft) == Some(true) {
                    if let Ok(answer) = &answer {
                        quota.take(answer.taken.clone());
                    }
                    this.take(answer.ok().map(|it| it.quote));
                }
            });
        });
        Effect::new(move |_| ask(subject.get()));
        this
    }

    fn take(self, answer: Option<Quote>) {
        self.asked.set(if answer.is_some() { Asked::Answered } else { Asked::Failed });
        if let Some(quote) = answer {
            self.quote.set(quote);
        }
    }
}

/// The part of a form that its quote depends on.
fn subject(draft: &JobDraft) -> JobDraft {
    let mut fields = Fields::default();
    for (path, text) in draft.fields.iter().filter(|(path, _)| MEMBERS.iter().any(|it| path.starts_with(it))) {
        fields.set(path, text);
    }
    JobDraft {
        source: draft.source.clone(),
        git: if draft.source_kind() == SourceKind::Git { draft.git.clone() } else { GitSource::default() },
        source_sha256: draft.source_sha256.clone(),
        entry_point: draft.entry_point.clone(),
        fields,
        ..JobDraft::default()
    }
}

/// The three columns. `at_most` is the bound that needs no past run.
#[component]
pub(super) fn QuoteTable(#[prop(into)] at_most: Signal<Option<NanoUsd>>) -> impl IntoView {
    let QuoteState { quote, asked } = QuoteState::of_form();
    let likely = Memo::new(move |_| quote.with(|it| it.likely.clone()));
    let spot = Memo::new(move |_| quote.with(|it| it.with_spot.clone()));
    let missing = move |nothing: &'static str| match asked.get() {
        Asked::NotYet => "past runs are not read yet",
        Asked::Answered => nothing,
        Asked::Failed => "past runs cannot be read just now",
    };
    let likely_basis = move || {
        likely.with(|it| {
            it.as_ref().map_or_else(|| missing("no run like this one has completed").to_owned(), likely_text)
        })
    };
    let spot_basis = move || {
        spot.with(|it| {
            it.as_ref().map_or_else(
                || {
                    let is_likely = likely.with(Option::is_some);
                    missing(if is_likely { "no spot run has completed" } else { "needs a likely figure" }).to_owned()
                },
                spot_text,
            )
        })
    };
    let likely_figure = move || likely.with(|it| figure(it.is_some(), it.as_ref().and_then(|it| it.amount)));
    let spot_figure = move || spot.with(|it| figure(it.is_some(), it.as_ref().and_then(|it| it.amount)));
    view! {
        <table class="quote">
            <caption class="sr-only">"What the job costs"</caption>
            <thead>
                <tr><th scope="col">"Likely"</th><th scope="col">"With spot"</th><th scope="col">"At most"</th></tr>
            </thead>
            <tbody>
                <tr class="quote-figures">
                    <td data-quote="likely">{likely_figure}</td>
                    <td data-quote="spot">{spot_figure}</td>
                    <td data-quote="at-most" class:is-absent=move || at_most.get().is_none()>{move || figure(true, at_most.get())}</td>
                </tr>
                <tr class="quote-basis">
                    <td>{likely_basis}</td>
                    <td>{spot_basis}</td>
                    <td>"the maximum runtime, all of it"</td>
                </tr>
            </tbody>
        </table>
    }
}

/// What stands in a column. `is_known` without an amount: there is no price.
fn figure(is_known: bool, amount: Option<NanoUsd>) -> String {
    match (is_known, amount) {
        (true, Some(amount)) => amount.to_string(),
        (true, None) => "unpriced".to_owned(),
        (false, _) => "—".to_owned(),
    }
}

/// `n = 3, same source and image: 2 min 0 s, all from 1 min 50 s to 2 min 5 s`.
fn likely_text(likely: &Likely) -> String {
    let median = duration_text(likely.median_seconds);
    let text = format!("n = {}, {}: {median}", likely.run_count, likely.likeness.words());
    if likely.low_seconds == likely.high_seconds {
        return text;
    }
    let which = if likely.is_middle_half { "half of them" } else { "all" };
    format!("{text}, {which} from {} to {}", duration_text(likely.low_seconds), duration_text(likely.high_seconds))
}

/// `70.0% saved by 4 spot runs of this type; 1 was interrupted`.
fn spot_text(spot: &WithSpot) -> String {
    let runs = if spot.run_count == 1 { "1 spot run".to_owned() } else { format!("{} spot runs", spot.run_count) };
    let of = if spot.is_same_type { "of this type" } else { "of other types" };
    let (whole, tenth) = (spot.savings_permille / 10, spot.savings_permille % 10);
    let interrupted = match spot.interrupted_count {
        0 => "none interrupted".to_owned(),
        1 => "1 was interrupted".to_owned(),
        count => format!("{count} were interrupted"),
    };
    format!("{whole}.{tenth}% saved by {runs} {of}; {interrupted}")
}

#[cfg(test)]
mod tests {
    use domain::cost::Likeness;

    use super::*;

    #[test]
    fn a_figure_says_how_many_runs_it_comes_from_and_how_far_they_lie_apart() {
        let mut likely = Likely {
            likeness: Likeness::Source,
            run_count: 1,
            median_seconds: 120,
            low_seconds: 120,
            high_seconds: 120,
            is_middle_half: false,
            amount: None,
            low: None,
            high: None,
            is_cut_by_max_runtime: false,
        };
        assert_eq!(likely_text(&likely), "n = 1, same source and image: 2 min 0 s");
        (likely.run_count, likely.low_seconds, likely.is_middle_half) = (4, 60, true);
        assert!(likely_text(&likely).ends_with("half of them from 1 min 0 s to 2 min 0 s"), "{}", likely_text(&likely));
    }

    #[test]
    fn savings_are_the_teams_own() {
        let mut spot =
            WithSpot { run_count: 1, interrupted_count: 0, is_same_type: true, savings_permille: 705, amount: None };
        assert_eq!(spot_text(&spot), "70.5% saved by 1 spot run of this type; none interrupted");
        (spot.run_count, spot.interrupted_count, spot.is_same_type) = (9, 2, false);
        assert_eq!(spot_text(&spot), "70.5% saved by 9 spot runs of other types; 2 were interrupted");
    }

    #[test]
    fn what_is_not_known_is_no_figure_and_never_zero() {
        assert_eq!((figure(false, None), figure(true, None)), ("—".to_owned(), "unpriced".to_owned()));
    }

    #[test]
    fn only_what_a_quote_depends_on_is_asked_about() {
        let mut draft = JobDraft { experiment: "secret".to_owned(), ..JobDraft::default() };
        draft.fields.push_pair("Environment", "TOKEN", "secret");
        let subject = subject(&draft);
        assert!(subject.fields.iter().all(|(path, _)| !path.starts_with("Environment")));
        assert_eq!(subject.fields.get("ResourceConfig.InstanceType"), "ml.m5.xlarge");
        assert_ne!(subject.experiment, "secret");
    }
}
