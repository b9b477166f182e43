//! `DATA/tuning/<name>.json`: the whole state of a tuning job, replaced at every change, and the same in memory.
//!
//! Names follow the API's pattern (letters, digits, inner hyphens) before they get here, so none leaves the folder.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Notify;

use super::space::Chosen;
use crate::durable;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    InProgress,
    Stopping,
    Stopped,
    Completed,
    Failed,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::InProgress => "InProgress",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::Completed => "Completed",
            Self::Failed => "Failed",
        }
    }

    pub(super) fn is_active(self) -> bool {
        matches!(self, Self::InProgress | Self::Stopping)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TuningJob {
    pub name: String,
    pub arn: String,
    pub created_at_ms: i64,
    pub modified_at_ms: i64,
    pub ended_at_ms: Option<i64>,
    /// The `CreateHyperParameterTuningJob` request without its tags.
    pub request: Value,
    /// `RandomSeed`, or drawn when it was not given.
    pub seed: u64,
    pub(super) status: Status,
    /// A completion criterion is met: nothing more is started, and what runs is stopped.
    pub(super) closing: bool,
    pub(super) converged_at_ms: Option<i64>,
    pub(super) failure_reason: Option<String>,
    /// Results of the parents of a warm start.
    pub(super) parents: Vec<ParentResult>,
    pub(super) children: Vec<Child>,
}

/// A finished training job of a parent tuning job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ParentResult {
    pub chosen: Chosen,
    pub value: f64,
    /// `HyperParameterTrainingJobSummary`.
    pub summary: Value,
}

/// A training job of a tuning job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Child {
    pub name: String,
    pub definition: usize,
    pub chosen: Chosen,
    pub created_at_ms: i64,
    /// False between writing it down and starting it.
    pub started: bool,
    /// The tuner decided to stop it.
    pub halted: bool,
    pub end: Option<ChildEnd>,
}

/// What a training job left when it was over; kept, because training jobs can be deleted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ChildEnd {
    pub status: String,
    pub objective: Option<f64>,
    pub started_at_ms: Option<i64>,
    pub ended_at_ms: Option<i64>,
    pub failure_reason: Option<String>,
}

pub(crate) struct TuningStore {
    folder: PathBuf,
    jobs: Mutex<BTreeMap<String, TuningJob>>,
    poke: Notify,
    /// Objective values of training jobs that are over: they do not change any more.
    series: Mutex<HashMap<String, Arc<Vec<f64>>>>,
}

impl TuningStore {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let jobs = durable::read_folder::<TuningJob>(folder)?;
        let jobs = jobs.into_iter().map(|job| (job.name.clone(), job)).collect();
        Ok(Self { folder: folder.to_owned(), jobs: Mutex::new(jobs), poke: Notify::new(), series: Mutex::default() })
    }

    /// All tuning jobs, until the answer is dropped.
    pub(crate) fn hold(&self) -> Held<'_> {
        Held { folder: &self.folder, jobs: self.jobs.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    pub(crate) fn get(&self, name: &str) -> Option<TuningJob> {
        self.hold().get(name).cloned()
    }

    pub(crate) fn list(&self) -> Vec<TuningJob> {
        self.hold().jobs.values().cloned().collect()
    }

    /// Asks for a step without waiting for the period.
    pub(super) fn poke(&self) {
        self.poke.notify_one();
    }

    pub(crate) async fn poked(&self) {
        self.poke.notified().await;
    }

    /// Remembers what `read` gives for a training job that is over.
    pub(super) fn series(&self, child: &str, read: impl FnOnce() -> Vec<f64>) -> Arc<Vec<f64>> {
        let mut known = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(child.to_owned()).or_insert_with(|| Arc::new(read())))
    }

    pub(super) fn forget_series(&self, children: &[Child]) {
        let mut known = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        for child in children {
            known.remove(&child.name);
        }
    }
}

pub(crate) struct Held<'a> {
    folder: &'a Path,
    jobs: MutexGuard<'a, BTreeMap<String, TuningJob>>,
}

impl Held<'_> {
    pub(crate) fn get(&self, name: &str) -> Option<&TuningJob> {
        self.jobs.get(name)
    }

    pub(super) fn active(&self) -> Vec<String> {
        self.jobs.values().filter(|job| job.status.is_active()).map(|job| job.name.clone()).collect()
    }

    pub(crate) fn put(&mut self, job: TuningJob) -> io::Result<()> {
        durable::write(&self.path(&job.name), &job)?;
        self.jobs.insert(job.name.clone(), job);
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str) -> io::Result<()> {
        durable::remove(&self.path(name))?;
        self.jobs.remove(name);
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }
}
