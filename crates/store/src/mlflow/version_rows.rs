//! Versions as rows, read with their tags and aliases for many at a time.

use std::collections::BTreeMap;

use domain::{
    mlflow::{ModelVersion, Stage, Tag},
    time::Timestamp,
};
use sqlx::FromRow;

use super::{IDS, Result};
use crate::{db::Reader, statement::Statement};

/// The columns that `VersionRow` reads.
macro_rules! version_columns {
    () => {
        "v.model_id, m.name, v.version, v.stage, v.description, v.source, v.storage_location, v.run_id, v.run_link, \
         v.created_at, v.updated_at FROM mlflow_versions v JOIN mlflow_registered_models m ON m.id = v.model_id \
         WHERE v.is_deleted = 0"
    };
}
pub(super) use version_columns;

/// Of each of these models the newest version of each stage, the oldest first, each with its model's number.
pub(super) async fn latest_versions(reader: &mut Reader, models: &[i64]) -> Result<Vec<(i64, ModelVersion)>> {
    let mut select = Statement::new(concat!(
        "SELECT ",
        version_columns!(),
        " AND v.version = (SELECT MAX(o.version) FROM mlflow_versions o WHERE o.model_id = v.model_id
          AND o.stage = v.stage AND o.is_deleted = 0) AND v.model_id IN "
    ));
    select.bind_list(models.iter().copied()).push(" ORDER BY v.model_id, v.version");
    let rows: Vec<VersionRow> = select.fetch_all(reader.conn()).await?;
    let owners: Vec<i64> = rows.iter().map(|it| it.model_id).collect();
    Ok(owners.into_iter().zip(with_parts(reader, rows).await?).collect())
}

/// The rows with tags and aliases, in their order.
pub(super) async fn with_parts(reader: &mut Reader, rows: Vec<VersionRow>) -> Result<Vec<ModelVersion>> {
    let mut versions = Vec::with_capacity(rows.len());
    let mut rest = rows;
    while !rest.is_empty() {
        let chunk: Vec<VersionRow> = rest.drain(..rest.len().min(IDS)).collect();
        let places = || chunk.iter().map(|it| [it.model_id.into(), it.version.into()]);
        let mut select = Statement::new("WITH wanted (of_model, of_version) AS (");
        select.bind_rows(places()).push(
            ") SELECT model_id, version, key, value FROM wanted
             CROSS JOIN mlflow_version_tags WHERE model_id = of_model AND version = of_version ORDER BY key",
        );
        let mut tags: BTreeMap<(i64, i64), Vec<Tag>> = BTreeMap::new();
        for (id, version, key, value) in select.fetch_all::<(i64, i64, String, String)>(reader.conn()).await? {
            tags.entry((id, version)).or_default().push(Tag { key, value });
        }
        let mut select = Statement::new("WITH wanted (of_model, of_version) AS (");
        select.bind_rows(places()).push(
            ") SELECT model_id, version, alias FROM wanted
             CROSS JOIN mlflow_aliases WHERE model_id = of_model AND version = of_version ORDER BY alias",
        );
        let mut aliases: BTreeMap<(i64, i64), Vec<String>> = BTreeMap::new();
        for (id, version, alias) in select.fetch_all::<(i64, i64, String)>(reader.conn()).await? {
            aliases.entry((id, version)).or_default().push(alias);
        }
        for row in chunk {
            let place = (row.model_id, row.version);
            let parts = (tags.remove(&place).unwrap_or_default(), aliases.remove(&place).unwrap_or_default());
            versions.push(row.into_version(parts.0, parts.1)?);
        }
    }
    Ok(versions)
}

#[derive(FromRow)]
pub(super) struct VersionRow {
    model_id: i64,
    name: String,
    version: i64,
    stage: String,
    description: String,
    source: String,
    storage_location: String,
    run_id: String,
    run_link: String,
    created_at: i64,
    updated_at: i64,
}

impl VersionRow {
    fn into_version(self, tags: Vec<Tag>, aliases: Vec<String>) -> Result<ModelVersion> {
        Ok(ModelVersion {
            stage: Stage::parse(&self.stage)?,
            tags,
            aliases,
            name: self.name,
            version: self.version,
            created_at: Timestamp::from_unix_micros(self.created_at),
            updated_at: Timestamp::from_unix_micros(self.updated_at),
            description: self.description,
            source: self.source,
            storage_location: self.storage_location,
            run_id: self.run_id,
            run_link: self.run_link,
        })
    }
}
