//! The runs of a page, as a list shows them.

use std::collections::HashMap;

use domain::{
    cost::CostFacts,
    ids::{ExperimentName, JobName, RunId},
    money::NanoUsd,
    run::{RunBadge, RunOrigin},
    run_search::{Field, ListedRun, MetricSummary},
    time::Timestamp,
};
use sqlx::FromRow;

use super::{
    condition::{PARAM, TAG},
    wanted,
};
use crate::{db::Reader, error::Result, points::value_from, statement::Statement, text};

#[derive(FromRow)]
struct ListedRow {
    id: String,
    experiment: String,
    job_name: String,
    badge: String,
    origin: String,
    instance_type: Option<String>,
    instance_count: i64,
    spot: i64,
    price_nanousd_per_hour: Option<i64>,
    created_at: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    updated_at: i64,
    training_seconds: Option<i64>,
    billable_seconds: Option<i64>,
    archived_at: Option<i64>,
}

#[derive(FromRow)]
struct MetricRow {
    run_id: String,
    name: String,
    place: String,
    count: i64,
    first_value: Option<f64>,
    first_kind: i16,
    last_value: Option<f64>,
    last_kind: i16,
    min_value: Option<f64>,
    max_value: Option<f64>,
}

/// In the order of `ids`, with the parameters, tags and metrics among `columns`.
pub(super) async fn listed(reader: &mut Reader, ids: &[String], columns: &[Field]) -> Result<Vec<ListedRun>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut select = Statement::new(
        "SELECT id, experiment, job_name, badge, origin, instance_type, instance_count, spot, price_nanousd_per_hour,
                created_at, started_at, ended_at, updated_at, training_seconds, billable_seconds, archived_at
         FROM runs WHERE id IN ",
    );
    select.bind_list(ids);
    let rows: Vec<ListedRow> = select.fetch_all(reader.conn()).await?;
    let mut runs: HashMap<String, ListedRun> = HashMap::with_capacity(rows.len());
    for row in rows {
        runs.insert(row.id.clone(), row.into_run()?);
    }
    values_read(reader, ids, columns, &mut runs).await?;
    metrics_read(reader, ids, columns, &mut runs).await?;
    for run in runs.values_mut() {
        run.metrics.sort_by(|a, b| a.name.cmp(&b.name));
        run.params.sort();
        run.tags.sort();
    }
    Ok(ids.iter().filter_map(|id| runs.remove(id)).collect())
}

async fn values_read(
    reader: &mut Reader,
    ids: &[String],
    columns: &[Field],
    runs: &mut HashMap<String, ListedRun>,
) -> Result<()> {
    for kind in [PARAM, TAG] {
        let keys: Vec<&str> = wanted(columns)
            .filter_map(|it| match it {
                Field::Param(name) if kind == PARAM => Some(name.as_str()),
                Field::Tag(name) if kind == TAG => Some(name.as_str()),
                _ => None,
            })
            .collect();
        if keys.is_empty() {
            continue;
        }
        let mut select = Statement::new("SELECT run_id, key, text FROM run_values WHERE kind = ");
        select.bind(kind).push(" AND key IN ").bind_list(keys).push(" AND run_id IN ").bind_list(ids);
        for (run_id, key, value) in select.fetch_all::<(String, String, String)>(reader.conn()).await? {
            let Some(run) = runs.get_mut(&run_id) else { continue };
            if kind == PARAM { run.params.push((key, value)) } else { run.tags.push((key, value)) }
        }
    }
    Ok(())
}

async fn metrics_read(
    reader: &mut Reader,
    ids: &[String],
    columns: &[Field],
    runs: &mut HashMap<String, ListedRun>,
) -> Result<()> {
    let mut names: Vec<&str> = wanted(columns)
        .filter_map(|it| match it {
            Field::Metric { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Ok(());
    }
    let mut select = Statement::new(
        "SELECT run_id, name, place, count, first_value, first_kind, last_value, last_kind, min_value, max_value
         FROM series WHERE name IN ",
    );
    select.bind_list(names).push(" AND run_id IN ").bind_list(ids);
    // The first by place of each metric; the database need not sort for that.
    let mut first: HashMap<(String, String), MetricRow> = HashMap::new();
    for row in select.fetch_all::<MetricRow>(reader.conn()).await? {
        let key = (row.run_id.clone(), row.name.clone());
        if first.get(&key).is_none_or(|it| row.place < it.place) {
            first.insert(key, row);
        }
    }
    for ((run_id, name), row) in first {
        let Some(run) = runs.get_mut(&run_id) else { continue };
        run.metrics.push(MetricSummary {
            name,
            last: value_from(row.last_value, row.last_kind),
            first: value_from(row.first_value, row.first_kind),
            min: row.min_value,
            max: row.max_value,
            count: text::to_u64(row.count),
        });
    }
    Ok(())
}

impl ListedRow {
    fn into_run(self) -> Result<ListedRun> {
        let bad = |what: &str| text::bad_row("runs", &self.id, what);
        let badge = RunBadge::parse(&self.badge).ok_or_else(|| bad("unknown badge"))?;
        Ok(ListedRun {
            id: RunId::parse(&self.id).map_err(|err| bad(&err.to_string()))?,
            experiment: ExperimentName::parse(&self.experiment).map_err(|err| bad(&err.to_string()))?,
            job_name: JobName::parse(&self.job_name).map_err(|err| bad(&err.to_string()))?,
            badge,
            origin: RunOrigin::parse(&self.origin).ok_or_else(|| bad("unknown origin"))?,
            instance_type: self.instance_type,
            facts: CostFacts {
                spot: self.spot != 0,
                is_over: badge.is_over(),
                started_at: self.started_at.map(Timestamp::from_unix_micros),
                instance_count: u32::try_from(self.instance_count).unwrap_or(u32::MAX),
                price_nanousd_per_hour: self.price_nanousd_per_hour.map(NanoUsd),
                training_seconds: self.training_seconds.map(text::to_u64),
                billable_seconds: self.billable_seconds.map(text::to_u64),
            },
            created_at: Timestamp::from_unix_micros(self.created_at),
            ended_at: self.ended_at.map(Timestamp::from_unix_micros),
            updated_at: Timestamp::from_unix_micros(self.updated_at),
            is_archived: self.archived_at.is_some(),
            params: Vec::new(),
            tags: Vec::new(),
            metrics: Vec::new(),
        })
    }
}
