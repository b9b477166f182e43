//! The run's curves: those that the algorithm reports, and those of its instances.

use charts::{Unit, XAxis, YScale};
use domain::series::SeriesKey;
use leptos::prelude::*;

use super::Page;
use crate::{
    components::{
        chart::{ChartCard, ChartLook, Cursor, Line},
        chart_tools::ChartTools,
        fault::Empty,
    },
    model::{
        chart_query::{ChartQuery, TIME_AXES},
        groups::{grouped, is_algorithm, label_of},
    },
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
        let chart = page.query.with(|it| it.chart);
        let origin = page.state.run.with(|it| it.started_at.or(Some(it.created_at)));
        match kind {
            Kind::Algorithm => {
                ChartLook { x: chart.axis, y_scale: chart.y_scale(), smoothing: chart.smoothing(), origin }
            }
            // A machine has no steps and its percentages no orders of magnitude.
            Kind::Instance => {
                let x = if chart.axis == XAxis::WallTime { XAxis::WallTime } else { XAxis::RelativeTime };
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
            clock: None,
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

/// How the curves are drawn.
#[component]
fn Tools(page: Page) -> impl IntoView {
    let query = Signal::derive(move || page.query.with(|it| it.chart));
    let href = Callback::new(move |chart: ChartQuery| page.href(|query| query.chart = chart));
    let tab = page.query.with_untracked(|it| it.tab);
    view! {
        <ChartTools
            query href axes=TIME_AXES
            action=page.id.with_value(paths::run)
            hidden=vec![("tab", tab.as_str().to_owned())]
        />
    }
}
