//! What counts against budgets: the month's runs, and those that are recorded and not over.
//!
//! Invariant: a launch that a budget guards is judged in the transaction that records it, and one such transaction at a
//! time: of launches that come at once, no two are judged by the same room.

use std::collections::HashMap;

use domain::{budget::BudgetRun, time::Timestamp, training_job::TrainingJobRequest};

use crate::{
    Store,
    costs::{CostRow, LONGEST_RUN_SECONDS},
    db::{Conn, Reader, Tx, fetch},
    error::{Result, of_driver},
    text,
};

/// PostgreSQL's advisory lock of launches that budgets guard; any number that nothing else takes.
const LOCK: i64 = 0x0062_7564_6765_7473;

/// The badges of runs that are not over; `runs_by_badge` finds them.
macro_rules! open_badges {
    () => {
        "('queued', 'running', 'stopping', 'unknown', 'needs_attention')"
    };
}

/// Of both kinds of connection.
macro_rules! budget_runs {
    ($db:expr, $from:expr, $to:expr) => {{
        // Those that ran in the month, and those that may still begin.
        let rows = fetch!(
            all,
            CostRow,
            $db,
            concat!(
                "SELECT id, job_name, experiment, instance_type, instance_count, spot, badge, price_nanousd_per_hour,
                        started_at, ended_at, training_seconds, billable_seconds, tags
                 FROM runs WHERE started_at >= $1 AND started_at < $2 AND (ended_at IS NULL OR ended_at >= $3)
                 UNION ALL
                 SELECT id, job_name, experiment, instance_type, instance_count, spot, badge, price_nanousd_per_hour,
                        started_at, ended_at, training_seconds, billable_seconds, tags
                 FROM runs WHERE started_at IS NULL AND badge IN ",
                open_badges!()
            ),
            $from.plus_seconds(-LONGEST_RUN_SECONDS).unix_micros(),
            $to.unix_micros(),
            $from.unix_micros(),
        )?;
        let sql = concat!("SELECT id, request FROM runs WHERE badge IN ", open_badges!());
        let requests = fetch!(all, (String, String), $db, sql)?;
        runs_of(rows, requests)
    }};
}

impl Store {
    /// Runs that count in a period, with what they may still take.
    #[tracing::instrument(name = "db.budget.runs", level = "debug", skip_all)]
    pub async fn budget_run_list(&self, from: Timestamp, to: Timestamp) -> Result<Vec<BudgetRun>> {
        let mut reader: Reader = self.db.reader().await?;
        budget_runs!(reader, from, to)
    }
}

/// The same, while nobody else is judged.
pub(crate) async fn budget_runs_locked(tx: &mut Tx, from: Timestamp, to: Timestamp) -> Result<Vec<BudgetRun>> {
    // SQLite's transaction began with BEGIN IMMEDIATE: no one else writes anything.
    if let Conn::Postgres(conn) = tx.conn() {
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(conn).await.map_err(of_driver)?;
    }
    budget_runs!(tx, from, to)
}

fn runs_of(rows: Vec<CostRow>, requests: Vec<(String, String)>) -> Result<Vec<BudgetRun>> {
    let mut limits = HashMap::new();
    for (id, request) in requests {
        let request = TrainingJobRequest::of_recorded(text::from_json("runs", &id, &request)?);
        limits.insert(id, request.max_runtime_seconds());
    }
    let runs = rows.into_iter().map(|row| {
        let run = row.into_run()?;
        // One that is over takes nothing more.
        let max_runtime_seconds = limits.get(run.id.as_str()).copied().unwrap_or_default();
        Ok(BudgetRun { run, max_runtime_seconds })
    });
    runs.collect()
}

#[cfg(test)]
mod tests {
    use domain::run::RunBadge;

    #[test]
    fn a_run_that_is_not_over_is_looked_at() {
        let open = RunBadge::ALL.into_iter().filter(|it| !it.is_over());
        let names: Vec<String> = open.map(|it| format!("'{}'", it.as_str())).collect();
        assert_eq!(open_badges!(), format!("({})", names.join(", ")));
    }
}
