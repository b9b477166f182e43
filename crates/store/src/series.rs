//! Series of metric points, the cursors of those who read them from the engine, and the one way in.
//!
//! Invariants:
//! - A batch is one transaction: its points, their summaries, the move of its cursor and its live event. A batch whose
//!   cursor has moved on since changes nothing, so replaying one is harmless.
//! - Points keep their order of arrival, duplicates and steps that go back included: a spot job that was interrupted
//!   logs its last steps again, and both are true.
//! - A point without a step gets its number in its series; NaN and the infinities are kept.

use std::collections::BTreeMap;

use domain::{
    ids::RunId,
    live::LiveEvent,
    series::{CursorMove, Extreme, IngestBatch, NewPoint, Point, SeriesKey, SeriesSource, SeriesSummary},
    time::Timestamp,
};
use sqlx::FromRow;

use crate::{
    Store,
    db::{Durability, Tx, execute, fetch},
    error::{Result, StoreError, is_foreign_key_violation},
    live::live_add,
    points::{PointColumns, PointRow, points_append, value_from, value_of},
    text,
    thinning::Thinning,
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

macro_rules! series_columns {
    () => {
        "id, source, host, name, count, first_step, first_at, first_value, first_kind, last_step, last_at, \
         last_value, last_kind, min_value, min_step, max_value, max_step"
    };
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
        let mut stored = Vec::with_capacity(by_key.len());
        for (key, new_points) in by_key {
            let points = append(&mut tx, run_id, &key, &new_points).await.map_err(no_run)?;
            stored.push((key, points));
        }
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
        let key = plain_key(key)?;
        let mut reader = self.db.reader().await?;
        let row = fetch!(
            optional,
            (i64, i64),
            reader,
            "SELECT id, count FROM series WHERE run_id = $1 AND source = $2 AND host = $3 AND name = $4",
            run.as_str(),
            key.source.as_str(),
            &key.host,
            &key.name,
        )?;
        let Some((series_id, count)) = row else { return Ok(Vec::new()) };
        let mut thinning = max_points
            .filter(|max| text::to_u64(count) > u64::from(*max))
            .map(|max| Thinning::new(text::to_u64(count), max));
        let mut points = Vec::new();
        let mut seq = 0;
        while seq < count {
            let end = count.min(seq + PAGE);
            let rows = fetch!(
                all,
                PointColumns,
                reader,
                "SELECT seq, step, at, value, kind FROM points WHERE series_id = $1 AND seq >= $2 AND seq < $3
                 ORDER BY seq",
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
        // Stable, and nearly sorted already: an engine reports late now and then.
        points.sort_by_key(|it| it.at);
        Ok(points)
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

/// Numbers the points, appends them and brings the summary up to date.
async fn append(tx: &mut Tx, run: &RunId, key: &SeriesKey, new_points: &[NewPoint]) -> Result<Vec<Point>> {
    let known = series_lock(tx, run, key).await?;
    let (series_id, mut summary) = (known.id, known.into_summary()?);
    let first_seq = text::to_i64(summary.count);
    let points: Vec<Point> = new_points
        .iter()
        .zip(first_seq..)
        .map(|(it, seq)| Point { step: it.step.unwrap_or(seq), at: it.at, value: it.value })
        .collect();
    points_append(tx, series_id, first_seq, &points).await?;
    if let Some(first) = points.first().filter(|_| summary.count == 0) {
        summary.first = *first;
    }
    for it in &points {
        summary.add(it);
    }
    summary_put(tx, series_id, &summary).await?;
    Ok(points)
}

/// The series' row, made if it is new, locked until the transaction ends.
async fn series_lock(tx: &mut Tx, run: &RunId, key: &SeriesKey) -> Result<SeriesRow> {
    let sql = concat!(
        "INSERT INTO series (run_id, source, host, name, count, first_step, first_at, first_kind, last_step, last_at,
         last_kind) VALUES ($1, $2, $3, $4, 0, 0, 0, 0, 0, 0, 0)
         ON CONFLICT (run_id, source, host, name) DO UPDATE SET count = series.count RETURNING ",
        series_columns!()
    );
    fetch!(one, SeriesRow, tx, sql, run.as_str(), key.source.as_str(), &key.host, &key.name)
}

async fn summary_put(tx: &mut Tx, series_id: i64, summary: &SeriesSummary) -> Result<()> {
    let (first_value, first_kind) = value_of(summary.first.value);
    let (last_value, last_kind) = value_of(summary.last.value);
    execute!(
        tx,
        "UPDATE series SET count = $2, first_step = $3, first_at = $4, first_value = $5, first_kind = $6,
         last_step = $7, last_at = $8, last_value = $9, last_kind = $10, min_value = $11, min_step = $12,
         max_value = $13, max_step = $14 WHERE id = $1",
        series_id,
        text::to_i64(summary.count),
        summary.first.step,
        summary.first.at.unix_micros(),
        first_value,
        first_kind,
        summary.last.step,
        summary.last.at.unix_micros(),
        last_value,
        last_kind,
        summary.min.map(|it| it.value),
        summary.min.map(|it| it.step),
        summary.max.map(|it| it.value),
        summary.max.map(|it| it.step),
    )
    .map(|_| ())
}

/// A key as both databases keep it. Names come from the engine and from metric definitions.
fn plain_key(key: &SeriesKey) -> Result<SeriesKey> {
    Ok(SeriesKey {
        name: text::key("a series' name", &key.name)?.into_owned(),
        source: key.source,
        host: text::key("a series' host", &key.host)?.into_owned(),
    })
}

#[derive(FromRow)]
struct SeriesRow {
    id: i64,
    source: String,
    host: String,
    name: String,
    count: i64,
    first_step: i64,
    first_at: i64,
    first_value: Option<f64>,
    first_kind: i16,
    last_step: i64,
    last_at: i64,
    last_value: Option<f64>,
    last_kind: i16,
    min_value: Option<f64>,
    min_step: Option<i64>,
    max_value: Option<f64>,
    max_step: Option<i64>,
}

impl SeriesRow {
    fn into_summary(self) -> Result<SeriesSummary> {
        let source = SeriesSource::parse(&self.source)
            .ok_or_else(|| text::bad_row("series", &self.id.to_string(), "unknown source"))?;
        let point =
            |step, at, value, kind| Point { step, at: Timestamp::from_unix_micros(at), value: value_from(value, kind) };
        let extreme = |value: Option<f64>, step: Option<i64>| Some(Extreme { value: value?, step: step? });
        Ok(SeriesSummary {
            key: SeriesKey { name: self.name, source, host: self.host },
            count: text::to_u64(self.count),
            first: point(self.first_step, self.first_at, self.first_value, self.first_kind),
            last: point(self.last_step, self.last_at, self.last_value, self.last_kind),
            min: extreme(self.min_value, self.min_step),
            max: extreme(self.max_value, self.max_step),
        })
    }
}
