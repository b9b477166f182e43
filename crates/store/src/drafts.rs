//! The launch form as it was typed, by its idempotency key: nothing typed is lost, whatever was wrong with it.

use domain::{
    ids::RunId,
    job_draft::{FieldError, JobDraft},
    time::Timestamp,
};

use crate::{
    Store,
    db::{Durability, execute, fetch},
    error::Result,
    text,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDraft {
    pub draft: JobDraft,
    /// What was wrong with it when it was last submitted; empty when nothing was.
    pub errors: Vec<FieldError>,
    /// The run that this key launched, once it did.
    pub run_id: Option<RunId>,
}

impl Store {
    /// Keeps the form under its key; the last submission wins.
    pub async fn draft_put(&self, key: &str, draft: &JobDraft, errors: &[FieldError], now: Timestamp) -> Result<()> {
        let key = text::key("the idempotency key", key)?;
        // A draft may be lost in a power cut: the browser still shows it, and the launch itself is flushed.
        let mut tx = self.db.begin(Durability::Deferred).await?;
        execute!(
            tx,
            "INSERT INTO drafts (key, draft, errors, updated_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (key) DO UPDATE
             SET draft = excluded.draft, errors = excluded.errors, updated_at = excluded.updated_at",
            &*key,
            text::to_json(draft)?,
            text::to_json(errors)?,
            now.unix_micros(),
        )?;
        tx.commit().await
    }

    /// Forgets forms that nobody has sent again since. What they launched is the run's own.
    pub async fn draft_prune(&self, keep_after: Timestamp) -> Result<u64> {
        let mut tx = self.db.begin(Durability::Deferred).await?;
        let pruned = execute!(tx, "DELETE FROM drafts WHERE updated_at < $1", keep_after.unix_micros())?;
        tx.commit().await?;
        Ok(pruned)
    }

    pub async fn draft_get(&self, key: &str) -> Result<Option<StoredDraft>> {
        let mut reader = self.db.reader().await?;
        let row = fetch!(
            optional,
            (String, String, Option<String>),
            reader,
            "SELECT d.draft, d.errors, k.run_id FROM drafts d LEFT JOIN idempotency_keys k ON k.key = d.key
             WHERE d.key = $1",
            &*text::plain(key),
        )?;
        let Some((draft, errors, run_id)) = row else { return Ok(None) };
        let run_id = run_id.map(|it| RunId::parse(&it)).transpose();
        Ok(Some(StoredDraft {
            draft: text::from_json("drafts", key, &draft)?,
            errors: text::from_json("drafts", key, &errors)?,
            run_id: run_id.map_err(|err| text::bad_row("idempotency_keys", key, &err.to_string()))?,
        }))
    }
}
