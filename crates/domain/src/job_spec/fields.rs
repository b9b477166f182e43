//! The rules of single fields: text in, a checked value or a sentence with the rule and the cure out.

use super::JobSpec;
use crate::{ids::JobName, job_draft::JobDraft};

pub(super) fn name_base(draft: &JobDraft) -> Result<String, String> {
    let typed = draft.job_name.trim();
    if typed.is_empty() {
        let slug = slug(&draft.experiment);
        return Ok(if slug.is_empty() { "run".to_owned() } else { slug });
    }
    let room = JobName::MAX_CHARS - 27;
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

pub(super) fn training_image(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 255 || text.chars().any(char::is_whitespace) {
        return Err(
            "name the container image, 1 to 255 characters without spaces; the form's default runs scripts.".to_owned()
        );
    }
    Ok(text.to_owned())
}

pub(super) fn role_arn(text: &str) -> Result<String, String> {
    let text = text.trim();
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ok = (20..=2_048).contains(&text.len())
        && parts.len() == 6
        && parts[0] == "arn"
        && parts[1].starts_with("aws")
        && parts[2] == "iam"
        && parts[3].is_empty()
        && parts[4].len() == 12
        && parts[4].bytes().all(|b| b.is_ascii_digit())
        && parts[5].strip_prefix("role/").is_some_and(|it| {
            !it.is_empty() && it.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c))
        });
    if ok {
        Ok(text.to_owned())
    } else {
        Err("give the execution role's ARN, for example `arn:aws:iam::123456789012:role/SageMakerTraining`.".to_owned())
    }
}

pub(super) fn s3_uri(text: &str) -> Result<String, String> {
    let text = text.trim().trim_end_matches('/');
    let bucket_and_key = text.strip_prefix("s3://").unwrap_or("");
    let bucket = bucket_and_key.split('/').next().unwrap_or("");
    let bucket_ok = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.');
    if text.len() <= 1_024 && bucket_ok && !bucket_and_key.contains("//") {
        Ok(text.to_owned())
    } else {
        Err("give an S3 URI, for example `s3://my-bucket/experiments`: a bucket of 3 to 63 lower-case letters, digits, \
             dots and hyphens, and no `//` inside the path.".to_owned())
    }
}

pub(super) fn number(text: &str, min: u32, max: u32, unit: &str) -> Result<u32, String> {
    match text.trim().parse::<u32>() {
        Ok(value) if (min..=max).contains(&value) => Ok(value),
        _ => Err(format!("give a whole number of {unit} from {min} to {max}, in digits only.")),
    }
}

pub(super) fn max_wait(draft: &JobDraft, max_runtime: u32) -> Result<Option<u32>, String> {
    let text = draft.max_wait_seconds.trim();
    match (draft.spot, text.is_empty()) {
        // A value that spot no longer needs is not an error: the field is hidden then.
        (false, _) => Ok(None),
        (true, true) => Err(format!(
            "managed spot training needs a maximum wait: how long the job may take with all waiting for capacity. Give \
             {max_runtime} seconds or more."
        )),
        (true, false) => {
            let wait = number(text, 1, JobSpec::MAX_RUNTIME_SECONDS, "seconds")?;
            if wait < max_runtime {
                return Err(format!(
                    "the maximum wait ({wait} s) includes the running time, so it must be at least the maximum runtime \
                     ({max_runtime} s): give {max_runtime} or more, or lower the maximum runtime."
                ));
            }
            Ok(Some(wait))
        }
    }
}
