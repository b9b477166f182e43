//! The jobs that come with Trainyard, out of the binary: `end2end/jobs/<name>` with its `sample.json`.
//!
//! To add one: a folder there with its script, its data and a `sample.json`.

use std::collections::BTreeSet;

use domain::job_draft::{FieldError, JobDraft};
use rust_embed::RustEmbed;
use serde::Deserialize;
use services::{Sample, SampleFile};

#[derive(RustEmbed)]
#[folder = "$TRAINYARD_JOBS_DIR"]
#[allow_missing = true]
struct Jobs;

const DESCRIPTION_FILE: &str = "sample.json";

/// `sample.json`: how the sample is presented, and the form that it fills in. Image, role and output path may be left
/// out of the request: the engine's defaults are used.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Card {
    title: String,
    description: String,
    experiment: String,
    job_name: String,
    entry_point: String,
    /// Of CreateTrainingJob.
    request: serde_json::Value,
}

#[derive(Debug, thiserror::Error)]
enum SampleError {
    #[error("its sample.json cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    #[error("its request is wrong: {0:?}")]
    Request(Vec<FieldError>),
}

/// Every bundled sample, by name. A broken one is left out and named in the log: it must not keep the server down.
pub(crate) fn bundled() -> Vec<Sample> {
    let names: BTreeSet<String> = Jobs::iter()
        .filter_map(|path| path.strip_suffix(DESCRIPTION_FILE)?.strip_suffix('/').map(str::to_owned))
        .collect();
    names
        .into_iter()
        .filter_map(|name| match sample(&name) {
            Ok(sample) => Some(sample),
            Err(failure) => {
                tracing::error!(sample = name, %failure, "a bundled sample cannot be used");
                None
            }
        })
        .collect()
}

fn sample(name: &str) -> Result<Sample, SampleError> {
    let folder = format!("{name}/");
    let text = Jobs::get(&format!("{folder}{DESCRIPTION_FILE}")).map(|it| it.data).unwrap_or_default();
    let Card { title, description, experiment, job_name, entry_point, request } = serde_json::from_slice(&text)?;
    let draft = JobDraft::of_request(&request).map_err(SampleError::Request)?;
    let draft = JobDraft { experiment, job_name, entry_point, checkpoints: true, ..draft };
    let files = Jobs::iter()
        .filter_map(|path| {
            let inside = path.strip_prefix(&folder)?.to_owned();
            let bytes = Jobs::get(&path)?.data.into_owned().into();
            (inside != DESCRIPTION_FILE && !inside.contains("__pycache__"))
                .then_some(SampleFile { path: inside, bytes })
        })
        .collect();
    Ok(Sample { name: name.to_owned(), title, description, draft, files })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_of_samples_is_a_sample_with_its_script() {
        let samples = bundled();
        let described = Jobs::iter().filter(|it| it.ends_with("/sample.json")).count();
        assert_eq!(samples.len(), described, "a sample.json cannot be read");
        for sample in samples {
            let has_script = sample.files.iter().any(|file| file.path == sample.draft.entry_point);
            assert!(has_script, "`{}` has no `{}`", sample.name, sample.draft.entry_point);
        }
    }
}
