//! Where metric samples come from: what clients put, and the jobs' own files through the job host.
//!
//! Job samples are read on demand and remembered for the jobs asked for last.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::JOB_NAMESPACE;
use super::kept::{Kept, SeriesMap};
use super::metric::{MetricKey, Sample, Unit};
use crate::job::JobHost;

/// Jobs whose samples are remembered.
const REMEMBERED_JOBS: usize = 32;

/// All metric samples that are not the jobs' own, and a memory of those that are.
pub(crate) struct MetricStore {
    put: Mutex<Kept>,
    jobs: Mutex<JobMemory>,
}

#[derive(Default)]
struct JobMemory {
    clock: u64,
    jobs: HashMap<String, JobSeries>,
}

#[derive(Default)]
struct JobSeries {
    used: u64,
    read: usize,
    series: SeriesMap,
}

impl MetricStore {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self { put: Mutex::new(Kept::open(folder)?), jobs: Mutex::default() })
    }

    /// Stores samples; all of them are on disk before any is answered.
    pub(super) fn put(&self, samples: Vec<(MetricKey, Sample)>) -> io::Result<()> {
        lock(&self.put).put(samples)
    }

    /// The samples of one metric in `from_ms..to_ms`, in no certain order.
    pub(super) fn samples(&self, jobs: &JobHost, key: &MetricKey, from_ms: i64, to_ms: i64) -> Vec<Sample> {
        let within = |samples: &Vec<Sample>| -> Vec<Sample> {
            samples.iter().filter(|sample| (from_ms..to_ms).contains(&sample.at_ms)).copied().collect()
        };
        let mut found = lock(&self.put).series().get(key).map(within).unwrap_or_default();
        if let Some(job) = job_of(key) {
            found.extend(self.with_job(jobs, job, |series| series.get(key).map(within)).unwrap_or_default());
        }
        found
    }

    /// The metrics that have samples, of one job or of all, and of clients.
    pub(super) fn keys(&self, jobs: &JobHost, job: Option<&str>, namespace: Option<&str>) -> Vec<MetricKey> {
        let mut keys: Vec<MetricKey> = lock(&self.put)
            .series()
            .keys()
            .filter(|key| namespace.is_none_or(|namespace| key.namespace == namespace))
            .cloned()
            .collect();
        if namespace.is_none_or(|namespace| namespace == JOB_NAMESPACE) {
            let names = job.map_or_else(|| jobs.names(), |job| vec![job.to_owned()]);
            for name in names {
                keys.extend(self.with_job(jobs, &name, |series| series.keys().cloned().collect::<Vec<_>>()));
            }
        }
        keys.sort();
        keys.dedup();
        keys
    }

    /// Reads what the job's files have got since the last time, then looks.
    fn with_job<T>(&self, jobs: &JobHost, name: &str, look: impl FnOnce(&SeriesMap) -> T) -> T {
        let mut memory = lock(&self.jobs);
        memory.clock += 1;
        let now = memory.clock;
        if !memory.jobs.contains_key(name) && memory.jobs.len() >= REMEMBERED_JOBS {
            let oldest = memory.jobs.iter().min_by_key(|(_, job)| job.used).map(|(name, _)| name.clone());
            memory.jobs.retain(|name, _| Some(name) != oldest.as_ref());
        }
        let job = memory.jobs.entry(name.to_owned()).or_default();
        job.used = now;
        let fresh = jobs.metrics_read(name, job.read);
        job.read += fresh.len();
        for sample in fresh.into_iter().filter(|sample| sample.value.is_finite()) {
            let unit = if sample.dimension.0 == "Host" { Unit::PERCENT } else { Unit::NONE };
            let key = MetricKey {
                namespace: JOB_NAMESPACE.to_owned(),
                name: sample.metric,
                dimensions: vec![sample.dimension],
            };
            job.series.entry(key).or_default().push(Sample::one(sample.at_ms, sample.value, unit));
        }
        look(&job.series)
    }
}

/// The job whose samples a metric's are: `TrainingJobName=<job>` or `Host=<job>/algo-<n>`.
fn job_of(key: &MetricKey) -> Option<&str> {
    match key.dimensions.as_slice() {
        [(name, value)] if key.namespace == JOB_NAMESPACE => job_in(name, value),
        _ => None,
    }
}

pub(super) fn job_in<'a>(dimension: &str, value: &'a str) -> Option<&'a str> {
    match dimension {
        "TrainingJobName" => Some(value),
        "Host" => value.split_once('/').map(|(job, _)| job),
        _ => None,
    }
}

/// A panic elsewhere leaves the map as it was between two pushes, which is a valid state.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
