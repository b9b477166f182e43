//! The reconciler: at the start and every few minutes, makes what we believe agree with what the engine has.
//!
//! - Outbox rows with expired leases and unknown outcomes are worked on (the dispatcher's own rules).
//! - Jobs of the last day are read again, whatever the watermark says: one of ours without a row is adopted by its tag.
//! - Running runs that the engine does not know any more are ended truthfully: their history and cost so far stay.

use std::{collections::HashMap, sync::PoisonError};

use domain::{
    ids::RunId,
    observation::JobObservation,
    run::Run,
    status::{LaunchState, TrainingJobStatus},
    time::Timestamp,
};

use crate::{ServiceError, Services, engine::EngineError, tasks::TaskOutcome};

/// How far back the sweep looks each time.
const SWEEP_SECONDS: i64 = 24 * 3_600;
/// A running job is called missing after so many looks, and not in its first minutes (eventual consistency).
const MISSING_LOOKS: u32 = 2;
const MISSING_MIN_AGE_SECONDS: f64 = 300.0;
/// Running jobs that are looked at one by one per pass.
const DESCRIBES_PER_PASS: usize = 200;

/// Looks in a row that did not find a run's job.
#[derive(Debug, Default)]
pub(crate) struct MissingJobs(HashMap<RunId, u32>);

impl Services {
    pub async fn task_reconcile(&self) -> Result<TaskOutcome, ServiceError> {
        let dispatched = self.dispatch_once().await?.claimed;
        {
            let since = self.now().plus_seconds(-SWEEP_SECONDS);
            let mut cursor = self.inner.jobs_sync.lock().await;
            cursor.watermark = cursor.watermark.map(|it| it.min(since));
        }
        let swept = self.task_sync_jobs().await?.changed;
        let ended = self.missing_jobs_end().await?;
        Ok(TaskOutcome::changed(dispatched + swept + ended))
    }

    async fn missing_jobs_end(&self) -> Result<u64, ServiceError> {
        let mut runs = self.inner.store.run_active_list().await?;
        runs.retain(|it| it.launch_state == LaunchState::Submitted && !it.is_over());
        runs.sort_by_key(|it| it.updated_at);
        let mut ended = 0;
        for run in runs.iter().take(DESCRIBES_PER_PASS) {
            match self.inner.engine.jobs.describe(&run.job_name).await {
                Ok(Some(seen)) => {
                    self.missing_count(&run.id, false);
                    self.job_apply(&seen).await?;
                }
                Ok(None) | Err(EngineError::NotFound) => {
                    let looks = self.missing_count(&run.id, true);
                    let age = self.now().seconds_since(run.created_at);
                    if looks >= MISSING_LOOKS && age >= MISSING_MIN_AGE_SECONDS {
                        let gone = gone(run, self.now());
                        ended += u64::from(self.inner.store.run_observe(&run.id, &gone, self.now()).await?.is_some());
                        self.missing_count(&run.id, false);
                    }
                }
                Err(err) => return Err(err.into()),
            }
        }
        if ended > 0 {
            self.inner.hub.poke();
        }
        Ok(ended)
    }

    fn missing_count(&self, id: &RunId, is_missing: bool) -> u32 {
        let mut missing = self.inner.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_missing {
            missing.0.remove(id);
            return 0;
        }
        let looks = missing.0.entry(id.clone()).or_default();
        *looks += 1;
        *looks
    }
}

/// The last look at a job that is not there any more. What it ran and cost at the end is not known and not invented.
fn gone(run: &Run, now: Timestamp) -> JobObservation {
    let reason =
        "The engine no longer has this job: it was deleted there, or the local engine's data folder was replaced.";
    JobObservation {
        job_name: run.job_name.clone(),
        job_arn: run.job_arn.clone().unwrap_or_default(),
        status: TrainingJobStatus::Stopped,
        secondary_status: "Stopped".to_owned(),
        failure_reason: Some(reason.to_owned()),
        created_at: run.created_at,
        started_at: run.started_at,
        ended_at: run.ended_at,
        last_modified_at: now,
        training_seconds: run.training_seconds,
        billable_seconds: run.billable_seconds,
        model_artifact: run.model_artifact.clone(),
        transitions: run.transitions.clone(),
        final_metrics: run.final_metrics.clone(),
        request: run.request.clone(),
        tags: None,
    }
}
