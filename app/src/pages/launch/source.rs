//! What runs: a bundled sample, an uploaded script or archive, a script written here, a git repository, an archive in S3,
//! or the image's own program.
//!
//! Without script all ways stand there at once and the chosen one counts; with it the others are hidden.

use domain::{
    git_source::field,
    job_draft::{JobDraft, SourceKind},
    typed_script::TypedScript,
};
use leptos::{html, prelude::*};

use super::state::FormState;
use crate::{
    api::launch::SampleCard,
    components::{
        code_editor::CodeEditor,
        field::{FieldErrors, FormErrors, TextField, described_by, field_id, is_wrong},
        s3_browser::S3Pick,
    },
    model::rows::bytes,
    paths,
};

#[component]
pub(super) fn SourceFields(
    samples: Vec<SampleCard>,
    max_upload_bytes: u64,
    errors: FormErrors,
    file: NodeRef<html::Input>,
) -> impl IntoView {
    let state = FormState::of_form();
    let sample = state.kept.with_value(|it| it.sample.clone());
    let title_of = |wanted: &str| {
        let name = wanted.strip_prefix("sample:").unwrap_or(wanted);
        samples.iter().find(|it| it.name == name).map_or_else(|| name.to_owned(), |it| it.title.clone())
    };
    let of_sample = sample.as_deref().map(|it| (it.to_owned(), format!("The sample's script: {}", title_of(it))));
    let cards = samples
        .iter()
        .map(|it| {
            let is_chosen = sample.as_deref().and_then(|it| it.strip_prefix("sample:")) == Some(&it.name);
            view! {
                <a
                    class="choice"
                    href=paths::launch_sample(&it.name)
                    aria-current=is_chosen.then_some("true")
                    data-noscroll=""
                    data-sample=it.name.clone()
                >
                    <strong>{it.title.clone()}</strong>
                    <span>{it.description.clone()}</span>
                </a>
            }
        })
        .collect_view();
    let ways = of_sample
        .into_iter()
        .chain([
            ("upload".to_owned(), "Upload a script or a source archive".to_owned()),
            ("script".to_owned(), "Write or paste a script".to_owned()),
            ("git".to_owned(), "A git repository".to_owned()),
            ("s3".to_owned(), "A source archive that lies in S3".to_owned()),
            ("image".to_owned(), "The image's own program, or an algorithm".to_owned()),
        ])
        .map(|(value, label)| view! { <SourceWay value label/> })
        .collect_view();
    let is_live = RwSignal::new(false);
    Effect::new(move |_| is_live.set(true));
    let kind_is = move |wanted: fn(&SourceKind<'_>) -> bool| {
        let source = state.source.get();
        wanted(&JobDraft { source, ..JobDraft::default() }.source_kind())
    };
    let hides = move |wanted: fn(&SourceKind<'_>) -> bool| is_live.get() && !kind_is(wanted);
    view! {
        <nav class="choices" aria-label="Start from">
            {cards}
            <a class="choice" href=paths::LAUNCH aria-current=sample.is_none().then_some("true") data-noscroll="">
                <strong>"Your own"</strong>
                <span>"Your script, your image or a built-in algorithm, with the usual settings."</span>
            </a>
        </nav>
        <fieldset class="ways" id=field_id("source") tabindex="-1">
            <legend>"What runs"</legend>
            {ways}
        </fieldset>
        <FieldErrors field="source" errors/>
        <div class="source-part" class:is-hidden=move || hides(|it| *it == SourceKind::Upload)>
            <FileField max_upload_bytes errors file/>
        </div>
        <div class="source-part" class:is-hidden=move || hides(|it| *it == SourceKind::Script)>
            <ScriptFields errors/>
        </div>
        <div class="source-part" class:is-hidden=move || hides(|it| *it == SourceKind::Git)>
            <GitFields errors/>
        </div>
        <div class="source-part" class:is-hidden=move || hides(|it| *it == SourceKind::S3)>
            <TextField
                name="source_uri" label="Source archive" api_name="sagemaker_submit_directory" value=state.source_uri errors
                placeholder="s3://my-bucket/code/sourcedir.tar.gz" pick=Some(S3Pick::Any)
            />
        </div>
        <div class="source-part" class:is-hidden=move || hides(|it| !matches!(it, SourceKind::Image | SourceKind::Script))>
            <TextField
                name="entry_point" label="Entry point" api_name="sagemaker_program" value=state.entry_point errors
                hint="The script inside the source that the container starts."
            />
        </div>
    }
}

#[component]
fn SourceWay(value: String, label: String) -> impl IntoView {
    let state = FormState::of_form();
    let id = field_id(&format!("source-{value}"));
    let chosen = value.clone();
    let is_chosen = move || state.source.with(|it| *it == chosen);
    let was_chosen = state.source.with_untracked(|it| *it == value);
    let set = value.clone();
    view! {
        <div class="way">
            <input
                id=id.clone()
                type="radio"
                name="source"
                value=value
                checked=was_chosen
                prop:checked=is_chosen
                on:change=move |_| state.source.set(set.clone())
            />
            <label for=id>{label}</label>
        </div>
    }
}

/// The name is the entry point's; the text becomes a source archive at launch, as an uploaded script does.
#[component]
fn ScriptFields(errors: FormErrors) -> impl IntoView {
    let state = FormState::of_form();
    let hint = format!("At most {}. Launch packs it as the job's source.", bytes(TypedScript::MAX_BYTES as u64));
    view! {
        <TextField
            name="script_name" label="File name" api_name="sagemaker_program" value=state.script_name errors
            placeholder="train.py"
        />
        <CodeEditor name="script_text" label="Script" value=state.script_text errors hint/>
    }
}

/// Launch fetches it at the commit that the branch has then, and keeps that commit with the run.
#[component]
fn GitFields(errors: FormErrors) -> impl IntoView {
    let state = FormState::of_form();
    view! {
        <TextField
            name=field::URL label="Repository" value=state.git_url errors
            placeholder="https://github.com/team/models.git"
            hint="By https or ssh. A private one is read with the credentials of the account that Trainyard runs as."
        />
        <div class="field-row">
            <TextField
                name=field::REFERENCE label="Branch, tag or commit" value=state.git_ref errors placeholder="main"
                hint="Empty: the default branch. The run keeps the commit that launch finds there."
            />
            <TextField
                name=field::FOLDER label="Folder" value=state.git_folder errors placeholder="src/train"
                hint="What the job gets. Empty: all of the repository, without submodules."
            />
        </div>
    }
}

#[component]
fn FileField(max_upload_bytes: u64, errors: FormErrors, file: NodeRef<html::Input>) -> impl IntoView {
    let state = FormState::of_form();
    let id = field_id("source_file");
    let is_wrong = is_wrong("source_file", errors);
    let described_by = described_by(&id, true, is_wrong);
    let kept = state.kept.with_value(|it| it.source_file_name.clone().zip(it.source_sha256.clone()));
    let has_script = state.kept.with_value(|it| it.has_script);
    let limit = bytes(max_upload_bytes);
    view! {
        <div class="field" class:is-wrong=is_wrong>
            <label for=id.clone()>"Script or archive"</label>
            {kept.map(|(name, sha256)| view! {
                <p class="kept-file">
                    "Uploaded: "<strong>{name}</strong>". Choose another file to replace it."
                    <input type="hidden" name="source_sha256" value=sha256/>
                    {has_script.then(|| view! {
                        <button
                            type="button" class="button is-small needs-js"
                            on:click=move |_| state.source.set("script".to_owned())
                        >
                            "Edit it here"
                        </button>
                    })}
                </p>
            })}
            <input
                id=id
                class="file"
                type="file"
                name="source_file"
                accept=".py,.tar.gz,.tgz,.zip"
                node_ref=file
                aria-invalid=move || is_wrong.get().then_some("true")
                aria-describedby=described_by
                on:change=move |_| {
                    state.file_error.set(check_file(file, max_upload_bytes));
                    errors.touch.run("source_file".to_owned());
                }
            />
            <p class="hint" id="f-source-file-hint">{format!("At most {limit}. A requirements.txt in the archive is installed first.")}</p>
            <FieldErrors field="source_file" errors/>
        </div>
    }
}

/// What can be said of a file before it travels.
pub(super) fn check_file(file: NodeRef<html::Input>, max_upload_bytes: u64) -> Option<String> {
    #[cfg(feature = "hydrate")]
    {
        let chosen = file.get_untracked()?.files()?.get(0)?;
        let (name, size) = (chosen.name(), chosen.size());
        file_fault(&name, size as u64, max_upload_bytes)
    }
    #[cfg(not(feature = "hydrate"))]
    {
        let _ = (file, max_upload_bytes);
        None
    }
}

#[cfg(any(feature = "hydrate", test))]
fn file_fault(name: &str, size: u64, max_upload_bytes: u64) -> Option<String> {
    let lower = name.to_lowercase();
    let is_known = [".py", ".tar.gz", ".tgz", ".zip"].iter().any(|ending| lower.ends_with(ending));
    if !is_known {
        return Some(format!("`{name}` is neither a .py file nor a .tar.gz or .zip archive: choose one of these."));
    }
    if size == 0 {
        return Some(format!("`{name}` is empty: choose a file with your script in it."));
    }
    if size > max_upload_bytes {
        return Some(format!(
            "`{name}` has {}; at most {} are taken. Leave data out of the source and read it from S3.",
            bytes(size),
            bytes(max_upload_bytes)
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_file_is_named_with_its_cure_before_it_travels() {
        assert_eq!(file_fault("train.py", 10, 100), None);
        assert_eq!(file_fault("Src.TAR.GZ", 10, 100), None);
        assert!(file_fault("train.py", 0, 100).is_some_and(|it| it.contains("empty")));
        assert!(file_fault("train.py", 101, 100).is_some_and(|it| it.contains("at most")));
        assert!(file_fault("model.exe", 1, 100).is_some_and(|it| it.contains("model.exe")));
    }
}
