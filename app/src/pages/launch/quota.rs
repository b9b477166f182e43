//! Quotas in the form: how many instances are left, what happens when they do not suffice, and what to do about it.
//!
//! The quotas come with the page, so all of it stands without script, too; what runs take of them is asked anew with
//! every quote. What is not known is never shown as a figure.

use domain::{
    quota::{QuotaTable, QuotaUse, QuotaVerdict, Shortfall, Taken, WaitPlan},
    training_job::{Fields, TrainingJobRequest},
};
use leptos::prelude::*;

use super::state::FormState;
use crate::components::{
    field::{FieldErrors, FormErrors, TextField, field_id},
    icon::{Glyph, Icon},
    request_form::RequestForm,
};

const CHOICE: &str = "quota.choice";

#[derive(Clone, Copy)]
pub(super) struct QuotaState {
    table: RwSignal<QuotaTable>,
    /// What becomes of the job in the form.
    verdict: Memo<QuotaVerdict>,
}

impl QuotaState {
    /// The quotas of the form that the current component is a part of.
    pub(super) fn of_form() -> Self {
        expect_context()
    }

    pub(super) fn new(form: FormState, table: QuotaTable) -> Self {
        let table = RwSignal::new(table);
        let verdict = Memo::new(move |_| {
            let (request, wait) = form.draft.with(|it| {
                let wait: Option<WaitPlan> = it.quota.parse(&it.fields).ok().flatten();
                (it.fields.to_partial_request(), wait)
            });
            table.with(|it| it.verdict(request.as_value(), wait.as_ref()))
        });
        Self { table, verdict }
    }

    /// What runs take by now.
    pub(super) fn take(self, taken: Vec<Taken>) {
        self.table.update(|it| it.taken = taken);
    }

    pub(super) fn is_known(self) -> bool {
        self.table.with(QuotaTable::is_known)
    }

    /// `2 of 4 left`, for the kind of capacity that the form asks for; `None`: not known, or without a limit.
    pub(super) fn left_text(self, instance_type: &str, is_spot: bool) -> Option<String> {
        self.table.with(|it| left_text(it, instance_type, is_spot))
    }

    /// As many as the form asks for are left, as far as is known.
    pub(super) fn fits(self, instance_type: &str, is_spot: bool, count: u32) -> bool {
        self.table.with(|it| it.room(instance_type, usage(is_spot)).is_none_or(|room| room.left() >= count))
    }
}

const fn usage(is_spot: bool) -> QuotaUse {
    if is_spot { QuotaUse::Spot } else { QuotaUse::OnDemand }
}

pub(super) fn left_text(table: &QuotaTable, instance_type: &str, is_spot: bool) -> Option<String> {
    let room = table.room(instance_type, usage(is_spot))?;
    Some(if room.quota == 0 { "quota 0".to_owned() } else { format!("{} of {} left", room.left(), room.quota) })
}

/// What the form asks for: spot or not, and how many.
pub(super) fn asked(form: RequestForm) -> (Signal<bool>, Signal<u32>) {
    let request = Memo::new(move |_| {
        let request: TrainingJobRequest = form.fields().with(Fields::to_partial_request);
        (request.is_spot(), request.instance_count().max(1))
    });
    (Signal::derive(move || request.get().0), Signal::derive(move || request.get().1))
}

/// The choice of what happens when a quota has no room.
#[component]
pub(super) fn QuotaFields(errors: FormErrors) -> impl IntoView {
    let state = FormState::of_form();
    let verdict = QuotaState::of_form().verdict;
    let choice = state.quota_choice;
    let is_live = RwSignal::new(false);
    Effect::new(move |_| is_live.set(true));
    let is_chosen = Memo::new(move |_| choice.with(|it| matches!(it.as_str(), "queue" | "fallback")));
    let must_open = Memo::new(move |_| {
        let is_wrong = errors.list.with(|all| all.iter().any(|it| it.field.starts_with("quota.")));
        is_wrong || is_chosen.get() || verdict.with(|it| *it != QuotaVerdict::Fits)
    });
    let hides = move || is_live.get() && choice.with(|it| it != "fallback");
    let is_spot = asked(RequestForm::of_form()).0;
    let hides_on_demand = move || is_live.get() && !is_spot.get();
    let word = move || match choice.get().as_str() {
        "queue" => Some("wait for room"),
        "fallback" => Some("take something else"),
        _ => None,
    };
    view! {
        <details class="fold" open=move || must_open.get()>
            <summary>"When a quota has no room"{move || word().map(|it| view! { <span class="fold-count">{it}</span> })}</summary>
            <div class="fold-body">
                <fieldset class="ways" id=field_id(CHOICE) tabindex="-1">
                    <legend class="sr-only">"When a quota has no room"</legend>
                    <Way value="refuse" label="Do not launch" hint="The form says what is missing."/>
                    <Way value="queue" label="Wait for room" hint="Recorded now, sent when its turn comes; first come, first served."/>
                    <Way value="fallback" label="Take something else, or wait" hint="The types below in their order, whichever has room first."/>
                </fieldset>
                <FieldErrors field=CHOICE errors/>
                <div class:is-hidden=hides>
                    <TextField
                        name="quota.instance_types" label="Other instance types" value=state.quota_types errors
                        placeholder="ml.m5.2xlarge, ml.c5.2xlarge" hint="In the order of trying, with the same number of instances."
                    />
                    <div class="field-row">
                        <TextField
                            name="quota.max_usd_per_hour" label="At most per hour" unit="$" inputmode="decimal" value=state.quota_cap errors
                            placeholder="1.50" hint="List price of all instances together; nothing dearer is taken instead."
                        />
                        <div class="field-slot" class:is-hidden=hides_on_demand>
                            <TextField
                                name="quota.on_demand_after_minutes" label="On-demand after" unit="min" inputmode="numeric"
                                value=state.quota_minutes errors hint="For spot. Empty: never."
                            />
                        </div>
                    </div>
                </div>
            </div>
        </details>
    }
}

#[component]
fn Way(value: &'static str, label: &'static str, hint: &'static str) -> impl IntoView {
    let choice = FormState::of_form().quota_choice;
    let is_mine =
        move |text: &str| if value == "refuse" { !matches!(text, "queue" | "fallback") } else { text == value };
    let given = choice.with_untracked(|it| is_mine(it));
    let id = field_id(&format!("{CHOICE}-{value}"));
    view! {
        <div class="way">
            <input
                id=id.clone()
                type="radio"
                name=CHOICE
                value=value
                checked=given
                prop:checked=move || choice.with(|it| is_mine(it))
                on:change=move |_| choice.set(value.to_owned())
            />
            <label for=id>{label}<small>{hint}</small></label>
        </div>
    }
}

/// Beside the price: that the job does not fit, what will happen, and what can be done.
#[component]
pub(super) fn QuotaNotice() -> impl IntoView {
    let verdict = QuotaState::of_form().verdict;
    let choice = FormState::of_form().quota_choice;
    let lines = |short: Vec<Shortfall>| short.into_iter().map(|it| view! { <p>{it.text()}"."</p> }).collect_view();
    let notice = move || match verdict.get() {
        QuotaVerdict::Fits => None,
        QuotaVerdict::Waits(short) => {
            let what = choice.with(|it| {
                if it == "fallback" { "It takes a fallback, or waits for room" } else { "It waits for room" }
            });
            Some(
                view! {
                    <section class="notice quota-notice" aria-label="Quota">
                        <Glyph icon=Icon::Clock/>
                        <div><h2>{what}</h2>{lines(short)}<p>"Nothing is billed while it waits, and it can be stopped."</p></div>
                    </section>
                }
                .into_any(),
            )
        }
        QuotaVerdict::Refused(short) => {
            let helps = !short.iter().any(Shortfall::is_for_ever);
            let cure = short.first().map(Shortfall::cure).unwrap_or_default();
            let wait = move |_| choice.set("queue".to_owned());
            Some(
                view! {
                    <section class="notice notice-warn quota-notice" aria-label="Quota">
                        <Glyph icon=Icon::Alert/>
                        <div>
                            <h2>"It does not fit the quota"</h2>
                            {lines(short)}
                            <p>{sentence(&cure)}</p>
                            <p class="quota-cures">
                                {helps.then(|| view! {
                                    <button type="button" class="button is-small needs-js" on:click=wait>"Wait for room"</button>
                                })}
                                <a class="button is-quiet is-small" href=format!("#{}", field_id(CHOICE)) rel="external">"See the choices"</a>
                            </p>
                        </div>
                    </section>
                }
                .into_any(),
            )
        }
    };
    // Always there: what comes into being together with its text is not announced.
    view! { <div aria-live="polite">{notice}</div> }
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", chars.as_str())
}

#[cfg(test)]
mod tests {
    use domain::quota::TrainingQuota;

    use super::*;

    #[test]
    fn what_is_left_is_a_figure_only_where_the_quota_is_known() {
        let quota = |name: &str, instances| TrainingQuota {
            instance_type: name.to_owned(),
            usage: QuotaUse::OnDemand,
            instances,
        };
        let mut table = QuotaTable::new(Some(vec![quota("ml.m5.xlarge", 4), quota("ml.p4d.24xlarge", 0)]));
        let usage = QuotaUse::OnDemand;
        table.taken = vec![Taken { instance_type: "ml.m5.xlarge".to_owned(), usage, in_use: 1, ahead: 1 }];
        assert_eq!(left_text(&table, "ml.m5.xlarge", false).as_deref(), Some("2 of 4 left"));
        assert_eq!(left_text(&table, "ml.p4d.24xlarge", false).as_deref(), Some("quota 0"));
        assert_eq!(left_text(&table, "ml.m5.xlarge", true), None);
        assert_eq!(left_text(&QuotaTable::default(), "ml.m5.xlarge", false), None);
    }
}
