//! Versions of registered models: numbered from 1, never again the same number.

use domain::{
    mlflow::{ErrorCode, MlflowError, ModelVersion, NewModelVersion, Stage, Tag, check},
    time::Timestamp,
};

use super::{
    MlflowStoreError, Result,
    models::version_note,
    registry::registered_id,
    version_rows::{VersionRow, version_columns, with_parts},
};
use crate::{
    Store,
    db::{Durability, Tx, execute, fetch},
    text,
};

impl Store {
    pub async fn mlflow_version_create(&self, new: &NewModelVersion, now: Timestamp) -> Result<ModelVersion> {
        check::entries("tags", new.tags.len())?;
        check::id("run_id", &new.run_id)?;
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let id = registered_id(&mut tx, &new.name).await?;
        let sql = "SELECT COALESCE(MAX(version), 0) + 1 FROM mlflow_versions WHERE model_id = $1";
        let (version,) = fetch!(one, (i64,), tx, sql, id)?;
        execute!(
            tx,
            "INSERT INTO mlflow_versions (model_id, version, stage, is_deleted, description, source, storage_location,
             run_id, run_link, created_at, updated_at) VALUES ($1, $2, 'None', 0, $3, $4, $5, $6, $7, $8, $8)",
            id,
            version,
            &*text::plain(&new.description),
            &*text::plain(&new.source),
            &*text::plain(&new.storage_location),
            &*text::plain(&new.run_id),
            &*text::plain(&new.run_link),
            now.unix_micros(),
        )?;
        for tag in &new.tags {
            tag_put(&mut tx, id, version, tag).await?;
        }
        touch(&mut tx, id, now).await?;
        if !new.model_id.is_empty() {
            version_note(&mut tx, &new.model_id, &new.name, version).await?;
        }
        tx.commit().await?;
        self.mlflow_version_get(&new.name, version).await
    }

    pub async fn mlflow_version_get(&self, name: &str, version: i64) -> Result<ModelVersion> {
        let mut reader = self.db.reader().await?;
        let sql = concat!("SELECT ", version_columns!(), " AND m.name = $1 AND v.version = $2");
        let row = fetch!(optional, VersionRow, reader, sql, &*text::plain(name), version)?;
        let row = row.ok_or_else(|| missing(name, version))?;
        Ok(with_parts(&mut reader, vec![row]).await?.remove(0))
    }

    pub async fn mlflow_version_describe(
        &self,
        name: &str,
        version: i64,
        description: &str,
        now: Timestamp,
    ) -> Result<ModelVersion> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let id = version_check(&mut tx, name, version).await?;
        execute!(
            tx,
            "UPDATE mlflow_versions SET description = $3, updated_at = $4 WHERE model_id = $1 AND version = $2",
            id,
            version,
            &*text::plain(description),
            now.unix_micros(),
        )?;
        tx.commit().await?;
        self.mlflow_version_get(name, version).await
    }

    /// With `archives`, the others in that stage are archived.
    pub async fn mlflow_version_stage_set(
        &self,
        name: &str,
        version: i64,
        stage: Stage,
        archives: bool,
        now: Timestamp,
    ) -> Result<ModelVersion> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let id = version_check(&mut tx, name, version).await?;
        if archives {
            execute!(
                tx,
                "UPDATE mlflow_versions SET stage = 'Archived', updated_at = $4
                 WHERE model_id = $1 AND version <> $2 AND stage = $3 AND is_deleted = 0",
                id,
                version,
                stage.as_str(),
                now.unix_micros(),
            )?;
        }
        execute!(
            tx,
            "UPDATE mlflow_versions SET stage = $3, updated_at = $4 WHERE model_id = $1 AND version = $2",
            id,
            version,
            stage.as_str(),
            now.unix_micros(),
        )?;
        touch(&mut tx, id, now).await?;
        tx.commit().await?;
        self.mlflow_version_get(name, version).await
    }

    /// What it was made of is forgotten, its aliases too; its number stays taken.
    pub async fn mlflow_version_delete(&self, name: &str, version: i64, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let id = version_check(&mut tx, name, version).await?;
        execute!(tx, "DELETE FROM mlflow_aliases WHERE model_id = $1 AND version = $2", id, version)?;
        execute!(
            tx,
            "UPDATE mlflow_versions SET is_deleted = 1, description = '', source = '', storage_location = '',
             run_id = '', run_link = '', updated_at = $3 WHERE model_id = $1 AND version = $2",
            id,
            version,
            now.unix_micros(),
        )?;
        touch(&mut tx, id, now).await?;
        Ok(tx.commit().await?)
    }

    pub async fn mlflow_version_tag_set(&self, name: &str, version: i64, tag: &Tag) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let id = version_check(&mut tx, name, version).await?;
        tag_put(&mut tx, id, version, tag).await?;
        Ok(tx.commit().await?)
    }

    /// A tag that is not there is as good.
    pub async fn mlflow_version_tag_delete(&self, name: &str, version: i64, key: &str) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let id = version_check(&mut tx, name, version).await?;
        let sql = "DELETE FROM mlflow_version_tags WHERE model_id = $1 AND version = $2 AND key = $3";
        execute!(tx, sql, id, version, &*text::plain(key))?;
        Ok(tx.commit().await?)
    }

    pub async fn mlflow_alias_set(&self, name: &str, alias: &str, version: i64) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let id = version_check(&mut tx, name, version).await?;
        execute!(
            tx,
            "INSERT INTO mlflow_aliases (model_id, alias, version) VALUES ($1, $2, $3)
             ON CONFLICT (model_id, alias) DO UPDATE SET version = excluded.version",
            id,
            &*text::plain(alias),
            version,
        )?;
        Ok(tx.commit().await?)
    }
}

fn missing(name: &str, version: i64) -> MlflowError {
    MlflowError::missing(format!("Model Version (name={name}, version={version}) not found"))
}

/// The model's number, when it has this version. The model's row is locked until the transaction ends: what is done to
/// one version depends on the others, and on its aliases.
async fn version_check(tx: &mut Tx, name: &str, version: i64) -> Result<i64> {
    let id = registered_id(tx, name).await.map_err(|err| match err {
        MlflowStoreError::Refused(MlflowError { code: ErrorCode::ResourceDoesNotExist, .. }) => {
            missing(name, version).into()
        }
        other => other,
    })?;
    let sql = "SELECT version FROM mlflow_versions WHERE model_id = $1 AND version = $2 AND is_deleted = 0";
    fetch!(optional, (i64,), tx, sql, id, version)?.ok_or_else(|| missing(name, version))?;
    Ok(id)
}

async fn touch(tx: &mut Tx, id: i64, now: Timestamp) -> Result<()> {
    execute!(tx, "UPDATE mlflow_registered_models SET updated_at = $2 WHERE id = $1", id, now.unix_micros())?;
    Ok(())
}

async fn tag_put(tx: &mut Tx, id: i64, version: i64, tag: &Tag) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO mlflow_version_tags (model_id, version, key, value) VALUES ($1, $2, $3, $4)
         ON CONFLICT (model_id, version, key) DO UPDATE SET value = excluded.value",
        id,
        version,
        &*text::plain(&tag.key),
        &*text::plain(&tag.value),
    )?;
    Ok(())
}
