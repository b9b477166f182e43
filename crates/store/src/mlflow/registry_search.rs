//! Registered models and versions by conditions, in pages.

use domain::mlflow::{ModelVersion, PROMPT_TAG, RegisteredModel, RegistryCondition, RegistryOrder, RegistryOrderKey};

use super::{
    EXISTS_END, Page, Result, is_sqlite,
    registry::{self, RegisteredRow},
    version_rows::{self, VersionRow, version_columns},
};
use crate::{Store, statement::Statement, text};

impl Store {
    pub async fn mlflow_registered_model_search(
        &self,
        conditions: &[RegistryCondition],
        orders: &[RegistryOrder],
        size: u64,
        offset: u64,
    ) -> Result<Page<RegisteredModel>> {
        const PROMPT: &str = "m.id NOT IN (SELECT t.model_id FROM mlflow_registered_model_tags t WHERE t.key = ";
        const TAG: &str = "EXISTS (SELECT 1 FROM mlflow_registered_model_tags t WHERE t.model_id = m.id AND t.key = ";
        let mut reader = self.db.reader().await?;
        let is_sqlite = is_sqlite(&reader.conn());
        let mut select = Statement::new(
            "SELECT m.id, m.name, m.description, m.created_at, m.updated_at FROM mlflow_registered_models m WHERE 1 = 1",
        );
        add_conditions(&mut select, conditions, [TAG, PROMPT], is_sqlite);
        add_orders(&mut select, orders, ["m.name", "m.name", "m.created_at / 1000", "m.updated_at / 1000"], "");
        add_page(&mut select, size, offset);
        let page = Page::of(select.fetch_all::<RegisteredRow>(reader.conn()).await?, size);
        Ok(Page { entries: registry::with_parts(&mut reader, page.entries).await?, has_more: page.has_more })
    }

    pub async fn mlflow_version_search(
        &self,
        conditions: &[RegistryCondition],
        orders: &[RegistryOrder],
        size: u64,
        offset: u64,
    ) -> Result<Page<ModelVersion>> {
        const PROMPT: &str = "m.id NOT IN (SELECT t.model_id FROM mlflow_version_tags t WHERE t.key = ";
        const TAG: &str = "EXISTS (SELECT 1 FROM mlflow_version_tags t WHERE t.model_id = v.model_id
                           AND t.version = v.version AND t.key = ";
        let mut reader = self.db.reader().await?;
        let is_sqlite = is_sqlite(&reader.conn());
        let mut select = Statement::new(concat!("SELECT ", version_columns!()));
        add_conditions(&mut select, conditions, [TAG, PROMPT], is_sqlite);
        let columns = ["m.name", "v.version", "v.created_at / 1000", "v.updated_at / 1000"];
        add_orders(&mut select, orders, columns, ", v.version DESC");
        add_page(&mut select, size, offset);
        let page = Page::of(select.fetch_all::<VersionRow>(reader.conn()).await?, size);
        Ok(Page { entries: version_rows::with_parts(&mut reader, page.entries).await?, has_more: page.has_more })
    }
}

/// `tag` asks for a tag, `prompt` for a name without one that makes it a prompt's.
fn add_conditions(
    select: &mut Statement,
    conditions: &[RegistryCondition],
    [tag, prompt]: [&'static str; 2],
    is_sqlite: bool,
) {
    for condition in conditions {
        select.push(" AND ");
        match condition {
            RegistryCondition::Name(test) => select.text_test("m.name", test, is_sqlite),
            RegistryCondition::RunId(test) => select.text_test("v.run_id", test, is_sqlite),
            RegistryCondition::Source(test) => select.text_test("v.source", test, is_sqlite),
            RegistryCondition::Version { op, value } => {
                select.push("v.version ").push(op.as_sql()).push(" ").bind(*value)
            }
            RegistryCondition::Tag { key, test } => {
                select.push(tag).bind(key).push(" AND ").text_test("t.value", test, is_sqlite).push(EXISTS_END)
            }
            RegistryCondition::NoPrompt => select.push(prompt).bind(PROMPT_TAG).push(" AND t.value = 'true')"),
        };
    }
}

/// `columns` are those of name, version, creation and update; `last` comes behind the name.
fn add_orders(select: &mut Statement, orders: &[RegistryOrder], columns: [&'static str; 4], last: &'static str) {
    let mut joint = " ORDER BY ";
    for (key, is_ascending) in orders {
        let column = match key {
            RegistryOrderKey::Name => columns[0],
            RegistryOrderKey::Version => columns[1],
            RegistryOrderKey::Created => columns[2],
            RegistryOrderKey::Updated => columns[3],
        };
        select.push(joint).push(column).push(if *is_ascending { "" } else { " DESC" });
        joint = ", ";
    }
    // What is ordered by already stays as it is when it is named once more.
    select.push(joint).push(columns[0]).push(last);
}

fn add_page(select: &mut Statement, size: u64, offset: u64) {
    select.push(" LIMIT ").bind(text::to_i64(size.saturating_add(1)));
    select.push(" OFFSET ").bind(text::to_i64(offset));
}
