//! Time as it passes: the server's clock at the first paint, ticking on in the browser.

use domain::time::Timestamp;
use leptos::prelude::*;

/// Begins at `initial` (the same on both sides, so that hydration agrees) and moves on every second in the browser.
pub fn ticking(initial: Timestamp) -> ReadSignal<Timestamp> {
    let (now, set_now) = signal(initial);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let base = js_sys::Date::now();
        let tick = move || {
            let passed_millis = (js_sys::Date::now() - base).max(0.0) as i64;
            set_now.try_set(initial.plus_micros(passed_millis * 1_000));
        };
        if let Ok(handle) = set_interval_with_handle(tick, std::time::Duration::from_secs(1)) {
            on_cleanup(move || handle.clear());
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = set_now;
    now
}

/// A moment: its age for reading, the full time for pointing at.
#[component]
pub fn Age(at: Timestamp, #[prop(into)] now: Signal<Timestamp>) -> impl IntoView {
    view! {
        <time datetime=at.to_rfc3339() title=format!("{} UTC", at.to_civil_seconds())>
            {move || crate::model::rows::age(at, now.get())}
        </time>
    }
}
