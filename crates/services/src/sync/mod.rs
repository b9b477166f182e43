//! Copying what the engine knows into the store: states (`jobs`), logs and their metrics (`logs`), CloudWatch metrics
//! (`metrics`). CloudWatch forgets and a deleted job takes its metadata along, so everything shown is copied.

pub(crate) mod finish;
pub(crate) mod import;
pub(crate) mod jobs;
pub(crate) mod log_parse;
pub(crate) mod logs;
pub(crate) mod metric_place;
pub(crate) mod metrics;

use domain::{metric_definition::MetricDefinition, run::Run};
use serde_json::Value;

use crate::{ServiceError, Services};

impl Services {
    /// The runs whose logs and metrics are copied in this pass: all that are running, then some that have ended.
    pub(crate) async fn runs_to_copy(&self) -> Result<Vec<Run>, ServiceError> {
        let runs = self.inner.store.run_active_list().await?;
        let (mut ended, mut running): (Vec<Run>, Vec<Run>) =
            runs.into_iter().filter(|it| it.status.is_some()).partition(Run::is_over);
        // The newest first: that is what somebody looks at; imported history follows.
        ended.sort_by_key(|it| std::cmp::Reverse(it.ended_at.unwrap_or(it.updated_at)));
        ended.truncate(self.inner.config.ended_runs_per_tick);
        running.append(&mut ended);
        Ok(running)
    }
}

/// The metric definitions of a run's request. Those that we cannot apply (a regex dialect of their own) are left to
/// CloudWatch.
pub(crate) fn definitions_of(run: &Run) -> Vec<MetricDefinition> {
    let list = run.request.pointer("/AlgorithmSpecification/MetricDefinitions").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|it| MetricDefinition::parse(it.get("Name")?.as_str()?, it.get("Regex")?.as_str()?).ok())
        .take(MetricDefinition::MAX_PER_JOB)
        .collect()
}
