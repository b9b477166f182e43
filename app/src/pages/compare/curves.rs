//! One chart for each metric, with a curve for each run that has it. A chart reads its curves when it comes near the
//! window: a page of a hundred metrics opens as fast as one of two.

use charts::XAxis;
use domain::run::Run;
use leptos::{html, prelude::*};

use super::{Page, query::CompareQuery};
use crate::{
    api::compare::{RunCurves, compare_curves},
    components::{
        chart::{ChartCard, ChartLook, Cursor, Line, RunClock},
        chart_tools::{ChartTools, zoom_in_url},
        choice::hidden_fields,
        fault::{Empty, Fault},
        near::when_near,
        search_form::SearchForm,
    },
    model::{
        chart_query::{AXES, ChartQuery},
        spend::dollars_per_second,
    },
    paths,
};

/// These are in the first paint.
const FIRST: usize = 2;
/// Without script there is no coming near, so no more than these.
const MAX_CHARTS: usize = 200;

#[component]
pub(super) fn CurvesTab(page: Page) -> impl IntoView {
    let part = Memo::new(move |_| page.query.with(|it| it.metric.to_lowercase()));
    let names = Memo::new(move |_| {
        let mut names = page.state.metric_names();
        if names.len() > MAX_CHARTS {
            part.with(|part| names.sort_by_key(|it| !it.to_lowercase().contains(part)));
            names.truncate(MAX_CHARTS);
        }
        names
    });
    // Of those that the page was asked for; without script they are all that is drawn.
    let first: Vec<String> = untrack(|| {
        let is_wanted = |it: &String| part.with(|part| it.to_lowercase().contains(part));
        names.get().into_iter().filter(is_wanted).take(FIRST).collect()
    });
    let first = StoredValue::new(first);
    // A memo: what else changes in the URL must not reach the curves.
    let chart = Memo::new(move |_| page.query.with(|it| it.chart));
    let cursor = Cursor(RwSignal::new(None));
    let unpriced = move || {
        let is_by_money = chart.get().axis == XAxis::Dollars;
        let is_unpriced = |it: &&Run| clock(it, page).is_some_and(|it| it.dollars_per_second <= 0.0);
        let count = page.state.runs.with(|all| all.iter().filter(is_unpriced).count());
        (is_by_money && count > 0).then(|| {
            let text = format!("{count} of the runs have no known cost and no curve on this axis.");
            view! { <p class="notice notice-warn">{text}</p> }
        })
    };
    let nothing = move || {
        let (total, part) = (names.with(Vec::len), part.get());
        if total == 0 {
            let text = "None of these runs has reported a metric so far.";
            return view! { <Empty title="No curve yet"><p>{text}</p></Empty> }.into_any();
        }
        if names.with(|all| all.iter().any(|it| it.to_lowercase().contains(&part))) {
            return ().into_any();
        }
        view! { <Empty title="No metric of this name"><p>{format!("None of the {total} metrics matches.")}</p></Empty> }
            .into_any()
    };
    view! {
        <h2 class="sr-only">"Curves"</h2>
        <Tools page/>
        {unpriced}
        {nothing}
        <div class="charts">
            // What the filter leaves out stays, hidden: it comes back as it was.
            <For
                each=move || names.get()
                key=Clone::clone
                children=move |name| {
                    let lower = name.to_lowercase();
                    let is_shown = Memo::new(move |_| part.with(|it| lower.contains(it)));
                    let is_first = first.with_value(|it| it.contains(&name));
                    view! { <MetricCard page chart name cursor is_first is_shown/> }
                }
            />
        </div>
    }
}

#[component]
fn Tools(page: Page) -> impl IntoView {
    let query = Signal::derive(move || page.query.with(|it| it.chart));
    let href = Callback::new(move |chart: ChartQuery| page.href(|query| query.chart = chart));
    let pairs = page.query.with_untracked(CompareQuery::pairs);
    let metric = page.query.with_untracked(|it| it.metric.clone());
    // What else was chosen stays when the filter is sent.
    let hidden = move || {
        let mut pairs = CompareQuery { metric: String::new(), ..page.query.get() }.pairs();
        pairs.extend(page.query.with(|it| it.chart.pairs()));
        hidden_fields(pairs)
    };
    view! {
        <div class="compare-tools">
            <ChartTools query href axes=&AXES action=paths::COMPARE hidden=pairs/>
            <SearchForm
                action=paths::COMPARE class="metric-filter"
                fields=&[
                    "run", "experiment", "base", "tab", "metric", "value", "equal", "sx", "sy", "goal", "x", "log", "smooth", "zoom",
                ]
            >
                {hidden}
                <label>
                    <span class="sr-only">"Part of the metric's name"</span>
                    <input
                        type="search" name="metric" placeholder="Metric contains" value=metric autocomplete="off"
                        maxlength="200"
                    />
                </label>
                <button type="submit" class="button is-small">"Filter"</button>
            </SearchForm>
        </div>
    }
}

/// When it began and what a second of it costs; `None` before it has begun.
fn clock(run: &Run, page: Page) -> Option<RunClock> {
    let now = page.state.now.get_untracked();
    let origin = run.started_at?;
    Some(RunClock { origin, dollars_per_second: dollars_per_second(run, now).unwrap_or(0.0) })
}

#[component]
fn MetricCard(
    page: Page,
    chart: Memo<ChartQuery>,
    name: String,
    cursor: Cursor,
    is_first: bool,
    is_shown: Memo<bool>,
) -> impl IntoView {
    let is_near = RwSignal::new(is_first);
    let place = NodeRef::<html::Div>::new();
    when_near(place, is_near);
    let metric = StoredValue::new(name.clone());
    let version = RwSignal::new(0);
    page.state.open.update_value(|all| {
        all.insert(name, version);
    });
    let curves = Resource::new(
        move || (is_near.get(), version.get()),
        move |(is_near, _)| async move {
            if !is_near {
                return Ok(None);
            }
            let ids = page.state.runs.with_untracked(|all| all.iter().map(|it| it.id.clone()).collect());
            compare_curves(ids, metric.get_value()).await.map(Some)
        },
    );
    let look = Signal::derive(move || {
        let chart = chart.get();
        ChartLook {
            x: chart.axis,
            y_scale: chart.y_scale(),
            smoothing: chart.smoothing(),
            origin: None,
            x_range: chart.zoom,
        }
    });
    let on_zoom = zoom_in_url(chart.into(), Callback::new(move |chart| page.href(|query| query.chart = chart)));
    view! {
        <div class="chart-place" class:is-hidden=move || !is_shown.get() node_ref=place>
            <Transition fallback=move || view! { <Waiting name=metric.get_value()/> }>
                {move || Suspend::new(async move {
                    match curves.await {
                        Ok(Some(curves)) => {
                            let lines = lines(page, curves);
                            // On the money axis a run without a price has no place.
                            let has_place = |it: &&Line| it.clock.is_some_and(|it| it.dollars_per_second > 0.0);
                            let shown = Signal::derive(move || {
                                let is_by_money = chart.get().axis == XAxis::Dollars;
                                lines.iter().filter(|it| !is_by_money || has_place(it)).cloned().collect::<Vec<_>>()
                            });
                            view! { <ChartCard title=metric.get_value() lines=shown look cursor on_zoom=Some(on_zoom)/> }.into_any()
                        }
                        Ok(None) => view! { <Waiting name=metric.get_value()/> }.into_any(),
                        Err(error) => view! { <Fault error/> }.into_any(),
                    }
                })}
            </Transition>
        </div>
    }
}

/// The curves' signals, known to the live stream from now on.
fn lines(page: Page, curves: Vec<RunCurves>) -> Vec<Line> {
    let several_hosts = curves.iter().any(|it| it.series.len() > 1);
    let mut lines = Vec::new();
    for RunCurves { run_id, series } in curves {
        let found = page.state.runs.with_untracked(|all| {
            let color_index = all.iter().position(|it| it.id == run_id)?;
            Some((color_index, clock(&all[color_index], page)))
        });
        let Some((color_index, clock)) = found else { continue };
        let label = page.state.labels.with_value(|all| all[color_index].full.clone());
        for it in series {
            let label = if several_hosts { format!("{label} ({})", it.key.host) } else { label.clone() };
            let source = Some((run_id.clone(), it.key.clone()));
            let points = page.state.draw(&run_id, it);
            lines.push(Line { label, color_index, points, clock, source });
        }
    }
    lines
}

#[component]
fn Waiting(name: String) -> impl IntoView {
    view! {
        <div class="chart-card is-waiting">
            <h3>{name}</h3>
            <p class="dim needs-js">"Reading the curves."</p>
            <p class="dim no-js-only">"Filter by this metric's name to see its curves."</p>
        </div>
    }
}
