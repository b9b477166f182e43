//! The launch form as it stands: a kept draft with its errors, a sample's settings, or the defaults.

use domain::job_draft::{FieldError, JobDraft};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaunchForm {
    /// Made when the form was rendered: the same key and the same request are the same run.
    pub idempotency_key: String,
    pub draft: JobDraft,
    /// Beside their fields; not empty only after a refused submit.
    pub errors: Vec<FieldError>,
    pub samples: Vec<SampleCard>,
    /// An upload above this is refused.
    pub max_upload_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleCard {
    pub name: String,
    pub title: String,
    pub description: String,
}

#[cfg(feature = "ssr")]
impl From<services::Sample> for SampleCard {
    fn from(sample: services::Sample) -> Self {
        Self { name: sample.name, title: sample.title, description: sample.description }
    }
}

#[server(prefix = "/api/ui", endpoint = "launch_form_get", input = Json)]
pub async fn launch_form_get(sample: Option<String>, draft_key: Option<String>) -> Result<LaunchForm, ApiError> {
    let services = super::context::services()?;
    let samples = services.launch_samples();
    let kept = match &draft_key {
        Some(key) => services.launch_draft_get(key).await?,
        None => None,
    };
    let chosen = samples.iter().find(|it| Some(&it.name) == sample.as_ref());
    let (idempotency_key, draft, errors) = match (draft_key, kept, chosen) {
        (Some(key), Some(kept), _) => (key, kept.draft, kept.errors),
        (_, _, Some(sample)) => (services.launch_key_new(), sample.draft.clone(), Vec::new()),
        _ => (services.launch_key_new(), services.launch_defaults(), Vec::new()),
    };
    Ok(LaunchForm {
        idempotency_key,
        draft,
        errors,
        samples: samples.into_iter().map(SampleCard::from).collect(),
        max_upload_bytes: services.max_upload_bytes(),
    })
}
