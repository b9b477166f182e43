//! The team's presets.

use domain::{
    ids::{PresetId, PresetName},
    time::Timestamp,
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

#[cfg(feature = "ssr")]
use domain::preset::Preset;

/// A preset where only its name is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetCard {
    pub id: PresetId,
    pub name: PresetName,
    pub experiment: String,
    pub instance_type: String,
}

#[cfg(feature = "ssr")]
impl From<Preset> for PresetCard {
    fn from(preset: Preset) -> Self {
        let domain::job_draft::JobDraft { experiment, fields, .. } = preset.form.draft;
        let instance_type = fields.get("ResourceConfig.InstanceType").to_owned();
        Self { id: preset.id, name: preset.name, experiment, instance_type }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetListView {
    pub now: Timestamp,
    pub presets: Vec<PresetLine>,
}

/// A preset in the list of all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetLine {
    pub id: PresetId,
    pub name: PresetName,
    pub instance_type: String,
    /// What looked like a secret and was not kept.
    pub left_out: Vec<String>,
    pub updated_at: Timestamp,
}

#[cfg(feature = "ssr")]
impl From<Preset> for PresetLine {
    fn from(preset: Preset) -> Self {
        Self {
            instance_type: preset.form.draft.fields.get("ResourceConfig.InstanceType").to_owned(),
            left_out: preset.form.left_out,
            id: preset.id,
            name: preset.name,
            updated_at: preset.updated_at,
        }
    }
}

#[server(prefix = "/api/ui", endpoint = "preset_list", input = Json)]
pub async fn preset_list() -> Result<PresetListView, ApiError> {
    let services = super::context::services()?;
    Ok(PresetListView {
        now: services.now(),
        presets: services.preset_list().await?.into_iter().map(PresetLine::from).collect(),
    })
}
