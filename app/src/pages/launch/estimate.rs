//! What the job can cost at most, while it is being typed.

use domain::{cost::Estimate as Bound, instance_type::InstanceType};
use leptos::prelude::*;

use super::state::FormState;

/// `None` while a field that it is made of is not filled in yet.
fn bound(instance_type: &str, count: &str, max_runtime_seconds: &str, spot: bool) -> Option<Bound> {
    let instance_type = InstanceType::parse(instance_type).ok()?;
    Some(Bound::of(&instance_type, count.trim().parse().ok()?, max_runtime_seconds.trim().parse().ok()?, spot))
}

#[component]
pub(super) fn Estimate(is_local: bool) -> impl IntoView {
    let state = FormState::of_form();
    let bound = Memo::new(move |_| {
        let (count, runtime, spot) = (state.instance_count.get(), state.max_runtime_seconds.get(), state.spot.get());
        state.instance_type.with(|it| bound(it, &count, &runtime, spot))
    });
    let amount = Memo::new(move |_| bound.with(|it| it.as_ref().and_then(|it| it.at_most)));
    let label =
        move || bound.with(|it| if it.as_ref().is_some_and(|it| it.at_most.is_none()) { "Cost" } else { "At most" });
    let figure = move || match (amount.get(), bound.with(Option::is_some)) {
        (Some(amount), _) => amount.to_string(),
        (None, true) => "unpriced".to_owned(),
        (None, false) => "—".to_owned(),
    };
    let how = move || {
        bound.with(|it| match it {
            Some(bound) => bound.explanation(),
            None => "Instance type, count and maximum runtime make the estimate.".to_owned(),
        })
    };
    view! {
        <div class="estimate" aria-live="polite">
            <p class="estimate-label">{label}</p>
            <p class="estimate-figure" class:is-absent=move || amount.get().is_none()>{figure}</p>
            <p class="hint">{how}</p>
            {is_local.then(|| view! {
                <p class="hint"><span class="tag">"local engine"</span>" It runs on this machine; nothing is billed."</p>
            })}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_price_times_time_times_instances() {
        let bound = bound("ml.m5.xlarge", "2", " 1800 ", false).expect("all fields are there");
        let price = bound.price.expect("ml.m5.xlarge has a price");
        assert_eq!(bound.at_most, Some(price.price_nanousd_per_hour));
    }

    #[test]
    fn what_is_not_filled_in_has_no_bound() {
        assert!(bound("ml.nothing", "1", "3600", false).is_none());
        assert!(bound("ml.m5.xlarge", "x", "3600", false).is_none());
    }
}
