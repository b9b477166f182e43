//! Runs by conditions and orders, in pages: the database finds the page, and only its runs are read.

use domain::mlflow::{
    Lifecycle, RunCondition, RunOrder, TrackingRun, ViewType, check,
    filter::{DatasetColumn, Number, NumberColumn, NumberOp, TextColumn},
    order::RunOrderKey,
};

use super::{
    EXISTS_END, Page, Result, is_sqlite,
    run_details::with_details,
    runs::{RunRow, mlflow_run_columns},
};
use crate::{Store, statement::Statement, text};

impl Store {
    /// Orders first, then the latest start, then the id. The page is shorter than `size` when what its runs hold is too
    /// much for one answer; the next one begins behind the runs that it has.
    #[tracing::instrument(name = "db.mlflow_run.search", level = "debug", skip_all)]
    pub async fn mlflow_run_search(
        &self,
        experiments: &[i64],
        conditions: &[RunCondition],
        orders: &[RunOrder],
        view: ViewType,
        size: u64,
        offset: u64,
    ) -> Result<Page<TrackingRun>> {
        check::searched_experiments(experiments.len())?;
        let mut reader = self.db.reader().await?;
        let is_sqlite = is_sqlite(&reader.conn());
        let mut select = Statement::new(concat!("SELECT ", mlflow_run_columns!(), " FROM mlflow_runs r"));
        for (index, order) in orders.iter().enumerate() {
            add_join(&mut select, index, &order.key);
        }
        select.push(" WHERE r.experiment_id IN ").bind_list(experiments.iter().copied());
        select.push(" AND r.lifecycle IN ").bind_list(view.lifecycles().iter().map(|it| Lifecycle::as_str(*it)));
        for condition in conditions {
            select.push(" AND ");
            add_condition(&mut select, condition, is_sqlite);
        }
        select.push(" ORDER BY ");
        for (index, order) in orders.iter().enumerate() {
            add_order(&mut select, index, order);
        }
        if orders.iter().all(|it| it.key != RunOrderKey::StartTime) {
            select.push("r.start_ms DESC, ");
        }
        select.push("r.id LIMIT ").bind(text::to_i64(size.saturating_add(1)));
        select.push(" OFFSET ").bind(text::to_i64(offset));
        let rows: Vec<RunRow> = select.fetch_all(reader.conn()).await?;
        let page = Page::of(rows, size);
        let infos = page.entries.into_iter().map(RunRow::into_info).collect::<Result<Vec<_>>>()?;
        let found = infos.len();
        let entries = with_details(&mut reader, infos).await?;
        Ok(Page { has_more: page.has_more || entries.len() < found, entries })
    }
}

fn add_condition(select: &mut Statement, condition: &RunCondition, is_sqlite: bool) {
    const METRIC: &str = "EXISTS (SELECT 1 FROM series s WHERE s.run_id = r.id AND s.source = 'mlflow' AND s.host = ''
                          AND s.name = ";
    const PARAM: &str = "EXISTS (SELECT 1 FROM mlflow_params p WHERE p.run_id = r.id AND p.key = ";
    const TAG: &str = "EXISTS (SELECT 1 FROM mlflow_tags t WHERE t.run_id = r.id AND t.key = ";
    let not = |is_not: bool| if is_not { "NOT " } else { "" };
    match condition {
        RunCondition::Number { column, op, value } => {
            select.push(match column {
                NumberColumn::StartTime => "r.start_ms ",
                NumberColumn::EndTime => "r.end_ms ",
            });
            select.push(op.as_sql()).push(" ");
            match value {
                Number::Integer(value) => select.bind(*value),
                Number::Float(value) => select.bind(*value),
            };
        }
        RunCondition::Text { column, test } => {
            let column = match column {
                TextColumn::RunId => "r.id",
                TextColumn::UserId => "r.user_id",
                TextColumn::Status => "r.status",
                TextColumn::ArtifactUri => "r.artifact_uri",
            };
            select.text_test(column, test, is_sqlite);
        }
        RunCondition::Metric { key, op, value } => {
            select.push(METRIC).bind(key).push(" AND (");
            select.push(if *op == NumberOp::NotEqual { "s.last_kind = 1 OR " } else { "s.last_kind <> 1 AND " });
            select
                .mlflow_value(|it| _ = it.push("s.last_"))
                .push(" ")
                .push(op.as_sql())
                .push(" ")
                .bind(*value)
                .push(")")
                .push(EXISTS_END);
        }
        RunCondition::Param { key, test } => {
            select.push(PARAM).bind(key).push(" AND ").text_test("p.value", test, is_sqlite).push(EXISTS_END);
        }
        RunCondition::Tag { key, test } => {
            select.push(TAG).bind(key).push(" AND ").text_test("t.value", test, is_sqlite).push(EXISTS_END);
        }
        RunCondition::ParamIsNull { key, is_null } => {
            select.push(not(*is_null)).push(PARAM).bind(key).push(EXISTS_END);
        }
        RunCondition::TagIsNull { key, is_null } => {
            select.push(not(*is_null)).push(TAG).bind(key).push(EXISTS_END);
        }
        RunCondition::Dataset { column, test } => {
            let column = match column {
                DatasetColumn::Name => "d.name",
                DatasetColumn::Digest => "d.digest",
                DatasetColumn::Context => "i.context",
            };
            select.push(
                "EXISTS (SELECT 1 FROM mlflow_inputs i JOIN mlflow_datasets d ON d.id = i.dataset_id
                 WHERE i.run_id = r.id AND ",
            );
            select.text_test(column, test, is_sqlite).push(EXISTS_END);
        }
    }
}

/// What the order looks at, beside the run, as `o0`, `o1`, ...
fn add_join(select: &mut Statement, index: usize, key: &RunOrderKey) {
    let (table, key) = match key {
        RunOrderKey::Metric(key) => (" LEFT JOIN series o", key),
        RunOrderKey::Param(key) => (" LEFT JOIN mlflow_params o", key),
        RunOrderKey::Tag(key) => (" LEFT JOIN mlflow_tags o", key),
        _ => return,
    };
    let is_metric = table.contains("series");
    select
        .push(table)
        .push_number(index)
        .push(" ON o")
        .push_number(index)
        .push(".run_id = r.id AND o")
        .push_number(index);
    select.push(if is_metric { ".name = " } else { ".key = " }).bind(key);
    if is_metric {
        select.push(" AND o").push_number(index).push(".source = 'mlflow' AND o").push_number(index).push(".host = ''");
    }
}

fn add_order(select: &mut Statement, index: usize, order: &RunOrder) {
    let direction = if order.is_ascending { ", " } else { " DESC, " };
    let column = match &order.key {
        RunOrderKey::RunId => "r.id",
        RunOrderKey::RunName => "r.name",
        RunOrderKey::UserId => "r.user_id",
        RunOrderKey::Status => "r.status",
        RunOrderKey::ArtifactUri => "r.artifact_uri",
        RunOrderKey::StartTime => "r.start_ms",
        RunOrderKey::EndTime => "r.end_ms",
        RunOrderKey::Metric(_) => {
            select.push("CASE WHEN o").push_number(index).push(".last_kind = 1 THEN 1 WHEN o").push_number(index);
            select.push(".last_kind IS NULL THEN 2 ELSE 0 END, ");
            select.mlflow_value(|it| _ = it.push("o").push_number(index).push(".last_")).push(direction);
            return;
        }
        RunOrderKey::Param(_) | RunOrderKey::Tag(_) => {
            select
                .push("CASE WHEN o")
                .push_number(index)
                .push(".value IS NULL THEN 1 ELSE 0 END, o")
                .push_number(index);
            select.push(".value").push(direction);
            return;
        }
    };
    select.push("CASE WHEN ").push(column).push(" IS NULL THEN 1 ELSE 0 END, ").push(column).push(direction);
}
