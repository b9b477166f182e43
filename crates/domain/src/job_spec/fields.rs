//! The rules of Trainyard's own fields: text in, a checked value or a sentence with the rule and the cure out.

use super::{JobSpec, tag};
use crate::{
    ids::JobName,
    job_draft::{FieldError, JobDraft},
};

pub(super) fn name_base(draft: &JobDraft) -> Result<String, String> {
    let typed = draft.job_name.trim();
    if typed.is_empty() {
        let slug = slug(&draft.experiment);
        return Ok(if slug.is_empty() { "run".to_owned() } else { slug });
    }
    let room = JobDraft::MAX_BASE_CHARS;
    if typed.chars().count() > room {
        return Err(format!(
            "a job name has at most 63 characters and Trainyard adds 27 of its own (the run's id): shorten it to {room}; \
             it has {} now.",
            typed.chars().count()
        ));
    }
    JobName::parse(typed).map(|it| it.as_str().to_owned()).map_err(|err| {
        // What the name could be: its letters and digits, in lower case.
        let suggestion = slug(typed);
        format!("{err}. Try `{}`.", if suggestion.is_empty() { "run" } else { &suggestion })
    })
}

/// ASCII letters and digits in lower case, everything else one hyphen.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_matches('-').to_owned()
}

pub(super) fn entry_point(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_safe = !text.is_empty()
        && text.len() <= 255
        && !text.starts_with('/')
        && text.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
    if is_safe {
        Ok(text.to_owned())
    } else {
        Err("name the script inside the source, for example `train.py` or `src/train.py`: a relative path of letters, \
             digits and `. _ - /`."
            .to_owned())
    }
}

/// The name of a script that is written in the form: it is the entry point.
pub(super) fn typed_script(draft: &JobDraft, errors: &mut Vec<FieldError>) -> Option<String> {
    let faults = [("script_name", draft.script.fault_of_name()), ("script_text", draft.script.fault_of_text())];
    let wrong: Vec<FieldError> =
        faults.into_iter().filter_map(|(field, fault)| Some(FieldError::new(field, fault?))).collect();
    let name = wrong.is_empty().then(|| draft.script.name.trim().to_owned());
    errors.extend(wrong);
    name
}

/// An archive that SageMaker's training toolkit can fetch.
pub(super) fn source_uri(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_archive = text.strip_prefix("s3://").is_some_and(|it| it.contains('/') && it.ends_with(".tar.gz"));
    if is_archive && text.chars().count() <= 1_024 {
        Ok(text.to_owned())
    } else {
        Err("give the S3 URI of a source archive, for example `s3://my-bucket/code/sourcedir.tar.gz`.".to_owned())
    }
}

/// What a script's own parameters may not be.
pub(super) fn script_hyperparameters(draft: &JobDraft, errors: &mut Vec<FieldError>) {
    const LIST: &str = "HyperParameters";
    let rows = draft.fields.rows(LIST);
    let name_of = |row: &usize| draft.fields.get(&format!("{LIST}[{row}].name")).trim().to_owned();
    let used: Vec<(usize, String)> =
        rows.into_iter().map(|row| (row, name_of(&row))).filter(|(_, it)| !it.is_empty()).collect();
    for (row, _) in used.iter().filter(|(_, name)| name.starts_with("sagemaker_")) {
        let message = "names that begin with `sagemaker_` belong to SageMaker: choose another";
        errors.push(FieldError::new(format!("{LIST}[{row}].name"), message));
    }
    let max = JobSpec::MAX_HYPERPARAMETERS;
    if used.len() > max {
        let message = format!(
            "at most {max} hyperparameters are allowed (SageMaker allows 100, and running your script takes 2); there are \
             {}: remove {}",
            used.len(),
            used.len() - max
        );
        errors.push(FieldError::new(LIST, message));
    }
}

/// What somebody's own tags may not be.
pub(super) fn own_tags(draft: &JobDraft, errors: &mut Vec<FieldError>) {
    let rows = draft.fields.rows("Tags");
    for row in &rows {
        let at = format!("Tags[{row}].Key");
        if draft.fields.get(&at).trim().starts_with(tag::PREFIX) {
            errors.push(FieldError::new(at, "tags that begin with `trainyard:` are reserved: choose another name"));
        }
    }
    if rows.len() > JobSpec::MAX_TAGS {
        let message = format!(
            "at most {} tags are allowed (AWS allows 50, and Trainyard keeps 6 for its own); there are {}: remove {}",
            JobSpec::MAX_TAGS,
            rows.len(),
            rows.len() - JobSpec::MAX_TAGS
        );
        errors.push(FieldError::new("Tags", message));
    }
}

/// Tag names and values: `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`.
pub fn is_tag_text(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
}
