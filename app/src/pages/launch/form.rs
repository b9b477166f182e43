//! The form itself: sections, the summary of errors, the estimate and the button.

use leptos::{
    ev::{MouseEvent, SubmitEvent},
    html,
    prelude::*,
};

use super::{
    advice::{Alternatives, Warnings},
    changes::Changes,
    channels::Channels,
    estimate::Estimate,
    image::{AlgorithmParameters, ImageField},
    json::JsonPane,
    presets::{PresetChoices, SavePreset},
    quota::{QuotaNotice, QuotaState},
    quote::QuoteState,
    sections::{
        EnvironmentFields, ImageFields, LimitFields, MetricFields, OtherFields, ResourceFields, ResultFields, Section,
        SecurityFields, TrackingFields,
    },
    source::{SourceFields, check_file},
    state::FormState,
    workbench::Workbench,
};
use crate::{
    api::launch::LaunchForm as Data,
    components::{
        field::{FieldErrors, FormErrors, field_id},
        focus::focus_if_lost,
        icon::{Glyph, Icon},
        rows_field::{RowsField, name_and_value},
        s3_browser::{S3Browser, S3Dialog},
    },
    paths,
};

#[component]
pub(super) fn LaunchForm(
    form: Data,
    is_local: bool,
    /// In the place of another one, whose sample's or preset's card had the focus.
    is_refilled: bool,
) -> impl IntoView {
    let Data {
        idempotency_key,
        draft,
        errors: refused,
        samples,
        presets,
        preset,
        parent,
        policies,
        images,
        hyperparameters,
        quotas,
        max_upload_bytes,
    } = form;
    let (images, hyperparameters) = (StoredValue::new(images), StoredValue::new(hyperparameters));
    let parent = StoredValue::new(parent);
    let state = FormState::new(draft, refused, policies);
    provide_context(state);
    provide_context(state.request);
    provide_context(S3Browser::new());
    let quota = QuotaState::new(state, quotas);
    provide_context(quota);
    provide_context(QuoteState::new(state, quota));
    let errors = state.errors();
    let is_sent = RwSignal::new(false);
    let summary = NodeRef::<html::Div>::new();
    let file = NodeRef::<html::Input>::new();
    let on_submit = move |event: SubmitEvent| {
        if is_sent.get_untracked() {
            event.prevent_default();
            return;
        }
        // What launches nothing is judged by the server: a form need not be right to be kept as a preset.
        if event.submitter().is_some_and(|it| it.has_attribute("formaction")) {
            return;
        }
        state.file_error.set(missing_file(&state, file).or_else(|| check_file(file, max_upload_bytes)));
        if !state.check() {
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
    Effect::new(move |_| {
        if is_refilled {
            focus_if_lost(".choices [aria-current='true']");
        }
    });
    let sent_word = move || is_sent.get().then_some("true");
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
            {parent.with_value(|it| it.as_ref().map(|it| view! {
                <input type="hidden" name="parent" value=it.run.to_string()/>
            }))}
            <div class="launch-main">
                <Summary errors node_ref=summary/>
                <Section title="What runs" lead="A bundled sample with its settings, your own script, or an image's own program.">
                    <PresetChoices presets preset/>
                    <SourceFields samples max_upload_bytes errors file/>
                    <ImageField images errors/>
                    <ImageFields errors/>
                </Section>
                <Section title="Hyperparameters" lead="Given to the script as --name value.">
                    <RowsField path="HyperParameters" what="hyperparameter" columns=name_and_value("epochs", "20") errors/>
                    <AlgorithmParameters images parameters=hyperparameters/>
                </Section>
                <Section title="Metric definitions" lead="Regular expressions that find numbers in the log; the first group is the value.">
                    <MetricFields errors/>
                    <Workbench file/>
                </Section>
                <Section title="Runs on" lead="The instances of the cluster.">
                    <ResourceFields errors/>
                </Section>
                <Section title="Data" lead="Each channel is a folder in the container.">
                    <Channels errors/>
                </Section>
                <Section title="Results" lead="Where the model and the checkpoints go.">
                    <ResultFields errors/>
                </Section>
                <Section title="Limits and spot" lead="What ends the job if it does not end by itself.">
                    <LimitFields errors/>
                </Section>
                <Section title="Network and security" lead="What the job may do, and who can see it.">
                    <SecurityFields errors/>
                </Section>
                <Section title="Environment" lead="Variables of the container.">
                    <EnvironmentFields errors/>
                </Section>
                <Section title="Tracking" lead="Where the run is found again.">
                    <TrackingFields errors/>
                </Section>
                <OtherFields errors/>
                <JsonPane/>
            </div>
            <aside class="launch-side" aria-label="Estimate and launch">
                <Estimate is_local/>
                <QuotaNotice/>
                <Warnings/>
                <Alternatives/>
                <Changes parent/>
                <div id=field_id("engine") tabindex="-1"><FieldErrors field="engine" errors/></div>
                <div id=field_id("budget") tabindex="-1"><FieldErrors field="budget" errors/></div>
                // Not disabled: a disabled button loses the focus, and what is sent may take its time.
                <button type="submit" class="button is-primary is-large is-wide" aria-disabled=sent_word>
                    <Glyph icon=Icon::Launch/>
                    {move || if is_sent.get() { "Launching" } else { "Launch" }}
                </button>
                <button type="submit" class="button is-wide" formaction=paths::LAUNCH_SWEEP aria-disabled=sent_word>
                    <Glyph icon=Icon::Sweeps/>"Sweep over hyperparameters"
                </button>
                <SavePreset errors/>
                <p class="hint">"Recorded first, then sent once: pressing twice does not start two jobs."</p>
            </aside>
        </form>
        <S3Dialog/>
    }
}

/// An upload without a file, when none is kept from before.
fn missing_file(state: &FormState, file: NodeRef<html::Input>) -> Option<String> {
    #[cfg(feature = "hydrate")]
    {
        let has_file = file.get_untracked().and_then(|it| it.files()).is_some_and(|it| it.length() > 0);
        let is_needed =
            state.source.with_untracked(|it| it == "upload") && state.kept.with_value(|it| it.source_sha256.is_none());
        (is_needed && !has_file).then(|| "Choose the script or the archive to run, or pick a sample above.".to_owned())
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (state, file);
        None
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

/// `HyperParameters[3].value` as people say it: `HyperParameters, row 4, value`; names of Trainyard's own fields in words.
fn field_words(field: &str) -> String {
    let words = |text: &str| {
        if text.contains(|c: char| c.is_ascii_uppercase()) {
            return text.to_owned();
        }
        let text = text.replace(['_', '.'], " ");
        let mut chars = text.chars();
        chars.next().map(|first| first.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
    };
    let row = field.split_once('[').and_then(|(list, rest)| {
        let (index, part) = rest.split_once(']')?;
        let row = format!("{}, row {}", words(list), index.parse::<usize>().ok()? + 1);
        let part = part.trim_start_matches('.');
        Some(if part.is_empty() { row } else { format!("{row}, {part}") })
    });
    row.unwrap_or_else(|| words(field))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_as_people_say_them() {
        assert_eq!(field_words("job_name"), "Job name");
        assert_eq!(field_words("quota.max_usd_per_hour"), "Quota max usd per hour");
        assert_eq!(field_words("HyperParameters[3].value"), "HyperParameters, row 4, value");
        assert_eq!(field_words("VpcConfig.Subnets[0]"), "VpcConfig.Subnets, row 1");
        assert_eq!(field_words("StoppingCondition.MaxRuntimeInSeconds"), "StoppingCondition.MaxRuntimeInSeconds");
    }
}
