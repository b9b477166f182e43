//! What runs: a bundled sample, or an uploaded script or archive.

use leptos::{html, prelude::*};

use super::state::FormState;
use crate::{
    api::launch::SampleCard,
    components::field::{FieldErrors, FormErrors, TextField, field_id},
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
    let source = state.kept.with_value(|it| it.source.clone());
    let is_upload = state.is_upload();
    let cards = samples
        .into_iter()
        .map(|it| {
            let is_chosen = source == format!("sample:{}", it.name);
            view! {
                <a
                    class="choice"
                    href=paths::launch_sample(&it.name)
                    aria-current=is_chosen.then_some("true")
                    data-noscroll=""
                    data-sample=it.name
                >
                    <strong>{it.title}</strong>
                    <span>{it.description}</span>
                </a>
            }
        })
        .collect_view();
    view! {
        <nav class="choices" aria-label="Source">
            {cards}
            <a class="choice" href=paths::LAUNCH aria-current=is_upload.then_some("true") data-noscroll="">
                <strong>"Your own script"</strong>
                <span>"One .py file, or a .tar.gz or .zip of a source folder."</span>
            </a>
        </nav>
        <input type="hidden" name="source" value=if is_upload { "upload".to_owned() } else { source }/>
        <FieldErrors field="source" errors/>
        {is_upload.then(|| view! { <FileField max_upload_bytes errors file/> })}
        <TextField
            name="entry_point" label="Entry point" api_name="sagemaker_program" value=state.entry_point errors
            hint="The script inside the source that the container starts."
        />
    }
}

#[component]
fn FileField(max_upload_bytes: u64, errors: FormErrors, file: NodeRef<html::Input>) -> impl IntoView {
    let state = FormState::of_form();
    let id = field_id("source_file");
    let is_wrong = move || !errors.of("source_file").is_empty();
    let kept = state.kept.with_value(|it| it.source_file_name.clone().zip(it.source_sha256.clone()));
    let limit = bytes(max_upload_bytes);
    view! {
        <div class="field" class:is-wrong=is_wrong>
            <label for=id.clone()>"Script or archive"</label>
            {kept.map(|(name, sha256)| view! {
                <p class="kept-file">
                    "Uploaded: "<strong>{name}</strong>". Choose another file to replace it."
                    <input type="hidden" name="source_sha256" value=sha256/>
                </p>
            })}
            <input
                id=id
                class="file"
                type="file"
                name="source_file"
                accept=".py,.tar.gz,.tgz,.zip"
                node_ref=file
                aria-invalid=move || is_wrong().then_some("true")
                aria-describedby="f-source-file-hint f-source-file-error"
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
