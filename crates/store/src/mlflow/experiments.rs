//! Experiments: made, renamed, hidden and brought back, and tagged.

use domain::{
    mlflow::{ErrorCode, Experiment, Lifecycle, MlflowError, NewExperiment, Tag, check},
    time::Timestamp,
};
use sqlx::FromRow;

use super::{Result, uri_join};
use crate::{
    Store,
    db::{Durability, Reader, Tx, execute, fetch},
    error::StoreError,
    statement::Statement,
    text,
};

/// The id and name of the experiment that is always there.
const DEFAULT: (i64, &str) = (0, "Default");

/// The columns that `ExperimentRow` reads.
macro_rules! experiment_columns {
    () => {
        "e.id, e.name, e.artifact_location, e.lifecycle, e.created_at, e.updated_at"
    };
}
pub(super) use experiment_columns;

impl Store {
    /// Makes the experiment 0, unless it is there. `root` is where artifacts go: `mlflow-artifacts:/`.
    pub async fn mlflow_experiment_default_ensure(&self, root: &str, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let (id, name) = DEFAULT;
        execute!(
            tx,
            "INSERT INTO mlflow_experiments (id, name, artifact_location, lifecycle, created_at, updated_at)
             VALUES ($1, $2, $3, 'active', $4, $4) ON CONFLICT DO NOTHING",
            id,
            name,
            &uri_join(root, &id.to_string()),
            now.unix_micros(),
        )?;
        Ok(tx.commit().await?)
    }

    /// Returns the new experiment's id. A name that is taken, by a hidden experiment too, is refused.
    pub async fn mlflow_experiment_create(&self, new: &NewExperiment, root: &str, now: Timestamp) -> Result<i64> {
        check::entries("tags", new.tags.len())?;
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let Some(id) = experiment_insert(&mut tx, &new.name, new.artifact_location.as_deref(), root, now).await? else {
            let why = format!("Experiment(name={}) already exists.", new.name);
            return Err(MlflowError::new(ErrorCode::ResourceAlreadyExists, why).into());
        };
        for tag in &new.tags {
            tag_put(&mut tx, id, tag).await?;
        }
        tx.commit().await?;
        Ok(id)
    }

    /// Hidden or not.
    pub async fn mlflow_experiment_get(&self, id: i64) -> Result<Experiment> {
        let mut reader = self.db.reader().await?;
        let sql = concat!("SELECT ", experiment_columns!(), " FROM mlflow_experiments e WHERE e.id = $1");
        let row = fetch!(optional, ExperimentRow, reader, sql, id)?.ok_or_else(|| missing(id))?;
        Ok(with_tags(&mut reader, vec![row]).await?.remove(0))
    }

    pub async fn mlflow_experiment_get_by_name(&self, name: &str) -> Result<Option<Experiment>> {
        let mut reader = self.db.reader().await?;
        let sql = concat!("SELECT ", experiment_columns!(), " FROM mlflow_experiments e WHERE e.name = $1");
        let row = fetch!(optional, ExperimentRow, reader, sql, &*text::plain(name))?;
        Ok(with_tags(&mut reader, row.into_iter().collect()).await?.pop())
    }

    /// Hides an experiment with its runs, or brings both back. One that is in that state already counts as absent.
    pub async fn mlflow_experiment_lifecycle_set(&self, id: i64, to: Lifecycle, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let changed = execute!(
            tx,
            "UPDATE mlflow_experiments SET lifecycle = $2, updated_at = $3 WHERE id = $1 AND lifecycle <> $2",
            id,
            to.as_str(),
            now.unix_micros(),
        )?;
        if changed == 0 {
            return Err(missing(id).into());
        }
        execute!(tx, "UPDATE mlflow_runs SET lifecycle = $2 WHERE experiment_id = $1", id, to.as_str())?;
        Ok(tx.commit().await?)
    }

    pub async fn mlflow_experiment_rename(&self, id: i64, name: &str, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        if experiment_lifecycle(&mut tx, id).await? != Lifecycle::Active {
            return Err(MlflowError::new(ErrorCode::InvalidState, "Cannot rename a non-active experiment.").into());
        }
        let name = text::plain(name);
        let taken = fetch!(
            optional,
            (i64,),
            tx,
            "SELECT id FROM mlflow_experiments WHERE name = $1 AND id <> $2",
            &*name,
            id,
        )?;
        if taken.is_some() {
            let why = format!("Experiment(name={name}) already exists.");
            return Err(MlflowError::new(ErrorCode::ResourceAlreadyExists, why).into());
        }
        execute!(
            tx,
            "UPDATE mlflow_experiments SET name = $2, updated_at = $3 WHERE id = $1",
            id,
            &*name,
            now.unix_micros(),
        )?;
        Ok(tx.commit().await?)
    }

    pub async fn mlflow_experiment_tag_set(&self, id: i64, tag: &Tag) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        experiment_active(&mut tx, id).await?;
        tag_put(&mut tx, id, tag).await?;
        Ok(tx.commit().await?)
    }

    pub async fn mlflow_experiment_tag_delete(&self, id: i64, key: &str) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        experiment_active(&mut tx, id).await?;
        let sql = "DELETE FROM mlflow_experiment_tags WHERE experiment_id = $1 AND key = $2";
        if execute!(tx, sql, id, &*text::plain(key))? == 0 {
            return Err(MlflowError::missing(format!("No tag with name: {key} in experiment with id {id}")).into());
        }
        Ok(tx.commit().await?)
    }
}

fn missing(id: i64) -> MlflowError {
    MlflowError::missing(format!("No Experiment with id={id} exists"))
}

/// The new row's id, or `None` when the name is taken.
pub(super) async fn experiment_insert(
    tx: &mut Tx,
    name: &str,
    location: Option<&str>,
    root: &str,
    now: Timestamp,
) -> Result<Option<i64>> {
    // Not left to the constraint alone: PostgreSQL would count up its ids for nothing.
    let name = text::plain(name);
    if fetch!(optional, (i64,), tx, "SELECT id FROM mlflow_experiments WHERE name = $1", &*name)?.is_some() {
        return Ok(None);
    }
    let row = fetch!(
        optional,
        (i64,),
        tx,
        "INSERT INTO mlflow_experiments (name, artifact_location, lifecycle, created_at, updated_at)
         VALUES ($1, $2, 'active', $3, $3) ON CONFLICT (name) DO NOTHING RETURNING id",
        &*name,
        &*text::plain(location.unwrap_or_default()),
        now.unix_micros(),
    )?;
    let Some((id,)) = row else { return Ok(None) };
    if location.is_none_or(str::is_empty) {
        let location = uri_join(root, &id.to_string());
        execute!(tx, "UPDATE mlflow_experiments SET artifact_location = $2 WHERE id = $1", id, &location)?;
    }
    Ok(Some(id))
}

async fn experiment_lifecycle(tx: &mut Tx, id: i64) -> Result<Lifecycle> {
    let row = fetch!(optional, (String,), tx, "SELECT lifecycle FROM mlflow_experiments WHERE id = $1", id)?;
    let (lifecycle,) = row.ok_or_else(|| missing(id))?;
    Ok(Lifecycle::parse(&lifecycle).ok_or_else(|| bad_row(id, "unknown lifecycle"))?)
}

/// Refuses when it is hidden or absent.
pub(super) async fn experiment_active(tx: &mut Tx, id: i64) -> Result<()> {
    match experiment_lifecycle(tx, id).await? {
        Lifecycle::Active => Ok(()),
        Lifecycle::Deleted => Err(MlflowError::invalid(format!(
            "The experiment {id} must be in the 'active' state. Current state is deleted."
        ))
        .into()),
    }
}

async fn tag_put(tx: &mut Tx, id: i64, tag: &Tag) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO mlflow_experiment_tags (experiment_id, key, value) VALUES ($1, $2, $3)
         ON CONFLICT (experiment_id, key) DO UPDATE SET value = excluded.value",
        id,
        &*text::plain(&tag.key),
        &*text::plain(&tag.value),
    )?;
    Ok(())
}

fn bad_row(id: i64, why: &str) -> StoreError {
    text::bad_row("mlflow_experiments", &id.to_string(), why)
}

/// The rows with their tags, in their order.
pub(super) async fn with_tags(reader: &mut Reader, rows: Vec<ExperimentRow>) -> Result<Vec<Experiment>> {
    let mut experiments = rows.into_iter().map(ExperimentRow::into_experiment).collect::<Result<Vec<_>>>()?;
    for chunk in experiments.chunks_mut(super::IDS) {
        let mut select =
            Statement::new("SELECT experiment_id, key, value FROM mlflow_experiment_tags WHERE experiment_id IN ");
        select.bind_list(chunk.iter().map(|it| it.id)).push(" ORDER BY experiment_id, key");
        for (id, key, value) in select.fetch_all::<(i64, String, String)>(reader.conn()).await? {
            if let Some(experiment) = chunk.iter_mut().find(|it| it.id == id) {
                experiment.tags.push(Tag { key, value });
            }
        }
    }
    Ok(experiments)
}

#[derive(FromRow)]
pub(super) struct ExperimentRow {
    id: i64,
    name: String,
    artifact_location: String,
    lifecycle: String,
    created_at: i64,
    updated_at: i64,
}

impl ExperimentRow {
    fn into_experiment(self) -> Result<Experiment> {
        Ok(Experiment {
            id: self.id,
            name: self.name,
            artifact_location: self.artifact_location,
            lifecycle: Lifecycle::parse(&self.lifecycle).ok_or_else(|| bad_row(self.id, "unknown lifecycle"))?,
            created_at: Timestamp::from_unix_micros(self.created_at),
            updated_at: Timestamp::from_unix_micros(self.updated_at),
            tags: Vec::new(),
        })
    }
}
