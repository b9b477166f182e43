//! Everything the run was started with, and what it measured.

use std::collections::BTreeMap;

use domain::{run::Run, series::Point};
use leptos::prelude::*;
use serde_json::Value;

use super::Page;
use crate::{
    api::mlflow::mlflow_job_get,
    components::{copy::CopyButton, fault::Fault, timeline::CopyLine},
    model::{
        groups,
        rows::{grouped_digits, number},
    },
    pages::mlflow::{Logged, Pairs},
    paths,
};

#[component]
pub(super) fn ParamsTab(page: Page) -> impl IntoView {
    let run = page.state.run.get_untracked();
    let raw = serde_json::to_string_pretty(&run.request).unwrap_or_default();
    let environment = string_map(run.request.get("Environment"));
    let definitions = metric_definitions(&run);
    let shown = raw.clone();
    view! {
        <div class="split">
            <div class="split-main">
                <section class="panel" aria-labelledby="p-hyper">
                    <h2 id="p-hyper" class="panel-title">"Hyperparameters"</h2>
                    <Hyperparameters page/>
                </section>
                <section class="panel" aria-labelledby="p-definitions">
                    <h2 id="p-definitions" class="panel-title">"Metric definitions"</h2>
                    <Pairs pairs=definitions empty="None: this job's log is not read for metrics."/>
                </section>
                <section class="panel" aria-labelledby="p-environment">
                    <h2 id="p-environment" class="panel-title">"Environment"</h2>
                    <Pairs pairs=environment.into_iter().collect() empty="No variable of its own."/>
                </section>
                <LoggedByScript page/>
            </div>
            <div class="split-side">
                <SavePreset run=run.clone()/>
                <section class="panel" aria-labelledby="p-resources">
                    <h2 id="p-resources" class="panel-title">"Resources and limits"</h2>
                    <Pairs pairs=resources(&run) empty=""/>
                </section>
                <section class="panel" aria-labelledby="p-identity">
                    <h2 id="p-identity" class="panel-title">"Identity"</h2>
                    <dl class="identity">
                        <dt>"Run"</dt><dd><CopyLine text=run.id.to_string() what="run id"/></dd>
                        <dt>"Training job ARN"</dt>
                        <dd>
                            {match run.job_arn.clone() {
                                Some(arn) => view! { <CopyLine text=arn what="ARN"/> }.into_any(),
                                None => view! { <span class="dim">"none yet"</span> }.into_any(),
                            }}
                        </dd>
                        <dt>"Fingerprint (SHA-256 of the request)"</dt>
                        <dd><CopyLine text=run.fingerprint.clone() what="fingerprint"/></dd>
                    </dl>
                </section>
            </div>
        </div>
        <section class="panel" aria-labelledby="p-raw">
            <div class="panel-head">
                <h2 id="p-raw" class="panel-title">"CreateTrainingJob request"</h2>
                <CopyButton text=Signal::stored(raw) what="request JSON"/>
            </div>
            <pre class="code" tabindex="0" aria-label="Request JSON">{shown}</pre>
        </section>
    }
}

/// What the job's MLflow client has logged in this run, if there is one.
#[component]
fn LoggedByScript(page: Page) -> impl IntoView {
    let logged = Resource::new_blocking(|| (), move |()| mlflow_job_get(page.id.get_value()));
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match logged.await {
                    Ok(Some(run)) => {
                        let href = paths::mlflow_run(&run.id, "");
                        view! { <Logged run/><p><a href=href>"Its artifacts and datasets"</a></p> }.into_any()
                    }
                    Ok(None) => ().into_any(),
                    Err(error) => view! { <Fault error/> }.into_any(),
                }
            })}
        </Suspense>
    }
}

/// A plain form: what this run was launched with, under a name.
#[component]
fn SavePreset(run: Run) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="p-preset">
            <h2 id="p-preset" class="panel-title">"Save as a preset"</h2>
            <form class="preset-form" method="post" action=paths::run_preset(&run.id)>
                <label for="preset-name">"Name"</label>
                <input id="preset-name" type="text" name="preset_name" maxlength="80" required=true autocomplete="off"/>
                <button type="submit" class="button is-small">"Save these settings"</button>
            </form>
        </section>
    }
}

/// What the script was given; SageMaker's own entries come last, they say where the source is.
#[component]
pub(super) fn Hyperparameters(page: Page) -> impl IntoView {
    let run = page.state.run.get_untracked();
    let (own, theirs): (Vec<_>, Vec<_>) =
        run.hyperparameters.into_iter().partition(|(name, _)| !name.starts_with("sagemaker_"));
    let pairs: Vec<(String, String)> = own.into_iter().chain(theirs).collect();
    view! { <Pairs pairs empty="None: the script runs with its own defaults."/> }
}

/// Last, least and greatest of each metric; what the engine itself reported as final goes first.
#[component]
pub(super) fn MetricsTable(page: Page) -> impl IntoView {
    let state = page.state;
    let body = move || {
        let finals: BTreeMap<String, f64> =
            state.run.with(|it| it.final_metrics.iter().map(|it| (it.name.clone(), it.value)).collect());
        let curves = state.curves.list.get();
        let mut rows: BTreeMap<String, [String; 4]> = finals
            .iter()
            .map(|(name, value)| (name.clone(), [number(*value), "—".to_owned(), "—".to_owned(), "—".to_owned()]))
            .collect();
        for curve in curves.iter().filter(|it| groups::is_algorithm(&it.key)) {
            curve.points.with(|points| {
                let last = finals.get(&curve.key.name).copied().or(points.last().map(|it| it.value));
                let (min, max) = extremes(points);
                let text = |value: Option<f64>| value.map_or_else(|| "—".to_owned(), number);
                rows.insert(
                    curve.key.name.clone(),
                    [text(last), text(min), text(max), grouped_digits(points.len() as u64)],
                );
            });
        }
        if rows.is_empty() {
            return view! { <tr><td colspan="4" class="dim">"No metric yet."</td></tr> }.into_any();
        }
        rows.into_iter()
            .map(|(name, [last, min, max, _])| {
                view! {
                    <tr>
                        <th scope="row">{name}</th>
                        <td class="is-number is-strong">{last}</td>
                        <td class="is-number">{min}</td>
                        <td class="is-number">{max}</td>
                    </tr>
                }
            })
            .collect_view()
            .into_any()
    };
    let heading = move || if state.run.with(Run::is_over) { "Final" } else { "Last" };
    view! {
        <div class="pairs-scroll" tabindex="0" role="region" aria-label="Metrics, to scroll">
            <table class="pairs metrics-table">
                <thead>
                    <tr>
                        <th scope="col">"Metric"</th>
                        <th scope="col" class="is-number">{heading}</th>
                        <th scope="col" class="is-number">"Min"</th>
                        <th scope="col" class="is-number">"Max"</th>
                    </tr>
                </thead>
                <tbody>{body}</tbody>
            </table>
        </div>
    }
}

/// Of the finite values only: a NaN is no extreme.
fn extremes(points: &[Point]) -> (Option<f64>, Option<f64>) {
    let finite = || points.iter().map(|it| it.value).filter(|it| it.is_finite());
    (finite().reduce(f64::min), finite().reduce(f64::max))
}

fn string_map(value: Option<&Value>) -> BTreeMap<String, String> {
    let members = value.and_then(Value::as_object).into_iter().flatten();
    members.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

fn metric_definitions(run: &Run) -> Vec<(String, String)> {
    let list = run.request.pointer("/AlgorithmSpecification/MetricDefinitions").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|it| Some((it.get("Name")?.as_str()?.to_owned(), it.get("Regex")?.as_str()?.to_owned())))
        .collect()
}

/// SageMaker's names with their values, as far as the request has them.
fn resources(run: &Run) -> Vec<(String, String)> {
    const POINTERS: [(&str, &str); 10] = [
        ("InstanceType", "/ResourceConfig/InstanceType"),
        ("InstanceCount", "/ResourceConfig/InstanceCount"),
        ("VolumeSizeInGB", "/ResourceConfig/VolumeSizeInGB"),
        ("MaxRuntimeInSeconds", "/StoppingCondition/MaxRuntimeInSeconds"),
        ("MaxWaitTimeInSeconds", "/StoppingCondition/MaxWaitTimeInSeconds"),
        ("EnableManagedSpotTraining", "/EnableManagedSpotTraining"),
        ("CheckpointConfig.S3Uri", "/CheckpointConfig/S3Uri"),
        ("TrainingImage", "/AlgorithmSpecification/TrainingImage"),
        ("RoleArn", "/RoleArn"),
        ("S3OutputPath", "/OutputDataConfig/S3OutputPath"),
    ];
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    POINTERS
        .iter()
        .filter_map(|(name, pointer)| Some(((*name).to_owned(), text(run.request.pointer(pointer)?))))
        .collect()
}
