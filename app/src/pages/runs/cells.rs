//! Cells of the run list: what a field of a run looks like, and how far a number is from the baseline's.

use domain::{
    cost::CostState,
    run::RunBadge,
    run_search::{Field, FieldKind, ListedRun, Value},
    time::{Timestamp, duration_text},
};
use leptos::prelude::*;

use crate::{
    components::{badge::Badge, money::Money, now::Age},
    model::rows,
};

/// Numbers stand right, so that their digits are below each other.
pub(super) fn is_number(field: &Field) -> bool {
    !matches!(field.kind(), FieldKind::Text | FieldKind::Flag)
}

pub(super) fn cell(run: &ListedRun, field: &Field, base: Option<&ListedRun>, now: Signal<Timestamp>) -> AnyView {
    let content = content(run, field, now);
    let is_empty = content.is_none();
    let other = base.filter(|it| it.id != run.id && is_number(field)).cloned();
    let delta = other.map(|base| {
        let (run, field) = (run.clone(), field.clone());
        let is_moving = !run.facts.is_over || !base.facts.is_over;
        let at = move || if is_moving { now.get() } else { now.get_untracked() };
        move || delta(&run, &field, &base, at()).map(|text| view! { <small class="cell-delta">{text}</small> })
    });
    view! {
        <td class="grid-cell" class:is-number=is_number(field) class:is-empty=is_empty data-label=field.label()>
            {content.unwrap_or_else(|| "—".into_any())}
            {delta}
        </td>
    }
    .into_any()
}

/// `None`: the run has no such thing.
fn content(run: &ListedRun, field: &Field, now: Signal<Timestamp>) -> Option<AnyView> {
    let is_over = run.facts.is_over;
    // A finished run's figures stand still: they must not be computed every second.
    let at = move || if is_over { now.get_untracked() } else { now.get() };
    match field {
        Field::Status => return Some(view! { <Badge badge=run.badge/> }.into_any()),
        Field::InstanceType => return Some(machine(run).into_any()),
        Field::Created => return Some(view! { <Age at=run.created_at now/> }.into_any()),
        Field::Cost => {
            let facts = run.facts.clone();
            let is_nothing = facts.summary(now.get_untracked()).state == CostState::NotStarted && !is_over;
            return (!is_nothing).then(|| (move || view! { <Money cost=facts.summary(at())/> }).into_any());
        }
        Field::Duration if !is_over => {
            run.facts.started_at?;
            let run = run.clone();
            let moving = move || run.value(&Field::Duration, now.get()).map(|it| text(&it));
            return Some(moving.into_any());
        }
        _ => {}
    }
    let value = run.value(field, now.get_untracked())?;
    let shown = text(&value);
    Some(match value {
        Value::Text(_) => view! { <span class="cell-text" title=shown.clone()>{shown.clone()}</span> }.into_any(),
        Value::Time(at) => view! { <Age at now/> }.into_any(),
        // The whole number for pointing at: what is shown is rounded.
        Value::Number(number) => view! { <span title=number.to_string()>{shown}</span> }.into_any(),
        _ => shown.into_any(),
    })
}

/// `2 × ml.m5.xlarge · spot`.
fn machine(run: &ListedRun) -> String {
    rows::machine_text(run.instance_type.as_deref(), run.facts.instance_count, run.facts.spot)
}

/// A value as it stands in tables and group heads.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => rows::number(*number),
        Value::Seconds(seconds) => duration_text(u64::try_from(*seconds).unwrap_or_default()),
        Value::Dollars(dollars) => dollars.to_string(),
        Value::Percent(percent) => format!("{}%", rows::number(*percent)),
        Value::Time(at) => format!("{} UTC", at.to_civil_seconds()),
        Value::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
    }
}

/// The word for a group's status is the badge's.
pub(super) fn group_text(field: &Field, value: Option<&Value>) -> String {
    match (field, value) {
        (_, None) => "none".to_owned(),
        (Field::Status, Some(Value::Text(word))) => {
            RunBadge::parse(word).map_or_else(|| word.clone(), |it| crate::components::badge::badge_word(it).to_owned())
        }
        (_, Some(value)) => text(value),
    }
}

/// `+0.02`, `−1 min`: against the baseline; nothing where both are equal or either is missing.
fn delta(run: &ListedRun, field: &Field, base: &ListedRun, now: Timestamp) -> Option<String> {
    let (value, base) = (run.value(field, now)?, base.value(field, now)?);
    let signed = |is_less: bool, text: String| format!("{}{text}", if is_less { "−" } else { "+" });
    match (value, base) {
        (Value::Number(value), Value::Number(base)) => {
            let difference = value - base;
            (difference.is_finite() && difference != 0.0)
                .then(|| signed(difference < 0.0, rows::number(difference.abs())))
        }
        (Value::Percent(value), Value::Percent(base)) => {
            let difference = value - base;
            (difference != 0.0).then(|| signed(difference < 0.0, format!("{} points", rows::number(difference.abs()))))
        }
        (Value::Seconds(value), Value::Seconds(base)) if value != base => {
            Some(signed(value < base, duration_text(value.abs_diff(base))))
        }
        (Value::Dollars(value), Value::Dollars(base)) if value != base => {
            let difference = if value < base { base - value } else { value - base };
            Some(signed(value < base, difference.to_string()))
        }
        _ => None,
    }
}
