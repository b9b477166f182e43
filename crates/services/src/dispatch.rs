//! The dispatcher: takes outbox rows under a lease and makes one attempt each at the engine.
//!
//! Invariants:
//! - Every write after an engine call is guarded by the lease's epoch: a dispatcher that lost its lease changes nothing.
//! - The job name never changes between attempts, and is never sent again while an earlier attempt may be under way
//!   (looked up first, twice across the grace) or may have run and been deleted (outside the resubmit window).
//! - A run that may wait for room under a quota is sent when `quota` says so, and as what `quota` says.
//! - The user's stop wins: it is read again right before the call, and a job that was created all the same is stopped
//!   by the outbox's stop row.

use std::time::Duration;

use domain::{
    job_spec::tag,
    run::Run,
    status::{LaunchState, Wish},
    time::Timestamp,
};
use store::{Guarded, LaunchOutcome, OutboxKind, OutboxLease};

use crate::{ServiceError, Services, config::micros, engine::EngineError, quota::QuotaGate, tasks::TaskOutcome};

/// Rows in flight at a time: one slow call does not hold up the others.
const WORKERS: usize = 4;
/// Rows per worker and pass.
const ROWS_PER_PASS: usize = 50;
/// A stop of a job that the engine does not know yet (or any more) is tried this often.
const STOP_ATTEMPTS: i64 = 8;

/// What one pass did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DispatchReport {
    pub claimed: u64,
    pub submitted: u64,
    pub rejected: u64,
    pub needs_attention: u64,
    pub unknown: u64,
    pub retried: u64,
    pub stop_sent: u64,
    pub cancelled: u64,
    /// Sent back into the line for a quota.
    pub waiting: u64,
    /// Results that were thrown away because another dispatcher had taken over.
    pub fenced: u64,
}

enum LookUp {
    Ours { arn: String },
    Foreign,
    NotFound,
    Failed(EngineError),
}

impl Services {
    /// One pass: what waits for room and has it, then every row that is due.
    pub async fn dispatch_once(&self) -> Result<DispatchReport, ServiceError> {
        if let Err(err) = self.quota_wake().await {
            // Who waits is looked at in the end all the same; the others must not wait for it.
            tracing::warn!(error = %err.chain(), "who waits for room could not be looked at");
        }
        let workers = (0..WORKERS).map(|_| async {
            let mut report = DispatchReport::default();
            for _ in 0..ROWS_PER_PASS {
                let lease_micros = micros(self.inner.config.lease);
                let claimed = self.inner.store.outbox_claim(self.now(), lease_micros, &self.inner.owner).await?;
                let Some(lease) = claimed else { break };
                report.claimed += 1;
                let outcome = self.attempt(&lease).await?;
                self.resolve(&lease, &outcome, &mut report).await?;
            }
            Ok::<_, ServiceError>(report)
        });
        let reports = futures::future::try_join_all(workers).await?;
        Ok(reports.into_iter().fold(DispatchReport::default(), DispatchReport::plus))
    }

    pub async fn task_dispatch(&self) -> Result<TaskOutcome, ServiceError> {
        let report = self.dispatch_once().await?;
        Ok(TaskOutcome { changed: report.claimed, again: report.claimed >= ROWS_PER_PASS as u64 })
    }

    async fn resolve(
        &self,
        lease: &OutboxLease,
        outcome: &LaunchOutcome,
        report: &mut DispatchReport,
    ) -> Result<(), ServiceError> {
        match self.inner.store.outbox_resolve(lease, outcome, self.now()).await? {
            Guarded::Fenced => {
                tracing::warn!(run.id = %lease.run_id, epoch = lease.epoch, "a late answer was thrown away: the lease was lost");
                report.fenced += 1;
            }
            Guarded::Applied(run) => {
                report.count(outcome);
                tracing::info!(run.id = %run.id, run.state = run.launch_state.as_str(), kind = ?lease.kind, "an outbox row was worked on");
                self.inner.hub.poke();
                self.inner.tasks.jobs.poke();
            }
        }
        Ok(())
    }

    async fn attempt(&self, lease: &OutboxLease) -> Result<LaunchOutcome, ServiceError> {
        let Some(run) = self.inner.store.run_get(&lease.run_id).await? else {
            return Err(ServiceError::NotFound { what: "run" });
        };
        match lease.kind {
            OutboxKind::Create => self.attempt_create(lease, &run).await,
            OutboxKind::Stop => Ok(self.attempt_stop(lease, &run).await),
        }
    }

    async fn attempt_create(&self, lease: &OutboxLease, run: &Run) -> Result<LaunchOutcome, ServiceError> {
        // The lease has begun by now: looking a lost answer up takes of its time, too.
        let claimed_at = self.now();
        if let (LaunchState::Submitted, Some(arn)) = (run.launch_state, &run.job_arn) {
            // Adopted by the sweep meanwhile.
            return Ok(LaunchOutcome::Submitted { arn: arn.clone() });
        }
        if lease.may_have_been_sent
            && let Some(outcome) = self.after_lost_answer(lease, run).await
        {
            return Ok(outcome);
        }
        if self.is_stopped(run).await? {
            return Ok(LaunchOutcome::Cancelled);
        }
        let (run, wait) = match self.quota_gate(lease, run).await {
            Ok(QuotaGate::Send(run, wait)) => (*run, wait),
            Ok(QuotaGate::Not(outcome)) => return Ok(outcome),
            Err(error) => {
                // Nothing was sent: left alone, the row would count as one that may have been.
                tracing::warn!(run.id = %run.id, %error, "a run's quota could not be looked at");
                let message = "Trainyard could not look at the quotas; it tries again by itself.".to_owned();
                return Ok(again(lease, self.backoff(lease.attempts), message));
            }
        };
        let run = &run;
        if let Err(err) = self.source_upload(run).await? {
            return Ok(self.upload_failed(lease, err));
        }
        // Read again right before the call: uploading may have taken a while.
        if self.is_stopped(run).await? {
            return Ok(LaunchOutcome::Cancelled);
        }
        let left = micros(self.inner.config.lease) - (self.now().unix_micros() - claimed_at.unix_micros());
        if left < micros(self.inner.config.call_timeout) {
            // The lease could end during the call. The upload is done; the next claim goes straight to Create.
            return Ok(again(lease, self.now(), "the source is uploaded".to_owned()));
        }
        let created = self.with_timeout(self.inner.engine.jobs.create(&run.request)).await;
        Ok(match created {
            Ok(arn) => LaunchOutcome::Submitted { arn },
            Err(EngineError::NameInUse) => self.after_name_in_use(run).await,
            Err(err @ EngineError::Rejected { .. }) => match self.quota_refused(lease, run, wait.as_ref(), &err) {
                Some(outcome) => outcome,
                None => LaunchOutcome::Rejected { message: err.public_message() },
            },
            Err(EngineError::NotFound) => LaunchOutcome::Rejected {
                message: "SageMaker does not find something that the request names; check the role, the image and the \
                          output path."
                    .to_owned(),
            },
            Err(err) if err.is_retry_safe() => again(lease, self.backoff(lease.attempts), err.public_message()),
            Err(err) => self.unknown(&err),
        })
    }

    /// An earlier attempt may have reached the engine. `None`: it did not, and the name may be sent (again).
    async fn after_lost_answer(&self, lease: &OutboxLease, run: &Run) -> Option<LaunchOutcome> {
        match self.look_up(run).await {
            LookUp::Ours { arn } => Some(LaunchOutcome::Submitted { arn }),
            LookUp::Foreign => Some(foreign()),
            LookUp::Failed(err @ EngineError::Rejected { .. }) => Some(LaunchOutcome::NeedsAttention {
                message: format!("Whether the job was created cannot be looked up. {}", err.public_message()),
            }),
            LookUp::Failed(err) => {
                let retry_at = self.backoff(lease.attempts.max(2));
                Some(LaunchOutcome::Unknown { retry_at, message: err.public_message() })
            }
            LookUp::NotFound => {
                let since_first = lease.first_attempt_at.map_or(0, |it| self.now().unix_micros() - it.unix_micros());
                let grace = micros(self.inner.config.unknown_grace);
                if since_first < grace.saturating_mul(2) {
                    // Too early to believe: a job may be invisible for a moment after its creation.
                    let message = "SageMaker does not show the job yet; it is looked up again.".to_owned();
                    return Some(LaunchOutcome::Unknown { retry_at: self.now().plus_micros(grace), message });
                }
                if run.wish == Wish::Stop {
                    return Some(LaunchOutcome::Cancelled);
                }
                (since_first > micros(self.inner.config.resubmit_window)).then(|| LaunchOutcome::NeedsAttention {
                    message:
                        "The answer to CreateTrainingJob was lost, and SageMaker has no such job now. It may have \
                              run and been deleted since, so it is not launched a second time by itself: check the \
                              account, then launch again if it is missing."
                            .to_owned(),
                })
            }
        }
    }

    async fn after_name_in_use(&self, run: &Run) -> LaunchOutcome {
        match self.look_up(run).await {
            LookUp::Ours { arn } => LaunchOutcome::Submitted { arn },
            LookUp::Foreign => foreign(),
            LookUp::NotFound => self.unknown(&EngineError::NameInUse),
            LookUp::Failed(err) => self.unknown(&err),
        }
    }

    /// Describes the run's job name and compares our tags.
    async fn look_up(&self, run: &Run) -> LookUp {
        let jobs = &self.inner.engine.jobs;
        let seen = match self.with_timeout(jobs.describe(&run.job_name)).await {
            Ok(Some(seen)) => seen,
            Ok(None) | Err(EngineError::NotFound) => return LookUp::NotFound,
            Err(err) => return LookUp::Failed(err),
        };
        let tags = match self.with_timeout(jobs.tags(&seen.job_arn)).await {
            Ok(tags) => tags,
            Err(EngineError::NotFound) => return LookUp::NotFound,
            Err(err) => return LookUp::Failed(err),
        };
        let is_ours = tags.get(tag::RUN_ID).map(String::as_str) == Some(run.id.as_str())
            && tags.get(tag::FINGERPRINT) == Some(&run.fingerprint);
        if is_ours { LookUp::Ours { arn: seen.job_arn } } else { LookUp::Foreign }
    }

    async fn attempt_stop(&self, lease: &OutboxLease, run: &Run) -> LaunchOutcome {
        if run.is_over() {
            return LaunchOutcome::Cancelled;
        }
        match self.with_timeout(self.inner.engine.jobs.stop(&run.job_name)).await {
            Ok(()) => LaunchOutcome::StopSent,
            // Gone for good; the reconciler ends the run truthfully.
            Err(EngineError::NotFound) if lease.attempts >= STOP_ATTEMPTS => LaunchOutcome::Cancelled,
            // A stop is safe to repeat, whatever became of it.
            Err(err) => LaunchOutcome::RetryAt {
                at: self.backoff(lease.attempts),
                message: format!("The stop is not through yet. {}", err.public_message()),
            },
        }
    }

    /// Puts the source archive where the request says it is. Content-addressed, so safe to repeat.
    async fn source_upload(&self, run: &Run) -> Result<Result<(), EngineError>, ServiceError> {
        let Some(sha256) = &run.source_sha256 else { return Ok(Ok(())) };
        let uri = self.source_uri(sha256);
        let objects = &self.inner.engine.objects;
        let Some(source) = self.inner.store.source_get(sha256).await? else {
            return Err(ServiceError::NotFound { what: "source archive" });
        };
        match self.with_timeout(objects.head(&uri)).await {
            Ok(Some(size_bytes)) if size_bytes == source.bytes.len() as u64 => return Ok(Ok(())),
            Ok(_) => {}
            Err(err) if err.is_permanent() => {}
            Err(err) => return Ok(Err(err)),
        }
        Ok(self.with_timeout(objects.put(&uri, source.bytes.into())).await)
    }

    fn upload_failed(&self, lease: &OutboxLease, err: EngineError) -> LaunchOutcome {
        match err {
            EngineError::Rejected { .. } | EngineError::NotFound => LaunchOutcome::Rejected {
                message: format!(
                    "The source could not be put into the bucket `{}`. {}",
                    self.inner.engine.info.bucket,
                    err.public_message()
                ),
            },
            err => again(
                lease,
                self.backoff(lease.attempts),
                format!("The source is not uploaded yet. {}", err.public_message()),
            ),
        }
    }

    async fn is_stopped(&self, run: &Run) -> Result<bool, ServiceError> {
        let now = self.inner.store.run_get(&run.id).await?;
        Ok(now.is_none_or(|it| it.wish == Wish::Stop))
    }

    fn unknown(&self, err: &EngineError) -> LaunchOutcome {
        let retry_at = self.now().plus_micros(micros(self.inner.config.unknown_grace));
        LaunchOutcome::Unknown { retry_at, message: err.public_message() }
    }

    /// Exponential with full jitter, so that many runs do not come back together.
    fn backoff(&self, attempts: i64) -> Timestamp {
        let config = &self.inner.config;
        let doublings = u32::try_from(attempts.clamp(0, 20)).unwrap_or(0);
        let ceiling = micros(config.backoff_base).saturating_mul(1_i64 << doublings).min(micros(config.backoff_max));
        let jitter = config.random.up_to(u64::try_from(ceiling).unwrap_or(0));
        self.now().plus_micros(i64::try_from(jitter).unwrap_or(0).max(50_000))
    }

    /// The adapters have timeouts of their own; this one guarantees that a lease outlives its call.
    async fn with_timeout<T>(&self, call: impl Future<Output = Result<T, EngineError>>) -> Result<T, EngineError> {
        let limit: Duration = self.inner.config.call_timeout;
        match tokio::time::timeout(limit, call).await {
            Ok(result) => result,
            Err(_) => Err(EngineError::Unknown { message: format!("no answer within {} s", limit.as_secs()) }),
        }
    }
}

/// Nothing was sent by this attempt; an earlier one's doubt stays a doubt.
fn again(lease: &OutboxLease, at: Timestamp, message: String) -> LaunchOutcome {
    if lease.may_have_been_sent {
        LaunchOutcome::Unknown { retry_at: at, message }
    } else {
        LaunchOutcome::RetryAt { at, message }
    }
}

fn foreign() -> LaunchOutcome {
    LaunchOutcome::NeedsAttention {
        message:
            "SageMaker has a job of this name that Trainyard did not create for this run (its tags differ). Nothing \
                  was launched; launch again to get another name."
                .to_owned(),
    }
}

impl DispatchReport {
    fn count(&mut self, outcome: &LaunchOutcome) {
        let counter = match outcome {
            LaunchOutcome::Submitted { .. } => &mut self.submitted,
            LaunchOutcome::Rejected { .. } => &mut self.rejected,
            LaunchOutcome::NeedsAttention { .. } => &mut self.needs_attention,
            LaunchOutcome::Unknown { .. } => &mut self.unknown,
            LaunchOutcome::RetryAt { .. } => &mut self.retried,
            LaunchOutcome::StopSent => &mut self.stop_sent,
            LaunchOutcome::Cancelled => &mut self.cancelled,
            LaunchOutcome::Waiting { .. } => &mut self.waiting,
        };
        *counter += 1;
    }

    fn plus(self, other: Self) -> Self {
        Self {
            claimed: self.claimed + other.claimed,
            submitted: self.submitted + other.submitted,
            rejected: self.rejected + other.rejected,
            needs_attention: self.needs_attention + other.needs_attention,
            unknown: self.unknown + other.unknown,
            retried: self.retried + other.retried,
            stop_sent: self.stop_sent + other.stop_sent,
            cancelled: self.cancelled + other.cancelled,
            waiting: self.waiting + other.waiting,
            fenced: self.fenced + other.fenced,
        }
    }
}
