//! Completed runs as a quote needs them: what ran, on what, how long, and what was billed of it.

use domain::cost::{PastRun, Program};
use sqlx::FromRow;

use crate::{Store, db::fetch, error::Result, text};

/// Newer runs tell more, and so many are enough for a median.
const MAX_RUNS: i64 = 200;

/// The columns that `PastRow` reads. A transition's status is quoted in its JSON, and no other text of it is just that.
macro_rules! past_columns {
    () => {
        "training_image, entry_point, source_sha256, instance_type, instance_count, spot, training_seconds, \
         billable_seconds, CAST(CASE WHEN transitions LIKE '%\"status\":\"Interrupted\"%' THEN 1 ELSE 0 END AS BIGINT) AS was_interrupted"
    };
}

#[derive(FromRow)]
struct PastRow {
    training_image: Option<String>,
    entry_point: Option<String>,
    source_sha256: Option<String>,
    instance_type: Option<String>,
    instance_count: i64,
    spot: i64,
    training_seconds: i64,
    billable_seconds: i64,
    was_interrupted: i64,
}

impl PastRow {
    fn into_run(self) -> PastRun {
        PastRun {
            training_image: self.training_image,
            entry_point: self.entry_point,
            source_sha256: self.source_sha256,
            instance_type: self.instance_type.unwrap_or_default(),
            instance_count: u32::try_from(self.instance_count).unwrap_or(u32::MAX),
            spot: self.spot != 0,
            training_seconds: text::to_u64(self.training_seconds),
            billable_seconds: text::to_u64(self.billable_seconds),
            was_interrupted: self.was_interrupted != 0,
        }
    }
}

impl Store {
    /// Completed runs of this image that have their seconds: those of the same entry point first, then the newest.
    #[tracing::instrument(name = "db.run.past", level = "debug", skip_all)]
    pub async fn run_past_list(&self, program: &Program) -> Result<Vec<PastRun>> {
        let mut reader = self.db.reader().await?;
        let sql = concat!(
            "SELECT ",
            past_columns!(),
            " FROM runs WHERE id IN (
                SELECT id FROM runs WHERE status = 'Completed' AND training_image = $1
                AND training_seconds IS NOT NULL AND billable_seconds IS NOT NULL
                ORDER BY CASE WHEN COALESCE(entry_point, '') = $2 THEN 0 ELSE 1 END, id DESC LIMIT $3
              ) ORDER BY id DESC"
        );
        let image = text::plain(&program.training_image);
        let entry_point = text::plain(program.entry_point.as_deref().unwrap_or_default());
        let rows = fetch!(all, PastRow, reader, sql, &*image, &*entry_point, MAX_RUNS)?;
        Ok(rows.into_iter().map(PastRow::into_run).collect())
    }

    /// Completed spot runs of any program, the newest first.
    #[tracing::instrument(name = "db.run.past_spot", level = "debug", skip_all)]
    pub async fn run_past_spot_list(&self) -> Result<Vec<PastRun>> {
        let mut reader = self.db.reader().await?;
        let sql = concat!(
            "SELECT ",
            past_columns!(),
            " FROM runs WHERE status = 'Completed' AND spot = 1
              AND training_seconds IS NOT NULL AND billable_seconds IS NOT NULL ORDER BY id DESC LIMIT $1"
        );
        let rows = fetch!(all, PastRow, reader, sql, MAX_RUNS)?;
        Ok(rows.into_iter().map(PastRow::into_run).collect())
    }
}
