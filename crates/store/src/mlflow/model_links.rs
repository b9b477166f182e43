//! What links runs to logged models: inputs, outputs and measurements. Safe to repeat.

use std::collections::BTreeSet;

use domain::{
    ids::RunId,
    mlflow::{ErrorCode, Metric, MlflowError, ModelOutput, check},
    time::Timestamp,
};

use super::{Result, run_id, runs::run_active};
use crate::{
    Store,
    db::{Durability, Reader, execute, fetch},
    points::value_of,
    statement::Statement,
    text,
};

impl Store {
    /// What a run measured of models. The same measurement again changes nothing; with a model that is not here, all are
    /// refused.
    pub async fn mlflow_model_metrics_log(&self, run: &RunId, metrics: &[Metric]) -> Result<()> {
        let mut tx = self.db.begin(Durability::Deferred).await?;
        let ids: BTreeSet<&str> = metrics.iter().filter_map(|it| it.model_id.as_deref()).collect();
        for id in ids {
            let sql = "SELECT id FROM mlflow_models WHERE id = $1";
            if fetch!(optional, (String,), tx, sql, &*text::plain(id))?.is_none() {
                let why = format!("Logged model with ID '{id}' not found.");
                return Err(MlflowError::new(ErrorCode::BadRequest, why).into());
            }
        }
        let place = |it: &&Metric| (it.model_id.clone(), it.key.clone(), it.timestamp_ms, it.step);
        let mut metrics: Vec<&Metric> = metrics.iter().collect();
        metrics.sort_by_cached_key(place);
        for metric in metrics {
            let Some(model) = &metric.model_id else { continue };
            let (value, kind) = value_of(metric.value);
            execute!(
                tx,
                "INSERT INTO mlflow_model_metrics (model_id, key, at, step, run_id, value, kind, dataset_name,
                 dataset_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 ON CONFLICT (model_id, key, at, step, run_id) DO NOTHING",
                &*text::plain(model),
                &*text::plain(&metric.key),
                Timestamp::from_unix_millis(metric.timestamp_ms).unix_micros(),
                metric.step,
                run.as_str(),
                value,
                kind,
                text::plain_owned(metric.dataset_name.as_deref()),
                text::plain_owned(metric.dataset_digest.as_deref()),
            )?;
        }
        Ok(tx.commit().await?)
    }

    /// Models that a run used or made; safe to repeat.
    pub async fn mlflow_model_links_log(&self, run: &str, inputs: &[String], outputs: &[ModelOutput]) -> Result<()> {
        let id = run_id(run)?;
        check::model_ids(inputs.iter().map(String::as_str))?;
        check::model_ids(outputs.iter().map(|it| it.model_id.as_str()))?;
        let inputs = inputs.iter().map(|model| ("input", model, 0));
        let mut links: Vec<_> = inputs.chain(outputs.iter().map(|it| ("output", &it.model_id, it.step))).collect();
        links.sort();
        let mut tx = self.db.begin(Durability::Flushed).await?;
        run_active(&mut tx, &id).await?;
        for (direction, model, step) in links {
            execute!(
                tx,
                "INSERT INTO mlflow_model_links (run_id, direction, model_id, step) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (run_id, direction, model_id, step) DO NOTHING",
                id.as_str(),
                direction,
                &*text::plain(model),
                step,
            )?;
        }
        Ok(tx.commit().await?)
    }
}

/// The links of these runs: run, direction, model and step.
pub(super) async fn links_of(reader: &mut Reader, ids: &[&str]) -> Result<Vec<(String, String, String, i64)>> {
    let mut select =
        Statement::new("SELECT run_id, direction, model_id, step FROM mlflow_model_links WHERE run_id IN ");
    select.bind_list(ids.iter().copied()).push(" ORDER BY run_id, direction, step, model_id");
    Ok(select.fetch_all(reader.conn()).await?)
}
