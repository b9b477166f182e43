//! The row of figures under the head: time, SageMaker's own three numbers in its own words, and dollars.

use domain::{
    cost::{CostState, CostSummary},
    run::Run,
    time::duration_text,
};
use leptos::prelude::*;

use super::Page;
use crate::{
    components::{
        layout::{SiteContext, is_local_engine},
        money::{certainty, figure},
    },
    model::rows::{self, grouped_digits},
};

#[component]
pub(super) fn Facts(page: Page) -> impl IntoView {
    let (run, now) = (page.state.run, page.state.now);
    let cost = Memo::new(move |_| run.with(|it| it.cost(now.get())));
    let spot = move || run.with(|it| it.spot);
    let duration = move || run.with(|it| rows::duration(it, now.get())).unwrap_or_else(|| "—".to_owned());
    let training = move || seconds(run.with(|it| it.training_seconds), run.with(Run::is_over));
    let billable = move || seconds(run.with(|it| it.billable_seconds), run.with(Run::is_over));
    let savings_percent = move || match cost.with(CostSummary::savings_percent_text) {
        Some(text) => text,
        None => "—".to_owned(),
    };
    let savings_note = move || match cost.with(|it| it.spot_savings) {
        Some(saved) => format!("{saved} saved"),
        None if spot() && !run.with(Run::is_over) => "known at the end".to_owned(),
        None if spot() => String::new(),
        None => "on demand".to_owned(),
    };
    view! {
        <dl class="facts">
            <Fact label="Duration" value=Signal::derive(duration) note=Signal::derive(move || {
                run.with(|it| if it.started_at.is_none() { "not started".to_owned() } else { String::new() })
            })/>
            <Fact label="Training seconds" value=Signal::derive(training) note=Signal::derive(move || {
                run.with(|it| match it.training_seconds {
                    Some(seconds) if seconds >= 60 => duration_text(seconds),
                    None if !it.is_over() => "known at the end".to_owned(),
                    _ => String::new(),
                })
            })/>
            <Fact label="Billable seconds" value=Signal::derive(billable) note=Signal::derive(move || {
                run.with(|it| match (it.instance_count, it.billable_seconds) {
                    (_, None) if !it.is_over() => "known at the end".to_owned(),
                    (count @ 2.., _) => format!("× {count} instances"),
                    _ => String::new(),
                })
            })/>
            <Fact label="Managed Spot Training savings" value=Signal::derive(savings_percent) note=Signal::derive(savings_note)/>
            <Fact
                label="Cost"
                is_money=true
                value=Signal::derive(move || cost.with(figure))
                note=Signal::derive(move || cost.with(certainty).unwrap_or_default().to_owned())
                is_estimate=Signal::derive(move || cost.with(|it| it.state == CostState::Running))
            />
        </dl>
        <PriceNote page/>
    }
}

fn seconds(value: Option<u64>, is_over: bool) -> String {
    match value {
        Some(seconds) => grouped_digits(seconds),
        None if is_over => "not reported".to_owned(),
        None => "—".to_owned(),
    }
}

#[component]
fn Fact(
    label: &'static str,
    value: Signal<String>,
    note: Signal<String>,
    #[prop(optional)] is_money: bool,
    #[prop(optional, into)] is_estimate: Signal<bool>,
) -> impl IntoView {
    view! {
        <div class="fact" class:fact-money=is_money class:is-estimate=is_estimate>
            <dt>{label}</dt>
            <dd>
                <span class="fact-value">{value}</span>
                {move || Some(note.get()).filter(|it| !it.is_empty()).map(|it| view! { <small>{it}</small> })}
            </dd>
        </div>
    }
}

/// Which price the figures are made with, and what is only simulated.
#[component]
fn PriceNote(page: Page) -> impl IntoView {
    let site = use_context::<SiteContext>();
    let run = page.state.run;
    let price = Memo::new(move |_| run.with(|it| (it.price.clone(), it.instance_type.clone())));
    let text = move || {
        let (price, instance_type) = price.get();
        let instance_type = instance_type.unwrap_or_else(|| "these instances".to_owned());
        match price {
            Some(price) => format!(
                "${} per hour and instance of {instance_type}; {}, {}, {}.",
                price.price_nanousd_per_hour.to_exact(),
                price.source,
                price.date,
                price.confidence
            ),
            None => format!("No price is known for {instance_type}: seconds are counted, dollars are not."),
        }
    };
    view! {
        <p class="price-note">
            <Suspense>
                {move || Suspend::new(async move {
                    is_local_engine(site).await.then(|| {
                        let instance_type = run.with_untracked(|it| it.instance_type.clone());
                        let what = instance_type.unwrap_or_else(|| "SageMaker".to_owned());
                        view! {
                            <span class="tag">"local engine"</span>
                            {format!(" Runs on this machine; prices are what {what} would cost. ")}
                        }
                    })
                })}
            </Suspense>
            <span>{text}</span>
        </p>
    }
}
