//! The server's side: starts supervisors and reads what they write.
//!
//! Invariants: the folder of a job appears complete and at once (built aside, then renamed), so a name is taken exactly
//! once; the server never writes to a job's journal, except for a job whose supervisor is gone, under the job's lock.
//! Reading a record costs one look at the length of the journal; finished jobs cost nothing.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cached::{CachedJob, Head};
use super::clock::now_ms;
use super::journal::{Entry, JournalWriter};
use super::layout::{DataDir, GONE, JobDir, NEW, is_job_name};
use super::queue::Queue;
use super::sandbox::isolation_probe;
use super::{Isolation, JobConfig, JobError, JobRecord, LogRead, LogStream, MetricSample};
use crate::durable;
use crate::image::with_own_metrics;

/// Everything about how a job is run that is decided before it starts; kept as `engine.json` with the job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct EngineSettings {
    pub(super) config: JobConfig,
    pub(super) isolation: Isolation,
}

/// Owns `DATA/jobs`: starts, stops and reads the training jobs of this machine. Cheap to clone.
#[derive(Clone)]
pub struct JobHost {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    data: DataDir,
    config: JobConfig,
    isolation: OnceLock<Isolation>,
    jobs: Mutex<BTreeMap<String, Arc<Mutex<CachedJob>>>>,
    staged: AtomicU64,
    pub(super) queue: Mutex<Queue>,
    wakes: Sender<()>,
}

impl JobHost {
    /// Opens the jobs below `root` (DATA) and attaches to those of an earlier server: running ones go on, those whose
    /// supervisor is gone are started again or become `Failed`, those that were accepted and never begun wait for their turn.
    pub fn open(root: &Path, config: JobConfig) -> anyhow::Result<JobHost> {
        fs::create_dir_all(root).with_context(|| format!("cannot create {}", root.display()))?;
        let root = root.canonicalize().with_context(|| format!("cannot find {}", root.display()))?;
        let data = DataDir { root };
        for folder in [data.jobs(), data.envs(), data.s3()] {
            fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let mut jobs = BTreeMap::new();
        for entry in fs::read_dir(data.jobs()).context("cannot list the jobs")? {
            let entry = entry.context("cannot list the jobs")?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with(NEW) || name.starts_with(GONE) {
                // A server died before this job had its name, or after it had lost it.
                let _ = fs::remove_dir_all(entry.path());
                continue;
            }
            if !is_job_name(&name) {
                continue;
            }
            match CachedJob::load(JobDir::new(&entry.path())) {
                Ok(job) => {
                    jobs.insert(name, Arc::new(Mutex::new(job)));
                }
                Err(error) => tracing::warn!(job.name = name, %error, "a job folder cannot be read"),
            }
        }
        let (wakes, woken) = mpsc::channel();
        let inner = Inner {
            data,
            config,
            isolation: OnceLock::new(),
            jobs: Mutex::new(jobs),
            staged: AtomicU64::new(0),
            queue: Mutex::default(),
            wakes,
        };
        let host = JobHost { inner: Arc::new(inner) };
        host.attach();
        host.look_after_jobs(woken).context("cannot start the thread that looks after the jobs")?;
        Ok(host)
    }

    /// Takes over the jobs of an earlier server.
    fn attach(&self) {
        let mut waiting = Vec::new();
        for name in self.names() {
            self.with(&name, |job| {
                if job.never_began() {
                    job.place = Some(String::new());
                    waiting.push((job.head.created_at_ms, name.clone()));
                    return;
                }
                job.refresh(self.config());
                job.clear();
                if !job.is_terminal() {
                    self.count_running(&name);
                }
            });
        }
        waiting.sort();
        self.enqueue(waiting.into_iter().map(|(_, name)| name));
    }

    /// What keeps jobs apart from the rest of this machine. The first call tries it out.
    pub fn isolation(&self) -> &Isolation {
        self.inner.isolation.get_or_init(|| isolation_probe(&self.inner.config))
    }

    /// The limits in force, in one sentence for people.
    pub fn limits(&self) -> String {
        let config = self.config();
        let cores = config.job_cpus.map_or("all cores".to_owned(), |cores| format!("{cores} cores"));
        let memory = config.job_memory_mib.map_or("any memory".to_owned(), |mib| format!("{mib} MiB of memory"));
        let disk = config.job_disk_mib.map_or(String::new(), |mib| format!(" and {mib} MiB"));
        format!(
            "{} training jobs run at once, the others wait; each host may use {cores}, {memory}, and the disk space of \
             its job's VolumeSizeInGB{disk}.",
            config.max_jobs.max(1)
        )
    }

    /// Accepts a CreateTrainingJob request and starts it, at once or when its turn comes. When this returns `Ok`, the job exists and outlives this
    /// process. The request is expected to be valid against SageMaker's model; what the job then cannot do becomes its
    /// `FailureReason`.
    pub fn start(
        &self,
        name: &str,
        arn: &str,
        request: &Value,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), JobError> {
        let Some(dir) = self.inner.data.job(name) else {
            return Err(JobError::Invalid { message: format!("{name:?} is not a training job name") });
        };
        let staging = self.stage(name, arn, request, tags).map_err(|source| machine("keep the job", source))?;
        if let Err(error) = fs::rename(&staging, &dir.path) {
            let _ = fs::remove_dir_all(&staging);
            return Err(match Head::read(&dir) {
                Ok(head) => JobError::NameInUse { name: name.to_owned(), arn: head.arn },
                Err(_) => machine("keep the job", error),
            });
        }
        let mut job = CachedJob::load(dir).map_err(|source| machine("read the job", source))?;
        job.place = Some(String::new());
        self.jobs().insert(name.to_owned(), Arc::new(Mutex::new(job)));
        self.take_pool(name, request).map_err(|source| machine("take over the warm pool", source))?;
        self.enqueue([name.to_owned()]);
        Ok(())
    }

    /// Asks a job to stop: SIGTERM, a grace, SIGKILL; artifacts are still uploaded.
    pub fn stop(&self, name: &str) -> Result<(), JobError> {
        self.with(name, |job| {
            job.refresh(&self.inner.config);
            job.stop().map_err(|source| machine("write down the stop", source))
        })
        .ok_or_else(|| JobError::NotFound { name: name.to_owned() })??
        .map_or(Ok(()), |status| Err(JobError::NotRunning { status }))?;
        self.wake();
        Ok(())
    }

    /// Names of all jobs, sorted.
    pub fn names(&self) -> Vec<String> {
        self.jobs().keys().cloned().collect()
    }

    /// A job as it is now.
    pub fn get(&self, name: &str) -> Option<JobRecord> {
        self.with(name, |job| {
            job.refresh(&self.inner.config);
            JobRecord::clone(&job.shared())
        })
    }

    /// All jobs, sorted by name. A job that has not changed since the last call is the same `Arc` again.
    pub fn list(&self) -> Vec<Arc<JobRecord>> {
        let jobs: Vec<_> = self.jobs().values().cloned().collect();
        jobs.iter()
            .map(|job| {
                let mut job = job.lock().unwrap_or_else(PoisonError::into_inner);
                job.refresh(&self.inner.config);
                job.shared()
            })
            .collect()
    }

    /// Makes these the tags of the job.
    pub fn tags_set(&self, name: &str, tags: &BTreeMap<String, String>) -> Result<(), JobError> {
        self.with(name, |job| job.tags_set(tags).map_err(|source| machine("keep the tags", source)))
            .ok_or_else(|| JobError::NotFound { name: name.to_owned() })?
    }

    /// Log streams of a job, oldest first.
    pub fn log_streams(&self, name: &str) -> Vec<LogStream> {
        self.with(name, |job| {
            job.refresh(&self.inner.config);
            job.log_streams()
        })
        .unwrap_or_default()
    }

    /// Events of a stream (`<job>/algo-<n>-<epoch>`) from number `from_event` on, until `max_events` or `max_bytes` of
    /// text are reached; at least one when there is one. An unknown stream is empty. Reads only what it returns.
    pub fn log_read(&self, stream: &str, from_event: u64, max_events: usize, max_bytes: usize) -> LogRead {
        let Some((name, file)) = stream.split_once('/') else { return LogRead::default() };
        self.with(name, |job| job.log_read(file, from_event, max_events, max_bytes)).unwrap_or_default()
    }

    /// Samples of a job in the order in which they were taken, without the first `after`. Append-only.
    pub fn metrics_read(&self, name: &str, after: usize) -> Vec<MetricSample> {
        self.with(name, |job| job.metrics_read(after)).unwrap_or_default()
    }

    fn jobs(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Mutex<CachedJob>>>> {
        self.inner.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the jobs looked after now.
    pub(super) fn wake(&self) {
        let _ = self.inner.wakes.send(());
    }

    pub(super) fn config(&self) -> &JobConfig {
        &self.inner.config
    }

    pub(super) fn find(&self, name: &str) -> Option<Arc<Mutex<CachedJob>>> {
        self.jobs().get(name).cloned()
    }

    pub(super) fn with<T>(&self, name: &str, act: impl FnOnce(&mut CachedJob) -> T) -> Option<T> {
        let job = self.find(name)?;
        let mut job = locked(&job);
        Some(act(&mut job))
    }

    /// Removes exactly this job: its name may be another's by now.
    pub(super) fn forget(&self, name: &str, job: &Arc<Mutex<CachedJob>>) {
        let mut jobs = self.jobs();
        if jobs.get(name).is_some_and(|known| Arc::ptr_eq(known, job)) {
            jobs.remove(name);
        }
    }

    /// Writes a job's folder under a name that no job can have.
    fn stage(
        &self,
        name: &str,
        arn: &str,
        request: &Value,
        tags: &BTreeMap<String, String>,
    ) -> io::Result<std::path::PathBuf> {
        let settings = EngineSettings { config: self.inner.config.clone(), isolation: self.isolation().clone() };
        let now = now_ms();
        let number = self.inner.staged.fetch_add(1, Ordering::Relaxed);
        let staging = self.inner.data.jobs().join(format!("{NEW}{}-{now}-{number}", std::process::id()));
        let dir = JobDir::new(&staging);
        fs::create_dir_all(dir.logs())?;
        restrict(&staging)?;
        let head = Head { name: name.to_owned(), arn: arn.to_owned(), created_at_ms: now };
        durable::write(&dir.head(), &head)?;
        // Written as SageMaker shows it: a built-in algorithm has its own metric definitions.
        durable::write(&dir.request(), &with_own_metrics(request, &self.inner.config.images))?;
        durable::write(&dir.tags(), tags)?;
        durable::write(&dir.engine(), &settings)?;
        JournalWriter::open(&dir.journal())?.append(&Entry::Status {
            at_ms: now,
            status: "InProgress".to_owned(),
            secondary: "Starting".to_owned(),
            message: "Starting the training job".to_owned(),
        })?;
        Ok(staging)
    }
}

pub(super) fn locked(job: &Mutex<CachedJob>) -> MutexGuard<'_, CachedJob> {
    job.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Requests and logs may hold what is nobody else's business.
fn restrict(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

pub(super) fn machine(context: &str, source: io::Error) -> JobError {
    JobError::Machine { context: context.to_owned(), source }
}
