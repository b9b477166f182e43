//! Experiments: the names that runs share. There is no row for one; it is there while a run names it.

use domain::{ids::ExperimentName, run::ExperimentSummary, time::Timestamp};

use crate::{Store, db::fetch, error::Result, text};

impl Store {
    /// Every experiment, the one with the newest run first.
    pub async fn experiment_list(&self) -> Result<Vec<ExperimentSummary>> {
        let mut reader = self.db.reader().await?;
        let rows = fetch!(
            all,
            (String, i64, i64, i64),
            reader,
            // What has an instance, or is about to give it back, is running.
            "SELECT experiment, COUNT(*), COUNT(CASE WHEN badge IN ('running', 'stopping') THEN 1 END), MAX(created_at)
             FROM runs GROUP BY experiment ORDER BY MAX(created_at) DESC, experiment",
        )?;
        rows.into_iter()
            .map(|(name, run_count, running_count, last_created_at)| {
                Ok(ExperimentSummary {
                    name: ExperimentName::parse(&name)
                        .map_err(|err| text::bad_row("experiments", &name, &err.to_string()))?,
                    run_count: text::to_u64(run_count),
                    running_count: text::to_u64(running_count),
                    last_created_at: Timestamp::from_unix_micros(last_created_at),
                })
            })
            .collect()
    }
}
