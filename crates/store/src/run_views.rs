//! A team's views of the list of runs. A name belongs to one view at a time.

use domain::{
    run_search::{RunView, RunViewId, RunViewName},
    time::Timestamp,
};

use crate::{
    Store,
    db::{Durability, execute, fetch},
    error::Result,
    text,
};

type RunViewRow = (String, String, String, i64);

impl Store {
    /// All views, by name.
    pub async fn run_view_list(&self) -> Result<Vec<RunView>> {
        let mut reader = self.db.reader().await?;
        let sql = "SELECT id, name, query, created_at FROM run_views ORDER BY name";
        fetch!(all, RunViewRow, reader, sql)?.into_iter().map(view).collect()
    }

    /// Keeps a view. One of this name gets the new query, and keeps its id and time. The view as it is then.
    pub async fn run_view_put(&self, new: &RunView) -> Result<RunView> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let row = fetch!(
            one,
            RunViewRow,
            tx,
            "INSERT INTO run_views (id, name, query, created_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (name) DO UPDATE SET query = excluded.query RETURNING id, name, query, created_at",
            new.id.as_str(),
            &*text::plain(new.name.as_str()),
            &*text::plain(&new.query),
            new.created_at.unix_micros(),
        )?;
        tx.commit().await?;
        view(row)
    }

    /// Whether it was there.
    pub async fn run_view_delete(&self, id: &RunViewId) -> Result<bool> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let deleted = execute!(tx, "DELETE FROM run_views WHERE id = $1", id.as_str())?;
        tx.commit().await?;
        Ok(deleted > 0)
    }
}

fn view((id, name, query, created_at): RunViewRow) -> Result<RunView> {
    let bad = |reason: &dyn std::fmt::Display| text::bad_row("run_views", &id, &reason.to_string());
    Ok(RunView {
        name: RunViewName::parse(&name).map_err(|err| bad(&err))?,
        query,
        created_at: Timestamp::from_unix_micros(created_at),
        id: RunViewId::parse(&id).map_err(|err| bad(&err))?,
    })
}
