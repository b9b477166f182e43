//! Appending points to the series of one run: a few statements for any number of series.
//!
//! Invariants:
//! - The series' rows are locked in the order of their keys before anything is read of them, until the transaction ends.
//! - Numbers in a series have no holes.
//! - A point of MLflow's is stored once: the same step, time and value again is the same point, sent again by a client
//!   that got no answer, or had the same to say. Who logs in order pays no look-up for that.

use std::collections::{BTreeMap, HashSet};

use domain::{
    ids::RunId,
    series::{NewPoint, Point, SeriesKey, SeriesSource, SeriesSummary},
    time::Timestamp,
};

use crate::{
    db::{Conn, Tx},
    error::Result,
    points::{PlacedPoint, mlflow_value, points_append, value_from, value_of},
    series_row::{SeriesRow, series_columns},
    statement::Statement,
    text,
};

/// Rows of `series` per statement: 18 arguments a row, and SQLite takes 32,766.
const SERIES_ROWS: usize = 500;

/// Places of points per look-up: four arguments each.
const PLACES: usize = 500;

/// Points on their way into their series.
struct Arrival {
    key: SeriesKey,
    series_id: i64,
    summary: SeriesSummary,
    points: Vec<Point>,
}

/// Numbers the points, appends them and brings the summaries up to date. Returns what is new, by series.
pub(crate) async fn series_append(
    tx: &mut Tx,
    run: &RunId,
    by_key: BTreeMap<SeriesKey, Vec<NewPoint>>,
) -> Result<Vec<(SeriesKey, Vec<Point>)>> {
    let mut known = series_lock(tx, run, by_key.keys()).await?;
    let mut arrivals = Vec::with_capacity(by_key.len());
    for (key, new_points) in by_key {
        let Some((series_id, summary)) = known.remove(&key) else {
            return Err(text::bad_row("series", run.as_str(), "a row that was just written is not there"));
        };
        let numbered = new_points.iter().zip(text::to_i64(summary.count)..);
        let point = |(it, seq): (&NewPoint, i64)| Point { step: it.step.unwrap_or(seq), at: it.at, value: it.value };
        arrivals.push(Arrival { key, series_id, summary, points: numbered.map(point).collect() });
    }
    only_new(tx, &mut arrivals).await?;
    let mut placed = Vec::new();
    let mut changed = Vec::new();
    let mut stored = Vec::with_capacity(arrivals.len());
    for Arrival { key, series_id, mut summary, points } in arrivals {
        let is_once = key.source == SeriesSource::Mlflow;
        let rows = points.iter().zip(text::to_i64(summary.count)..);
        placed.extend(rows.map(|(point, seq)| PlacedPoint { series_id, seq, point: *point, is_once }));
        if let Some(first) = points.first().filter(|_| summary.count == 0) {
            summary.first = *first;
            summary.last = *first;
        }
        for it in &points {
            summary.add(it);
        }
        if !points.is_empty() {
            changed.push(summary);
            stored.push((key, points));
        }
    }
    points_append(tx, &placed).await?;
    summaries_put(tx, run, &changed).await?;
    Ok(stored)
}

/// What tells points apart: all NaNs are one, zero and minus zero too.
fn identity(point: &Point) -> (i64, i64, u64, i16) {
    let (value, kind) = value_of(point.value);
    (point.step, point.at.unix_micros(), (value.unwrap_or_default() + 0.0).to_bits(), kind)
}

/// Drops of MLflow's points those that came twice and those that are stored.
async fn only_new(tx: &mut Tx, arrivals: &mut [Arrival]) -> Result<()> {
    let is_once = |it: &&mut Arrival| it.key.source == SeriesSource::Mlflow;
    let place = |it: &Point| (it.step, it.at);
    let mut asked = Vec::new();
    for Arrival { series_id, summary, points, .. } in arrivals.iter_mut().filter(is_once) {
        let mut seen = HashSet::with_capacity(points.len());
        points.retain(|it| seen.insert(identity(it)));
        // Nothing that is stored comes after `last` in the order of steps and times: what does is new.
        let maybe_known = points.iter().filter(|it| summary.count > 0 && place(it) <= place(&summary.last));
        asked.extend(maybe_known.map(|it| (*series_id, *it)));
    }
    let mut known = HashSet::new();
    for chunk in asked.chunks(PLACES) {
        let rows: Vec<(i64, i64, i64, Option<f64>, i16)> = known_select(tx, chunk).fetch_all(tx.conn()).await?;
        known.extend(rows.into_iter().map(|(series_id, step, at, value, kind)| {
            let at = Timestamp::from_unix_micros(at);
            (series_id, identity(&Point { step, at, value: value_from(value, kind) }))
        }));
    }
    for Arrival { series_id, points, .. } in arrivals.iter_mut().filter(is_once) {
        points.retain(|it| !known.contains(&(*series_id, identity(it))));
    }
    Ok(())
}

/// The stored points at these places, each looked up alone: how long the series is does not matter.
fn known_select(tx: &mut Tx, points: &[(i64, Point)]) -> Statement {
    let mut select = Statement::new("WITH wanted (of_series, of_at, of_step, of_value) AS (");
    select.bind_rows(points.iter().map(|(series_id, it)| {
        [(*series_id).into(), it.at.unix_micros().into(), it.step.into(), mlflow_value(it.value).into()]
    }));
    select.push(") SELECT series_id, step, at, value, kind FROM wanted CROSS JOIN points");
    if matches!(tx.conn(), Conn::Sqlite(_)) {
        // Without statistics SQLite takes a series for ten points long, and would read all of it.
        select.push(" INDEXED BY points_once");
    }
    select.push(" WHERE once = 1 AND series_id = of_series AND at = of_at AND step = of_step AND ");
    select.mlflow_value(|_| ()).push(" = of_value");
    select
}

/// Of several series of one metric in a run the first by this is the metric's: its log, an MLflow client, CloudWatch, its
/// instances; of several hosts the first one. `0` is before all others.
fn place(key: &SeriesKey) -> String {
    let source = match key.source {
        SeriesSource::Log => '0',
        SeriesSource::Mlflow => '1',
        SeriesSource::CloudWatch => '2',
        SeriesSource::Instance => '3',
    };
    let host = match key.host.as_str() {
        "algo-1" => "",
        "" => "!",
        host => host,
    };
    format!("{source}{host}")
}

/// The series' rows, made where they are new, locked until the transaction ends.
async fn series_lock<'k>(
    tx: &mut Tx,
    run: &RunId,
    keys: impl Iterator<Item = &'k SeriesKey>,
) -> Result<BTreeMap<SeriesKey, (i64, SeriesSummary)>> {
    let keys: Vec<&SeriesKey> = keys.collect();
    let mut known = BTreeMap::new();
    for chunk in keys.chunks(SERIES_ROWS) {
        let mut insert = Statement::new(
            "INSERT INTO series (run_id, source, host, name, place, count, first_step, first_at, first_kind, last_step,
             last_at, last_kind) VALUES ",
        );
        for (index, key) in chunk.iter().enumerate() {
            insert.push(if index == 0 { "(" } else { ", (" }).bind(run.as_str()).push(", ").bind(key.source.as_str());
            insert.push(", ").bind(&key.host).push(", ").bind(&key.name);
            insert.push(", ").bind(&place(key)).push(", 0, 0, 0, 0, 0, 0, 0)");
        }
        insert.push(" ON CONFLICT (run_id, source, host, name) DO UPDATE SET count = series.count RETURNING ");
        insert.push(series_columns!());
        for row in insert.fetch_all::<SeriesRow>(tx.conn()).await? {
            let id = row.id;
            let summary = row.into_summary()?;
            known.insert(summary.key.clone(), (id, summary));
        }
    }
    Ok(known)
}

async fn summaries_put(tx: &mut Tx, run: &RunId, summaries: &[SeriesSummary]) -> Result<()> {
    for chunk in summaries.chunks(SERIES_ROWS) {
        let mut upsert = Statement::new(
            "INSERT INTO series (run_id, source, host, name, place, count, first_step, first_at, first_value, first_kind,
             last_step, last_at, last_value, last_kind, min_value, min_step, max_value, max_step) VALUES ",
        );
        for (index, it) in chunk.iter().enumerate() {
            let (first_value, first_kind) = value_of(it.first.value);
            let (last_value, last_kind) = value_of(it.last.value);
            upsert.push(if index == 0 { "(" } else { ", (" }).bind(run.as_str());
            upsert.push(", ").bind(it.key.source.as_str()).push(", ").bind(&it.key.host).push(", ").bind(&it.key.name);
            upsert.push(", ").bind(&place(&it.key)).push(", ").bind(text::to_i64(it.count));
            upsert.push(", ").bind(it.first.step).push(", ").bind(it.first.at.unix_micros());
            upsert.push(", ").bind(first_value).push(", ").bind(first_kind);
            upsert.push(", ").bind(it.last.step).push(", ").bind(it.last.at.unix_micros());
            upsert.push(", ").bind(last_value).push(", ").bind(last_kind);
            upsert.push(", ").bind(it.min.map(|it| it.value)).push(", ").bind(it.min.map(|it| it.step));
            upsert.push(", ").bind(it.max.map(|it| it.value)).push(", ").bind(it.max.map(|it| it.step)).push(")");
        }
        // Every row is there and locked: this is an UPDATE of many rows.
        upsert.push(
            " ON CONFLICT (run_id, source, host, name) DO UPDATE SET count = excluded.count,
              first_step = excluded.first_step, first_at = excluded.first_at, first_value = excluded.first_value,
              first_kind = excluded.first_kind, last_step = excluded.last_step, last_at = excluded.last_at,
              last_value = excluded.last_value, last_kind = excluded.last_kind, min_value = excluded.min_value,
              min_step = excluded.min_step, max_value = excluded.max_value, max_step = excluded.max_step",
        );
        upsert.execute(tx.conn()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, db::Durability};

    /// A batch with the times 0 and now would read the whole series, if it was looked up by a range.
    #[tokio::test]
    async fn stored_points_are_looked_up_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let url = folder.path().join("trainyard.db").display().to_string();
        let store = Store::connect(&url).await.unwrap();
        let mut tx = store.db.begin(Durability::Deferred).await.unwrap();
        let point = |micros, value| Point { step: 1, at: Timestamp::from_unix_micros(micros), value };
        let asked = [(1, point(0, 1.0)), (1, point(1, f64::NAN)), (2, point(i64::MAX, f64::INFINITY))];
        let plan = known_select(&mut tx, &asked).explained();
        let plan: Vec<(i64, i64, i64, String)> = plan.fetch_all(tx.conn()).await.unwrap();
        let expected = "SEARCH points USING INDEX points_once (series_id=? AND at=? AND step=? AND <expr>=?)";
        assert!(plan.iter().any(|(_, _, _, step)| step == expected), "{plan:?}");
    }
}
