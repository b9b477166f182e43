//! Points as rows, in bulk. `kind` tells what `value` cannot: SQLite has no NaN, and PostgreSQL sorts it above everything.

use domain::{series::Point, time::Timestamp};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use crate::{
    db::{Conn, Tx},
    error::{Result, of_driver},
    text::to_i64,
};

const FINITE: i16 = 0;
const NAN: i16 = 1;
const INFINITY: i16 = 2;
const MINUS_INFINITY: i16 = 3;

/// Points per statement. SQLite takes 32,766 arguments, six a point; measured, larger statements are no faster.
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

/// Appends points to a series whose next number is `first_seq`.
pub(crate) async fn points_append(tx: &mut Tx, series_id: i64, first_seq: i64, points: &[Point]) -> Result<()> {
    match tx.conn() {
        Conn::Sqlite(conn) => append_sqlite(conn, series_id, first_seq, points).await,
        Conn::Postgres(conn) => {
            let mut seq = first_seq;
            for chunk in points.chunks(POSTGRES_ROWS) {
                // One array a column: the statement is the same for every number of points.
                let seqs: Vec<i64> = (seq..).take(chunk.len()).collect();
                let steps: Vec<i64> = chunk.iter().map(|it| it.step).collect();
                let ats: Vec<i64> = chunk.iter().map(|it| it.at.unix_micros()).collect();
                let (values, kinds): (Vec<Option<f64>>, Vec<i16>) = chunk.iter().map(|it| value_of(it.value)).unzip();
                sqlx::query(
                    "INSERT INTO points (series_id, seq, step, at, value, kind)
                     SELECT $1, it.seq, it.step, it.at, it.value, it.kind
                     FROM UNNEST($2::bigint[], $3::bigint[], $4::bigint[], $5::float8[], $6::smallint[])
                     AS it (seq, step, at, value, kind)",
                )
                .bind(series_id)
                .bind(seqs)
                .bind(steps)
                .bind(ats)
                .bind(values)
                .bind(kinds)
                .execute(&mut *conn)
                .await
                .map_err(of_driver)?;
                seq += to_i64(chunk.len() as u64);
            }
            Ok(())
        }
    }
}

async fn append_sqlite(conn: &mut SqliteConnection, series_id: i64, first_seq: i64, points: &[Point]) -> Result<()> {
    let mut seq = first_seq;
    for chunk in points.chunks(SQLITE_ROWS) {
        let mut insert = QueryBuilder::<Sqlite>::new("INSERT INTO points (series_id, seq, step, at, value, kind) ");
        insert.push_values(chunk.iter().zip(seq..), |mut row, (point, seq)| {
            let (value, kind) = value_of(point.value);
            row.push_bind(series_id).push_bind(seq).push_bind(point.step);
            row.push_bind(point.at.unix_micros()).push_bind(value).push_bind(kind);
        });
        // Full chunks are one prepared statement; the rest would each be another one in the cache.
        let is_full = chunk.len() == SQLITE_ROWS || chunk.len() == 1;
        insert.build().persistent(is_full).execute(&mut *conn).await.map_err(of_driver)?;
        seq += to_i64(chunk.len() as u64);
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
    }
}
