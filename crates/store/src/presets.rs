//! Presets: launch forms under names that a team uses again. A name belongs to one preset at a time.
//!
//! What was done to a preset stands in the audit under the preset's id.

use domain::{
    ids::{PresetId, PresetName},
    preset::Preset,
    time::Timestamp,
};
use sqlx::FromRow;

use crate::{
    Store,
    audit::audit_add,
    db::{Durability, execute, fetch},
    error::Result,
    text,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PresetOutcome {
    Done,
    /// Another preset has this name: nothing was written.
    NameTaken,
    /// There is no such preset: nothing was written.
    Missing,
}

impl Store {
    pub async fn preset_insert(&self, preset: &Preset) -> Result<PresetOutcome> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let inserted = execute!(
            tx,
            "INSERT INTO presets (id, name, form, source_sha256, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING",
            preset.id.as_str(),
            &*text::plain(preset.name.as_str()),
            text::to_json(&preset.form)?,
            preset.form.draft.source_sha256.as_deref(),
            preset.created_at.unix_micros(),
            preset.updated_at.unix_micros(),
        )?;
        if inserted == 0 {
            return Ok(PresetOutcome::NameTaken);
        }
        audit_add(&mut tx, &preset.id, preset.created_at, "preset.created", preset.name.as_str()).await?;
        tx.commit().await?;
        Ok(PresetOutcome::Done)
    }

    pub async fn preset_get(&self, id: &PresetId) -> Result<Option<Preset>> {
        let mut reader = self.db.reader().await?;
        let row = fetch!(
            optional,
            PresetRow,
            reader,
            "SELECT id, name, form, created_at, updated_at FROM presets WHERE id = $1",
            id.as_str(),
        )?;
        row.map(PresetRow::into_preset).transpose()
    }

    /// All presets, by name.
    pub async fn preset_list(&self) -> Result<Vec<Preset>> {
        let mut reader = self.db.reader().await?;
        let rows = fetch!(
            all,
            PresetRow,
            reader,
            "SELECT id, name, form, created_at, updated_at FROM presets ORDER BY name, id",
        )?;
        rows.into_iter().map(PresetRow::into_preset).collect()
    }

    pub async fn preset_rename(&self, id: &PresetId, name: &PresetName, now: Timestamp) -> Result<PresetOutcome> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let name = text::plain(name.as_str());
        let taken = fetch!(
            optional,
            (String,),
            tx,
            "SELECT id FROM presets WHERE name = $1 AND id <> $2",
            &*name,
            id.as_str(),
        )?;
        if taken.is_some() {
            return Ok(PresetOutcome::NameTaken);
        }
        let renamed = execute!(
            tx,
            "UPDATE presets SET name = $1, updated_at = $2 WHERE id = $3",
            &*name,
            now.unix_micros(),
            id.as_str(),
        )?;
        if renamed == 0 {
            return Ok(PresetOutcome::Missing);
        }
        audit_add(&mut tx, id, now, "preset.renamed", &name).await?;
        tx.commit().await?;
        Ok(PresetOutcome::Done)
    }

    pub async fn preset_delete(&self, id: &PresetId, now: Timestamp) -> Result<PresetOutcome> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let deleted = fetch!(optional, (String,), tx, "DELETE FROM presets WHERE id = $1 RETURNING name", id.as_str())?;
        let Some((name,)) = deleted else { return Ok(PresetOutcome::Missing) };
        audit_add(&mut tx, id, now, "preset.deleted", &name).await?;
        tx.commit().await?;
        Ok(PresetOutcome::Done)
    }
}

#[derive(FromRow)]
struct PresetRow {
    id: String,
    name: String,
    form: String,
    created_at: i64,
    updated_at: i64,
}

impl PresetRow {
    fn into_preset(self) -> Result<Preset> {
        let bad = |reason: &dyn std::fmt::Display| text::bad_row("presets", &self.id, &reason.to_string());
        Ok(Preset {
            id: PresetId::parse(&self.id).map_err(|err| bad(&err))?,
            name: PresetName::parse(&self.name).map_err(|err| bad(&err))?,
            form: text::from_json("presets", &self.id, &self.form)?,
            created_at: Timestamp::from_unix_micros(self.created_at),
            updated_at: Timestamp::from_unix_micros(self.updated_at),
        })
    }
}
