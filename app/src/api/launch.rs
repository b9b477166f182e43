//! The launch form as it stands: a kept draft with its errors, a sample's settings, or the defaults.

use domain::{
    algorithm::AlgorithmHyperparameter,
    ids::{PresetName, RunId},
    image_catalogue::CatalogueImage,
    job_draft::{FieldError, JobDraft},
    launch_policy::LaunchPolicy,
    quota::QuotaTable,
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::{error::ApiError, presets::PresetCard};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaunchForm {
    /// Made when the form was rendered: the same key and the same request are the same run.
    pub idempotency_key: String,
    pub draft: JobDraft,
    /// Beside their fields; not empty only after a refused submit.
    pub errors: Vec<FieldError>,
    pub samples: Vec<SampleCard>,
    pub presets: Vec<PresetCard>,
    /// The preset that filled this form.
    pub preset: Option<PresetNote>,
    /// The form that the parent run was launched with, to show what is changed.
    pub parent: Option<ParentForm>,
    /// What the team allows itself.
    pub policies: Vec<LaunchPolicy>,
    /// What AWS offers in the engine's region.
    pub images: Vec<CatalogueImage>,
    /// Of the built-in algorithms.
    pub hyperparameters: Vec<AlgorithmHyperparameter>,
    /// How many instances may train at a time, and what runs take of them.
    pub quotas: QuotaTable,
    /// An upload above this is refused.
    pub max_upload_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleCard {
    pub name: String,
    pub title: String,
    pub description: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetNote {
    pub name: PresetName,
    /// What looked like a secret and was not kept.
    pub left_out: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentForm {
    pub run: RunId,
    pub draft: JobDraft,
}

#[cfg(feature = "ssr")]
impl From<services::Sample> for SampleCard {
    fn from(sample: services::Sample) -> Self {
        Self { name: sample.name, title: sample.title, description: sample.description }
    }
}

#[server(prefix = "/api/ui", endpoint = "launch_form_get", input = Json)]
pub async fn launch_form_get(wanted: LaunchQuery) -> Result<LaunchForm, ApiError> {
    let services = super::context::services()?;
    let samples = services.launch_samples();
    let LaunchQuery { sample, draft_key, clone, preset } = wanted;
    let kept = match &draft_key {
        Some(key) => services.launch_draft_get(key).await?,
        None => None,
    };
    let is_fresh_clone = kept.is_none() && clone.is_some();
    let preset = match preset.filter(|_| kept.is_none()) {
        Some(id) => {
            let id = domain::ids::PresetId::parse(&id).map_err(|_| ApiError::NotFound.with_status())?;
            Some(services.preset_get(&id).await?)
        }
        None => None,
    };
    let chosen = samples.iter().find(|it| Some(&it.name) == sample.as_ref());
    let note = preset.as_ref().map(|it| PresetNote { name: it.name.clone(), left_out: it.form.left_out.clone() });
    let (idempotency_key, draft, errors) = match (draft_key, kept, preset, chosen, clone) {
        (_, _, Some(preset), _, _) => (services.launch_key_new(), preset.form.draft, Vec::new()),
        (Some(key), Some(kept), None, _, _) => (key, kept.draft, kept.errors),
        (_, _, None, Some(sample), _) => (services.launch_key_new(), sample.draft.clone(), Vec::new()),
        (_, _, None, None, Some(id)) => {
            let id = RunId::parse(&id).map_err(|_| ApiError::NotFound.with_status())?;
            (services.launch_key_new(), services.launch_clone(&id).await?, Vec::new())
        }
        _ => (services.launch_key_new(), services.launch_defaults(), Vec::new()),
    };
    let parent = match &draft.parent {
        // A fresh clone is its parent's form itself.
        Some(run) if is_fresh_clone => Some(ParentForm { run: run.clone(), draft: draft.clone() }),
        Some(run) => Some(ParentForm { run: run.clone(), draft: services.launch_clone(run).await? }),
        None => None,
    };
    Ok(LaunchForm {
        idempotency_key,
        draft,
        errors,
        samples: samples.into_iter().map(SampleCard::from).collect(),
        presets: services.preset_list().await?.into_iter().map(PresetCard::from).collect(),
        preset: note,
        parent,
        policies: services.launch_policies().to_vec(),
        images: services.catalogue_images().to_vec(),
        hyperparameters: domain::algorithm::algorithm_hyperparameters().to_vec(),
        quotas: services.quota_table().await?,
        max_upload_bytes: services.max_upload_bytes(),
    })
}

/// Where a form begins. The first that is there counts: a kept draft, a preset, a sample, a run to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchQuery {
    pub draft_key: Option<String>,
    pub sample: Option<String>,
    pub clone: Option<String>,
    pub preset: Option<String>,
}
