//! The log of an earlier run as something to try definitions on: of the newest run of the form's experiment, or of the
//! job whose name was typed.

use domain::{ids::ExperimentName, run::RunFilter, status::LaunchState};
use leptos::{ev::KeyboardEvent, prelude::*, task::spawn_local};

use super::state::FormState;
use crate::api::{run::run_log_tail, runs::run_list_by_filter};

/// A log that was fetched, and whose it is.
struct Fetched {
    job_name: String,
    text: String,
}

#[component]
pub(super) fn LogSource(log: RwSignal<String>) -> impl IntoView {
    let state = FormState::of_form();
    let job_name = RwSignal::new(String::new());
    let is_fetching = RwSignal::new(false);
    let said = RwSignal::new(String::new());
    let offered = RwSignal::new(Vec::<String>::new());
    let fetch_log = move || {
        is_fetching.set(true);
        said.set(String::new());
        spawn_local(async move {
            let answer = fetch(&state.experiment.get_untracked(), job_name.get_untracked().trim()).await;
            is_fetching.try_set(false);
            match answer {
                Ok(Fetched { job_name, text }) => {
                    let count = text.lines().count();
                    said.try_set(format!("The last {count} lines of {job_name}."));
                    log.try_set(text);
                }
                Err(why) => drop(said.try_set(why)),
            }
        });
    };
    let offer = move |_| {
        spawn_local(async move {
            let filter = filter(&state.experiment.get_untracked(), "");
            if let Ok(page) = run_list_by_filter(filter).await {
                offered.try_set(page.runs.iter().map(|it| it.job_name.to_string()).collect());
            }
        });
    };
    let options = move || offered.get().into_iter().map(|it| view! { <option value=it></option> }).collect_view();
    view! {
        <div class="log-source">
            <label for="workbench-job">"Log of an earlier run"</label>
            <input
                id="workbench-job" type="text" list="workbench-jobs" autocomplete="off" spellcheck="false"
                placeholder="the newest of this experiment"
                aria-describedby="workbench-said"
                prop:value=move || job_name.get()
                on:focus=offer
                on:input=move |event| job_name.set(event_target_value(&event))
                // It stands in the launch form, where Enter would launch.
                on:keydown=move |event: KeyboardEvent| if event.key() == "Enter" {
                    event.prevent_default();
                    fetch_log();
                }
            />
            <datalist id="workbench-jobs">{options}</datalist>
            <button type="button" class="button is-small" disabled=move || is_fetching.get() on:click=move |_| fetch_log()>
                {move || if is_fetching.get() { "Fetching" } else { "Fetch its log" }}
            </button>
        </div>
        <p class="hint" id="workbench-said" role="status">{move || said.get()}</p>
    }
}

fn filter(experiment: &str, job_name: &str) -> RunFilter {
    if job_name.is_empty() {
        RunFilter { experiment: ExperimentName::parse(experiment).ok(), ..RunFilter::default() }
    } else {
        RunFilter { name_contains: Some(job_name.to_owned()), ..RunFilter::default() }
    }
}

async fn fetch(experiment: &str, job_name: &str) -> Result<Fetched, String> {
    let runs = run_list_by_filter(filter(experiment, job_name)).await.map_err(|it| it.to_string())?.runs;
    let Some(run) = runs.into_iter().find(|it| it.launch_state == LaunchState::Submitted) else {
        return Err(if job_name.is_empty() {
            format!("The experiment `{experiment}` has no run with a log: type a part of another job's name.")
        } else {
            format!("No job with a log has `{job_name}` in its name: look it up in the list of runs.")
        });
    };
    let tail = run_log_tail(run.id).await.map_err(|it| it.to_string())?;
    if tail.lines.is_empty() {
        return Err(format!("{} has written no log yet.", run.job_name));
    }
    let text: Vec<String> = tail.lines.into_iter().map(|it| it.text).collect();
    Ok(Fetched { job_name: run.job_name.to_string(), text: text.join("\n") })
}
