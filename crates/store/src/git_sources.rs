//! Which kept archive a commit's folder became. Written with the archive, in one transaction; forgotten with it.

use domain::{git_source::GitOrigin, time::Timestamp};

use crate::{
    NewSource, Source, Store,
    db::{Durability, execute, fetch},
    error::Result,
    sources,
};

impl Store {
    /// Keeps the archive of a commit. The first one stays: a commit never changes.
    pub async fn git_source_put(&self, origin: &GitOrigin, source: &NewSource, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        sources::put(&mut tx, source, now).await?;
        execute!(
            tx,
            "INSERT INTO git_sources (origin, sha256, fetched_at) VALUES ($1, $2, $3) ON CONFLICT (origin) DO NOTHING",
            origin.to_string(),
            &source.sha256,
            now.unix_micros(),
        )?;
        tx.commit().await
    }

    /// The archive of this commit, as far as it was fetched before.
    pub async fn git_source_get(&self, origin: &GitOrigin) -> Result<Option<Source>> {
        match self.git_source_sha256_get(origin).await? {
            Some(sha256) => self.source_get(&sha256).await,
            None => Ok(None),
        }
    }

    /// The hash of that archive, without reading it.
    pub async fn git_source_sha256_get(&self, origin: &GitOrigin) -> Result<Option<String>> {
        let mut reader = self.db.reader().await?;
        let sql = "SELECT sha256 FROM git_sources WHERE origin = $1";
        let row = fetch!(optional, (String,), reader, sql, origin.to_string())?;
        Ok(row.map(|(sha256,)| sha256))
    }
}
