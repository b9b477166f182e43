//! The record of what was done to a run or a preset, and what the engine answered. Written in the transaction of the
//! deed.

use domain::{
    ids::{PresetId, RunId},
    time::Timestamp,
};

use crate::{
    Store,
    db::{Tx, execute, fetch},
    error::Result,
    text,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub at: Timestamp,
    /// `run.requested`, `launch.submitted`, `preset.renamed`, ...: subject and deed.
    pub action: String,
    /// For people; may hold the engine's own words, so it is shown as text only.
    pub detail: String,
}

/// What an entry is about. Ids of all kinds are ULIDs of one space: the column that holds them is called `run_id`.
pub trait AuditSubject {
    fn as_id(&self) -> &str;
}

impl AuditSubject for RunId {
    fn as_id(&self) -> &str {
        self.as_str()
    }
}

impl AuditSubject for PresetId {
    fn as_id(&self) -> &str {
        self.as_str()
    }
}

impl Store {
    /// Everything about this run or preset in the order in which it happened.
    pub async fn audit_list(&self, subject: &(impl AuditSubject + Sync)) -> Result<Vec<AuditEntry>> {
        let mut reader = self.db.reader().await?;
        let rows = fetch!(
            all,
            (i64, String, String),
            reader,
            "SELECT at, action, detail FROM audit WHERE run_id = $1 ORDER BY id",
            subject.as_id(),
        )?;
        let entry = |(at, action, detail)| AuditEntry { at: Timestamp::from_unix_micros(at), action, detail };
        Ok(rows.into_iter().map(entry).collect())
    }
}

pub(crate) async fn audit_add(
    tx: &mut Tx,
    subject: &(impl AuditSubject + Sync),
    at: Timestamp,
    action: &str,
    detail: &str,
) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO audit (run_id, at, action, detail) VALUES ($1, $2, $3, $4)",
        subject.as_id(),
        at.unix_micros(),
        action,
        &*text::plain(detail),
    )
    .map(|_| ())
}
