//! The run's curves: those that the algorithm reports, and those of its instances.

use charts::{XAxis, YScale};
use domain::series::SeriesKey;
use leptos::prelude::*;

use super::Page;
use crate::{
    components::{
        chart::ChartLook,
        chart_tools::{ChartTools, zoom_in_url},
        curves::{CurveGrid, MoreCurves},
        fault::Empty,
    },
    model::{
        chart_query::{ChartQuery, TIME_AXES},
        groups::is_algorithm,
    },
    paths,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Algorithm,
    Instance,
}

impl Kind {
    const fn takes(self) -> fn(&SeriesKey) -> bool {
        match self {
            Self::Algorithm => is_algorithm,
            Self::Instance => |key| !is_algorithm(key),
        }
    }
}

#[component]
pub(super) fn ChartsTab(page: Page) -> impl IntoView {
    view! {
        <h2 class="sr-only">"Curves"</h2>
        <Tools page/>
        <MoreCurves curves=page.state.curves>
            <a href=page.id.with_value(|id| paths::compare(std::slice::from_ref(id)))>"Compare"</a>
            " shows every one by its name."
        </MoreCurves>
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

/// All charts of one kind.
#[component]
pub(super) fn ChartGrid(page: Page, kind: Kind, #[prop(optional)] is_compact: bool) -> impl IntoView {
    // Where the tools stand that lead back to the whole axis.
    let has_zoom = kind == Kind::Algorithm && !is_compact;
    let look = Memo::new(move |_| {
        let chart = page.query.with(|it| it.chart);
        let origin = page.state.run.with(|it| it.started_at.or(Some(it.created_at)));
        match kind {
            Kind::Algorithm => {
                let (y_scale, smoothing) = (chart.y_scale(), chart.smoothing());
                ChartLook { x: chart.axis, y_scale, smoothing, origin, x_range: chart.zoom.filter(|_| has_zoom) }
            }
            // A machine has no steps and its percentages no orders of magnitude.
            Kind::Instance => {
                let x = if chart.axis == XAxis::WallTime { XAxis::WallTime } else { XAxis::RelativeTime };
                ChartLook { x, y_scale: YScale::Linear, smoothing: 0.0, origin, x_range: None }
            }
        }
    });
    let query = Signal::derive(move || page.query.with(|it| it.chart));
    let href = Callback::new(move |chart: ChartQuery| page.href(|query| query.chart = chart));
    let on_zoom = has_zoom.then(|| zoom_in_url(query, href));
    view! { <CurveGrid curves=page.state.curves takes=kind.takes() look is_compact on_zoom/> }
}

/// Why there is nothing to see, and what would change it.
#[component]
fn NoCurves(page: Page, kind: Kind) -> impl IntoView {
    let is_empty = Memo::new(move |_| page.state.curves.list.with(|all| !all.iter().any(|it| kind.takes()(&it.key))));
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
