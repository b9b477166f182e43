//! What counts against budgets: the month's runs, and those that are recorded and not over.
//!
//! Invariant: a launch that a budget guards is judged in the transaction that records it, and one such transaction at a
//! time: of launches that come at once, no two are judged by the same room.

use std::collections::HashMap;

use domain::{
    budget::{BudgetRun, Most},
    money::NanoUsd,
    quota::WaitPlan,
    run::RunBadge,
    time::Timestamp,
};
use serde_json::Value;
use sqlx::FromRow;

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
        let sql = concat!(
            "SELECT id, badge, request, plan, wanted FROM runs LEFT JOIN quota_waits ON run_id = id WHERE badge IN ",
            open_badges!()
        );
        let open = fetch!(all, OpenRow, $db, sql)?;
        runs_of(rows, open)
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
pub(crate) async fn budget_runs_locked(tx: &mut Tx, (from, to): (Timestamp, Timestamp)) -> Result<Vec<BudgetRun>> {
    // SQLite's transaction began with BEGIN IMMEDIATE: no one else writes anything.
    if let Conn::Postgres(conn) = tx.conn() {
        sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(conn).await.map_err(of_driver)?;
    }
    budget_runs!(tx, from, to)
}

/// A run that is not over: its request, and how it waits for room, if it does.
#[derive(FromRow)]
struct OpenRow {
    id: String,
    badge: String,
    request: String,
    plan: Option<String>,
    wanted: Option<String>,
}

impl OpenRow {
    fn most(&self) -> Result<Most> {
        let json = |text: &str| text::from_json::<Value>("runs", &self.id, text);
        let plan =
            self.plan.as_deref().map(|it| text::from_json::<WaitPlan>("quota_waits", &self.id, it)).transpose()?;
        // As long as it was not sent, what it can become follows from what was wanted.
        match (plan, &self.wanted) {
            (Some(plan), Some(wanted)) if self.badge == RunBadge::Queued.as_str() => {
                Ok(Most::of(&json(wanted)?, Some(&plan)))
            }
            _ => Ok(Most::of(&json(&self.request)?, None)),
        }
    }
}

fn runs_of(rows: Vec<CostRow>, open: Vec<OpenRow>) -> Result<Vec<BudgetRun>> {
    let mut most = HashMap::new();
    for row in open {
        let of_row = row.most()?;
        most.insert(row.id, of_row);
    }
    let runs = rows.into_iter().map(|row| {
        let run = row.into_run()?;
        // One that is over takes nothing more.
        let over = Most { per_hour: Some(NanoUsd(0)), billed_seconds: 0, span_seconds: 0 };
        let most = most.get(run.id.as_str()).copied().unwrap_or(over);
        Ok(BudgetRun { run, most })
    });
    runs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_is_not_over_is_looked_at() {
        let open = RunBadge::ALL.into_iter().filter(|it| !it.is_over());
        let names: Vec<String> = open.map(|it| format!("'{}'", it.as_str())).collect();
        assert_eq!(open_badges!(), format!("({})", names.join(", ")));
    }
}
