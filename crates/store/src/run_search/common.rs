//! What some runs have in common and what they differ in: the columns of a list that nobody has chosen any for.

use std::collections::BTreeMap;

use domain::{
    ids::RunId,
    run_search::{Field, Stat},
};

use crate::{Store, error::Result, statement::Statement, text};

/// Columns of each kind.
const MAX_OF_KIND: usize = 4;
/// SageMaker's own way of telling a container what to run.
const NOT_ITS_OWN: &str = "sagemaker_";

impl Store {
    /// The metrics that most of these runs have, and the parameters that they differ in: those that most of them have
    /// first. A single run differs in nothing: its first parameters.
    #[tracing::instrument(name = "db.run.common_fields", level = "debug", skip_all)]
    pub async fn run_common_fields(&self, ids: &[RunId]) -> Result<Vec<Field>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut reader = self.db.reader().await?;
        let mut metrics = Statement::new("SELECT name FROM series WHERE source <> 'instance' AND run_id IN ");
        metrics.bind_list(ids.iter().map(RunId::as_str));
        metrics.push(" GROUP BY name ORDER BY COUNT(DISTINCT run_id) DESC, name LIMIT ");
        metrics.bind(text::to_i64(MAX_OF_KIND as u64));
        let metrics: Vec<(String,)> = metrics.fetch_all(reader.conn()).await?;

        let mut rows = Statement::new("SELECT id, hyperparameters FROM runs WHERE id IN ");
        rows.bind_list(ids.iter().map(RunId::as_str));
        let rows: Vec<(String, String)> = rows.fetch_all(reader.conn()).await?;
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (id, hyperparameters) in &rows {
            let parsed: BTreeMap<String, String> = text::from_json("runs", id, hyperparameters)?;
            for (name, value) in parsed.into_iter().filter(|(name, _)| !name.starts_with(NOT_ITS_OWN)) {
                values.entry(name).or_default().push(value);
            }
        }
        let is_telling = |all: &[String]| rows.len() == 1 || all.iter().any(|it| *it != all[0]);
        let mut params: Vec<(String, usize)> =
            values.into_iter().filter(|(_, all)| is_telling(all)).map(|(name, all)| (name, all.len())).collect();
        params.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let metrics = metrics.into_iter().map(|(name,)| Field::Metric { name, stat: Stat::Last });
        Ok(metrics.chain(params.into_iter().take(MAX_OF_KIND).map(|(name, _)| Field::Param(name))).collect())
    }
}
