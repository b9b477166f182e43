//! The choice of an instance type: a text field that suggests, with size, price and what is left of the quota of each.
//!
//! Without script the browser's own list of a `<datalist>` suggests; with it, a table of offers under the field.

use domain::instance_type::InstanceTypeInfo;
use leptos::{ev::MouseEvent, prelude::*};

use super::{
    policy::{policies_of, refused_type},
    quota::{QuotaState, asked},
    quote::QuoteState,
    state::FormState,
};
use crate::components::{
    field::{FormErrors, TextField, field_id},
    focus::focus_next,
    request_form::RequestForm,
};

pub(super) const INSTANCE_TYPE: &str = "ResourceConfig.InstanceType";

/// Offers shown at once; typing narrows them.
const OFFERS: usize = 8;

/// `4 vCPU, 16 GiB, 1 × NVIDIA T4`.
pub(super) fn size_text(info: &InstanceTypeInfo) -> String {
    let text = info.size_text();
    if text.is_empty() { "size not known".to_owned() } else { text }
}

pub(super) fn price_text(info: &InstanceTypeInfo) -> String {
    match &info.price {
        Some(price) => format!("${}/h", price.price_nanousd_per_hour.to_exact()),
        None => "unpriced".to_owned(),
    }
}

/// Recommends a type that this script has completed on.
fn used_text(run_count: Option<u32>) -> Option<String> {
    match run_count? {
        1 => Some("recommended: used by 1 earlier run of this script".to_owned()),
        count => Some(format!("recommended: used by {count} earlier runs of this script")),
    }
}

/// The types that fit what is typed, cheapest first, unpriced last. Words match name, size and GPU: `g5 24xl`, `a100`.
fn offers(typed: &str) -> Vec<&'static InstanceTypeInfo> {
    let typed = typed.trim().to_lowercase();
    // A complete name is a choice already: then its family is what somebody may want to see.
    let family = typed.rsplit_once('.').map(|(family, _)| format!("{family}."));
    let words: Vec<&str> = match (InstanceTypeInfo::find(&typed), &family) {
        (Some(_), Some(family)) => vec![family.as_str()],
        _ => typed.split_whitespace().collect(),
    };
    let fits = |info: &&InstanceTypeInfo| {
        let text = format!("{} {}", info.name, size_text(info)).to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let mut found: Vec<&'static InstanceTypeInfo> = InstanceTypeInfo::all().iter().filter(fits).collect();
    found.sort_by_key(|it| (it.price.is_none(), it.price.as_ref().map(|it| it.price_nanousd_per_hour)));
    found
}

#[component]
pub(super) fn InstanceField(errors: FormErrors) -> impl IntoView {
    let value = RequestForm::of_form().control(INSTANCE_TYPE);
    let is_ready = RwSignal::new(false);
    Effect::new(move |_| is_ready.set(true));
    let quota = QuotaState::of_form();
    let (is_spot, count) = asked(RequestForm::of_form());
    // The browser's list is made once: for what the form was opened with.
    let options = untrack(|| {
        let option = |it: &InstanceTypeInfo| {
            let left = quota.left_text(&it.name, is_spot.get()).map(|it| format!(" · {it}")).unwrap_or_default();
            let text = format!("{} · {}{left}", size_text(it), price_text(it));
            view! { <option value=it.name.clone()>{text}</option> }
        };
        InstanceTypeInfo::all().iter().map(option).collect_view()
    });
    let left = move |name: &str| {
        let is_short = !quota.fits(name, is_spot.get(), count.get());
        quota
            .left_text(name, is_spot.get())
            .map(|it| view! { <span class="quota-left" class:is-short=is_short>{it}</span> })
    };
    let chosen = Memo::new(move |_| value.with(|it| InstanceTypeInfo::find(it.trim())));
    view! {
        <div class="instance">
            <TextField
                name=INSTANCE_TYPE label="Instance type" api_name="InstanceType" value errors
                list="instance-types" placeholder="Type a name, a size or a GPU"
            />
            <datalist id="instance-types">{options}</datalist>
            <p class="instance-chosen" aria-live="polite">
                {move || chosen.get().map(|it| view! {
                    <span>{size_text(it)}</span>
                    <b>{price_text(it)}</b>
                    {left(&it.name)}
                    {it.price.as_ref().map(|it| view! { <small>{format!("{}, {}", it.date, it.confidence)}</small> })}
                })}
            </p>
            {move || (!quota.is_known()).then(|| view! {
                <p class="hint">"Quotas are not known here: whether the job fits shows when it is sent."</p>
            })}
            {move || is_ready.get().then(|| view! { <Offers errors/> })}
        </div>
    }
}

#[component]
fn Offers(errors: FormErrors) -> impl IntoView {
    let value = RequestForm::of_form().text(INSTANCE_TYPE);
    let quote = QuoteState::of_form().quote;
    let quota = QuotaState::of_form();
    let (is_spot, count) = asked(RequestForm::of_form());
    let policies = policies_of(FormState::of_form());
    let found = Memo::new(move |_| {
        let mut found = value.with(|it| offers(it));
        // What may not be taken is shown all the same, after the rest.
        policies.with(|it| found.sort_by_key(|offer| refused_type(it, &offer.name).is_some()));
        found
    });
    let rows = move || {
        found
            .get()
            .into_iter()
            .take(OFFERS)
            .map(|it| {
                let is_chosen = move || value.with(|typed| typed.trim() == it.name);
                let used = move || quote.with(|quote| used_text(quote.runs_by_type.get(&it.name).copied()));
                let left = move || quota.left_text(&it.name, is_spot.get());
                let is_short = move || !quota.fits(&it.name, is_spot.get(), count.get());
                let refused = move || policies.with(|policies| refused_type(policies, &it.name));
                let choose = move |event: MouseEvent| {
                    // Pressed by a key: the offer that has the focus is about to go.
                    if event.detail() == 0 {
                        focus_next(field_id(INSTANCE_TYPE));
                    }
                    value.set(it.name.clone());
                    errors.touch.run(INSTANCE_TYPE.to_owned());
                };
                view! {
                    <li>
                        <button type="button" class="offer" class:is-refused=move || refused().is_some() aria-pressed=move || if is_chosen() { "true" } else { "false" } on:click=choose>
                            <span class="offer-name">{it.name.as_str()}</span>
                            <span class="offer-size">{size_text(it)}</span>
                            <span class="offer-price" class:is-absent=it.price.is_none()>{price_text(it)}</span>
                            {move || left().map(|it| view! { <span class="quota-left" class:is-short=is_short>{it}</span> })}
                            {move || used().map(|it| view! { <span class="offer-used">{it}</span> })}
                            {move || refused().map(|it| view! { <span class="offer-refused">{it}</span> })}
                        </button>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        // The press must not take the focus: leaving the field would show its error, and move the offer away from under
        // the pointer before the click.
        <div class="offers" on:mousedown=|event| event.prevent_default()>
            <ul aria-label="Instance types that fit">{rows}</ul>
            <p class="hint">
                {move || {
                    let count = found.with(Vec::len);
                    if count == 0 {
                        "No type fits: try fewer words, for example `g5` or `16 gib`.".to_owned()
                    } else {
                        format!("{} of {count} that fit, of {} in all; cheapest first.", count.min(OFFERS), InstanceTypeInfo::all().len())
                    }
                }}
            </p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_narrow_the_offers_and_the_cheapest_comes_first() {
        let found = offers("m5 xlarge");
        assert!(!found.is_empty());
        assert!(found.iter().all(|it| it.name.contains("m5") && it.name.contains("xlarge")));
        let prices: Vec<_> =
            found.iter().filter_map(|it| it.price.as_ref()).map(|it| it.price_nanousd_per_hour).collect();
        assert!(prices.is_sorted());
        assert!(offers("no such thing").is_empty());
    }

    #[test]
    fn a_chosen_type_shows_its_family() {
        assert!(offers("ml.m5.xlarge").iter().all(|it| it.name.starts_with("ml.m5.")));
    }

    #[test]
    fn an_unknown_price_is_unpriced_and_never_zero() {
        for info in InstanceTypeInfo::all() {
            assert_eq!(info.price.is_none(), price_text(info) == "unpriced");
            assert!(!price_text(info).starts_with("$0/"));
        }
    }
}
