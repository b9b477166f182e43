//! A job's run as an MLflow run: one record under one id.
//!
//! Invariant: a job that is over has no MLflow side that is still running, whichever of the two came first. Both are
//! written with the job's row locked.

use domain::{
    ids::RunId,
    mlflow::{Lifecycle, RUN_NAME_TAG, RunInfo, RunStatus, Tag},
    run::{Run, RunBadge},
    time::Timestamp,
};

use super::{
    Result,
    experiments::experiment_insert,
    runs::{run_insert, run_uri},
};
use crate::{
    Store,
    db::{Durability, Tx, execute, fetch},
    error::Result as StoreResult,
    run_row::run_lock,
    text,
};

/// The tag by which MLflow's own page knows where a run comes from.
const SOURCE_TAG: &str = "mlflow.source.name";

impl Store {
    /// Makes the MLflow side of a job's run, unless it is there; false when no job has this id. The experiment of the
    /// job's is made with it, its artifacts below `root`.
    #[tracing::instrument(name = "db.mlflow_run.adopt", level = "debug", skip_all, fields(run.id = %id))]
    pub async fn mlflow_run_adopt(&self, id: &RunId, root: &str, now: Timestamp) -> Result<bool> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let Some(job) = run_lock(&mut tx, id).await? else { return Ok(false) };
        let run = job.run;
        experiment_insert(&mut tx, run.experiment.as_str(), None, root, now).await?;
        let (experiment_id, location) = fetch!(
            one,
            (i64, String),
            tx,
            "SELECT id, artifact_location FROM mlflow_experiments WHERE name = $1",
            &*text::plain(run.experiment.as_str()),
        )?;
        let name = run.job_name.to_string();
        let tags = [RUN_NAME_TAG, SOURCE_TAG].map(|key| Tag { key: key.to_owned(), value: name.clone() });
        let info = RunInfo {
            id: run.id.clone(),
            experiment_id,
            name,
            user_id: String::new(),
            status: status(&run),
            start_ms: run.created_at.unix_millis(),
            end_ms: run.ended_at.map(Timestamp::unix_millis),
            lifecycle: Lifecycle::Active,
            artifact_uri: run_uri(&location, &run.id),
        };
        run_insert(&mut tx, &info, &tags, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Ends the MLflow side of a job that is over, unless its script has said how it ended.
pub(crate) async fn job_end(tx: &mut Tx, run: &Run) -> StoreResult<()> {
    execute!(
        tx,
        "UPDATE mlflow_runs SET status = $2, end_ms = COALESCE(end_ms, $3) WHERE id = $1 AND status = $4",
        run.id.as_str(),
        status(run).as_str(),
        run.ended_at.map(Timestamp::unix_millis),
        RunStatus::Running.as_str(),
    )?;
    Ok(())
}

fn status(run: &Run) -> RunStatus {
    match run.badge() {
        RunBadge::Completed => RunStatus::Finished,
        RunBadge::Failed | RunBadge::Rejected => RunStatus::Failed,
        RunBadge::Stopped => RunStatus::Killed,
        RunBadge::Queued | RunBadge::Running | RunBadge::Stopping | RunBadge::Unknown | RunBadge::NeedsAttention => {
            RunStatus::Running
        }
    }
}
