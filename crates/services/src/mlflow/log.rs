//! Logging into runs: metrics, params, tags and inputs.

use domain::{
    mlflow::{DatasetInput, Metric, MlflowError, Param, Result as Checked, Tag, check},
    series::{IngestBatch, NewPoint, SeriesKey, SeriesSource},
    time::Timestamp,
};

use super::Result;
use crate::Services;

/// One `runs/log-batch`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogBatch {
    pub metrics: Vec<Metric>,
    pub params: Vec<Param>,
    pub tags: Vec<Tag>,
}

impl Services {
    pub async fn mlflow_metric_log(&self, run: &str, metric: Metric) -> Result<()> {
        check::metric(&metric, "")?;
        self.mlflow_run_ensure(run).await?;
        self.mlflow_metrics_log(run, &[metric]).await
    }

    pub async fn mlflow_param_log(&self, run: &str, param: Param) -> Result<()> {
        let param = check::param(param, "")?;
        self.mlflow_run_ensure(run).await?;
        self.inner.store.mlflow_run_log(run, &[param], &[], false).await?;
        self.mlflow_announce(run).await
    }

    pub async fn mlflow_tag_set(&self, run: &str, tag: Tag) -> Result<()> {
        let tag = check::tag(tag, "")?;
        self.mlflow_run_ensure(run).await?;
        self.inner.store.mlflow_run_log(run, &[], &[tag], false).await?;
        self.mlflow_announce(run).await
    }

    pub async fn mlflow_tag_delete(&self, run: &str, key: &str) -> Result<()> {
        self.inner.store.mlflow_tag_delete(run, key).await?;
        self.mlflow_announce(run).await
    }

    /// Params first: when one of them is refused, nothing of the batch is stored.
    pub async fn mlflow_batch_log(&self, run: &str, batch: LogBatch) -> Result<()> {
        let LogBatch { metrics, params, tags } = batch;
        check::run_id(run)?;
        for (index, metric) in metrics.iter().enumerate() {
            check::metric(metric, &format!("metrics[{index}]"))?;
        }
        let params = numbered(params, "params", check::param)?;
        let tags = numbered(tags, "tags", check::tag)?;
        check::batch_limits(metrics.len(), params.len(), tags.len())?;
        check::params_unique(&params)?;
        self.mlflow_run_ensure(run).await?;
        if !params.is_empty() || !tags.is_empty() || metrics.is_empty() {
            self.inner.store.mlflow_run_log(run, &params, &tags, true).await?;
            self.mlflow_announce(run).await?;
        }
        self.mlflow_metrics_log(run, &metrics).await
    }

    /// Datasets and logged models that a run used.
    pub async fn mlflow_inputs_log(&self, run: &str, datasets: &[DatasetInput], models: &[String]) -> Result<()> {
        check::run_id(run)?;
        for input in datasets {
            check::dataset_input(input)?;
        }
        self.mlflow_run_ensure(run).await?;
        let store = &self.inner.store;
        store.mlflow_inputs_log(run, datasets).await?;
        if models.is_empty() { Ok(()) } else { Ok(store.mlflow_model_links_log(run, models, &[]).await?) }
    }

    /// Through the door of every number. A job's run has its MLflow side by now.
    async fn mlflow_metrics_log(&self, run: &str, metrics: &[Metric]) -> Result<()> {
        if metrics.is_empty() {
            return Ok(());
        }
        let run_id = self.inner.store.mlflow_run_check_active(run).await?;
        if metrics.iter().any(|it| it.model_id.is_some()) {
            self.inner.store.mlflow_model_metrics_log(&run_id, metrics).await?;
        }
        let series = metrics.iter().map(|it| {
            let key = SeriesKey { name: it.key.clone(), source: SeriesSource::Mlflow, host: String::new() };
            let at = Timestamp::from_unix_millis(it.timestamp_ms);
            (key, vec![NewPoint { step: Some(it.step), at, value: it.value }])
        });
        let batch = IngestBatch { run_id, series: series.collect(), cursor: None };
        self.ingest(batch).await?;
        Ok(())
    }
}

fn numbered<T>(list: Vec<T>, name: &str, check: fn(T, &str) -> Checked<T>) -> std::result::Result<Vec<T>, MlflowError> {
    list.into_iter().enumerate().map(|(index, it)| check(it, &format!("{name}[{index}]"))).collect()
}
