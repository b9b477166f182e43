//! What components render on the server: the first paint, and all there is without script.

use domain::{
    cost::{CostState, CostSummary},
    job_draft::FieldError,
    log::LogLine,
    money::NanoUsd,
    run::RunBadge,
    series::Point,
    time::Timestamp,
    training_job::Fields,
};
use leptos::prelude::*;

use crate::components::{
    badge::Badge,
    chart::{ChartCard, ChartLook, Cursor, Line},
    code_editor::CodeEditor,
    field::{FormErrors, TextField, field_id},
    log_view::{LogLines, LogLook},
    money::Money,
    request_form::RequestForm,
    rows_field::{RowsField, name_and_value},
};

const HOSTILE: &str = "<script>alert(1)</script>\"'{{x}}";

/// Renders in an owner of its own, as the server does.
fn html<V: RenderHtml>(view: impl FnOnce() -> V) -> String {
    Owner::new().with(|| view().to_html())
}

fn errors(list: Vec<FieldError>) -> FormErrors {
    FormErrors { list: Signal::stored(list), touch: Callback::new(|_| ()) }
}

fn cost(state: CostState, total: Option<NanoUsd>) -> CostSummary {
    CostSummary { state, total, spot_savings: None, spot_savings_permille: None, is_upper_bound: false, problem: None }
}

#[test]
fn a_badge_says_its_state_in_a_word_and_an_icon() {
    for badge in RunBadge::ALL {
        let html = html(|| view! { <Badge badge/> });
        assert!(html.contains(crate::components::badge::badge_word(badge)), "{html}");
        assert!(html.contains("<svg") && html.contains(&format!("badge-{}", badge.as_str())), "{html}");
    }
}

#[test]
fn money_is_never_without_its_certainty_and_the_unknown_is_never_zero() {
    let running = html(|| view! { <Money cost=cost(CostState::Running, Some(NanoUsd(1_234_000_000)))/> });
    assert!(running.contains("$1.23") && running.contains("so far"), "{running}");
    for state in [CostState::Unpriced, CostState::NotReported, CostState::NotStarted] {
        let html = html(|| view! { <Money cost=cost(state, None)/> });
        assert!(!html.contains("$0"), "{html}");
    }
    let unpriced = html(|| view! { <Money cost=cost(CostState::Unpriced, None)/> });
    assert!(unpriced.contains("unpriced"), "{unpriced}");
}

#[test]
fn an_error_stands_beside_its_field_and_the_control_points_to_it() {
    let html = html(|| {
        let errors = errors(vec![FieldError::new("max_wait_seconds", HOSTILE)]);
        let value = RwSignal::new(HOSTILE.to_owned());
        view! { <TextField name="max_wait_seconds" label="Maximum wait" value errors hint="A hint."/> }
    });
    assert!(html.contains("aria-invalid=\"true\""), "{html}");
    assert!(html.contains("aria-describedby=\"f-max-wait-seconds-hint f-max-wait-seconds-error\""), "{html}");
    assert!(html.contains("id=\"f-max-wait-seconds-error\"") && html.contains("for=\"f-max-wait-seconds\""), "{html}");
    assert!(!html.contains("<script>"), "typed text and messages are text: {html}");
    assert!(html.contains("&lt;script&gt;"), "what was typed is still there: {html}");
}

#[test]
fn a_field_without_an_error_points_to_its_hint_only() {
    let html = html(|| {
        let value = RwSignal::new(String::new());
        view! { <TextField name="experiment" label="Experiment" value errors=errors(Vec::new()) hint="A hint."/> }
    });
    assert!(html.contains("aria-describedby=\"f-experiment-hint\""), "{html}");
    assert!(!html.contains("aria-invalid") && !html.contains("field-error"), "{html}");
}

#[test]
fn rows_keep_what_was_typed_have_blank_ones_and_show_errors_at_their_place() {
    let mut given = Fields::default();
    given.push_pair("HyperParameters", "epochs", "20");
    given.push_pair("HyperParameters", "lr", HOSTILE);
    let html = html(|| {
        provide_context(RequestForm::new(&given));
        let errors = errors(vec![FieldError::new("HyperParameters[1].value", "too long")]);
        let columns = name_and_value("epochs", "20");
        view! { <RowsField path="HyperParameters" what="hyperparameter" columns errors/> }
    });
    assert_eq!(html.matches("].name\"").count(), 4, "two given, two blank: {html}");
    assert_eq!(html.matches("].value\"").count(), 4);
    assert!(html.contains("id=\"f-HyperParameters-1-value-error\""), "{html}");
    assert!(html.contains("id=\"f-HyperParameters-1-value\""), "{html}");
    assert_eq!(html.matches("aria-invalid=\"true\"").count(), 1, "{html}");
    assert!(!html.contains("<script>"), "{html}");
    assert_eq!(field_id("HyperParameters[1].value"), "f-HyperParameters-1-value");
}

#[test]
fn log_text_is_text_with_colours_and_nothing_else() {
    let text = "\u{1b}[31mred\u{1b}[0m <img src=x onerror=alert(1)> \u{202e}evil \u{1b}]8;;javascript:x\u{7}link";
    let line = LogLine {
        host: HOSTILE.to_owned(),
        at: Timestamp::from_unix_millis(0),
        text: text.to_owned(),
        truncated_chars: 7,
    };
    let html = html(|| {
        view! { <LogLines lines=Signal::stored(vec![(0, line)]) look=LogLook::new() with_host=Signal::stored(true)/> }
    });
    assert!(html.contains("ansi-fg-1"), "{html}");
    assert!(!html.contains("<img") && !html.contains("<script>"), "{html}");
    assert!(!html.contains('\u{202e}') && !html.contains('\u{1b}') && !html.contains("javascript:"), "{html}");
    assert!(html.contains("7 more characters"), "{html}");
}

#[test]
fn a_chart_is_there_in_the_first_paint_and_says_how_many_points_it_has() {
    let html = html(|| {
        let points =
            (0..10).map(|step| Point { step, at: Timestamp::from_unix_millis(step), value: f64::NAN }).collect();
        let line = Line {
            label: HOSTILE.to_owned(),
            color_index: 0,
            points: ArcRwSignal::new(points),
            clock: None,
            source: None,
        };
        let look = ChartLook {
            x: charts::XAxis::Step,
            y_scale: charts::YScale::Log,
            smoothing: 0.6,
            origin: None,
            x_range: None,
        };
        view! {
            <ChartCard
                title=HOSTILE
                lines=Signal::stored(vec![line])
                look=Signal::stored(look)
                cursor=Cursor(RwSignal::new(None))
            />
        }
    });
    assert!(html.contains("data-points=\"10\"") && html.contains("<svg"), "{html}");
    assert!(!html.contains("<script>") && !html.contains("style="), "{html}");
}

#[test]
fn a_text_area_holds_any_text_as_text() {
    let script = "\nprint('</textarea><script>alert(1)</script> &lt;')";
    let html = html(|| {
        let value = RwSignal::new(script.to_owned());
        view! { <CodeEditor name="script_text" label="Script" value errors=errors(Vec::new()) hint="A hint."/> }
    });
    assert_eq!(html.matches("</textarea>").count(), 1, "{html}");
    assert!(html.contains(">\n\nprint('&lt;/textarea>") && html.contains("&amp;lt;"), "{html}");
}
