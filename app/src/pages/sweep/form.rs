//! `/sweeps/new`: the values of each hyperparameter, how many at a time, for how much. What was typed is in the URL, so a
//! wrong field is shown again as it was, with or without script.

use domain::sweep::{SweepDraft, Trial};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::{
    api::sweep::{SweepForm, sweep_form_get},
    components::{
        field::{FieldErrors, FormErrors, TextField, described_by, field_id, is_wrong},
        icon::{Glyph, Icon},
        loaded::Loaded,
    },
    model::rows::grouped_digits,
    paths,
};

/// Trials of the plan that are shown before it is started.
const SHOWN_TRIALS: usize = 20;
/// Rows for hyperparameters that the job's form does not have.
const BLANK_ROWS: usize = 2;

#[component]
pub fn SweepNew() -> impl IntoView {
    let query = use_query_map();
    let wanted = Memo::new(move |_| {
        query.with(|it| {
            let pairs: Vec<(String, String)> =
                it.clone().into_iter().map(|(name, value)| (name.into_owned(), value)).collect();
            (it.get("draft").unwrap_or_default(), SweepDraft::of_pairs(&pairs))
        })
    });
    let form = Resource::new_blocking(move || wanted.get(), |(key, form)| sweep_form_get(key, form));
    view! {
        <Title text="Sweep"/>
        <Loaded data=form show=|it| view! { <Form it/> }.into_any()/>
    }
}

#[component]
fn Form(it: SweepForm) -> impl IntoView {
    let SweepForm { idempotency_key, form, errors, plan, experiment, machine, trial_at_most, metrics } = it;
    let is_wrong = !errors.is_empty();
    let errors = FormErrors { list: Signal::stored(errors), touch: Callback::new(|_| ()) };
    let mut parameters = form.parameters.clone();
    parameters.extend(std::iter::repeat_n((String::new(), String::new()), BLANK_ROWS));
    let rows = (0..)
        .zip(parameters)
        .map(|(row, (name, values))| view! { <ParameterRow row name values errors/> })
        .collect_view();
    let is_random = form.strategy == "random";
    let is_maximum = form.goal == "maximize";
    let options = metrics
        .into_iter()
        .map(|name| {
            let is_chosen = name == form.metric;
            view! { <option value=name.clone() selected=is_chosen>{name.clone()}</option> }
        })
        .collect_view();
    let most = trial_at_most.map_or_else(|| "unpriced".to_owned(), |it| it.to_string());
    let total = plan.as_ref().map(|plan| {
        let most: Option<domain::money::NanoUsd> = trial_at_most.map(|it| plan.iter().map(|_| it).sum());
        let most = most.map_or_else(|| "unpriced".to_owned(), |it| it.to_string());
        format!("{} trials, at most {most}", grouped_digits(plan.len() as u64))
    });
    let back = format!("{}?draft={}", paths::LAUNCH, paths::escape(&idempotency_key));
    view! {
        <div class="page-head">
            <h1>"Sweep"</h1>
            <p class="page-lead">"The same job many times, with other hyperparameters each time."</p>
        </div>
        <form class="launch" method="post" action=paths::SWEEPS novalidate=true>
            <input type="hidden" name="draft" value=idempotency_key/>
            <div class="launch-main">
                {is_wrong.then(|| view! {
                    <div class="notice notice-bad error-summary" role="alert">
                        <Glyph icon=Icon::Alert/>
                        <div>
                            <h2>"Nothing was started: please look at the fields below"</h2>
                            <FieldErrors field="idempotency_key" errors/>
                        </div>
                    </div>
                })}
                <section class="panel" aria-labelledby="sw-values">
                    <h2 id="sw-values" class="panel-title">"Hyperparameters"</h2>
                    <p class="hint">
                        "Several values with commas ("<code>"0.1, 0.2, 0.4"</code>"), steps ("<code>"10 to 50 step 10"</code>
                        "), or a range to draw from ("<code>"0.001 to 0.1 log"</code>"). Left empty, a hyperparameter keeps the value of the job's form."
                    </p>
                    <div class="sweep-rows">{rows}</div>
                </section>
                <section class="panel" aria-labelledby="sw-plan">
                    <h2 id="sw-plan" class="panel-title">"Plan"</h2>
                    <fieldset class="choice-row" id=field_id("strategy") tabindex="-1">
                        <legend>"Strategy"</legend>
                        <label><input type="radio" name="strategy" value="grid" checked=!is_random/>" Grid: every combination"</label>
                        <label><input type="radio" name="strategy" value="random" checked=is_random/>" Random: as many as you say"</label>
                    </fieldset>
                    <FieldErrors field="strategy" errors/>
                    <div class="sweep-grid">
                        <TextField name="trials" label="Trials (random)" value=RwSignal::new(form.trials) errors inputmode="decimal"/>
                        <TextField name="seed" label="Seed (random)" value=RwSignal::new(form.seed) errors inputmode="decimal"/>
                        <TextField name="max_parallel" label="At a time" value=RwSignal::new(form.max_parallel) errors inputmode="decimal"/>
                        <TextField name="budget_usd" label="Budget in dollars, for all" value=RwSignal::new(form.budget_usd) errors inputmode="decimal"/>
                    </div>
                </section>
                <section class="panel" aria-labelledby="sw-objective">
                    <h2 id="sw-objective" class="panel-title">"Objective"</h2>
                    <div class="sweep-grid">
                        <div class="field">
                            <label for="f-metric">"Metric"</label>
                            <select id="f-metric" name="metric">
                                <option value="" selected=form.metric.is_empty()>"none"</option>
                                {options}
                            </select>
                        </div>
                        <div class="field">
                            <label for="f-goal">"Better is"</label>
                            <select id="f-goal" name="goal">
                                <option value="minimize" selected=!is_maximum>"lower"</option>
                                <option value="maximize" selected=is_maximum>"higher"</option>
                            </select>
                        </div>
                    </div>
                    <p class="hint">"The best trial is marked by the last value of this metric."</p>
                </section>
                {plan.map(|plan| view! { <Plan plan/> })}
            </div>
            <aside class="launch-side" aria-label="Plan and start">
                <div class="estimate">
                    <p class="estimate-label">{if total.is_some() { "The plan" } else { "One trial" }}</p>
                    <p class="estimate-figure">{total.unwrap_or_else(|| format!("at most {most}"))}</p>
                    <p class="hint">{machine}", experiment "{experiment}</p>
                </div>
                <button class="button is-wide" type="submit" formmethod="get" formaction=paths::SWEEP_NEW>
                    "Show the plan"
                </button>
                <button class="button is-primary is-large is-wide" type="submit"><Glyph icon=Icon::Launch/>"Start the sweep"</button>
                <p class="hint"><a href=back>"Back to the job's form"</a></p>
            </aside>
        </form>
    }
}

#[component]
fn ParameterRow(row: usize, name: String, values: String, errors: FormErrors) -> impl IntoView {
    let (of_name, of_values) = (format!("parameters[{row}].name"), format!("parameters[{row}].values"));
    let (wrong_name, wrong_values) = (is_wrong(&of_name, errors), is_wrong(&of_values, errors));
    view! {
        <div class="sweep-row">
            <input type="text" id=field_id(&of_name) name=of_name.clone() value=name aria-label=format!("Name of row {}", row + 1) autocomplete="off"
                aria-invalid=move || wrong_name.get().then_some("true")
                aria-describedby=described_by(&field_id(&of_name), false, wrong_name)
            />
            <input
                type="text"
                id=field_id(&of_values)
                name=of_values.clone()
                value=values
                placeholder="0.1, 0.2, 0.4"
                aria-label=format!("Values of row {}", row + 1)
                autocomplete="off"
                aria-invalid=move || wrong_values.get().then_some("true")
                aria-describedby=described_by(&field_id(&of_values), false, wrong_values)
            />
            <FieldErrors field=of_name errors/>
            <FieldErrors field=of_values errors/>
        </div>
    }
}

/// The first trials, as they will be launched.
#[component]
fn Plan(plan: Vec<Trial>) -> impl IntoView {
    let names: Vec<String> =
        plan.first().map(|it| it.parameters.iter().map(|(name, _)| name.clone()).collect()).unwrap_or_default();
    let more = plan.len().saturating_sub(SHOWN_TRIALS);
    let rows = plan
        .into_iter()
        .take(SHOWN_TRIALS)
        .map(|trial| {
            let cells = trial.parameters.into_iter().map(|(_, value)| view! { <td>{value}</td> }).collect_view();
            view! { <tr><th scope="row">{trial.number + 1}</th>{cells}</tr> }
        })
        .collect_view();
    let heads = names.into_iter().map(|it| view! { <th scope="col">{it}</th> }).collect_view();
    view! {
        <section class="panel" aria-labelledby="sw-trials">
            <h2 id="sw-trials" class="panel-title">"Trials"</h2>
            <div class="pairs-scroll" tabindex="0" role="region" aria-label="Planned trials">
                <table class="pairs">
                    <thead><tr><th scope="col">"Trial"</th>{heads}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            {(more > 0).then(|| view! { <p class="dim">{format!("and {} more", grouped_digits(more as u64))}</p> })}
        </section>
    }
}
