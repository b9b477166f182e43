//! Presets: a form kept under a name, as it stands, finished or not. It fills a new form as a clone does.

use domain::{
    ids::{PresetId, PresetName, RunId},
    job_draft::{FieldError, JobDraft, SourceKind},
    preset::{Preset, PresetForm},
};
use store::PresetOutcome;

use super::{Upload, is_key};
use crate::{ServiceError, Services};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresetChanged {
    /// It is so now.
    Preset(PresetId),
    /// Nothing was changed. Each error names its field and the cure.
    Invalid { errors: Vec<FieldError> },
}

const MISSING: ServiceError = ServiceError::NotFound { what: "preset" };

impl Services {
    /// Keeps a form under a name. What was typed is kept under its key as well, with what is wrong.
    pub async fn preset_create(
        &self,
        key: &str,
        name: &str,
        draft: JobDraft,
        upload: Option<Upload>,
    ) -> Result<PresetChanged, ServiceError> {
        let (draft, mut errors) = self.preset_source(draft, upload).await?;
        let name = preset_name(name).map_err(|error| errors.push(error)).ok();
        let changed = match name {
            Some(name) if errors.is_empty() => self.preset_keep(name, draft.clone()).await?,
            _ => PresetChanged::Invalid { errors },
        };
        if let PresetChanged::Invalid { errors } = &changed
            && is_key(key)
            && self.launched_run(key).await?.is_none()
        {
            self.inner.store.draft_put(key, &draft, errors, self.now()).await?;
        }
        Ok(changed)
    }

    /// Keeps what a run was launched with under a name.
    pub async fn preset_create_of_run(&self, run: &RunId, name: &str) -> Result<PresetChanged, ServiceError> {
        let draft = self.launch_clone(run).await?;
        match preset_name(name) {
            Ok(name) => self.preset_keep(name, draft).await,
            Err(error) => Ok(PresetChanged::Invalid { errors: vec![error] }),
        }
    }

    pub async fn preset_get(&self, id: &PresetId) -> Result<Preset, ServiceError> {
        self.inner.store.preset_get(id).await?.ok_or(MISSING)
    }

    /// All presets, by name.
    pub async fn preset_list(&self) -> Result<Vec<Preset>, ServiceError> {
        Ok(self.inner.store.preset_list().await?)
    }

    pub async fn preset_rename(&self, id: &PresetId, name: &str) -> Result<PresetChanged, ServiceError> {
        let name = match preset_name(name) {
            Ok(name) => name,
            Err(error) => return Ok(PresetChanged::Invalid { errors: vec![error] }),
        };
        match self.inner.store.preset_rename(id, &name, self.now()).await? {
            PresetOutcome::Done => Ok(PresetChanged::Preset(id.clone())),
            PresetOutcome::NameTaken => Ok(name_taken(&name)),
            PresetOutcome::Missing => Err(MISSING),
        }
    }

    pub async fn preset_delete(&self, id: &PresetId) -> Result<(), ServiceError> {
        match self.inner.store.preset_delete(id, self.now()).await? {
            PresetOutcome::Missing => Err(MISSING),
            PresetOutcome::Done | PresetOutcome::NameTaken => Ok(()),
        }
    }

    async fn preset_keep(&self, name: PresetName, draft: JobDraft) -> Result<PresetChanged, ServiceError> {
        let now = self.now();
        let id = PresetId::new(now, self.inner.config.random.next_u128());
        let preset = Preset { id, name, form: PresetForm::of(draft), created_at: now, updated_at: now };
        Ok(match self.inner.store.preset_insert(&preset).await? {
            PresetOutcome::NameTaken => name_taken(&preset.name),
            PresetOutcome::Done | PresetOutcome::Missing => PresetChanged::Preset(preset.id),
        })
    }

    /// The form with its upload stored. A form without a file yet is a preset all the same.
    async fn preset_source(
        &self,
        mut draft: JobDraft,
        upload: Option<Upload>,
    ) -> Result<(JobDraft, Vec<FieldError>), ServiceError> {
        let upload = upload.filter(Upload::is_chosen);
        let is_upload = draft.source_kind() == SourceKind::Upload;
        if is_upload && upload.is_some() {
            let resolved = self.source_resolve(draft, upload, true).await?;
            return Ok((resolved.draft, resolved.errors));
        }
        let kept = match &draft.source_sha256 {
            Some(sha256) if is_upload => self.inner.store.source_meta_get(sha256).await?,
            _ => None,
        };
        draft.source_file_name = kept.as_ref().map(|it| it.file_name.clone());
        draft.source_sha256 = kept.map(|it| it.sha256);
        Ok((draft, Vec::new()))
    }
}

fn preset_name(text: &str) -> Result<PresetName, FieldError> {
    PresetName::parse(text).map_err(|err| FieldError::new("preset_name", err.to_string()))
}

fn name_taken(name: &PresetName) -> PresetChanged {
    let message = format!("there is a preset `{name}` already: choose another name, or delete that one first.");
    PresetChanged::Invalid { errors: vec![FieldError::new("preset_name", message)] }
}
