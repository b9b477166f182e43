//! Reading runs one by one, in pages and in sums; importing runs that were found at the engine.

use domain::{
    ids::{JobName, RunId},
    live::LiveEvent,
    run::{Run, RunBadge, RunFilter, RunPage},
};
use sqlx::{Database, Encode, QueryBuilder, Type};

use crate::{
    Store,
    audit::audit_add,
    db::{Conn, Durability, execute, fetch},
    error::{Result, StoreError, of_driver},
    live::live_add,
    run_row::{RunRow, StoredRun, run_columns, run_insert, runs_of},
    text,
};

/// A page shows at most this many runs.
const MAX_PAGE: u32 = 200;

impl Store {
    pub async fn run_get(&self, id: &RunId) -> Result<Option<Run>> {
        Ok(self.run_peek(id).await?.map(|it| it.run))
    }

    /// A run with the store's own knowledge of it, without keeping anyone from changing it.
    pub(crate) async fn run_peek(&self, id: &RunId) -> Result<Option<StoredRun>> {
        let mut reader = self.db.reader().await?;
        let sql = concat!("SELECT ", run_columns!(), " FROM runs WHERE id = $1");
        fetch!(optional, RunRow, reader, sql, id.as_str())?.map(RunRow::into_stored).transpose()
    }

    pub async fn run_get_by_job_name(&self, name: &JobName) -> Result<Option<Run>> {
        let mut reader = self.db.reader().await?;
        let sql = concat!("SELECT ", run_columns!(), " FROM runs WHERE job_name = $1");
        let row = fetch!(optional, RunRow, reader, sql, name.as_str())?;
        Ok(row.map(RunRow::into_stored).transpose()?.map(|it| it.run))
    }

    /// The newest runs whose id or job name begins with `prefix`, case ignored; at most `limit`.
    pub async fn run_list_by_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<Run>> {
        if prefix.is_empty() || prefix.chars().count() > JobName::MAX_CHARS {
            return Ok(Vec::new());
        }
        let escaped = escape_like(prefix);
        let mut reader = self.db.reader().await?;
        let sql = concat!(
            "SELECT ",
            run_columns!(),
            " FROM runs WHERE id IN (
                SELECT id FROM runs WHERE id LIKE $1 ESCAPE '\\' OR job_name_key LIKE $2 ESCAPE '\\'
                ORDER BY id DESC LIMIT $3
              ) ORDER BY id DESC"
        );
        let (id, job_name) = (format!("{}%", escaped.to_ascii_uppercase()), format!("{escaped}%"));
        let rows = fetch!(all, RunRow, reader, sql, &id, &job_name, i64::from(limit))?;
        runs_of(rows)
    }

    /// A page of runs, newest first, and how many match in all.
    #[tracing::instrument(name = "db.run.list", level = "debug", skip_all)]
    pub async fn run_list(&self, filter: &RunFilter) -> Result<RunPage> {
        if filter.name_contains.as_ref().is_some_and(|it| it.chars().count() > JobName::MAX_CHARS) {
            // No job has such a long name, and databases limit the length of a pattern.
            return Ok(RunPage { runs: Vec::new(), next_before: None, total: 0 });
        }
        let limit = filter.limit.clamp(1, MAX_PAGE) as usize;
        let mut reader = self.db.reader().await?;
        let (total, rows) = match reader.conn() {
            Conn::Sqlite(conn) => {
                let total: i64 =
                    count_query(filter).build_query_scalar().fetch_one(&mut *conn).await.map_err(of_driver)?;
                let rows: Vec<RunRow> =
                    page_query(filter, limit).build_query_as().fetch_all(conn).await.map_err(of_driver)?;
                (total, rows)
            }
            Conn::Postgres(conn) => {
                let total: i64 =
                    count_query(filter).build_query_scalar().fetch_one(&mut *conn).await.map_err(of_driver)?;
                let rows: Vec<RunRow> =
                    page_query(filter, limit).build_query_as().fetch_all(conn).await.map_err(of_driver)?;
                (total, rows)
            }
        };
        let mut runs = runs_of(rows)?;
        // One more than the page was asked for, to know whether there is a next one.
        let has_more = runs.len() > limit;
        runs.truncate(limit);
        let next_before = if has_more { runs.last().map(|it| it.id.clone()) } else { None };
        Ok(RunPage { runs, next_before, total: text::to_u64(total) })
    }

    /// The runs whose jobs the engine must be asked about, oldest first: submitted, and not finished, or finished with
    /// logs and metrics still to copy.
    pub async fn run_active_list(&self) -> Result<Vec<Run>> {
        let mut reader = self.db.reader().await?;
        let sql = concat!("SELECT ", run_columns!(), " FROM runs WHERE is_active = 1 ORDER BY id");
        let rows = fetch!(all, RunRow, reader, sql)?;
        runs_of(rows)
    }

    /// How many runs there are of each state; states without a run are left out.
    pub async fn run_badge_counts(&self) -> Result<Vec<(RunBadge, u64)>> {
        let mut reader = self.db.reader().await?;
        let rows =
            fetch!(all, (String, i64), reader, "SELECT badge, COUNT(*) FROM runs GROUP BY badge ORDER BY badge")?;
        rows.into_iter()
            .map(|(badge, count)| {
                let badge = RunBadge::parse(&badge).ok_or_else(|| text::bad_row("runs", &badge, "unknown badge"))?;
                Ok((badge, text::to_u64(count)))
            })
            .collect()
    }

    /// Records a job that was found at the engine, or returns the run that already has its job name, unchanged.
    #[tracing::instrument(name = "db.run.import", level = "debug", skip_all, fields(run.id = %run.id))]
    pub async fn run_import(&self, run: &Run) -> Result<Run> {
        if let Some(known) = self.run_get_by_job_name(&run.job_name).await? {
            return Ok(known);
        }
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let stored = StoredRun { run: run.clone(), engine_modified_at: None, sync_done: false };
        let Some(inserted) = run_insert(&mut tx, &stored).await? else {
            drop(tx);
            let known = self.run_get_by_job_name(&run.job_name).await?;
            return known.ok_or_else(|| StoreError::RunMissing(run.id.clone()));
        };
        audit_add(&mut tx, &run.id, run.updated_at, "run.imported", &format!("job {}", run.job_name)).await?;
        live_add(&mut tx, &run.id, &LiveEvent::Run(Box::new(inserted.clone())), run.updated_at).await?;
        tx.commit().await?;
        Ok(inserted)
    }

    /// Marks that logs and metrics of a finished run are copied completely: it leaves the active list. Without effect
    /// while the run is not finished.
    pub async fn run_sync_finish(&self, id: &RunId) -> Result<()> {
        let Some(seen) = self.run_peek(id).await? else { return Err(StoreError::RunMissing(id.clone())) };
        if seen.sync_done || !seen.run.is_over() {
            return Ok(());
        }
        // A finished run stays finished, so what was read a moment ago still holds.
        let mut tx = self.db.begin(Durability::Deferred).await?;
        execute!(tx, "UPDATE runs SET sync_done = 1, is_active = 0 WHERE id = $1", id.as_str())?;
        tx.commit().await
    }
}

/// `WHERE` with the conditions that the filter has, each an index's own: `$1 IS NULL OR ..` would use none.
fn filtered<DB>(select: &str, filter: &RunFilter, with_before: bool) -> QueryBuilder<DB>
where
    DB: Database,
    String: for<'q> Encode<'q, DB> + Type<DB>,
{
    let mut query = QueryBuilder::new(select);
    let mut joint = " WHERE ";
    if let Some(experiment) = &filter.experiment {
        query.push(joint).push("experiment = ").push_bind(text::plain(experiment.as_str()).into_owned());
        joint = " AND ";
    }
    if let Some(badge) = filter.badge {
        query.push(joint).push("badge = ").push_bind(badge.as_str().to_owned());
        joint = " AND ";
    }
    if let Some(part) = filter.name_contains.as_ref().filter(|it| !it.is_empty()) {
        query.push(joint).push("job_name_key LIKE ").push_bind(contains_pattern(part)).push(" ESCAPE '\\'");
        joint = " AND ";
    }
    if let Some(before) = filter.before.as_ref().filter(|_| with_before) {
        query.push(joint).push("id < ").push_bind(before.as_str().to_owned());
    }
    query
}

fn count_query<DB>(filter: &RunFilter) -> QueryBuilder<DB>
where
    DB: Database,
    String: for<'q> Encode<'q, DB> + Type<DB>,
{
    filtered("SELECT COUNT(*) FROM runs", filter, false)
}

/// The ids are found in a narrow index first, so that a search does not walk the wide rows.
fn page_query<DB>(filter: &RunFilter, limit: usize) -> QueryBuilder<DB>
where
    DB: Database,
    String: for<'q> Encode<'q, DB> + Type<DB>,
{
    let select = concat!("SELECT ", run_columns!(), " FROM runs WHERE id IN (SELECT id FROM runs");
    let mut query = filtered(select, filter, true);
    query.push(format_args!(" ORDER BY id DESC LIMIT {}) ORDER BY id DESC", limit + 1));
    query
}

/// `a_b` finds `a_b` and not `axb`.
pub(crate) fn contains_pattern(part: &str) -> String {
    format!("%{}%", escape_like(part))
}

/// In lower case: job names are ASCII, so that is theirs.
fn escape_like(part: &str) -> String {
    let mut pattern = String::new();
    for c in text::plain(part).chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c.to_ascii_lowercase());
    }
    pattern
}
