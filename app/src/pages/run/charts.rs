//! The run's curves: those that the algorithm reports, and those of its instances.

use charts::{Unit, XAxis, YScale};
use domain::series::SeriesKey;
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    Page,
    query::{AXES, axis_str, axis_word},
};
use crate::{
    components::{
        chart::{ChartCard, ChartLook, Cursor, Line},
        fault::Empty,
    },
    model::groups::{grouped, is_algorithm, label_of},
    paths,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Algorithm,
    Instance,
}

impl Kind {
    fn takes(self, key: &SeriesKey) -> bool {
        is_algorithm(key) == (self == Self::Algorithm)
    }
}

#[component]
pub(super) fn ChartsTab(page: Page) -> impl IntoView {
    view! {
        <h2 class="sr-only">"Curves"</h2>
        <Tools page/>
        <ChartGrid page kind=Kind::Algorithm/>
        <NoCurves page kind=Kind::Algorithm/>
    }
}

#[component]
pub(super) fn SystemTab(page: Page) -> impl IntoView {
    view! {
        <h2 class="sr-only">"Instances"</h2>
        <ChartGrid page kind=Kind::Instance/>
        <NoCurves page kind=Kind::Instance/>
    }
}

/// All charts of one kind, one for each quantity. They share a cursor.
#[component]
pub(super) fn ChartGrid(page: Page, kind: Kind, #[prop(optional)] is_compact: bool) -> impl IntoView {
    let curves = page.state.curves;
    let cursor = Cursor(RwSignal::new(None));
    let groups =
        Memo::new(move |_| curves.with(|all| grouped(all.iter().map(|it| it.key.clone()).filter(|it| kind.takes(it)))));
    let look = Signal::derive(move || {
        let query = page.query.get();
        let origin = page.state.run.with(|it| it.started_at.or(Some(it.created_at)));
        match kind {
            Kind::Algorithm => ChartLook {
                x: query.axis,
                y_scale: if query.log_scale { YScale::Log } else { YScale::Linear },
                smoothing: f64::from(query.smoothing_percent) / 100.0,
                origin,
            },
            // A machine has no steps and its percentages no orders of magnitude.
            Kind::Instance => {
                let x = if query.axis == XAxis::WallTime { XAxis::WallTime } else { XAxis::RelativeTime };
                ChartLook { x, y_scale: YScale::Linear, smoothing: 0.0, origin }
            }
        }
    });
    view! {
        <div class="charts" class:is-compact=is_compact>
            <For
                each=move || groups.get()
                key=|(title, keys)| (title.clone(), keys.len())
                children=move |(title, keys)| {
                    let unit = if title.ends_with("Utilization") { Unit::Percent } else { Unit::Plain };
                    let lines = lines_of(page, &keys);
                    view! { <ChartCard title=words(&title) lines=Signal::stored(lines) look unit cursor is_compact/> }
                }
            />
        </div>
    }
}

/// The curves of a chart, coloured in their order.
fn lines_of(page: Page, keys: &[SeriesKey]) -> Vec<Line> {
    let several_hosts = keys.iter().any(|it| it.host != keys[0].host);
    let curves = page.state.curves.get_untracked();
    let found = keys.iter().filter_map(|key| curves.iter().find(|it| it.key == *key));
    found
        .enumerate()
        .map(|(color_index, curve)| Line {
            label: label_of(&curve.key, several_hosts),
            color_index,
            points: curve.points.clone(),
        })
        .collect()
}

/// CloudWatch's names as words; a script's own names stay as they are.
fn words(title: &str) -> String {
    match title {
        "CPUUtilization" => "CPU utilization".to_owned(),
        "MemoryUtilization" => "Memory utilization".to_owned(),
        "DiskUtilization" => "Disk utilization".to_owned(),
        "GPUUtilization" => "GPU utilization".to_owned(),
        "GPUMemoryUtilization" => "GPU memory utilization".to_owned(),
        other => other.to_owned(),
    }
}

/// Why there is nothing to see, and what would change it.
#[component]
fn NoCurves(page: Page, kind: Kind) -> impl IntoView {
    let is_empty = Memo::new(move |_| page.state.curves.with(|all| !all.iter().any(|it| kind.takes(&it.key))));
    let has_definitions = page.state.run.with_untracked(|it| {
        let list = it.request.pointer("/AlgorithmSpecification/MetricDefinitions");
        list.and_then(serde_json::Value::as_array).is_some_and(|it| !it.is_empty())
    });
    let text = match (kind, has_definitions) {
        (Kind::Algorithm, true) => {
            "No log line has matched a metric definition so far. The curve begins with the first that does."
        }
        (Kind::Algorithm, false) => {
            "This job has no metric definitions: Trainyard does not know which numbers in its log to draw. Give them in the launch form."
        }
        (Kind::Instance, _) => "The engine has reported no measurement of the instance yet.",
    };
    move || is_empty.get().then(|| view! { <Empty title="No curve yet"><p>{text}</p></Empty> })
}

/// The three choices of view; all of them in the URL, so that a link shows the same picture.
#[component]
fn Tools(page: Page) -> impl IntoView {
    let axis = Memo::new(move |_| page.query.with(|it| it.axis));
    let log_scale = Memo::new(move |_| page.query.with(|it| it.log_scale));
    let smoothing = Memo::new(move |_| page.query.with(|it| it.smoothing_percent));
    let axes = AXES.map(|it| {
        view! {
            <a
                href=move || page.href(|query| query.axis = it)
                aria-current=move || (axis.get() == it).then_some("true")
                data-noscroll=""
            >
                {axis_word(it)}
            </a>
        }
    });
    let scales = [(false, "Linear"), (true, "Log")].map(|(value, word)| {
        view! {
            <a
                href=move || page.href(|query| query.log_scale = value)
                aria-current=move || (log_scale.get() == value).then_some("true")
                data-noscroll=""
            >
                {word}
            </a>
        }
    });
    let navigate = use_navigate();
    let on_slide = move |event| {
        let percent: u8 = event_target_value(&event).parse().unwrap_or(0);
        let href = page.href(|query| query.smoothing_percent = percent.min(99));
        navigate(&href, NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() });
    };
    let query = page.query.get_untracked();
    view! {
        <div class="chart-tools">
            <div class="segmented" role="group" aria-label="Horizontal axis">{axes.into_iter().collect_view()}</div>
            <div class="segmented" role="group" aria-label="Vertical scale">{scales.into_iter().collect_view()}</div>
            // Without script the slider is a form of its own.
            <form class="smoothing" method="get" action=page.id.with_value(paths::run)>
                <input type="hidden" name="tab" value=query.tab.as_str()/>
                <input type="hidden" name="x" value=axis_str(query.axis)/>
                <input type="hidden" name="log" value=if query.log_scale { "1" } else { "" }/>
                <label for="smooth">"Smoothing"</label>
                <input
                    id="smooth"
                    type="range"
                    name="smooth"
                    min="0"
                    max="99"
                    step="1"
                    value=query.smoothing_percent.to_string()
                    on:input=on_slide
                />
                <output for="smooth">{move || format!("0.{:02}", smoothing.get())}</output>
                <button type="submit" class="button is-small no-js-only">"Apply"</button>
            </form>
        </div>
    }
}
