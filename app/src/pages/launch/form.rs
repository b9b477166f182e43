//! The form itself: sections, the summary of errors, the estimate and the button.

use leptos::{
    ev::{MouseEvent, SubmitEvent},
    html,
    prelude::*,
};

use super::{
    estimate::Estimate,
    instance::InstanceField,
    source::{SourceFields, check_file},
    state::FormState,
};
use crate::{
    api::launch::LaunchForm as Data,
    components::{
        field::{CheckField, FieldErrors, FormErrors, TextField, field_id},
        icon::{Glyph, Icon},
        rows_field::RowsField,
    },
    paths,
};

#[component]
pub(super) fn LaunchForm(form: Data, is_local: bool) -> impl IntoView {
    let Data { idempotency_key, draft, errors: refused, samples, max_upload_bytes } = form;
    let state = FormState::new(draft, refused);
    provide_context(state);
    let errors = state.errors();
    let is_sent = RwSignal::new(false);
    let summary = NodeRef::<html::Div>::new();
    let file = NodeRef::<html::Input>::new();
    let on_submit = move |event: SubmitEvent| {
        state.file_error.set(missing_file(&state, file).or_else(|| check_file(file, max_upload_bytes)));
        if is_sent.get_untracked() || !state.check() {
            event.prevent_default();
            // The summary may only now come into being.
            request_animation_frame(move || {
                if let Some(summary) = summary.get_untracked() {
                    drop(summary.focus());
                }
            });
            return;
        }
        is_sent.set(true);
    };
    view! {
        <form
            class="launch"
            method="post"
            action=paths::LAUNCH
            enctype="multipart/form-data"
            novalidate=true
            on:submit=on_submit
        >
            <input type="hidden" name="idempotency_key" value=idempotency_key/>
            <div class="launch-main">
                <Summary errors node_ref=summary/>
                <Section title="What runs" lead="A bundled sample with its settings, or your own source.">
                    <SourceFields samples max_upload_bytes errors file/>
                </Section>
                <Section title="Hyperparameters" lead="Given to the script as --name value.">
                    <RowsField field="hyperparameters" what="hyperparameter" rows=state.hyperparameters errors name_placeholder="epochs" value_placeholder="20"/>
                </Section>
                <Section title="Metric definitions" lead="Regular expressions that find numbers in the log; the first group is the value.">
                    <RowsField
                        field="metric_definitions" what="metric definition" value_label="Regex" rows=state.metric_definitions errors
                        name_placeholder="train:loss" value_placeholder="loss=([0-9.eE+-]+)"
                    />
                </Section>
                <Section title="Runs on" lead="The instances of the cluster.">
                    <InstanceField errors/>
                    <div class="field-row">
                        <TextField name="instance_count" label="Instances" api_name="InstanceCount" value=state.instance_count errors inputmode="numeric"/>
                        <TextField name="volume_size_gb" label="Volume" api_name="VolumeSizeInGB" unit="GB" value=state.volume_size_gb errors inputmode="numeric"/>
                    </div>
                </Section>
                <Section title="Limits and spot" lead="What ends the job if it does not end by itself.">
                    <Limits errors/>
                </Section>
                <Section title="Tracking" lead="Where the run is found again.">
                    <div class="field-row">
                        <TextField name="experiment" label="Experiment" value=state.experiment errors hint="Runs of one experiment are compared."/>
                        <TextField
                            name="job_name" label="Job name" api_name="TrainingJobName" value=state.job_name errors
                            hint="The beginning; an id is added, so that it is never used twice."
                        />
                    </div>
                    <h3 class="rows-title">"Tags"</h3>
                    <RowsField field="tags" what="tag" name_label="Key" rows=state.tags errors name_placeholder="team" value_placeholder="vision"/>
                </Section>
                <Advanced errors/>
            </div>
            <aside class="launch-side" aria-label="Estimate and launch">
                <Estimate is_local/>
                <div id=field_id("engine") tabindex="-1"><FieldErrors field="engine" errors/></div>
                <button type="submit" class="button is-primary is-large is-wide" disabled=is_sent>
                    <Glyph icon=Icon::Launch/>
                    {move || if is_sent.get() { "Launching" } else { "Launch" }}
                </button>
                <p class="hint">"Recorded first, then sent once: pressing twice does not start two jobs."</p>
            </aside>
        </form>
    }
}

/// An upload without a file, when none is kept from before.
fn missing_file(state: &FormState, file: NodeRef<html::Input>) -> Option<String> {
    #[cfg(feature = "hydrate")]
    {
        let has_file = file.get_untracked().and_then(|it| it.files()).is_some_and(|it| it.length() > 0);
        let is_needed = state.is_upload() && state.kept.with_value(|it| it.source_sha256.is_none());
        (is_needed && !has_file).then(|| "Choose the script or the archive to run, or pick a sample above.".to_owned())
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (state, file);
        None
    }
}

#[component]
fn Section(title: &'static str, lead: &'static str, children: Children) -> impl IntoView {
    let id = format!("s-{}", title.to_lowercase().replace(' ', "-"));
    let labelled_by = id.clone();
    view! {
        <section class="panel form-section" aria-labelledby=labelled_by>
            <h2 class="panel-title" id=id>{title}</h2>
            <p class="panel-lead">{lead}</p>
            {children()}
        </section>
    }
}

/// All errors in one place, each a link to its field.
#[component]
fn Summary(errors: FormErrors, node_ref: NodeRef<html::Div>) -> impl IntoView {
    let is_empty = Memo::new(move |_| errors.list.with(Vec::is_empty));
    move || {
        (!is_empty.get()).then(|| {
            let lines = move || {
                errors
                    .list
                    .get()
                    .into_iter()
                    .map(|it| {
                        let id = field_id(&it.field);
                        let href = format!("#{id}");
                        let on_click = move |event: MouseEvent| focus_field(&event, &id);
                        view! { <li><a href=href rel="external" on:click=on_click>{field_words(&it.field)}</a>": "{it.message}</li> }
                    })
                    .collect_view()
            };
            view! {
                <div class="notice notice-bad error-summary" role="alert" tabindex="-1" node_ref=node_ref>
                    <Glyph icon=Icon::Alert/>
                    <div>
                        <h2>"Nothing was launched: please look at these fields"</h2>
                        <ul>{lines}</ul>
                    </div>
                </div>
            }
        })
    }
}

/// A link to a field also puts the cursor into it; without script it scrolls there.
fn focus_field(event: &MouseEvent, id: &str) {
    #[cfg(feature = "hydrate")]
    {
        use wasm_bindgen::JsCast as _;
        if let Some(field) = document().get_element_by_id(id).and_then(|it| it.dyn_into::<web_sys::HtmlElement>().ok())
        {
            event.prevent_default();
            drop(field.focus());
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (event, id);
}

/// `hyperparameters[3].value` as people say it: `Hyperparameters, row 4, value`.
fn field_words(field: &str) -> String {
    let words = |text: &str| {
        let text = text.replace('_', " ");
        let mut chars = text.chars();
        chars.next().map(|first| first.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
    };
    let row = field.split_once('[').and_then(|(table, rest)| {
        let (index, part) = rest.split_once("].")?;
        Some(format!("{}, row {}, {part}", words(table), index.parse::<usize>().ok()? + 1))
    });
    row.unwrap_or_else(|| words(field))
}

#[component]
fn Limits(errors: FormErrors) -> impl IntoView {
    let state = FormState::of_form();
    // Without script the field stays visible: the style hides it only where the switch is really off and live.
    let is_live = RwSignal::new(false);
    Effect::new(move |_| is_live.set(true));
    let hides_wait = move || is_live.get() && !state.spot.get();
    view! {
        <div class="field-row">
            <TextField
                name="max_runtime_seconds" label="Maximum runtime" api_name="MaxRuntimeInSeconds" unit="s"
                value=state.max_runtime_seconds errors inputmode="numeric"
            />
            <div class="field-slot" class:is-hidden=hides_wait>
                <TextField
                    name="max_wait_seconds" label="Maximum wait" api_name="MaxWaitTimeInSeconds" unit="s"
                    value=state.max_wait_seconds errors inputmode="numeric"
                    hint="For spot: running and waiting for capacity together, at least the maximum runtime."
                />
            </div>
        </div>
        <CheckField
            name="spot" label="Managed spot training" api_name="EnableManagedSpotTraining" value=state.spot
            hint="Spare capacity, billed fewer seconds; it may be interrupted and goes on later."
        />
        <CheckField
            name="checkpoints" label="Keep checkpoints" api_name="CheckpointConfig" value=state.checkpoints
            hint="What the script writes to /opt/ml/checkpoints survives interruptions."
        />
        {move || (state.spot.get() && !state.checkpoints.get()).then(|| view! {
            <p class="notice notice-warn">
                "Spot without checkpoints starts from nothing after each interruption: that can cost more than on demand."
            </p>
        })}
    }
}

#[component]
fn Advanced(errors: FormErrors) -> impl IntoView {
    const NAMES: [&str; 4] = ["training_image", "role_arn", "output_path", "environment"];
    let state = FormState::of_form();
    // A fold must not hide an error, nor a field that has to be filled in.
    let must_open = Memo::new(move |_| {
        let has_error =
            errors.list.with(|all| all.iter().any(|it| NAMES.iter().any(|name| it.field.starts_with(name))));
        has_error
            || state.role_arn.with_untracked(String::is_empty)
            || state.output_path.with_untracked(String::is_empty)
    });
    view! {
        <details class="panel form-section advanced" open=must_open>
            <summary><h2 class="panel-title">"Advanced"</h2><span class="panel-lead">"Image, role, output path, environment"</span></summary>
            <TextField name="training_image" label="Training image" api_name="TrainingImage" value=state.training_image errors/>
            <TextField name="role_arn" label="Execution role" api_name="RoleArn" value=state.role_arn errors/>
            <TextField name="output_path" label="Output path" api_name="S3OutputPath" value=state.output_path errors/>
            <h3 class="rows-title">"Environment"</h3>
            <RowsField field="environment" what="variable" rows=state.environment errors name_placeholder="OMP_NUM_THREADS" value_placeholder="4"/>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_as_people_say_them() {
        assert_eq!(field_words("max_wait_seconds"), "Max wait seconds");
        assert_eq!(field_words("hyperparameters[3].value"), "Hyperparameters, row 4, value");
        assert_eq!(field_words("hyperparameters"), "Hyperparameters");
    }
}
