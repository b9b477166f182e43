//! Registered models: their names, tags and aliases.

use std::collections::BTreeMap;

use domain::{
    mlflow::{ErrorCode, MlflowError, ModelVersion, RegisteredModel, Tag, check},
    time::Timestamp,
};
use sqlx::FromRow;

use super::{IDS, Result, version_rows::latest_versions};
use crate::{
    Store,
    db::{Durability, Reader, Tx, execute, fetch},
    statement::Statement,
    text,
};

impl Store {
    pub async fn mlflow_registered_model_create(
        &self,
        name: &str,
        description: &str,
        tags: &[Tag],
        now: Timestamp,
    ) -> Result<RegisteredModel> {
        check::entries("tags", tags.len())?;
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let row = fetch!(
            optional,
            (i64,),
            tx,
            "INSERT INTO mlflow_registered_models (name, description, created_at, updated_at) VALUES ($1, $2, $3, $3)
             ON CONFLICT (name) DO NOTHING RETURNING id",
            &*text::plain(name),
            &*text::plain(description),
            now.unix_micros(),
        )?;
        let Some((id,)) = row else { return Err(taken(name).into()) };
        for tag in tags {
            tag_put(&mut tx, id, tag).await?;
        }
        tx.commit().await?;
        self.mlflow_registered_model_get(name).await
    }

    pub async fn mlflow_registered_model_get(&self, name: &str) -> Result<RegisteredModel> {
        let mut reader = self.db.reader().await?;
        let sql = "SELECT id, name, description, created_at, updated_at FROM mlflow_registered_models WHERE name = $1";
        let row = fetch!(optional, RegisteredRow, reader, sql, &*text::plain(name))?.ok_or_else(|| missing(name))?;
        Ok(with_parts(&mut reader, vec![row]).await?.remove(0))
    }

    pub async fn mlflow_registered_model_describe(
        &self,
        name: &str,
        description: &str,
        now: Timestamp,
    ) -> Result<RegisteredModel> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let id = registered_id(&mut tx, name).await?;
        let sql = "UPDATE mlflow_registered_models SET description = $2, updated_at = $3 WHERE id = $1";
        execute!(tx, sql, id, &*text::plain(description), now.unix_micros())?;
        tx.commit().await?;
        self.mlflow_registered_model_get(name).await
    }

    pub async fn mlflow_registered_model_rename(
        &self,
        name: &str,
        new_name: &str,
        now: Timestamp,
    ) -> Result<RegisteredModel> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let id = registered_id(&mut tx, name).await?;
        let new_name = text::plain(new_name);
        let sql = "SELECT id FROM mlflow_registered_models WHERE name = $1 AND id <> $2";
        if fetch!(optional, (i64,), tx, sql, &*new_name, id)?.is_some() {
            return Err(taken(&new_name).into());
        }
        let sql = "UPDATE mlflow_registered_models SET name = $2, updated_at = $3 WHERE id = $1";
        execute!(tx, sql, id, &*new_name, now.unix_micros())?;
        execute!(tx, "UPDATE mlflow_versions SET updated_at = $2 WHERE model_id = $1", id, now.unix_micros())?;
        tx.commit().await?;
        self.mlflow_registered_model_get(&new_name).await
    }

    /// With its versions, tags and aliases, for good: MLflow keeps nothing of it either.
    pub async fn mlflow_registered_model_delete(&self, name: &str) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let id = registered_id(&mut tx, name).await?;
        execute!(tx, "DELETE FROM mlflow_registered_models WHERE id = $1", id)?;
        Ok(tx.commit().await?)
    }

    pub async fn mlflow_registered_model_tag_set(&self, name: &str, tag: &Tag) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let id = registered_id(&mut tx, name).await?;
        tag_put(&mut tx, id, tag).await?;
        Ok(tx.commit().await?)
    }

    /// A tag that is not there is as good.
    pub async fn mlflow_registered_model_tag_delete(&self, name: &str, key: &str) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let id = registered_id(&mut tx, name).await?;
        let sql = "DELETE FROM mlflow_registered_model_tags WHERE model_id = $1 AND key = $2";
        execute!(tx, sql, id, &*text::plain(key))?;
        Ok(tx.commit().await?)
    }

    /// An alias that is not there is as good.
    pub async fn mlflow_alias_delete(&self, name: &str, alias: &str) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let id = registered_id(&mut tx, name).await?;
        let sql = "DELETE FROM mlflow_aliases WHERE model_id = $1 AND alias = $2";
        execute!(tx, sql, id, &*text::plain(alias))?;
        Ok(tx.commit().await?)
    }

    /// The version that an alias names.
    pub async fn mlflow_alias_get(&self, name: &str, alias: &str) -> Result<Option<i64>> {
        let mut reader = self.db.reader().await?;
        let sql = "SELECT a.version FROM mlflow_aliases a JOIN mlflow_registered_models m ON m.id = a.model_id
                   WHERE m.name = $1 AND a.alias = $2";
        let row = fetch!(optional, (i64,), reader, sql, &*text::plain(name), &*text::plain(alias))?;
        Ok(row.map(|(version,)| version))
    }
}

fn taken(name: &str) -> MlflowError {
    let why = format!("Registered Model (name={name}) already exists.");
    MlflowError::new(ErrorCode::ResourceAlreadyExists, why)
}

pub(super) fn missing(name: &str) -> MlflowError {
    MlflowError::missing(format!("Registered Model with name={name} not found"))
}

/// The model's number; its row is locked until the transaction ends.
pub(super) async fn registered_id(tx: &mut Tx, name: &str) -> Result<i64> {
    // An update of nothing locks the row in PostgreSQL; in SQLite the transaction is the only writer anyway.
    let sql = "UPDATE mlflow_registered_models SET name = name WHERE name = $1 RETURNING id";
    let row = fetch!(optional, (i64,), tx, sql, &*text::plain(name))?;
    Ok(row.ok_or_else(|| missing(name))?.0)
}

async fn tag_put(tx: &mut Tx, id: i64, tag: &Tag) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO mlflow_registered_model_tags (model_id, key, value) VALUES ($1, $2, $3)
         ON CONFLICT (model_id, key) DO UPDATE SET value = excluded.value",
        id,
        &*text::plain(&tag.key),
        &*text::plain(&tag.value),
    )?;
    Ok(())
}

/// The rows with tags, aliases and latest versions, in their order.
pub(super) async fn with_parts(reader: &mut Reader, rows: Vec<RegisteredRow>) -> Result<Vec<RegisteredModel>> {
    let mut models = Vec::with_capacity(rows.len());
    let mut rest = rows;
    while !rest.is_empty() {
        let chunk: Vec<RegisteredRow> = rest.drain(..rest.len().min(IDS)).collect();
        let ids: Vec<i64> = chunk.iter().map(|it| it.id).collect();
        let mut select =
            Statement::new("SELECT model_id, key, value FROM mlflow_registered_model_tags WHERE model_id IN ");
        select.bind_list(ids.iter().copied()).push(" ORDER BY model_id, key");
        let mut tags: BTreeMap<i64, Vec<Tag>> = BTreeMap::new();
        for (id, key, value) in select.fetch_all::<(i64, String, String)>(reader.conn()).await? {
            tags.entry(id).or_default().push(Tag { key, value });
        }
        let mut select = Statement::new("SELECT model_id, alias, version FROM mlflow_aliases WHERE model_id IN ");
        select.bind_list(ids.iter().copied()).push(" ORDER BY model_id, alias");
        let mut aliases: BTreeMap<i64, Vec<(String, i64)>> = BTreeMap::new();
        for (id, alias, version) in select.fetch_all::<(i64, String, i64)>(reader.conn()).await? {
            aliases.entry(id).or_default().push((alias, version));
        }
        let mut latest: BTreeMap<i64, Vec<ModelVersion>> = BTreeMap::new();
        for (id, version) in latest_versions(reader, &ids).await? {
            latest.entry(id).or_default().push(version);
        }
        models.extend(chunk.into_iter().map(|row| RegisteredModel {
            latest_versions: latest.remove(&row.id).unwrap_or_default(),
            aliases: aliases.remove(&row.id).unwrap_or_default(),
            tags: tags.remove(&row.id).unwrap_or_default(),
            name: row.name,
            description: row.description,
            created_at: Timestamp::from_unix_micros(row.created_at),
            updated_at: Timestamp::from_unix_micros(row.updated_at),
        }));
    }
    Ok(models)
}

#[derive(FromRow)]
pub(super) struct RegisteredRow {
    id: i64,
    name: String,
    description: String,
    created_at: i64,
    updated_at: i64,
}
