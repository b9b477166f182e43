//! The three choices of how curves are drawn; all of them in the URL, so that a link shows the same picture.

use charts::XAxis;
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::choice::{choice_link, hidden_fields};
use crate::model::chart_query::{ChartQuery, axis_str, axis_word};

/// What charts call to show a part of their axis: the page's URL with that choice.
pub fn zoom_in_url(query: Signal<ChartQuery>, href: Callback<ChartQuery, String>) -> Callback<Option<(f64, f64)>> {
    let navigate = use_navigate();
    Callback::new(move |zoom| {
        let options = NavigateOptions { scroll: false, ..NavigateOptions::default() };
        navigate(&href.run(ChartQuery { zoom, ..query.get_untracked() }), options);
    })
}

#[component]
pub fn ChartTools(
    #[prop(into)] query: Signal<ChartQuery>,
    /// The page's URL with these choices.
    href: Callback<ChartQuery, String>,
    axes: &'static [XAxis],
    /// Where the slider's form goes without script, and what else the page's URL holds.
    #[prop(into)]
    action: String,
    hidden: Vec<(&'static str, String)>,
) -> impl IntoView {
    let link = move |word: &'static str, change: fn(ChartQuery, XAxis, bool) -> ChartQuery, axis, log_scale| {
        let wanted = move || change(query.get(), axis, log_scale);
        let is_chosen = move || {
            let (now, wanted) = (query.get(), wanted());
            (now.axis, now.log_scale) == (wanted.axis, wanted.log_scale)
        };
        choice_link(word, "true", move || href.run(wanted()), is_chosen)
    };
    let axis_links = axes
        .iter()
        .map(|it| link(axis_word(*it), |query, axis, _| ChartQuery { axis, zoom: None, ..query }, *it, false))
        .collect_view();
    let scale_links = [(false, "Linear"), (true, "Log")]
        .map(|(value, word)| link(word, |query, _, log_scale| ChartQuery { log_scale, ..query }, XAxis::Step, value));
    let navigate = use_navigate();
    let on_slide = move |event| {
        let percent: u8 = event_target_value(&event).parse().unwrap_or(0);
        let wanted = ChartQuery { smoothing_percent: percent.min(99), ..query.get_untracked() };
        let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
        navigate(&href.run(wanted), options);
    };
    let now = query.get_untracked();
    let zoomed = move || {
        query.get().zoom.map(|_| {
            let whole = move || href.run(ChartQuery { zoom: None, ..query.get() });
            view! { <a class="button is-small" href=whole data-noscroll="">"Whole axis"</a> }
        })
    };
    view! {
        <div class="chart-tools">
            <div class="segmented" role="group" aria-label="Horizontal axis">{axis_links}</div>
            <div class="segmented" role="group" aria-label="Vertical scale">{scale_links.into_iter().collect_view()}</div>
            {zoomed}
            // Without script the slider is a form of its own.
            <form class="smoothing" method="get" action=action>
                {hidden_fields(hidden)}
                <input type="hidden" name="x" value=axis_str(now.axis)/>
                <input type="hidden" name="log" value=if now.log_scale { "1" } else { "" }/>
                {hidden_fields(now.pairs().into_iter().filter(|(name, _)| *name == "zoom").collect())}
                <label for="smooth">"Smoothing"</label>
                <input
                    id="smooth"
                    type="range"
                    name="smooth"
                    min="0"
                    max="99"
                    step="1"
                    value=now.smoothing_percent.to_string()
                    on:input=on_slide
                />
                <output for="smooth">{move || format!("0.{:02}", query.get().smoothing_percent)}</output>
                <button type="submit" class="button is-small no-js-only">"Apply"</button>
            </form>
        </div>
    }
}
