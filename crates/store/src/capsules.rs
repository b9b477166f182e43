//! Capsules: what the inputs of a run were when it was launched. Written once, never changed.

use domain::{capsule::Capsule, ids::RunId, run::Run, time::Timestamp};

use crate::{
    Store,
    db::{Durability, execute, fetch},
    error::Result,
    run_row::{RunRow, run_columns, runs_of},
    text,
};

impl Store {
    /// Keeps the capsule; the first one of a run stays. Whether it was this one.
    pub async fn capsule_put(&self, run: &RunId, capsule: &Capsule) -> Result<bool> {
        let mut tx = self.db.begin(Durability::Deferred).await?;
        let added = execute!(
            tx,
            "INSERT INTO capsules (run_id, recorded_at, capsule) VALUES ($1, $2, $3) ON CONFLICT (run_id) DO NOTHING",
            run.as_str(),
            capsule.recorded_at.unix_micros(),
            text::to_json(capsule)?,
        )?;
        tx.commit().await?;
        Ok(added > 0)
    }

    pub async fn capsule_get(&self, run: &RunId) -> Result<Option<Capsule>> {
        let mut reader = self.db.reader().await?;
        let row = fetch!(optional, (String,), reader, "SELECT capsule FROM capsules WHERE run_id = $1", run.as_str())?;
        row.map(|(capsule,)| text::from_json("capsules", run.as_str(), &capsule)).transpose()
    }

    /// Runs launched here since then that have no capsule yet, the newest first; those that never became a job are
    /// left out.
    pub async fn capsule_missing_list(&self, since: Timestamp, limit: u32) -> Result<Vec<Run>> {
        let mut reader = self.db.reader().await?;
        let sql = concat!(
            "SELECT ",
            run_columns!(),
            " FROM runs WHERE id >= $1 AND origin = 'launched' AND launch_state NOT IN ('rejected', 'cancelled')
              AND NOT EXISTS (SELECT 1 FROM capsules c WHERE c.run_id = runs.id) ORDER BY id DESC LIMIT $2"
        );
        let oldest = RunId::new(since, 0);
        let rows = fetch!(all, RunRow, reader, sql, oldest.as_str(), i64::from(limit))?;
        runs_of(rows)
    }
}
