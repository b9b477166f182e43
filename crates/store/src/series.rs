//! Series of metric points, the cursors of those who read them from the engine, and the one way in.
//!
//! Invariants:
//! - A batch is one transaction: its points, their summaries, the move of its cursor and its live event. A batch whose
//!   cursor has moved on since changes nothing, so replaying one is harmless.
//! - Points keep their order of arrival, duplicates and steps that go back included: a spot job that was interrupted
//!   logs its last steps again, and both are true. MLflow's points are the exception: see `series_append`.
//! - A series' run is a job (`runs`), a run that an MLflow client made (`mlflow_runs`), or both.
//! - A point without a step gets its number in its series; NaN and the infinities are kept.

use std::{collections::BTreeMap, ops::Range};

use crate::{
    Store,
    db::{Durability, Reader, Tx, execute, fetch},
    error::{Result, StoreError, is_foreign_key_violation},
    live::live_add,
    points::{PointColumns, PointRow},
    series_append::series_append,
    series_row::{SeriesRow, series_columns},
    text,
    thinning::Thinning,
};
use domain::{
    ids::RunId,
    live::LiveEvent,
    series::{CursorMove, IngestBatch, NewPoint, Point, PointWindow, SeriesKey, SeriesSource, SeriesSummary},
    time::Timestamp,
};

/// A batch with more points than this is announced as `Resync`: reading the thinned curve again is cheaper for a page
/// than drawing them one by one, and no event grows without limit.
const MAX_LIVE_POINTS: usize = 2_000;
/// Points per read while a curve is thinned: the memory that takes, whatever the length of the series.
const PAGE: i64 = 20_000;

#[derive(Clone, Debug, PartialEq)]
pub enum IngestOutcome {
    /// The points as they were numbered, by series.
    Stored(Vec<(SeriesKey, Vec<Point>)>),
    /// Someone else has moved the cursor since it was read: nothing was stored. Read the cursor again and go on there.
    CursorMoved,
}

impl Store {
    /// Stores a batch of points with the cursor that they came with.
    #[tracing::instrument(name = "db.series.ingest", level = "debug", skip_all, fields(run.id = %batch.run_id))]
    pub async fn series_ingest(&self, batch: &IngestBatch, now: Timestamp) -> Result<IngestOutcome> {
        let run_id = &batch.run_id;
        let no_run = |err: StoreError| {
            if is_foreign_key_violation(&err) { StoreError::RunMissing(run_id.clone()) } else { err }
        };
        // Every writer goes through the series of a run in the same order: no two can wait for each other.
        let mut by_key: BTreeMap<SeriesKey, Vec<NewPoint>> = BTreeMap::new();
        for (key, points) in batch.series.iter().filter(|(_, points)| !points.is_empty()) {
            by_key.entry(plain_key(key)?).or_default().extend_from_slice(points);
        }
        if let Some(cursor) = batch.cursor.as_ref().filter(|it| it.from.as_ref() == Some(&it.to)) {
            return if by_key.is_empty() {
                Ok(IngestOutcome::Stored(Vec::new()))
            } else {
                Err(StoreError::CursorUnmoved { key: cursor.key.clone() })
            };
        }
        if by_key.is_empty() && batch.cursor.is_none() {
            return Ok(IngestOutcome::Stored(Vec::new()));
        }
        let mut tx = self.db.begin(Durability::Deferred).await?;
        if let Some(cursor) = &batch.cursor
            && !cursor_move(&mut tx, run_id, cursor).await.map_err(no_run)?
        {
            return Ok(IngestOutcome::CursorMoved);
        }
        if !run_exists(&mut tx, run_id).await? {
            return Err(StoreError::RunMissing(run_id.clone()));
        }
        let stored = series_append(&mut tx, run_id, by_key).await?;
        let count: usize = stored.iter().map(|(_, points)| points.len()).sum();
        if count > MAX_LIVE_POINTS {
            live_add(&mut tx, run_id, &LiveEvent::Resync, now).await?;
        } else if count > 0 {
            let event = LiveEvent::Points { run_id: run_id.clone(), series: stored.clone() };
            live_add(&mut tx, run_id, &event, now).await?;
        }
        tx.commit().await?;
        Ok(IngestOutcome::Stored(stored))
    }

    /// What is known of a run's series, without their points; by source, name and host.
    pub async fn series_list(&self, run: &RunId) -> Result<Vec<SeriesSummary>> {
        let mut reader = self.db.reader().await?;
        let sql = concat!("SELECT ", series_columns!(), " FROM series WHERE run_id = $1 ORDER BY source, name, host");
        let rows = fetch!(all, SeriesRow, reader, sql, run.as_str())?;
        rows.into_iter().map(SeriesRow::into_summary).collect()
    }

    /// A series' points in the order of time; those of the same instant in the order of arrival. With `max_points`, a
    /// longer series is thinned so that its curve looks the same: peaks, ends and gaps are kept.
    pub async fn series_points(&self, run: &RunId, key: &SeriesKey, max_points: Option<u32>) -> Result<Vec<Point>> {
        let mut reader = self.db.reader().await?;
        let Some((series_id, count)) = series_find(&mut reader, run, key).await? else { return Ok(Vec::new()) };
        points_read(&mut reader, series_id, key.source, 0..count, max_points).await
    }

    /// The points of a window and those right before and behind it, so that a curve goes on to its edges; thinned like
    /// the whole. Where steps go back and forth others are among them.
    pub async fn series_window(
        &self,
        run: &RunId,
        key: &SeriesKey,
        window: PointWindow,
        max_points: u32,
    ) -> Result<Vec<Point>> {
        let mut reader = self.db.reader().await?;
        let Some((series_id, count)) = series_find(&mut reader, run, key).await? else { return Ok(Vec::new()) };
        let (sql, from, to) = match window {
            PointWindow::Steps(from, to) => {
                ("SELECT MIN(seq), MAX(seq) FROM points WHERE series_id = $1 AND step >= $2 AND step <= $3", from, to)
            }
            PointWindow::Times(from, to) => (
                "SELECT MIN(seq), MAX(seq) FROM points WHERE series_id = $1 AND at >= $2 AND at <= $3",
                from.unix_micros(),
                to.unix_micros(),
            ),
        };
        match fetch!(one, (Option<i64>, Option<i64>), reader, sql, series_id, from, to)? {
            (Some(first), Some(last)) => {
                let range = (first - 1).max(0)..(last + 2).min(count);
                points_read(&mut reader, series_id, key.source, range, Some(max_points)).await
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Where the reader named `key` is, for the next `CursorMove::from`.
    pub async fn cursor_get(&self, run: &RunId, key: &str) -> Result<Option<String>> {
        let mut reader = self.db.reader().await?;
        let row = fetch!(
            optional,
            (String,),
            reader,
            "SELECT value FROM cursors WHERE run_id = $1 AND key = $2",
            run.as_str(),
            &*text::plain(key),
        )?;
        Ok(row.map(|(value,)| value))
    }
}

/// The series' id, and how many points it has.
async fn series_find(reader: &mut Reader, run: &RunId, key: &SeriesKey) -> Result<Option<(i64, i64)>> {
    let key = plain_key(key)?;
    fetch!(
        optional,
        (i64, i64),
        reader,
        "SELECT id, count FROM series WHERE run_id = $1 AND source = $2 AND host = $3 AND name = $4",
        run.as_str(),
        key.source.as_str(),
        &key.host,
        &key.name,
    )
}

/// The points of these numbers, in the order of time.
async fn points_read(
    reader: &mut Reader,
    series_id: i64,
    source: SeriesSource,
    range: Range<i64>,
    max_points: Option<u32>,
) -> Result<Vec<Point>> {
    let count = text::to_u64(range.end - range.start);
    let mut thinning = max_points.filter(|max| count > u64::from(*max)).map(|max| Thinning::new(count, max));
    let mut points = Vec::new();
    let mut seq = range.start;
    while seq < range.end {
        let end = range.end.min(seq + PAGE);
        let rows = fetch!(
            all,
            PointColumns,
            reader,
            "SELECT seq, step, at, value, kind FROM points WHERE series_id = $1 AND seq >= $2 AND seq < $3 ORDER BY seq",
            series_id,
            seq,
            end,
        )?;
        let rows = rows.into_iter().map(PointRow::from);
        match &mut thinning {
            Some(thinning) => rows.for_each(|it| thinning.add(it)),
            None => points.extend(rows.map(|it| it.point())),
        }
        seq = end;
    }
    if let Some(thinning) = thinning {
        points.extend(thinning.finish().iter().map(PointRow::point));
    }
    // Stable, and nearly sorted already: an engine reports late now and then. MLflow's clients send in any order.
    match source {
        SeriesSource::Mlflow => points.sort_by_key(|it| (it.at, it.step)),
        _ => points.sort_by_key(|it| it.at),
    }
    Ok(points)
}

/// Compare and set; false when the stored value is not `from`.
async fn cursor_move(tx: &mut Tx, run: &RunId, cursor: &CursorMove) -> Result<bool> {
    let key = text::key("the cursor's key", &cursor.key)?;
    let to = text::plain(&cursor.to);
    let moved = match &cursor.from {
        None => execute!(
            tx,
            "INSERT INTO cursors (run_id, key, value) VALUES ($1, $2, $3) ON CONFLICT (run_id, key) DO NOTHING",
            run.as_str(),
            &*key,
            &*to,
        )?,
        Some(from) => execute!(
            tx,
            "UPDATE cursors SET value = $3 WHERE run_id = $1 AND key = $2 AND value = $4",
            run.as_str(),
            &*key,
            &*to,
            &*text::plain(from),
        )?,
    };
    Ok(moved == 1)
}

/// A job's run, or one that an MLflow client made.
async fn run_exists(tx: &mut Tx, run: &RunId) -> Result<bool> {
    let row = fetch!(
        optional,
        (i64,),
        tx,
        "SELECT CAST(1 AS BIGINT) FROM runs WHERE id = $1
         UNION ALL SELECT CAST(1 AS BIGINT) FROM mlflow_runs WHERE id = $1 LIMIT 1",
        run.as_str(),
    )?;
    Ok(row.is_some())
}

/// A key as both databases keep it. Names come from the engine and from metric definitions.
fn plain_key(key: &SeriesKey) -> Result<SeriesKey> {
    Ok(SeriesKey {
        name: text::key("a series' name", &key.name)?.into_owned(),
        source: key.source,
        host: text::key("a series' host", &key.host)?.into_owned(),
    })
}
