//! The request beside the form: it follows the form while somebody types there, and fills the form when somebody types
//! or pastes here.

use domain::{
    job_draft::{FieldError, JobDraft},
    job_spec::canonical,
};
use leptos::{html, prelude::*};
use serde_json::Value;

use super::state::FormState;
use crate::components::copy::CopyButton;

/// What the form asks for, as CreateTrainingJob has it; without what Trainyard adds when it launches.
fn request_text(draft: &JobDraft) -> String {
    let mut request = draft.fields.to_partial_request().into_value();
    if !draft.job_name.trim().is_empty() {
        request["TrainingJobName"] = Value::from(draft.job_name.trim());
    }
    serde_json::to_string_pretty(&canonical(&request)).unwrap_or_default()
}

/// The form that a text makes, or what is wrong with it.
fn read(text: &str) -> Result<JobDraft, Vec<FieldError>> {
    let request: Value = serde_json::from_str(text).map_err(|err| {
        let message = format!("this is no JSON yet: {err}. Mend it, and the form follows");
        vec![FieldError::new("JSON", message)]
    })?;
    JobDraft::of_request(&request)
}

#[component]
pub(super) fn JsonPane() -> impl IntoView {
    let state = FormState::of_form();
    let of_form = Memo::new(move |_| request_text(&state.to_draft()));
    // While somebody types here, the text is theirs: the form must not rewrite it under the cursor.
    let typed = RwSignal::new(None::<String>);
    let errors = RwSignal::new(Vec::<FieldError>::new());
    let area = NodeRef::<html::Textarea>::new();
    let on_input = move |event| {
        let text = event_target_value(&event);
        match read(&text) {
            Ok(draft) => {
                errors.set(Vec::new());
                state.load(draft);
            }
            Err(wrong) => errors.set(wrong),
        }
        typed.set(Some(text));
    };
    let on_blur = move |_| {
        if errors.with_untracked(Vec::is_empty) {
            typed.set(None);
        }
    };
    let shown = Memo::new(move |_| typed.get().unwrap_or_else(|| of_form.get()));
    let lines =
        move || errors.get().into_iter().map(|it| view! { <span>{it.field}": "{it.message}</span> }).collect_view();
    view! {
        <section class="panel form-section needs-js" aria-labelledby="s-json">
            <div class="json-head">
                <h2 class="panel-title" id="s-json">"As JSON"</h2>
                <CopyButton text=shown what="the request"/>
            </div>
            <p class="panel-lead">
                "The same request in SageMaker's own words. Paste one here, and the form is filled in; job name's end, "
                "tags of Trainyard and the place of the source are added at launch."
            </p>
            <textarea
                class="json"
                aria-label="The request as JSON"
                aria-describedby="json-error"
                aria-invalid=move || (!errors.with(Vec::is_empty)).then_some("true")
                rows="18"
                spellcheck="false"
                autocomplete="off"
                node_ref=area
                prop:value=move || shown.get()
                on:input=on_input
                on:blur=on_blur
            >
                {shown.get_untracked()}
            </textarea>
            <p class="field-error" id="json-error" role="status">{lines}</p>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_form_fills_the_same_form() {
        let mut draft = JobDraft { job_name: "wine".to_owned(), ..JobDraft::default() };
        draft.fields.push_pair("HyperParameters", "epochs", "3");
        draft.fields.set("VpcConfig.Subnets[0]", "subnet-1");
        let again = read(&request_text(&draft)).expect("our own text");
        assert_eq!((again.job_name.as_str(), &again.fields), ("wine", &draft.fields));
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        assert!(read("{ \"RoleArn\": ").expect_err("half").first().is_some_and(|it| it.message.contains("line 1")));
        let errors = read(r#"{ "Colour": 1 }"#).expect_err("no such member");
        assert_eq!(errors[0].field, "Colour");
    }
}
