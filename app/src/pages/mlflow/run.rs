//! `/runs/mlflow/{id}`: one run as its client logged it, its curves live.

use charts::XAxis;
use domain::{
    ids::RunId,
    live::{LiveEvent, Topic},
    series::SeriesKey,
};
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::logged::{Logged, Pairs};
use crate::{
    api::{
        error::ApiError,
        mlflow::{Artifact, TrackedRun, TrackedView, mlflow_run_get},
    },
    components::{
        badge::Badge,
        chart::ChartLook,
        chart_tools::{ChartTools, zoom_in_url},
        curves::{CurveGrid, Curves, MoreCurves},
        fault::{Empty, Fault},
        icon::{Glyph, Icon},
        now::{Age, ticking},
        timeline::CopyLine,
    },
    live::{self, Heard},
    model::{
        chart_query::{ChartQuery, TIME_AXES},
        groups::is_algorithm,
        rows,
    },
    paths::{self, Query},
};

#[component]
pub fn MlflowRun() -> impl IntoView {
    let (params, query) = (use_params_map(), use_query_map());
    let asked = Memo::new(move |_| {
        let id = params.with(|it| it.get("id").unwrap_or_default());
        (id, query.with(|it| it.get("path").unwrap_or_default()))
    });
    let view = Resource::new_blocking(move || asked.get(), |(id, folder)| mlflow_run_get(id, folder));
    view! {
        <Transition>
            {move || Suspend::new(async move {
                match view.await {
                    Ok(view) => view! { <Screen view folder=asked.get_untracked().1/> }.into_any(),
                    Err(ApiError::NotFound) => view! { <NoRun/> }.into_any(),
                    Err(error) => view! { <Fault error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

#[component]
fn NoRun() -> impl IntoView {
    view! {
        <Title text="No such run"/>
        <Empty title="No such run" is_page=true>
            <p>"No MLflow client has logged anything under this id."</p>
            <p class="empty-actions"><a class="button" href=paths::MLFLOW>"All logged runs"</a></p>
        </Empty>
    }
}

#[component]
fn Screen(view: TrackedView, folder: String) -> impl IntoView {
    let TrackedView { live_number, now, run, experiment, series, more_series, datasets, artifacts, artifact_uri } =
        view;
    let now = ticking(now);
    let id = run.id.clone();
    let curves = Curves::new(id.clone(), series, more_series);
    let shown = RwSignal::new(run.clone());
    listen(&id, live_number, curves, shown);
    let (started_at, experiment_id) = (run.started_at, run.experiment_id);
    let datasets = datasets
        .into_iter()
        .map(|[name, digest, context]| (name, [digest, context].join(" ").trim().to_owned()))
        .collect::<Vec<_>>();
    view! {
        <Title text=run.name.clone()/>
        <div class="page-head run-head">
            <p class="crumb">
                <a href=paths::MLFLOW>"Logged with MLflow"</a>
                <span aria-hidden="true">"/"</span>
                <a href=paths::mlflow_experiment(experiment_id)>{experiment}</a>
            </p>
            <div class="run-title">
                <h1>{run.name.clone()}</h1>
                <span class="run-state" role="status">{move || view! { <Badge badge=shown.with(|it| it.badge)/> }}</span>
                {run.is_job.then(|| view! {
                    <span class="run-actions"><a class="button" href=paths::run(&id)>"Its training job"</a></span>
                })}
            </div>
            <p class="run-sub">
                <span>"started "<Age at=started_at now/></span>
                <span>{move || format!("{} long", super::lasted(started_at, shown.with(|it| it.ended_at), now.into()))}</span>
                {(!run.user.is_empty()).then(|| view! { <span>{format!("by {}", run.user)}</span> })}
                <CopyLine text=id.to_string() what="run id"/>
            </p>
        </div>
        <CurvesPart id=id.clone() curves folder=folder.clone() shown/>
        <div class="split">
            <div class="split-main"><Logged run=run.clone()/></div>
            <div class="split-side">
                <LastValues shown/>
                <section class="panel" aria-labelledby="m-artifacts">
                    <h2 id="m-artifacts" class="panel-title">"Artifacts"</h2>
                    {match artifacts {
                        Ok(files) => view! { <Artifacts id=id.clone() folder files/> }.into_any(),
                        Err(error) => view! { <Fault error/> }.into_any(),
                    }}
                    <CopyLine text=artifact_uri what="artifact URI"/>
                </section>
                {(!datasets.is_empty()).then(|| view! {
                    <section class="panel" aria-labelledby="m-datasets">
                        <h2 id="m-datasets" class="panel-title">"Datasets"</h2>
                        <Pairs pairs=datasets empty=""/>
                    </section>
                })}
            </div>
        </div>
    }
}

/// New points come live; the rest is read again when the client has said something of it.
fn listen(id: &RunId, live_number: i64, curves: Curves, shown: RwSignal<TrackedRun>) {
    let own = id.clone();
    live::listen(&[Topic::Run(id.clone())], live_number, move |heard| match heard {
        Heard::Event(LiveEvent::Points { run_id, series }) if run_id == own => {
            shown.try_update(|run| {
                for (key, points) in series.iter().filter(|(key, _)| is_algorithm(key)) {
                    let known = run.metrics.iter_mut().find(|it| it.0 == key.name);
                    let newest =
                        points.iter().copied().reduce(|one, other| if other.is_after(&one) { other } else { one });
                    match (known, newest) {
                        (Some(known), Some(newest)) if newest.is_after(&known.1) => known.1 = newest,
                        (None, Some(newest)) => run.metrics.push((key.name.clone(), newest)),
                        _ => {}
                    }
                }
            });
            curves.append(series);
        }
        Heard::Event(LiveEvent::Resync | LiveEvent::Run(_) | LiveEvent::Logged) => {
            let id = own.clone();
            spawn_local(async move {
                // Failing means that the page stays as it is; the connection light tells.
                if let Ok(view) = mlflow_run_get(id.to_string(), String::new()).await {
                    curves.set(view.series);
                    shown.try_set(view.run);
                }
            });
        }
        Heard::Opened | Heard::Event(LiveEvent::Points { .. } | LiveEvent::Log { .. }) => {}
    });
}

#[component]
fn CurvesPart(id: RunId, curves: Curves, folder: String, shown: RwSignal<TrackedRun>) -> impl IntoView {
    let params = use_query_map();
    let chart = Memo::new(move |_| params.with(ChartQuery::read));
    let page = paths::mlflow_run(&id, "");
    let href = Callback::new({
        let (page, folder) = (page.clone(), folder.clone());
        move |chart: ChartQuery| {
            let mut query = Query::default();
            query.push("path", Some(&folder));
            chart.push_to(&mut query);
            query.on(&page)
        }
    });
    let look = Signal::derive(move || {
        let (chart, origin) = (chart.get(), shown.with(|it| it.started_at));
        ChartLook {
            x: chart.axis,
            y_scale: chart.y_scale(),
            smoothing: chart.smoothing(),
            origin: Some(origin),
            x_range: chart.zoom,
        }
    });
    let on_zoom = zoom_in_url(chart.into(), href);
    let is_empty = Memo::new(move |_| curves.list.with(|all| !all.iter().any(|it| is_algorithm(&it.key))));
    let takes: fn(&SeriesKey) -> bool = is_algorithm;
    move || {
        if is_empty.get() {
            return view! { <Empty title="No metric yet"><p>"The curve begins with the first value that is logged."</p></Empty> }
                .into_any();
        }
        let hidden = vec![("path", folder.clone())];
        let axes: &'static [XAxis] = TIME_AXES;
        view! {
            <h2 class="sr-only">"Curves"</h2>
            <ChartTools query=chart href axes action=page.clone() hidden/>
            <MoreCurves curves>"The client reads the others."</MoreCurves>
            <CurveGrid curves takes look on_zoom=Some(on_zoom)/>
        }
        .into_any()
    }
}

/// Of each metric the last value and its step.
#[component]
fn LastValues(shown: RwSignal<TrackedRun>) -> impl IntoView {
    let rows = move || {
        let metrics = shown.with(|it| it.metrics.clone());
        if metrics.is_empty() {
            return view! { <tr><td colspan="3" class="dim">"No metric yet."</td></tr> }.into_any();
        }
        metrics
            .into_iter()
            .map(|(name, last)| {
                view! {
                    <tr>
                        <th scope="row">{name}</th>
                        <td class="is-number is-strong">{rows::number(last.value)}</td>
                        <td class="is-number">{last.step}</td>
                    </tr>
                }
            })
            .collect_view()
            .into_any()
    };
    view! {
        <section class="panel" aria-labelledby="m-metrics">
            <h2 id="m-metrics" class="panel-title">"Metrics"</h2>
            <div class="pairs-scroll" tabindex="0" role="region" aria-label="Metrics, to scroll">
                <table class="pairs metrics-table">
                    <thead>
                        <tr>
                            <th scope="col">"Metric"</th>
                            <th scope="col" class="is-number">"Last"</th>
                            <th scope="col" class="is-number">"Step"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

/// One folder; its subfolders are links to this page.
#[component]
fn Artifacts(id: RunId, folder: String, files: Vec<Artifact>) -> impl IntoView {
    let up = (!folder.is_empty()).then(|| {
        let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
        view! {
            <p class="crumb"><a href=paths::mlflow_run(&id, above) data-noscroll="">"One folder up"</a>" "<code>{folder.clone()}</code></p>
        }
    });
    if files.is_empty() {
        return view! { {up}<p class="dim">"No file."</p> }.into_any();
    }
    let rows = files
        .into_iter()
        .map(|file| {
            let name = file.path.rsplit('/').next().unwrap_or(&file.path).to_owned();
            match file.size_bytes {
                Some(size) => view! {
                    <tr>
                        <th scope="row"><a href=paths::mlflow_artifact(&id, &file.path) download="" rel="external"><Glyph icon=Icon::Download/>{name}</a></th>
                        <td class="is-number">{rows::bytes(size)}</td>
                    </tr>
                }
                .into_any(),
                None => view! {
                    <tr>
                        <th scope="row"><a href=paths::mlflow_run(&id, &file.path) data-noscroll="">{format!("{name}/")}</a></th>
                        <td></td>
                    </tr>
                }
                .into_any(),
            }
        })
        .collect_view();
    view! { {up}<table class="pairs artifacts"><tbody>{rows}</tbody></table> }.into_any()
}
