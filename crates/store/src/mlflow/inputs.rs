//! Datasets that runs used. A dataset is kept once per experiment, name and digest; what a run used it for with the run.

use std::collections::{BTreeMap, BTreeSet};

use domain::mlflow::{DATASET_CONTEXT_TAG, Dataset, DatasetInput, DatasetSummary, Tag};
use sqlx::FromRow;

use super::{IDS, Result, run_id, runs::run_active};
use crate::{
    Store,
    db::{Durability, Reader, execute, fetch},
    statement::Statement,
    text,
};

/// A search for datasets answers with at most so many.
const MAX_SUMMARIES: i64 = 1_000;

impl Store {
    /// An input that the run has already stays as it is.
    pub async fn mlflow_inputs_log(&self, id: &str, datasets: &[DatasetInput]) -> Result<()> {
        let id = run_id(id)?;
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let experiment_id = run_active(&mut tx, &id).await?;
        // Runs share datasets, and each logs them in its own order, which is kept: locked, so that no two of an experiment
        // wait for each other.
        execute!(tx, "UPDATE mlflow_experiments SET name = name WHERE id = $1", experiment_id)?;
        for input in datasets {
            let Dataset { name, digest, source_type, source, schema, profile } = &input.dataset;
            let (dataset_id,) = fetch!(
                one,
                (i64,),
                tx,
                // The first to name it says what it is; an update of nothing returns the row in both cases.
                "INSERT INTO mlflow_datasets (experiment_id, name, digest, source_type, source, schema, profile)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (experiment_id, name, digest) DO UPDATE SET name = excluded.name RETURNING id",
                experiment_id,
                &*text::plain(name),
                &*text::plain(digest),
                &*text::plain(source_type),
                &*text::plain(source),
                text::plain_owned(schema.as_deref()),
                text::plain_owned(profile.as_deref()),
            )?;
            let context = input.tags.iter().find(|it| it.key == DATASET_CONTEXT_TAG).map(|it| it.value.as_str());
            execute!(
                tx,
                "INSERT INTO mlflow_inputs (run_id, dataset_id, tags, context) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (run_id, dataset_id) DO NOTHING",
                id.as_str(),
                dataset_id,
                text::to_json(&input.tags)?,
                text::plain_owned(context),
            )?;
        }
        Ok(tx.commit().await?)
    }

    /// What the runs of these experiments used, each dataset once for each of its contexts.
    pub async fn mlflow_dataset_search(&self, experiments: &[i64]) -> Result<Vec<DatasetSummary>> {
        let mut reader = self.db.reader().await?;
        let mut select = Statement::new(
            "SELECT DISTINCT d.experiment_id, d.name, d.digest, i.context FROM mlflow_datasets d
             JOIN mlflow_inputs i ON i.dataset_id = d.id WHERE d.experiment_id IN ",
        );
        select.bind_list(experiments.iter().copied()).push(" ORDER BY 1, 2, 3, 4 LIMIT ").bind(MAX_SUMMARIES);
        let rows: Vec<(i64, String, String, Option<String>)> = select.fetch_all(reader.conn()).await?;
        let summary = |(experiment_id, name, digest, context)| DatasetSummary { experiment_id, name, digest, context };
        Ok(rows.into_iter().map(summary).collect())
    }
}

/// What runs used, before the datasets are read: by run, in the order of logging.
#[derive(Debug)]
pub(super) struct Inputs {
    by_run: BTreeMap<String, Vec<Input>>,
}

#[derive(Debug)]
struct Input {
    dataset: i64,
    tags: Vec<Tag>,
    bytes: u64,
}

impl Inputs {
    /// What these runs used and how large it is.
    pub(super) async fn of(reader: &mut Reader, ids: &[&str]) -> Result<Self> {
        let mut select = Statement::new(
            "SELECT i.run_id, i.dataset_id, i.tags, CAST(OCTET_LENGTH(d.source) + COALESCE(OCTET_LENGTH(d.schema), 0)
                 + COALESCE(OCTET_LENGTH(d.profile), 0) + OCTET_LENGTH(i.tags) AS BIGINT)
             FROM mlflow_inputs i JOIN mlflow_datasets d ON d.id = i.dataset_id WHERE i.run_id IN ",
        );
        select.bind_list(ids.iter().copied()).push(" ORDER BY i.run_id, i.dataset_id");
        let mut by_run: BTreeMap<String, Vec<Input>> = BTreeMap::new();
        for (run_id, dataset, tags, bytes) in select.fetch_all::<(String, i64, String, i64)>(reader.conn()).await? {
            let tags = text::from_json("mlflow_inputs", &run_id, &tags)?;
            by_run.entry(run_id).or_default().push(Input { dataset, tags, bytes: text::to_u64(bytes) });
        }
        Ok(Self { by_run })
    }

    /// The size of what a run used, as an answer repeats it for each run.
    pub(super) fn bytes(&self, run: &str) -> u64 {
        self.by_run.get(run).map_or(0, |inputs| inputs.iter().map(|it| it.bytes).sum())
    }

    /// With the datasets, each read once however many of these runs used it. Others' inputs are dropped.
    pub(super) async fn read(
        mut self,
        reader: &mut Reader,
        ids: &[&str],
    ) -> Result<BTreeMap<String, Vec<DatasetInput>>> {
        self.by_run.retain(|run, _| ids.contains(&run.as_str()));
        let wanted: BTreeSet<i64> = self.by_run.values().flatten().map(|it| it.dataset).collect();
        let wanted: Vec<i64> = wanted.into_iter().collect();
        let mut datasets = BTreeMap::new();
        for chunk in wanted.chunks(IDS) {
            let mut select = Statement::new(
                "SELECT id, name, digest, source_type, source, schema, profile FROM mlflow_datasets WHERE id IN ",
            );
            select.bind_list(chunk.iter().copied());
            let rows: Vec<DatasetRow> = select.fetch_all(reader.conn()).await?;
            datasets.extend(rows.into_iter().map(|it| (it.id, Dataset::from(it))));
        }
        let with_dataset =
            |it: Input| Some(DatasetInput { dataset: datasets.get(&it.dataset)?.clone(), tags: it.tags });
        let read = |(run, inputs): (String, Vec<Input>)| (run, inputs.into_iter().filter_map(with_dataset).collect());
        Ok(self.by_run.into_iter().map(read).collect())
    }
}

#[derive(FromRow)]
struct DatasetRow {
    id: i64,
    name: String,
    digest: String,
    source_type: String,
    source: String,
    schema: Option<String>,
    profile: Option<String>,
}

impl From<DatasetRow> for Dataset {
    fn from(row: DatasetRow) -> Self {
        let DatasetRow { name, digest, source_type, source, schema, profile, .. } = row;
        Self { name, digest, source_type, source, schema, profile }
    }
}
