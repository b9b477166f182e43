//! Histories of metrics, as MLflow lists and thins them.

use domain::{ids::RunId, series::Point};

use super::{Page, Result, run_id};
use crate::{
    Store,
    db::{Reader, fetch},
    points::{PointColumns, PointRow},
    statement::Statement,
    text,
};

/// Steps from and to, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryRange {
    pub from: i64,
    pub to: i64,
}

impl Store {
    /// The metric's points by time, step and value. A run without it, or no run, has none.
    pub async fn mlflow_metric_history(
        &self,
        run: &str,
        key: &str,
        size: Option<u64>,
        offset: u64,
    ) -> Result<Page<Point>> {
        let mut reader = self.db.reader().await?;
        let Some(series) = series_find(&mut reader, run, key).await? else {
            return Ok(Page { entries: Vec::new(), has_more: false });
        };
        let mut select = points_select();
        select
            .push(" WHERE once = 1 AND series_id = ")
            .bind(series)
            .push(" ORDER BY at, step, ")
            .mlflow_value(|_| ())
            .push(", kind");
        let limit = size.map_or(i64::MAX, |it| text::to_i64(it.saturating_add(1)));
        select.push(" LIMIT ").bind(limit).push(" OFFSET ").bind(text::to_i64(offset));
        Ok(Page::of(points(&mut reader, select).await?, size.unwrap_or(u64::MAX)))
    }

    /// At most `size` of the metric's points by step, time and value: the first of each of as many equal parts, and the
    /// last of all.
    pub async fn mlflow_metric_sample(
        &self,
        run: &str,
        key: &str,
        range: Option<HistoryRange>,
        size: u32,
    ) -> Result<Vec<Point>> {
        let mut reader = self.db.reader().await?;
        let Some(series) = series_find(&mut reader, run, key).await? else { return Ok(Vec::new()) };
        let conditions = |select: &mut Statement| {
            select.push(" WHERE once = 1 AND series_id = ").bind(series);
            if let Some(range) = range {
                select.push(" AND step BETWEEN ").bind(range.from).push(" AND ").bind(range.to);
            }
        };
        let mut select = Statement::new("WITH parts AS (SELECT seq, step, at, value, kind, NTILE(CAST(");
        select.bind(i64::from(size)).push(" AS INTEGER)) OVER (ORDER BY step, at, ").mlflow_value(|_| ());
        select.push(", kind) AS part FROM points");
        conditions(&mut select);
        select.push(
            "), ranked AS (SELECT seq, step, at, value, kind, ROW_NUMBER() OVER (PARTITION BY part ORDER BY step, at, ",
        );
        select.mlflow_value(|_| ()).push(", kind) AS place FROM parts) SELECT seq, step, at, value, kind FROM ranked ");
        select.push("WHERE place = 1 ORDER BY step, at, ").mlflow_value(|_| ()).push(", kind");
        let mut rows: Vec<PointColumns> = select.fetch_all(reader.conn()).await?;
        let mut last = points_select();
        conditions(&mut last);
        last.push(" ORDER BY step DESC, at DESC, ").mlflow_value(|_| ()).push(" DESC, kind DESC LIMIT 1");
        if let Some(last) = last.fetch_all::<PointColumns>(reader.conn()).await?.pop()
            && rows.last().is_none_or(|it| it.0 != last.0)
        {
            if rows.len() >= size as usize {
                rows.pop();
            }
            rows.push(last);
        }
        Ok(rows.into_iter().map(|it| PointRow::from(it).point()).collect())
    }
}

fn points_select() -> Statement {
    Statement::new("SELECT seq, step, at, value, kind FROM points")
}

async fn points(reader: &mut Reader, select: Statement) -> Result<Vec<Point>> {
    let rows: Vec<PointColumns> = select.fetch_all(reader.conn()).await?;
    Ok(rows.into_iter().map(|it| PointRow::from(it).point()).collect())
}

async fn series_find(reader: &mut Reader, run: &str, key: &str) -> Result<Option<i64>> {
    let Ok(id): Result<RunId> = run_id(run) else { return Ok(None) };
    let row = fetch!(
        optional,
        (i64,),
        reader,
        "SELECT id FROM series WHERE run_id = $1 AND source = 'mlflow' AND host = '' AND name = $2",
        id.as_str(),
        &*text::plain(key),
    )?;
    Ok(row.map(|(id,)| id))
}
