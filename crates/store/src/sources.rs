//! Uploaded source archives, addressed by the SHA-256 of their bytes. Never changed, never unpacked here.

use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::{
    Store,
    db::{Durability, Tx, execute, fetch},
    error::Result,
    text,
};

/// One member of an archive, to show what a run was launched with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceEntry {
    pub path: String,
    pub size_bytes: u64,
}

/// An archive (`.tar.gz`) to keep. `sha256` is that of `bytes`, in hex; the caller made both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSource {
    pub sha256: String,
    /// As the user's file was called.
    pub file_name: String,
    pub entries: Vec<SourceEntry>,
    pub bytes: Vec<u8>,
}

/// Everything about an archive but its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceMeta {
    pub sha256: String,
    pub file_name: String,
    pub entries: Vec<SourceEntry>,
    pub size_bytes: u64,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub meta: SourceMeta,
    pub bytes: Vec<u8>,
}

impl Store {
    /// Keeps an archive; one with the same content that is there already stays as it is, first name included.
    pub async fn source_put(&self, source: &NewSource, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        put(&mut tx, source, now).await?;
        tx.commit().await
    }

    /// Forgets archives older than this that no run, no running sweep, no preset and no form that is still kept names.
    pub async fn source_prune(&self, keep_after: Timestamp) -> Result<u64> {
        let mut tx = self.db.begin(Durability::Deferred).await?;
        let pruned = execute!(
            tx,
            "DELETE FROM sources WHERE created_at < $1
             AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.source_sha256 = sources.sha256)
             AND NOT EXISTS (SELECT 1 FROM sweeps s WHERE s.state = 'running' AND s.spec LIKE '%' || sources.sha256 || '%')
             AND NOT EXISTS (SELECT 1 FROM presets p WHERE p.source_sha256 = sources.sha256)
             AND NOT EXISTS (SELECT 1 FROM drafts d WHERE d.draft LIKE '%' || sources.sha256 || '%')",
            keep_after.unix_micros(),
        )?;
        tx.commit().await?;
        Ok(pruned)
    }

    pub async fn source_meta_get(&self, sha256: &str) -> Result<Option<SourceMeta>> {
        let mut reader = self.db.reader().await?;
        let row = fetch!(
            optional,
            MetaRow,
            reader,
            "SELECT sha256, file_name, entries, size_bytes, created_at FROM sources WHERE sha256 = $1",
            &*text::plain(sha256),
        )?;
        row.map(MetaRow::into_meta).transpose()
    }

    pub async fn source_get(&self, sha256: &str) -> Result<Option<Source>> {
        let Some(meta) = self.source_meta_get(sha256).await? else { return Ok(None) };
        let mut reader = self.db.reader().await?;
        let row = fetch!(optional, (Vec<u8>,), reader, "SELECT bytes FROM sources WHERE sha256 = $1", &meta.sha256)?;
        Ok(row.map(|(bytes,)| Source { meta, bytes }))
    }
}

/// Inserts the archive unless it is there.
pub(crate) async fn put(tx: &mut Tx, source: &NewSource, now: Timestamp) -> Result<()> {
    let sha256 = text::key("the source's sha256", &source.sha256)?;
    let known = fetch!(optional, (i64,), tx, "SELECT size_bytes FROM sources WHERE sha256 = $1", &*sha256)?;
    if known.is_none() {
        execute!(
            tx,
            "INSERT INTO sources (sha256, file_name, entries, size_bytes, created_at, bytes)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (sha256) DO NOTHING",
            &*sha256,
            &*text::plain(&source.file_name),
            text::to_json(&source.entries)?,
            text::to_i64(source.bytes.len() as u64),
            now.unix_micros(),
            source.bytes.as_slice(),
        )?;
    }
    Ok(())
}

#[derive(FromRow)]
struct MetaRow {
    sha256: String,
    file_name: String,
    entries: String,
    size_bytes: i64,
    created_at: i64,
}

impl MetaRow {
    fn into_meta(self) -> Result<SourceMeta> {
        Ok(SourceMeta {
            entries: text::from_json("sources", &self.sha256, &self.entries)?,
            sha256: self.sha256,
            file_name: self.file_name,
            size_bytes: text::to_u64(self.size_bytes),
            created_at: Timestamp::from_unix_micros(self.created_at),
        })
    }
}
