//! Histories of metrics, for MLflow's clients.

use domain::{
    mlflow::{DatasetSummary, MlflowError, PageToken, check},
    series::Point,
};
use store::HistoryRange;

use super::Result;
use crate::Services;

/// Points of one run in a list of many runs'.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricOfRun {
    pub run_id: String,
    pub point: Point,
}

const MAX_DATASET_EXPERIMENTS: usize = 20;
/// Points of a page of a history, whatever was asked for: MLflow's own client asks for 25,000.
const MAX_HISTORY_POINTS: u64 = 250_000;

impl Services {
    /// By time, a page at a time.
    pub async fn mlflow_metric_history(
        &self,
        run: &str,
        key: &str,
        max_results: Option<i64>,
        page_token: &str,
    ) -> Result<(Vec<Point>, Option<PageToken>)> {
        if let Some(wrong) = max_results.filter(|it| *it <= 0) {
            let why =
                format!("Invalid value {wrong} for parameter 'max_results' supplied. It must be a positive integer.");
            return Err(MlflowError::invalid(why).into());
        }
        let token = PageToken::parse(page_token)?;
        let size = max_results.map_or(MAX_HISTORY_POINTS, i64::unsigned_abs).min(MAX_HISTORY_POINTS);
        let page = self.inner.store.mlflow_metric_history(run, key, Some(size), token.0).await?;
        Ok((page.entries, token.next(size, page.has_more)))
    }

    /// The first `max_results` points of all these runs, by run and time.
    pub async fn mlflow_metric_history_bulk(
        &self,
        runs: &[String],
        key: &str,
        max_results: u64,
    ) -> Result<Vec<MetricOfRun>> {
        let mut sorted = runs.to_vec();
        sorted.sort();
        sorted.dedup();
        let mut found = Vec::new();
        for run in sorted {
            let left = max_results.saturating_sub(found.len() as u64);
            if left == 0 {
                break;
            }
            let page = self.inner.store.mlflow_metric_history(&run, key, Some(left), 0).await?;
            found.extend(page.entries.into_iter().map(|point| MetricOfRun { run_id: run.clone(), point }));
        }
        Ok(found)
    }

    /// At most `max_results` points of each run, evenly chosen.
    pub async fn mlflow_metric_sample(
        &self,
        runs: &[String],
        key: &str,
        range: Option<HistoryRange>,
        max_results: u32,
    ) -> Result<Vec<MetricOfRun>> {
        let mut found = Vec::new();
        for run in runs {
            let points = self.inner.store.mlflow_metric_sample(run, key, range, max_results).await?;
            found.extend(points.into_iter().map(|point| MetricOfRun { run_id: run.clone(), point }));
        }
        Ok(found)
    }

    pub async fn mlflow_dataset_search(&self, experiments: &[String]) -> Result<Vec<DatasetSummary>> {
        let count = experiments.len();
        if count == 0 {
            let why = "SearchDatasets request must specify at least one experiment_id.";
            return Err(MlflowError::invalid(why).into());
        }
        if count > MAX_DATASET_EXPERIMENTS {
            let why = format!(
                "SearchDatasets request cannot specify more than {MAX_DATASET_EXPERIMENTS} experiment_ids. Received \
                 {count} experiment_ids."
            );
            return Err(MlflowError::invalid(why).into());
        }
        let ids = experiments.iter().map(|it| check::experiment_id(it)).collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(self.inner.store.mlflow_dataset_search(&ids).await?)
    }
}
