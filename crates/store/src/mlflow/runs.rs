//! Runs that MLflow clients report about: made, changed, hidden and brought back.

use domain::{
    ids::RunId,
    mlflow::{Lifecycle, MlflowError, RUN_NAME_TAG, RunInfo, RunStatus, Tag, TrackingRun, check},
    time::Timestamp,
};
use sqlx::FromRow;

use super::{
    Result, experiments::experiment_active, run_details::with_details, run_id, run_missing, uri_join, values::tag_put,
};
use crate::{
    Store,
    db::{Durability, Tx, execute, fetch},
    error::StoreError,
    text,
};

/// A run as a client asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTrackingRun {
    pub id: RunId,
    pub experiment_id: i64,
    pub name: String,
    pub user_id: String,
    pub start_ms: i64,
    pub tags: Vec<Tag>,
}

/// What `runs/update` changes; `None` leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunChange {
    pub status: Option<RunStatus>,
    pub end_ms: Option<i64>,
    pub name: Option<String>,
}

/// The columns that `RunRow` reads.
macro_rules! mlflow_run_columns {
    () => {
        "r.id, r.experiment_id, r.name, r.user_id, r.status, r.start_ms, r.end_ms, r.lifecycle, r.artifact_uri"
    };
}
pub(super) use mlflow_run_columns;

impl Store {
    /// Sent again with the same id it is the same run.
    #[tracing::instrument(name = "db.mlflow_run.create", level = "debug", skip_all, fields(run.id = %new.id))]
    pub async fn mlflow_run_create(&self, new: &NewTrackingRun, now: Timestamp) -> Result<TrackingRun> {
        check::run_tags(&new.tags)?;
        let mut tx = self.db.begin(Durability::Flushed).await?;
        experiment_active(&mut tx, new.experiment_id).await?;
        let (location,) = fetch!(
            one,
            (String,),
            tx,
            "SELECT artifact_location FROM mlflow_experiments WHERE id = $1",
            new.experiment_id,
        )?;
        let info = RunInfo {
            id: new.id.clone(),
            experiment_id: new.experiment_id,
            name: new.name.clone(),
            user_id: new.user_id.clone(),
            status: RunStatus::Running,
            start_ms: new.start_ms,
            end_ms: None,
            lifecycle: Lifecycle::Active,
            artifact_uri: run_uri(&location, &new.id),
        };
        run_insert(&mut tx, &info, &new.tags, now).await?;
        tx.commit().await?;
        self.mlflow_run_get(new.id.as_str()).await
    }

    /// With everything that was logged in it, hidden or not.
    pub async fn mlflow_run_get(&self, id: &str) -> Result<TrackingRun> {
        let id = run_id(id)?;
        let mut reader = self.db.reader().await?;
        let sql = concat!("SELECT ", mlflow_run_columns!(), " FROM mlflow_runs r WHERE r.id = $1");
        let row = fetch!(optional, RunRow, reader, sql, id.as_str())?.ok_or_else(|| run_missing(id.as_str()))?;
        let mut runs = with_details(&mut reader, vec![row.into_info()?]).await?;
        Ok(runs.remove(0))
    }

    /// Whether MLflow knows it; a job that has not spoken to MLflow yet is not.
    pub async fn mlflow_run_exists(&self, id: &RunId) -> Result<bool> {
        let mut reader = self.db.reader().await?;
        let sql = "SELECT id FROM mlflow_runs WHERE id = $1";
        Ok(fetch!(optional, (String,), reader, sql, id.as_str())?.is_some())
    }

    pub async fn mlflow_run_update(&self, id: &str, change: &RunChange) -> Result<RunInfo> {
        let id = run_id(id)?;
        let mut tx = self.db.begin(Durability::Flushed).await?;
        run_active(&mut tx, &id).await?;
        let sql = "UPDATE mlflow_runs SET status = COALESCE($2, status), end_ms = COALESCE($3, end_ms) WHERE id = $1";
        execute!(tx, sql, id.as_str(), change.status.map(RunStatus::as_str), change.end_ms)?;
        if let Some(name) = change.name.as_deref().filter(|it| !it.is_empty()) {
            name_put(&mut tx, &id, name).await?;
        }
        let sql = concat!("SELECT ", mlflow_run_columns!(), " FROM mlflow_runs r WHERE r.id = $1");
        let row = fetch!(one, RunRow, tx, sql, id.as_str())?;
        tx.commit().await?;
        row.into_info()
    }

    /// Hides a run or brings it back; safe to repeat.
    pub async fn mlflow_run_lifecycle_set(&self, id: &str, to: Lifecycle) -> Result<()> {
        let id = run_id(id)?;
        let mut tx = self.db.begin(Durability::Flushed).await?;
        if execute!(tx, "UPDATE mlflow_runs SET lifecycle = $2 WHERE id = $1", id.as_str(), to.as_str())? == 0 {
            return Err(run_missing(id.as_str()).into());
        }
        Ok(tx.commit().await?)
    }

    /// Refuses when the run is hidden or absent.
    pub async fn mlflow_run_check_active(&self, id: &str) -> Result<RunId> {
        let id = run_id(id)?;
        let mut reader = self.db.reader().await?;
        let row = fetch!(optional, (String,), reader, "SELECT lifecycle FROM mlflow_runs WHERE id = $1", id.as_str())?;
        check_active(&id, row.map(|(it,)| it))?;
        Ok(id)
    }
}

/// Where a run of an experiment with this location has its artifacts.
pub(super) fn run_uri(location: &str, id: &RunId) -> String {
    uri_join(location, &format!("{id}/artifacts"))
}

/// Unless it is there.
pub(super) async fn run_insert(tx: &mut Tx, info: &RunInfo, tags: &[Tag], now: Timestamp) -> Result<()> {
    let inserted = execute!(
        tx,
        "INSERT INTO mlflow_runs
             (id, experiment_id, name, user_id, status, start_ms, end_ms, lifecycle, artifact_uri, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING",
        info.id.as_str(),
        info.experiment_id,
        &*text::plain(&info.name),
        &*text::plain(&info.user_id),
        info.status.as_str(),
        info.start_ms,
        info.end_ms,
        info.lifecycle.as_str(),
        &*text::plain(&info.artifact_uri),
        now.unix_micros(),
    )?;
    if inserted == 1 {
        for tag in tags {
            tag_put(tx, &info.id, tag).await?;
        }
    }
    Ok(())
}

/// A run's name is a column and a tag, always the same.
pub(super) async fn name_put(tx: &mut Tx, id: &RunId, name: &str) -> Result<()> {
    execute!(tx, "UPDATE mlflow_runs SET name = $2 WHERE id = $1", id.as_str(), &*text::plain(name))?;
    tag_put(tx, id, &Tag { key: RUN_NAME_TAG.to_owned(), value: name.to_owned() }).await
}

/// Refuses when it is hidden or absent; returns its experiment.
pub(super) async fn run_active(tx: &mut Tx, id: &RunId) -> Result<i64> {
    let sql = "SELECT experiment_id, lifecycle FROM mlflow_runs WHERE id = $1";
    let row = fetch!(optional, (i64, String), tx, sql, id.as_str())?;
    let (experiment_id, lifecycle) = row.unzip();
    check_active(id, lifecycle)?;
    Ok(experiment_id.unwrap_or_default())
}

fn check_active(id: &RunId, lifecycle: Option<String>) -> Result<()> {
    let lifecycle = lifecycle.ok_or_else(|| run_missing(id.as_str()))?;
    if lifecycle == Lifecycle::Active.as_str() {
        return Ok(());
    }
    let why = format!("The run {id} must be in the 'active' state. Current state is {lifecycle}.");
    Err(MlflowError::invalid(why).into())
}

#[derive(FromRow)]
pub(super) struct RunRow {
    id: String,
    experiment_id: i64,
    name: String,
    user_id: String,
    status: String,
    start_ms: i64,
    end_ms: Option<i64>,
    lifecycle: String,
    artifact_uri: String,
}

impl RunRow {
    pub(super) fn into_info(self) -> Result<RunInfo> {
        let bad = |why: &str| -> StoreError { text::bad_row("mlflow_runs", &self.id, why) };
        Ok(RunInfo {
            id: RunId::parse(&self.id).map_err(|err| bad(&err.to_string()))?,
            status: RunStatus::parse(&self.status).ok_or_else(|| bad("unknown status"))?,
            lifecycle: Lifecycle::parse(&self.lifecycle).ok_or_else(|| bad("unknown lifecycle"))?,
            experiment_id: self.experiment_id,
            name: self.name,
            user_id: self.user_id,
            start_ms: self.start_ms,
            end_ms: self.end_ms,
            artifact_uri: self.artifact_uri,
        })
    }
}
