//! What the engine says of a job, merged into its run.
//!
//! Invariants (observations arrive late, twice and out of order):
//! - An observation that is older than the newest applied one, by the engine's `LastModifiedTime`, changes nothing.
//! - A finished run keeps its status; only another look at the same end may still add figures to it.
//! - What was known is never erased by its absence: SageMaker leaves billable seconds out of some answers, and a
//!   deleted job's answers lose everything.
//! - A run that was not submitted yet is adopted only by a job that carries its id in our tag: a job that someone else
//!   gave the same name is not ours.

use domain::{
    ids::RunId,
    observation::JobObservation,
    run::Run,
    status::{LaunchState, TrainingJobStatus},
    time::Timestamp,
};

use crate::{
    Store,
    audit::audit_add,
    db::Durability,
    error::{Result, StoreError},
    mlflow::job_end,
    outbox::{OutboxKind, outbox_add, outbox_end, run_changed},
    outbox_outcome::wants_stop_call,
    run_row::{StoredRun, run_lock, run_update},
};

impl Store {
    /// Applies one look at a job; the run when that changed anything a page shows, else `None`.
    #[tracing::instrument(name = "db.run.observe", level = "debug", skip_all, fields(run.id = %id))]
    pub async fn run_observe(&self, id: &RunId, seen: &JobObservation, now: Timestamp) -> Result<Option<Run>> {
        // Most looks bring nothing new: they cost one read and no write transaction.
        let peeked = self.run_peek(id).await?.ok_or_else(|| StoreError::RunMissing(id.clone()))?;
        if merged(&peeked, seen).is_none() {
            return Ok(None);
        }
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let before = run_lock(&mut tx, id).await?.ok_or_else(|| StoreError::RunMissing(id.clone()))?;
        let Some(mut after) = merged(&before, seen) else { return Ok(None) };
        if !after.differs_from(&before)? {
            if after.engine_modified_at != before.engine_modified_at {
                run_update(&mut tx, &after).await?;
                tx.commit().await?;
            }
            return Ok(None);
        }
        if before.run.launch_state != after.run.launch_state {
            outbox_end(&mut tx, id, OutboxKind::Create, now).await?;
            audit_add(&mut tx, id, now, "run.adopted", &format!("found as {}", seen.job_arn)).await?;
            if wants_stop_call(&after.run) {
                outbox_add(&mut tx, id, OutboxKind::Stop, now).await?;
            }
        }
        if before.run.status != after.run.status {
            audit_add(&mut tx, id, now, "job.status", seen.status.as_str()).await?;
        }
        if after.run.is_over() {
            outbox_end(&mut tx, id, OutboxKind::Stop, now).await?;
            job_end(&mut tx, &after.run).await?;
        }
        let run = run_changed(&mut tx, &mut after, now).await?;
        tx.commit().await?;
        Ok(Some(run))
    }
}

/// The run with what was seen; `None` when the observation has nothing to say about it.
fn merged(stored: &StoredRun, seen: &JobObservation) -> Option<StoredRun> {
    let run = &stored.run;
    let is_older = stored.engine_modified_at.is_some_and(|newest| seen.last_modified_at < newest);
    let is_after_the_end = run.status.as_ref().is_some_and(|it| it.is_terminal() && *it != seen.status);
    let is_ours = run.launch_state == LaunchState::Submitted || seen.run_id().as_ref() == Some(&run.id);
    if is_older || is_after_the_end || !is_ours || seen.job_name != run.job_name {
        return None;
    }
    let mut after = stored.clone();
    after.engine_modified_at = Some(seen.last_modified_at);
    let run = &mut after.run;
    if run.launch_state != LaunchState::Submitted {
        run.launch_state = LaunchState::Submitted;
        run.launch_message = None;
    }
    run.job_arn = Some(seen.job_arn.clone());
    // Two looks in the same instant: a job that is stopping does not start to run again.
    let is_back = run.status == Some(TrainingJobStatus::Stopping) && seen.status == TrainingJobStatus::InProgress;
    if !is_back {
        run.status = Some(seen.status.clone());
        if !seen.secondary_status.is_empty() {
            run.secondary_status = Some(seen.secondary_status.clone());
        }
    }
    keep_known(&mut run.failure_reason, seen.failure_reason.as_ref());
    keep_known(&mut run.started_at, seen.started_at.as_ref());
    keep_known(&mut run.ended_at, seen.ended_at.as_ref());
    keep_known(&mut run.training_seconds, seen.training_seconds.as_ref());
    keep_known(&mut run.billable_seconds, seen.billable_seconds.as_ref());
    keep_known(&mut run.model_artifact, seen.model_artifact.as_ref());
    if seen.transitions.len() >= run.transitions.len() {
        run.transitions.clone_from(&seen.transitions);
    }
    if !seen.final_metrics.is_empty() {
        run.final_metrics.clone_from(&seen.final_metrics);
    }
    Some(after)
}

fn keep_known<T: Clone>(known: &mut Option<T>, seen: Option<&T>) {
    if let Some(seen) = seen {
        *known = Some(seen.clone());
    }
}
