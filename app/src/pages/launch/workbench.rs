//! The metric workbench: a log, pasted or fetched, against the definitions as they are typed. What each finds is marked,
//! counted and drawn, by the same parser that reads the job's log on the server.
//!
//! Trying waits for a pause in the typing, and is bounded in lines. Text of the log is hostile: it is shown as text.

use std::{ops::Range, time::Duration};

use charts::{Unit, XAxis, YScale};
use domain::{
    ansi,
    metric_trial::{Found, Miss, lines, points, try_definition},
};
use leptos::{html, prelude::*};

use super::{log_source::LogSource, proposals::Proposals};
use crate::components::{
    chart::{ChartCard, ChartLook, Cursor, Line},
    request_form::RequestForm,
};

pub(super) const DEFINITIONS: &str = "AlgorithmSpecification.MetricDefinitions";

/// Typing is over when nothing was typed for this long.
const PAUSE: Duration = Duration::from_millis(200);
/// Lines with matches that are shown; all are counted and drawn.
const MAX_SHOWN_LINES: usize = 200;

/// What is tried: the log, and the definitions by their rows.
#[derive(Clone, Default, PartialEq)]
struct Inputs {
    log: String,
    definitions: Vec<Definition>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Definition {
    row: usize,
    name: String,
    regex: String,
}

#[derive(Clone, PartialEq)]
struct Trial {
    definition: Definition,
    outcome: Result<Vec<Found>, Miss>,
}

#[component]
pub(super) fn Workbench(file: NodeRef<html::Input>) -> impl IntoView {
    let form = RequestForm::of_form();
    let log = RwSignal::new(String::new());
    let rows = form.rows(DEFINITIONS);
    let typed = Memo::new(move |_| Inputs { log: log.get(), definitions: definitions(form, &rows.get()) });
    let settled = RwSignal::new(Inputs::default());
    let mut settle = debounce(PAUSE, move |it: Inputs| drop(settled.try_set(it)));
    Effect::new(move |_| settle(typed.get()));
    let trials = Memo::new(move |_| settled.with(trials_of));
    let has_log = Memo::new(move |_| settled.with(|it| !it.log.trim().is_empty()));
    let skipped = move || {
        let count = settled.with(|it| lines(&it.log).1);
        (count > 0).then(|| view! { <p class="hint">{format!("The first {count} lines are left out: the last 2,000 are tried.")}</p> })
    };
    let cards = move || trials.with(|all| all.iter().map(|it| it.definition.clone()).collect::<Vec<_>>());
    let is_idle = Memo::new(move |_| trials.with(Vec::is_empty));
    view! {
        <details class="fold workbench needs-js">
            <summary>"Try on a log, find in the script"</summary>
            <div class="fold-body">
                <Proposals file/>
                <LogSource log/>
                <textarea
                    class="json"
                    aria-label="Log to try the definitions on"
                    placeholder="epoch=1 loss=0.25"
                    rows="8"
                    spellcheck="false"
                    autocomplete="off"
                    prop:value=move || log.get()
                    on:input=move |event| log.set(event_target_value(&event))
                ></textarea>
                {skipped}
                {move || (has_log.get() && is_idle.get()).then(|| view! {
                    <p class="hint">"Type a definition above, or find one in the script."</p>
                })}
                <div class="trials" aria-live="polite">
                    {move || has_log.get().then(|| view! {
                        <For each=cards key=Clone::clone let:definition>
                            <TrialCard definition trials/>
                        </For>
                        <MarkedLog settled trials/>
                    })}
                </div>
            </div>
        </details>
    }
}

/// The rows that have a regex; one without a name is tried under the name that is still to come.
fn definitions(form: RequestForm, rows: &[usize]) -> Vec<Definition> {
    let text = |row: usize, member: &str| form.text(&format!("{DEFINITIONS}[{row}].{member}")).get();
    let all = rows.iter().map(|row| {
        let name = text(*row, "Name");
        let name = if name.trim().is_empty() { "not named yet".to_owned() } else { name };
        Definition { row: *row, name, regex: text(*row, "Regex") }
    });
    all.filter(|it| !it.regex.trim().is_empty()).collect()
}

fn trials_of(inputs: &Inputs) -> Vec<Trial> {
    let (lines, _) = lines(&inputs.log);
    let of = |it: &Definition| Trial { definition: it.clone(), outcome: try_definition(&it.name, &it.regex, &lines) };
    inputs.definitions.iter().map(of).collect()
}

/// How often one definition matches, and its curve.
#[component]
fn TrialCard(definition: Definition, trials: Memo<Vec<Trial>>) -> impl IntoView {
    let (name, row) = (definition.name.clone(), definition.row);
    let outcome = Memo::new(move |_| {
        trials.with(|all| all.iter().find(|it| it.definition == definition).map(|it| it.outcome.clone()))
    });
    let found =
        Memo::new(move |_| outcome.with(|it| it.as_ref().and_then(|it| it.as_ref().ok()).cloned().unwrap_or_default()));
    let label = name.clone();
    let curve = Signal::derive(move || {
        let points = ArcRwSignal::new(points(&found.get()));
        vec![Line { label: label.clone(), color_index: row, points, clock: None, source: None }]
    });
    let look = ChartLook { x: XAxis::Step, y_scale: YScale::Linear, smoothing: 0.0, origin: None, x_range: None };
    let look = Signal::stored(look);
    let has_points = Memo::new(move |_| found.with(|it| !it.is_empty()));
    let miss =
        move || outcome.with(|it| it.as_ref().and_then(|it| it.as_ref().err()).map(|it| sentence(&it.to_string())));
    let count = move || match found.with(Vec::len) {
        1 => "1 match".to_owned(),
        count => format!("{count} matches"),
    };
    let title = name.clone();
    let says = format!("What {name} finds");
    view! {
        <section class="trial" data-metric=name.clone() aria-label=says>
            <p><strong>{name.clone()}</strong>" "<span class="trial-count">{count}</span></p>
            {move || miss().map(|it| view! { <p class="notice notice-warn">{it}</p> })}
            {move || has_points.get().then(|| view! {
                <ChartCard title=title.clone() lines=curve look is_compact=true cursor=Cursor(RwSignal::new(None))/>
            })}
        </section>
    }
}

/// A capital at the beginning, a full stop at the end.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

/// A number found in a line, by which definition.
#[derive(Clone, Debug, PartialEq)]
struct Mark {
    at: Range<usize>,
    /// The definition's row, which is its colour.
    row: usize,
    /// `train:loss 0.25, step 3`
    says: String,
}

/// The lines with numbers in them, each number marked in its definition's colour.
#[component]
fn MarkedLog(settled: RwSignal<Inputs>, trials: Memo<Vec<Trial>>) -> impl IntoView {
    move || {
        let marked = trials.with(|it| marks(it));
        let count = marked.len();
        let rows = settled.with(|inputs| {
            let lines = lines(&inputs.log).0;
            let row = |(index, marks): (usize, Vec<Mark>)| {
                let line = lines.get(index).copied().unwrap_or_default();
                let says = marks.iter().map(|it| it.says.clone()).collect::<Vec<_>>().join(" · ");
                let parts = parts(line, &marks).into_iter().map(|(text, row)| match row {
                    Some(row) => view! { <mark class=charts::series_class(row)>{text}</mark> }.into_any(),
                    None => text.into_any(),
                });
                view! { <li value=(index + 1).to_string()><span>{parts.collect_view()}</span><small>{says}</small></li> }
            };
            marked.into_iter().take(MAX_SHOWN_LINES).map(row).collect_view()
        });
        let more = (count > MAX_SHOWN_LINES).then(|| format!("{} more lines match.", count - MAX_SHOWN_LINES));
        (count > 0).then(|| {
            view! {
                <ol class="marked-log" tabindex="0" aria-label="Lines that match">{rows}</ol>
                {more.map(|it| view! { <p class="hint">{it}</p> })}
            }
        })
    }
}

/// The marks of each line that has one, by line.
fn marks(trials: &[Trial]) -> Vec<(usize, Vec<Mark>)> {
    let mut by_line = std::collections::BTreeMap::<usize, Vec<Mark>>::new();
    for Trial { definition, outcome } in trials {
        for it in outcome.iter().flatten() {
            let value = charts::value_text(it.value, Unit::Plain);
            let step = it.step.map_or_else(|| "no step".to_owned(), |it| format!("step {it}"));
            let says = format!("{} {value}, {step}", definition.name);
            by_line.entry(it.line).or_default().push(Mark { at: it.start..it.end, row: definition.row, says });
        }
    }
    by_line.into_iter().collect()
}

/// The line in pieces, those of a mark with its row. Where two marks overlap, the first has the place.
fn parts(line: &str, marks: &[Mark]) -> Vec<(String, Option<usize>)> {
    let mut sorted: Vec<&Mark> = marks.iter().collect();
    sorted.sort_by_key(|it| it.at.start);
    let mut parts = Vec::new();
    let mut from = 0;
    // The line as a person sees it: escapes and hidden characters would be active, or lie.
    let mut add = |range: Range<usize>, row: Option<usize>| {
        if let Some(text) = line.get(range).filter(|it| !it.is_empty()) {
            parts.push((ansi::plain_text(text).into_owned(), row));
        }
    };
    for mark in sorted {
        if mark.at.start >= from {
            add(from..mark.at.start, None);
            add(mark.at.clone(), Some(mark.row));
            from = mark.at.end;
        }
    }
    add(from..line.len(), None);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(row: usize, name: &str, regex: &str) -> Definition {
        Definition { row, name: name.to_owned(), regex: regex.to_owned() }
    }

    #[test]
    fn every_number_is_marked_with_its_value_and_step() {
        let inputs = Inputs {
            log: "hello\nstep=3 loss=0.25 acc=0.5\nloss=0.125".to_owned(),
            definitions: vec![definition(0, "loss", "loss=([0-9.]+)"), definition(4, "acc", "acc=([0-9.]+)")],
        };
        let marked = marks(&trials_of(&inputs));
        assert_eq!(marked.iter().map(|(line, marks)| (*line, marks.len())).collect::<Vec<_>>(), [(1, 2), (2, 1)]);
        assert_eq!(marked[0].1[0].says, "loss 0.25, step 3");
        assert_eq!(marked[1].1[0].says, "loss 0.125, no step");
        let shown = parts("step=3 loss=0.25 acc=0.5", &marked[0].1);
        let expected = [("step=3 loss=", None), ("0.25", Some(0)), (" acc=", None), ("0.5", Some(4))];
        assert_eq!(shown, expected.map(|(text, row)| (text.to_owned(), row)));
    }

    #[test]
    fn overlapping_marks_lose_no_text_and_escapes_are_not_shown() {
        let mark = |at: Range<usize>| Mark { at, row: 0, says: String::new() };
        let shown = parts("a=12\u{1b}[31m b\u{202e}", &[mark(2..4), mark(3..4)]);
        assert_eq!(shown[..2], [("a=".to_owned(), None), ("12".to_owned(), Some(0))]);
        assert!(shown.iter().all(|(text, _)| !text.contains(['\u{1b}', '\u{202e}'])), "{shown:?}");
    }
}
