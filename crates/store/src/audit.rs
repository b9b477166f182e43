//! The record of what was done to a run and what the engine answered. Written in the transaction of the deed.

use domain::{ids::RunId, time::Timestamp};

use crate::{
    Store,
    db::{Tx, execute, fetch},
    error::Result,
    text,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub at: Timestamp,
    /// `run.requested`, `launch.submitted`, `stop.wished`, ...: subject and deed.
    pub action: String,
    /// For people; may hold the engine's own words, so it is shown as text only.
    pub detail: String,
}

impl Store {
    /// Everything about this run in the order in which it happened.
    pub async fn audit_list(&self, run: &RunId) -> Result<Vec<AuditEntry>> {
        let mut reader = self.db.reader().await?;
        let rows = fetch!(
            all,
            (i64, String, String),
            reader,
            "SELECT at, action, detail FROM audit WHERE run_id = $1 ORDER BY id",
            run.as_str(),
        )?;
        let entry = |(at, action, detail)| AuditEntry { at: Timestamp::from_unix_micros(at), action, detail };
        Ok(rows.into_iter().map(entry).collect())
    }
}

pub(crate) async fn audit_add(tx: &mut Tx, run: &RunId, at: Timestamp, action: &str, detail: &str) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO audit (run_id, at, action, detail) VALUES ($1, $2, $3, $4)",
        run.as_str(),
        at.unix_micros(),
        action,
        &*text::plain(detail),
    )
    .map(|_| ())
}
