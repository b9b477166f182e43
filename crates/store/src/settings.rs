//! One value per key about the installation itself, such as its install id.

use crate::{
    Store,
    db::{Durability, execute, fetch},
    error::Result,
    text,
};

impl Store {
    pub async fn setting_get(&self, key: &str) -> Result<Option<String>> {
        let mut reader = self.db.reader().await?;
        let row = fetch!(optional, (String,), reader, "SELECT value FROM settings WHERE key = $1", &*text::plain(key))?;
        Ok(row.map(|(value,)| value))
    }

    /// Writes the value unless there is one, and returns the one that is stored: the first writer's, for everyone.
    pub async fn setting_put_if_absent(&self, key: &str, value: &str) -> Result<String> {
        let key = text::key("the setting's key", key)?;
        let mut tx = self.db.begin(Durability::Flushed).await?;
        execute!(
            tx,
            "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING",
            &*key,
            &*text::plain(value),
        )?;
        let (stored,) = fetch!(one, (String,), tx, "SELECT value FROM settings WHERE key = $1", &*key)?;
        tx.commit().await?;
        Ok(stored)
    }
}
