//! States: reads the jobs that changed (Search by `LastModifiedTime`) and applies them to their runs.
//!
//! Invariants: what is read twice changes nothing (the overlap makes sure that a change while paging is not missed);
//! a job without a run becomes one; a job of ours under a run that does not know it yet is adopted.

use std::collections::HashMap;

use domain::{
    ids::JobName,
    job_spec::tag,
    observation::JobObservation,
    run::Run,
    status::{LaunchState, TrainingJobStatus},
    time::Timestamp,
};

use super::import::imported_run;
use crate::{ServiceError, Services, config::micros, tasks::TaskOutcome};

/// A pass over more pages than this does not end by itself: something is wrong with the tokens.
const MAX_PAGES_PER_SWEEP: u64 = 10_000;

/// Where the sweep is. In memory: a restart reads the configured history once more.
#[derive(Debug, Default)]
pub(crate) struct JobsCursor {
    /// The newest modification among completely read sweeps.
    pub(crate) watermark: Option<Timestamp>,
    sweep: Option<Sweep>,
    /// What was applied of jobs inside the overlap, to skip them.
    applied: HashMap<JobName, (Timestamp, TrainingJobStatus)>,
}

#[derive(Debug)]
struct Sweep {
    after: Option<Timestamp>,
    token: Option<String>,
    newest: Option<Timestamp>,
    pages: u64,
}

impl Services {
    pub async fn task_sync_jobs(&self) -> Result<TaskOutcome, ServiceError> {
        let mut cursor = self.inner.jobs_sync.lock().await;
        let mut changed = 0;
        let mut is_complete = false;
        for _ in 0..self.inner.config.job_pages_per_tick {
            changed += self.sweep_page(&mut cursor).await?;
            if cursor.sweep.is_none() {
                is_complete = true;
                break;
            }
        }
        changed += self.describe_active(&mut cursor).await?;
        if changed > 0 {
            self.inner.hub.poke();
            self.inner.tasks.logs.poke();
        }
        Ok(TaskOutcome { changed, again: !is_complete })
    }

    async fn sweep_page(&self, cursor: &mut JobsCursor) -> Result<u64, ServiceError> {
        let config = &self.inner.config;
        let history = config.import_history.map(|it| self.now().plus_micros(-micros(it)));
        let after = cursor.watermark.map(|it| it.plus_micros(-micros(config.jobs_overlap))).or(history);
        // Taken out: after an error the sweep begins anew instead of repeating a token that may be stale.
        let mut sweep = cursor.sweep.take().unwrap_or(Sweep { after, token: None, newest: None, pages: 0 });
        let page = self.inner.engine.jobs.search(sweep.after, sweep.token.as_deref()).await?;
        let mut changed = 0;
        for seen in &page.jobs {
            sweep.newest = sweep.newest.max(Some(seen.last_modified_at));
            if cursor.applied.get(&seen.job_name) == Some(&(seen.last_modified_at, seen.status.clone())) {
                continue;
            }
            changed += u64::from(self.job_apply(seen).await?);
            cursor.applied.insert(seen.job_name.clone(), (seen.last_modified_at, seen.status.clone()));
        }
        sweep.pages += 1;
        let is_repeated = page.next_token.is_some() && page.next_token == sweep.token;
        if is_repeated || sweep.pages >= MAX_PAGES_PER_SWEEP {
            tracing::warn!(pages = sweep.pages, "the engine's job pages do not end; the sweep is cut");
        } else if page.next_token.is_some() {
            sweep.token = page.next_token;
            cursor.sweep = Some(sweep);
            return Ok(changed);
        }
        cursor.watermark = cursor.watermark.max(sweep.newest);
        let keep_after = cursor.watermark.map(|it| it.plus_micros(-2 * micros(config.jobs_overlap)));
        cursor.applied.retain(|_, (modified_at, _)| Some(*modified_at) >= keep_after);
        Ok(changed)
    }

    /// Search is eventually consistent on AWS: running jobs are described besides, those unchanged for longest first.
    async fn describe_active(&self, cursor: &mut JobsCursor) -> Result<u64, ServiceError> {
        let limit = self.inner.config.describes_per_tick;
        if limit == 0 {
            return Ok(0);
        }
        let mut runs = self.inner.store.run_active_list().await?;
        runs.retain(|it| it.launch_state == LaunchState::Submitted && !it.is_over());
        runs.sort_by_key(|it| it.updated_at);
        let mut changed = 0;
        for run in runs.iter().take(limit) {
            if let Some(seen) = self.inner.engine.jobs.describe(&run.job_name).await? {
                changed += u64::from(self.job_observe(run, &seen).await?);
                cursor.applied.remove(&run.job_name);
            }
        }
        Ok(changed)
    }

    /// Applies one look at one job; whether anything changed.
    pub(crate) async fn job_apply(&self, seen: &JobObservation) -> Result<bool, ServiceError> {
        match self.inner.store.run_get_by_job_name(&seen.job_name).await? {
            Some(run) if run.launch_state == LaunchState::Submitted => self.job_observe(&run, seen).await,
            Some(run) if is_ours(&run, seen) => self.job_adopt(&run, seen).await,
            // Somebody else's job under a name that we also asked for: the dispatcher says so on its run.
            Some(_) => Ok(false),
            None => self.job_import(seen).await,
        }
    }

    async fn job_observe(&self, run: &Run, seen: &JobObservation) -> Result<bool, ServiceError> {
        let is_same_job = run.job_arn.as_ref().is_none_or(|it| *it == seen.job_arn);
        // A deleted job's name can be used again; the old run's history stays as it is.
        if !is_same_job || run.ended_at.is_some_and(|it| seen.created_at > it) {
            return Ok(false);
        }
        Ok(self.inner.store.run_observe(&run.id, seen, self.now()).await?.is_some())
    }

    /// Our job exists although its run does not know: a lost answer, a crash, or a stop that came too late.
    async fn job_adopt(&self, run: &Run, seen: &JobObservation) -> Result<bool, ServiceError> {
        let adopted = self.inner.store.run_observe(&run.id, seen, self.now()).await?;
        tracing::warn!(run.id = %run.id, run.state = run.launch_state.as_str(), "a job of ours was found before its launch was settled");
        // A wish to stop has become an outbox row by now.
        self.inner.tasks.dispatch.poke();
        Ok(adopted.is_some())
    }

    async fn job_import(&self, seen: &JobObservation) -> Result<bool, ServiceError> {
        let own_id = match seen.run_id() {
            Some(id) if self.inner.store.run_get(&id).await?.is_none() => Some(id),
            _ => None,
        };
        let is_orphan = own_id.is_some();
        let run = self.inner.store.run_import(&imported_run(seen, own_id, self.now())).await?;
        if is_orphan {
            tracing::warn!(run.id = %run.id, run.job_name = %run.job_name, "a job with our tags had no run; it was adopted");
        } else {
            tracing::info!(run.id = %run.id, run.job_name = %run.job_name, "a job of another client was imported");
        }
        self.inner.tasks.metrics.poke();
        Ok(true)
    }
}

fn is_ours(run: &Run, seen: &JobObservation) -> bool {
    let tag_of = |key| seen.tags.as_ref().and_then(|it| it.get(key)).map(String::as_str);
    tag_of(tag::RUN_ID) == Some(run.id.as_str()) && tag_of(tag::FINGERPRINT) == Some(run.fingerprint.as_str())
}
