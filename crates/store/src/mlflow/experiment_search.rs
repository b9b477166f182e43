//! Experiments by conditions, in pages.

use domain::mlflow::{
    Experiment, ExperimentCondition, ExperimentOrder, Lifecycle, ViewType, order::ExperimentOrderKey,
};

use super::{
    EXISTS_END, Page, Result,
    experiments::{ExperimentRow, experiment_columns, with_tags},
    is_sqlite,
};
use crate::{Store, statement::Statement, text};

impl Store {
    /// Newest first unless ordered otherwise; of the same millisecond the smallest id first. Behind orders of the client's,
    /// the largest.
    #[tracing::instrument(name = "db.mlflow_experiment.search", level = "debug", skip_all)]
    pub async fn mlflow_experiment_search(
        &self,
        conditions: &[ExperimentCondition],
        orders: &[ExperimentOrder],
        view: ViewType,
        size: u64,
        offset: u64,
    ) -> Result<Page<Experiment>> {
        let mut reader = self.db.reader().await?;
        let is_sqlite = is_sqlite(&reader.conn());
        let mut select = Statement::new(concat!(
            "SELECT ",
            experiment_columns!(),
            " FROM mlflow_experiments e WHERE e.lifecycle IN "
        ));
        select.bind_list(view.lifecycles().iter().map(|it| Lifecycle::as_str(*it)));
        for condition in conditions {
            select.push(" AND ");
            add_condition(&mut select, condition, is_sqlite);
        }
        add_order(&mut select, orders);
        select.push(" LIMIT ").bind(text::to_i64(size.saturating_add(1)));
        select.push(" OFFSET ").bind(text::to_i64(offset));
        let rows: Vec<ExperimentRow> = select.fetch_all(reader.conn()).await?;
        let page = Page::of(rows, size);
        Ok(Page { entries: with_tags(&mut reader, page.entries).await?, has_more: page.has_more })
    }
}

fn add_condition(select: &mut Statement, condition: &ExperimentCondition, is_sqlite: bool) {
    /// Microseconds are cut to the milliseconds that clients see.
    const CREATED: &str = "e.created_at / 1000 ";
    const UPDATED: &str = "e.updated_at / 1000 ";
    const TAG: &str = "(SELECT 1 FROM mlflow_experiment_tags t WHERE t.experiment_id = e.id AND t.key = ";
    match condition {
        ExperimentCondition::Id { ids, is_in } => {
            select.push(if *is_in { "e.id IN " } else { "e.id NOT IN " }).bind_list(ids.iter().copied());
        }
        ExperimentCondition::Name(test) => {
            select.text_test("e.name", test, is_sqlite);
        }
        ExperimentCondition::CreationTime { op, value } => {
            select.push(CREATED).push(op.as_sql()).push(" ").bind(*value);
        }
        ExperimentCondition::LastUpdateTime { op, value } => {
            select.push(UPDATED).push(op.as_sql()).push(" ").bind(*value);
        }
        ExperimentCondition::Tag { key, test } => {
            select
                .push("EXISTS ")
                .push(TAG)
                .bind(key)
                .push(" AND ")
                .text_test("t.value", test, is_sqlite)
                .push(EXISTS_END);
        }
        ExperimentCondition::TagIsNull { key, is_null } => {
            select.push(if *is_null { "NOT EXISTS " } else { "EXISTS " }).push(TAG).bind(key).push(EXISTS_END);
        }
    }
}

fn add_order(select: &mut Statement, orders: &[ExperimentOrder]) {
    if orders.is_empty() {
        select.push(" ORDER BY e.created_at / 1000 DESC, e.id");
        return;
    }
    let mut joint = " ORDER BY ";
    for order in orders {
        select.push(joint).push(match order.key {
            ExperimentOrderKey::Id => "e.id",
            ExperimentOrderKey::Name => "e.name",
            ExperimentOrderKey::CreationTime => "e.created_at / 1000",
            ExperimentOrderKey::LastUpdateTime => "e.updated_at / 1000",
        });
        select.push(if order.is_ascending { "" } else { " DESC" });
        joint = ", ";
    }
    if orders.iter().all(|it| it.key != ExperimentOrderKey::Id) {
        select.push(", e.id DESC");
    }
}
