//! The team's presets.

use domain::{
    ids::{PresetId, PresetName},
    job_draft::JobDraft,
    preset::Preset,
    time::Timestamp,
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

/// A preset where only its name is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetCard {
    pub id: PresetId,
    pub name: PresetName,
    pub experiment: String,
    pub instance_type: String,
}

impl From<Preset> for PresetCard {
    fn from(preset: Preset) -> Self {
        let JobDraft { experiment, fields, .. } = preset.form.draft;
        let instance_type = fields.get("ResourceConfig.InstanceType").to_owned();
        Self { id: preset.id, name: preset.name, experiment, instance_type }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetListView {
    pub now: Timestamp,
    pub presets: Vec<Preset>,
}

#[server(prefix = "/api/ui", endpoint = "preset_list", input = Json)]
pub async fn preset_list() -> Result<PresetListView, ApiError> {
    let services = super::context::services()?;
    Ok(PresetListView { now: services.now(), presets: services.preset_list().await? })
}
