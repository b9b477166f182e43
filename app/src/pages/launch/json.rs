//! The request beside the form: it follows the form while somebody types there, and fills the form when somebody types
//! or pastes here. Other forms than JSON are read and written by the server.

use domain::{
    job_draft::{FieldError, JobDraft, SCRIPT_PARAMETERS, SourceKind},
    job_spec::canonical,
    share::ShareFormat,
};
use leptos::{prelude::*, task::spawn_local};
use serde_json::{Map, Value, json};

use super::state::FormState;
use crate::{
    api::share::{ReadView, RenderedView, share_read, share_render},
    components::{copy::CopyButton, field::area_text},
};

/// Stands where a source's place will stand that only launch knows.
const AT_LAUNCH: &str = "set at launch";

/// What the form asks for, as CreateTrainingJob has it; without the end of the name and Trainyard's tags.
fn request(draft: &JobDraft) -> Value {
    let mut request = draft.fields.to_partial_request().into_value();
    if !draft.job_name.trim().is_empty() {
        request["TrainingJobName"] = json!(draft.job_name.trim());
    }
    let [program, directory] = SCRIPT_PARAMETERS;
    let script = match draft.source_kind() {
        SourceKind::Image => None,
        SourceKind::S3 => Some((draft.entry_point.as_str(), draft.source_uri.trim())),
        SourceKind::Script => Some((draft.script.name.trim(), AT_LAUNCH)),
        SourceKind::Sample(_) | SourceKind::Upload | SourceKind::Git => Some((draft.entry_point.as_str(), AT_LAUNCH)),
    };
    if let Some((entry_point, place)) = script {
        request["HyperParameters"][program] = json!(entry_point);
        request["HyperParameters"][directory] = json!(place);
    }
    if draft.checkpoints && request.get("CheckpointConfig").is_none() {
        request["CheckpointConfig"] = json!({});
    }
    canonical(&request)
}

fn request_text(draft: &JobDraft) -> String {
    serde_json::to_string_pretty(&request(draft)).unwrap_or_default()
}

/// The form that a request makes. An empty source says: the one that the form has.
fn draft_of(mut request: Value) -> Result<JobDraft, Vec<FieldError>> {
    let [program, directory] = SCRIPT_PARAMETERS;
    let parameters = request.get_mut("HyperParameters").and_then(Value::as_object_mut);
    let kept = parameters.filter(|it| it.get(directory).and_then(Value::as_str) == Some(AT_LAUNCH)).map(|it| {
        it.remove(directory);
        it.remove(program).and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
    });
    let is_empty = request.get("HyperParameters").and_then(Value::as_object).is_some_and(Map::is_empty);
    if let (Some(_), true, Some(members)) = (&kept, is_empty, request.as_object_mut()) {
        members.remove("HyperParameters");
    }
    let mut draft = JobDraft::of_request(&request)?;
    if let Some(entry_point) = kept {
        draft.source.clear();
        draft.entry_point = entry_point;
    }
    Ok(draft)
}

#[derive(Clone, Default, PartialEq)]
struct Reading {
    /// While somebody types here, the text is theirs: the form must not rewrite it under the cursor.
    typed: Option<String>,
    wrong: Vec<String>,
    notes: Vec<String>,
}

#[component]
pub(super) fn JsonPane() -> impl IntoView {
    let state = FormState::of_form();
    let of_form = Memo::new(move |_| state.draft.with(request_text));
    let reading = RwSignal::new(Reading::default());
    let take = move |request: Value, notes: Vec<String>| match draft_of(request) {
        Ok(draft) => {
            state.load(draft);
            reading.update(|it| (it.wrong, it.notes) = (Vec::new(), notes));
        }
        Err(wrong) => {
            let lines = wrong.into_iter().map(|it| format!("{}: {}", it.field, it.message)).collect();
            reading.update(|it| it.wrong = lines);
        }
    };
    let on_input = move |event| {
        let text = event_target_value(&event);
        reading.update(|it| it.typed = Some(text.clone()));
        match serde_json::from_str::<Value>(&text) {
            Ok(request) => take(request, Vec::new()),
            // Half-typed JSON is the server's to explain, and so is everything that is none.
            Err(_) => spawn_local(async move {
                let answer = share_read(text.clone()).await;
                if reading.with_untracked(|it| it.typed.as_ref() != Some(&text)) {
                    return;
                }
                match answer {
                    Ok(ReadView::Request { request, notes }) => take(request, notes),
                    Ok(ReadView::Wrong(message)) => reading.update(|it| it.wrong = vec![message]),
                    Err(error) => reading.update(|it| it.wrong = vec![error.to_string()]),
                }
            }),
        }
    };
    let on_blur = move |_| {
        if reading.with_untracked(|it| it.wrong.is_empty()) {
            reading.update(|it| it.typed = None);
        }
    };
    let shown = Memo::new(move |_| reading.with(|it| it.typed.clone()).unwrap_or_else(|| of_form.get()));
    let is_wrong = move || reading.with(|it| !it.wrong.is_empty());
    let spans = |lines: Vec<String>| lines.into_iter().map(|it| view! { <span>{it}</span> }).collect_view();
    view! {
        <section class="panel form-section needs-js" aria-labelledby="s-request">
            <div class="json-head">
                <h2 class="panel-title" id="s-request">"The request"</h2>
                <CopyButton text=shown what="the request"/>
            </div>
            <p class="panel-lead">
                "In SageMaker's own words. Paste a request as JSON or YAML, boto3 code, an AWS CLI command or a job's ARN, "
                "and the form is filled in. The end of the name and Trainyard's tags are added at launch."
            </p>
            <textarea
                class="json"
                aria-label="The request as JSON"
                aria-describedby="json-error"
                aria-invalid=move || is_wrong().then_some("true")
                rows="18"
                spellcheck="false"
                autocomplete="off"
                prop:value=move || shown.get()
                on:input=on_input
                on:blur=on_blur
            >
                {area_text(&shown.get_untracked())}
            </textarea>
            <p class="field-error" id="json-error" role="status">{move || spans(reading.with(|it| it.wrong.clone()))}</p>
            <p class="hint" role="status">{move || spans(reading.with(|it| it.notes.clone()))}</p>
            <ShareAs/>
        </section>
    }
}

/// The request for another tool, made when it is asked for.
#[component]
fn ShareAs() -> impl IntoView {
    let state = FormState::of_form();
    let rendered = RwSignal::new(None::<(ShareFormat, Result<RenderedView, String>)>);
    let buttons = ShareFormat::ALL
        .into_iter()
        .filter(|it| *it != ShareFormat::Json)
        .map(|format| {
            let make = move |_| {
                let request = state.draft.with_untracked(request);
                spawn_local(async move {
                    let answer = share_render(request, format.as_str().to_owned()).await;
                    rendered.set(Some((format, answer.map_err(|it| it.to_string()))));
                });
            };
            let is_shown = move || rendered.with(|it| it.as_ref().is_some_and(|(shown, _)| *shown == format));
            view! {
                <button
                    type="button" class="button is-small" data-format=format.as_str()
                    aria-pressed=move || if is_shown() { "true" } else { "false" }
                    on:click=make
                >
                    {format.title()}
                </button>
            }
        })
        .collect_view();
    let text = Memo::new(move |_| {
        rendered.with(|it| match it {
            Some((_, Ok(view))) => view.text.clone(),
            _ => String::new(),
        })
    });
    let result = move || {
        rendered.get().map(|(format, answer)| match answer {
            Ok(view) => {
                let notes = view.notes.into_iter().map(|it| view! { <li>{it}</li> }).collect_view();
                view! {
                    <div class="share">
                        <div class="json-head">
                            <h3>{format.title()}</h3>
                            <CopyButton text=text what=format.title()/>
                        </div>
                        <ul class="hint">{notes}</ul>
                        <pre class="json" tabindex="0" aria-label=format.title()>{view.text}</pre>
                    </div>
                }
                .into_any()
            }
            Err(message) => view! { <p class="field-error">{message}</p> }.into_any(),
        })
    };
    view! {
        <div class="share-formats" role="group" aria-label="The request for another tool">
            <span class="hint">"The same as"</span>
            {buttons}
        </div>
        {result}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_of_a_form_fills_the_same_form() {
        let mut draft = JobDraft { job_name: "wine".to_owned(), ..JobDraft::default() };
        draft.fields.push_pair("HyperParameters", "epochs", "3");
        draft.fields.set("VpcConfig.Subnets[0]", "subnet-1");
        let again = draft_of(request(&draft)).expect("our own request");
        assert_eq!(
            (again.job_name.as_str(), again.entry_point.as_str(), again.source.as_str()),
            ("wine", "train.py", "")
        );
        assert_eq!((again.checkpoints, &again.fields), (true, &draft.fields));
        let own = JobDraft { source: "image".to_owned(), checkpoints: false, ..draft };
        let again = draft_of(request(&own)).expect("our own request");
        assert_eq!((again.source.as_str(), again.checkpoints, &again.fields), ("image", false, &own.fields));
    }

    #[test]
    fn an_archive_in_s3_is_part_of_the_request() {
        let uri = "s3://team/code/sourcedir.tar.gz".to_owned();
        let draft = JobDraft { source: "s3".to_owned(), source_uri: uri.clone(), ..JobDraft::default() };
        let again = draft_of(request(&draft)).expect("our own request");
        assert_eq!((again.source.as_str(), again.source_uri), ("s3", uri));
    }
}
