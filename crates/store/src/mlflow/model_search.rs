//! Logged models by conditions and orders, in pages.

use domain::mlflow::{
    DatasetFilter, LoggedModel, LoggedModelCondition, LoggedModelOrder, check,
    filter::{LoggedModelColumn, LoggedModelTime, NumberOp},
    model::LoggedModelOrderKey,
};

use super::{
    EXISTS_END, Page, Result, is_sqlite,
    models::{ModelRow, model_columns, with_parts},
};
use crate::{Store, statement::Statement, text};

impl Store {
    /// Those that are not hidden; the newest first unless ordered otherwise. With `datasets`, measurements on others do
    /// not count, and models without any on them are not found.
    #[tracing::instrument(name = "db.mlflow_model.search", level = "debug", skip_all)]
    pub async fn mlflow_model_search(
        &self,
        experiments: &[i64],
        conditions: &[LoggedModelCondition],
        datasets: &[DatasetFilter],
        orders: &[LoggedModelOrder],
        size: u64,
        offset: u64,
    ) -> Result<Page<LoggedModel>> {
        check::searched_experiments(experiments.len())?;
        check::searched_datasets(datasets.len())?;
        let mut reader = self.db.reader().await?;
        let is_sqlite = is_sqlite(&reader.conn());
        let mut select = Statement::new(concat!(
            "SELECT ",
            model_columns!(),
            " FROM mlflow_models m WHERE m.lifecycle = 'active' AND m.experiment_id IN "
        ));
        select.bind_list(experiments.iter().copied());
        for condition in conditions {
            select.push(" AND ");
            add_condition(&mut select, condition, datasets, is_sqlite);
        }
        let has_metric = conditions.iter().any(|it| matches!(it, LoggedModelCondition::Metric { .. }));
        if !datasets.is_empty() && !has_metric {
            select.push(" AND EXISTS (SELECT 1 FROM mlflow_model_metrics x WHERE x.model_id = m.id");
            add_datasets(&mut select, datasets);
            select.push(EXISTS_END);
        }
        add_orders(&mut select, orders);
        select.push(" LIMIT ").bind(text::to_i64(size.saturating_add(1)));
        select.push(" OFFSET ").bind(text::to_i64(offset));
        let page = Page::of(select.fetch_all::<ModelRow>(reader.conn()).await?, size);
        Ok(Page { entries: with_parts(&mut reader, page.entries).await?, has_more: page.has_more })
    }
}

const fn time_column(time: LoggedModelTime) -> &'static str {
    match time {
        LoggedModelTime::Created => "m.created_at / 1000",
        LoggedModelTime::Updated => "m.updated_at / 1000",
    }
}

fn add_condition(
    select: &mut Statement,
    condition: &LoggedModelCondition,
    datasets: &[DatasetFilter],
    is_sqlite: bool,
) {
    match condition {
        LoggedModelCondition::Text { column, test } => {
            let column = match column {
                LoggedModelColumn::Id => "m.id",
                LoggedModelColumn::Name => "m.name",
                LoggedModelColumn::ModelType => "m.model_type",
                LoggedModelColumn::SourceRunId => "m.source_run_id",
                LoggedModelColumn::ArtifactLocation => "m.artifact_location",
                LoggedModelColumn::Status => "CAST(m.status AS TEXT)",
            };
            select.text_test(column, test, is_sqlite);
        }
        LoggedModelCondition::Time { time, op, value } => {
            select.push(time_column(*time)).push(" ").push(op.as_sql()).push(" ").bind(*value);
        }
        LoggedModelCondition::Metric { key, op, value } => {
            select.push("EXISTS (SELECT 1 FROM mlflow_model_metrics x WHERE x.model_id = m.id AND x.key = ").bind(key);
            select.push(" AND (").push(if *op == NumberOp::NotEqual { "x.kind = 1 OR " } else { "x.kind <> 1 AND " });
            select.mlflow_value(|it| _ = it.push("x.")).push(" ").push(op.as_sql()).push(" ").bind(*value).push(")");
            if !datasets.is_empty() {
                add_datasets(select, datasets);
            }
            select.push(EXISTS_END);
        }
        LoggedModelCondition::Param { key, test } => {
            select.push("EXISTS (SELECT 1 FROM mlflow_model_params p WHERE p.model_id = m.id AND p.key = ").bind(key);
            select.push(" AND ").text_test("p.value", test, is_sqlite).push(EXISTS_END);
        }
        LoggedModelCondition::Tag { key, test } => {
            select.push("EXISTS (SELECT 1 FROM mlflow_model_tags t WHERE t.model_id = m.id AND t.key = ").bind(key);
            select.push(" AND ").text_test("t.value", test, is_sqlite).push(EXISTS_END);
        }
    }
}

/// `AND` the measurement `x` is on one of these.
fn add_datasets(select: &mut Statement, datasets: &[DatasetFilter]) {
    let mut joint = " AND (";
    for dataset in datasets {
        select.push(joint);
        add_dataset(select, dataset);
        joint = " OR ";
    }
    select.push(")");
}

fn add_dataset(select: &mut Statement, dataset: &DatasetFilter) {
    let mut joint = "";
    if !dataset.name.is_empty() {
        select.push("x.dataset_name = ").bind(&dataset.name);
        joint = " AND ";
    }
    if let Some(digest) = &dataset.digest {
        select.push(joint).push("x.dataset_digest = ").bind(digest);
    }
}

fn add_orders(select: &mut Statement, orders: &[LoggedModelOrder]) {
    let mut joint = " ORDER BY ";
    for order in orders {
        select.push(joint);
        joint = ", ";
        let direction = if order.is_ascending { "" } else { " DESC" };
        let column = match &order.key {
            LoggedModelOrderKey::Id => "m.id",
            LoggedModelOrderKey::Name => "m.name",
            LoggedModelOrderKey::ModelType => "m.model_type",
            LoggedModelOrderKey::SourceRunId => "m.source_run_id",
            LoggedModelOrderKey::Status => "m.status",
            LoggedModelOrderKey::Time(time) => time_column(*time),
            LoggedModelOrderKey::Metric { key, dataset } => {
                // Twice: SQL has one order of absent values, and it is not the same in both databases.
                select.push("CASE WHEN ");
                add_latest(select, key, dataset.as_ref());
                select.push(" IS NULL THEN 1 ELSE 0 END, ");
                add_latest(select, key, dataset.as_ref());
                select.push(direction);
                continue;
            }
        };
        select.push(column).push(direction);
    }
    if orders.iter().all(|it| it.key != LoggedModelOrderKey::Time(LoggedModelTime::Created)) {
        select.push(joint).push("m.created_at / 1000 DESC");
        joint = ", ";
    }
    if orders.iter().all(|it| it.key != LoggedModelOrderKey::Id) {
        select.push(joint).push("m.id");
    }
}

/// The latest measurement's value.
fn add_latest(select: &mut Statement, key: &str, dataset: Option<&DatasetFilter>) {
    select
        .push("(SELECT ")
        .mlflow_value(|it| _ = it.push("x."))
        .push(" FROM mlflow_model_metrics x WHERE x.model_id = m.id AND x.key = ")
        .bind(key);
    if let Some(dataset) = dataset {
        select.push(" AND ");
        add_dataset(select, dataset);
    }
    select.push(" ORDER BY x.at DESC, x.step DESC, x.run_id LIMIT 1)");
}
