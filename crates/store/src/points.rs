//! Points as rows, in bulk. `kind` tells what `value` cannot: SQLite has no NaN, and PostgreSQL sorts it above everything.

use domain::{series::Point, time::Timestamp};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use crate::{
    db::{Conn, Tx},
    error::{Result, of_driver},
    statement::Statement,
};

const FINITE: i16 = 0;
const NAN: i16 = 1;
const INFINITY: i16 = 2;
const MINUS_INFINITY: i16 = 3;

/// Points per statement. SQLite takes 32,766 arguments, seven a point; measured, larger statements are no faster.
const SQLITE_ROWS: usize = 250;
const POSTGRES_ROWS: usize = 10_000;

pub(crate) fn value_of(value: f64) -> (Option<f64>, i16) {
    if value.is_finite() {
        (Some(value), FINITE)
    } else if value.is_nan() {
        (None, NAN)
    } else if value > 0.0 {
        (None, INFINITY)
    } else {
        (None, MINUS_INFINITY)
    }
}

pub(crate) fn value_from(value: Option<f64>, kind: i16) -> f64 {
    match kind {
        INFINITY => f64::INFINITY,
        MINUS_INFINITY => f64::NEG_INFINITY,
        _ => value.unwrap_or(f64::NAN),
    }
}

/// A value as MLflow orders by it: the infinities are its largest doubles, NaN is 0.
pub(crate) fn mlflow_value(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(f64::MIN, f64::MAX) }
}

impl Statement {
    /// The same of a row; `prefix` is what the names of its columns `kind` and `value` begin with.
    pub(crate) fn mlflow_value(&mut self, prefix: impl Fn(&mut Self)) -> &mut Self {
        // Without a prefix this is the text of the index `points_once`, which is found by it.
        self.push("(CASE ");
        prefix(self);
        self.push("kind WHEN 2 THEN 1.7976931348623157e308 WHEN 3 THEN -1.7976931348623157e308 WHEN 1 THEN 0.0 ELSE ");
        prefix(self);
        self.push("value END)")
    }
}

/// A point with its place in its series.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PointRow {
    pub(crate) seq: i64,
    step: i64,
    at: i64,
    value: Option<f64>,
    kind: i16,
}

/// `seq, step, at, value, kind`: by position, because looking columns up by name costs more than reading them.
pub(crate) type PointColumns = (i64, i64, i64, Option<f64>, i16);

impl From<PointColumns> for PointRow {
    fn from((seq, step, at, value, kind): PointColumns) -> Self {
        Self { seq, step, at, value, kind }
    }
}

impl PointRow {
    pub(crate) fn point(&self) -> Point {
        Point { step: self.step, at: Timestamp::from_unix_micros(self.at), value: value_from(self.value, self.kind) }
    }
}

/// A point with its series and its place in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlacedPoint {
    pub(crate) series_id: i64,
    pub(crate) seq: i64,
    pub(crate) point: Point,
    /// Indexed, so that the same point again is found.
    pub(crate) is_once: bool,
}

/// Appends points, whatever series they belong to.
pub(crate) async fn points_append(tx: &mut Tx, points: &[PlacedPoint]) -> Result<()> {
    match tx.conn() {
        Conn::Sqlite(conn) => append_sqlite(conn, points).await,
        Conn::Postgres(conn) => {
            for chunk in points.chunks(POSTGRES_ROWS) {
                // One array a column: the statement is the same for every number of points.
                let ids: Vec<i64> = chunk.iter().map(|it| it.series_id).collect();
                let seqs: Vec<i64> = chunk.iter().map(|it| it.seq).collect();
                let steps: Vec<i64> = chunk.iter().map(|it| it.point.step).collect();
                let ats: Vec<i64> = chunk.iter().map(|it| it.point.at.unix_micros()).collect();
                let (values, kinds): (Vec<Option<f64>>, Vec<i16>) =
                    chunk.iter().map(|it| value_of(it.point.value)).unzip();
                let onces: Vec<i16> = chunk.iter().map(|it| i16::from(it.is_once)).collect();
                sqlx::query(
                    "INSERT INTO points (series_id, seq, step, at, value, kind, once)
                     SELECT it.series_id, it.seq, it.step, it.at, it.value, it.kind, it.once
                     FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::float8[], $6::smallint[],
                                 $7::smallint[])
                     AS it (series_id, seq, step, at, value, kind, once)",
                )
                .bind(ids)
                .bind(seqs)
                .bind(steps)
                .bind(ats)
                .bind(values)
                .bind(kinds)
                .bind(onces)
                .execute(&mut *conn)
                .await
                .map_err(of_driver)?;
            }
            Ok(())
        }
    }
}

async fn append_sqlite(conn: &mut SqliteConnection, points: &[PlacedPoint]) -> Result<()> {
    for chunk in points.chunks(SQLITE_ROWS) {
        let mut insert =
            QueryBuilder::<Sqlite>::new("INSERT INTO points (series_id, seq, step, at, value, kind, once) ");
        insert.push_values(chunk, |mut row, it| {
            let (value, kind) = value_of(it.point.value);
            row.push_bind(it.series_id).push_bind(it.seq).push_bind(it.point.step);
            row.push_bind(it.point.at.unix_micros()).push_bind(value).push_bind(kind).push_bind(i16::from(it.is_once));
        });
        // Full chunks are one prepared statement; the rest would each be another one in the cache.
        let is_full = chunk.len() == SQLITE_ROWS || chunk.len() == 1;
        insert.build().persistent(is_full).execute(&mut *conn).await.map_err(of_driver)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_double_comes_back() {
        for value in [0.0, 1.5, -1e308, 5e-324, f64::INFINITY, f64::NEG_INFINITY] {
            let (stored, kind) = value_of(value);
            assert_eq!(value_from(stored, kind).to_bits(), value.to_bits());
        }
        let (stored, kind) = value_of(f64::NAN);
        assert!(stored.is_none() && value_from(stored, kind).is_nan());
        let ordered = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1.5].map(|it| mlflow_value(it).to_bits());
        assert_eq!(ordered, [f64::MAX, f64::MIN, 0.0, 1.5].map(f64::to_bits));
    }
}
