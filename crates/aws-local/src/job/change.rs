//! What may be changed of a job after its creation: members that `UpdateTrainingJob` names, an interruption, its deletion.

use std::fs;

use serde_json::Value;

use super::cached::{CachedJob, Wish};
use super::clock::now_ms;
use super::host::{JobHost, locked, machine};
use super::layout::GONE;
use super::types::WarmPool;
use super::warm_pool::{PoolEnd, expiry_ms};
use super::{JobError, tree};
use crate::durable;

impl JobHost {
    /// Lays `changes` over the job's request, object by object: `{"ResourceConfig": {"KeepAlivePeriodInSeconds": 60}}`
    /// changes that member alone. The record shows the request with all changes so far. A `KeepAlivePeriodInSeconds`
    /// that is over (0, for example) ends the warm pool.
    pub fn update(&self, name: &str, changes: &Value) -> Result<(), JobError> {
        self.with(name, |job| {
            job.refresh(self.config());
            let status = |job: &CachedJob, now| job.warm_pool(now).map(|pool| pool.status);
            let now = now_ms();
            let before = status(job, now);
            if let (Some("Terminated"), None, Some(at_ms)) = (before, &job.pool_end, expiry_ms(&job.record())) {
                // What is over stays over, however long the new period is.
                job.end_pool(PoolEnd { at_ms, reused_by: None })?;
            }
            job.update(changes)?;
            if (before, status(job, now)) == (Some("Available"), Some("Terminated")) {
                job.end_pool(PoolEnd { at_ms: now, reused_by: None })?;
            }
            Ok(())
        })
        .ok_or_else(|| not_found(name))?
        .map_err(|source| machine("keep the change", source))
    }

    /// `WarmPoolStatus`; `None` for a job that asked for no `KeepAlivePeriodInSeconds`.
    pub fn warm_pool(&self, name: &str) -> Option<WarmPool> {
        self.with(name, |job| {
            job.refresh(self.config());
            job.warm_pool(now_ms())
        })?
    }

    /// Takes spot capacity away from a job: SIGTERM, the grace, SIGKILL, and a new start from its checkpoints.
    pub fn interrupt(&self, name: &str) -> Result<(), JobError> {
        let refuse = |message: String| Err(JobError::NotInterruptible { message });
        self.with(name, |job| {
            job.refresh(self.config());
            let record = job.record();
            if record.request["EnableManagedSpotTraining"] != Value::Bool(true) {
                return refuse(format!(
                    "The training job {name} does not use managed spot training (EnableManagedSpotTraining): its \
                     capacity is never taken away."
                ));
            }
            if (record.status.as_str(), record.secondary_status.as_str()) != ("InProgress", "Training") {
                return refuse(format!(
                    "The training job {name} is in status {} ({}); only one that trains can be interrupted.",
                    record.status, record.secondary_status
                ));
            }
            let wish = Wish { at_ms: now_ms() };
            durable::write(&job.dir.interrupt(), &wish).map_err(|source| machine("write down the interruption", source))
        })
        .ok_or_else(|| not_found(name))?
    }

    /// Forgets a job that has ended, with its logs and metrics; artifacts in S3 stay. The name is free again.
    pub fn delete(&self, name: &str) -> Result<(), JobError> {
        let job = self.find(name).ok_or_else(|| not_found(name))?;
        let gone = {
            let mut job = locked(&job);
            job.refresh(self.config());
            let record = job.record();
            if !record.is_terminal() {
                return Err(JobError::NotEnded { status: record.status });
            }
            if job.warm_pool(now_ms()).is_some_and(|pool| pool.status == "Available") {
                return Err(JobError::WarmPoolAvailable);
            }
            let gone = job.dir.path.with_file_name(format!("{GONE}{name}-{}", now_ms()));
            fs::rename(&job.dir.path, &gone).map_err(|source| machine("delete the job", source))?;
            gone
        };
        self.forget(name, &job);
        tree::remove(&gone);
        Ok(())
    }
}

fn not_found(name: &str) -> JobError {
    JobError::NotFound { name: name.to_owned() }
}
