//! Where metric samples come from: a file of what clients put, and the jobs' own files through the job host.
//!
//! Put samples are appended to `metrics.jsonl`, one line each, and held in memory; a line that a crash cut short is
//! ignored. Job samples are read on demand and remembered for the jobs asked for last.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::JOB_NAMESPACE;
use crate::job::JobHost;

/// Jobs whose samples are remembered.
const REMEMBERED_JOBS: usize = 32;

/// CloudWatch keeps hourly values this long; older lines are not read any more.
const KEPT_MS: i64 = 455 * 24 * 3600 * 1000;

/// A metric's identity; dimensions in order of name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct MetricKey {
    pub namespace: String,
    pub name: String,
    pub dimensions: Vec<(String, String)>,
}

/// One sample, or a set of them summed up by the client.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Sample {
    pub at_ms: i64,
    pub count: f64,
    pub sum: f64,
    pub min: f64,
    pub max: f64,
    pub unit: Unit,
}

impl Sample {
    pub(super) fn one(at_ms: i64, value: f64, unit: Unit) -> Self {
        Self { at_ms, count: 1.0, sum: value, min: value, max: value, unit }
    }
}

/// Index into [`UNITS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Unit(u8);

/// `StandardUnit` of the API's model.
const UNITS: [&str; 27] = [
    "None",
    "Percent",
    "Count",
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
];

impl Unit {
    pub(super) const NONE: Self = Self(0);
    pub(super) const PERCENT: Self = Self(1);

    pub(super) fn parse(name: &str) -> Option<Self> {
        UNITS.iter().position(|unit| *unit == name).and_then(|index| u8::try_from(index).ok()).map(Self)
    }

    pub(super) fn name(self) -> &'static str {
        UNITS.get(usize::from(self.0)).copied().unwrap_or("None")
    }
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    key: MetricKey,
    #[serde(flatten)]
    sample: Sample,
}

/// All metric samples that are not the jobs' own, and a memory of those that are.
pub(crate) struct MetricStore {
    put: Mutex<Put>,
    jobs: Mutex<JobMemory>,
}

struct Put {
    file: File,
    series: BTreeMap<MetricKey, Vec<Sample>>,
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
    series: BTreeMap<MetricKey, Vec<Sample>>,
}

impl MetricStore {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(folder.join("metrics.jsonl"))?;
        let oldest = crate::clock::now_ms() - KEPT_MS;
        let mut series: BTreeMap<MetricKey, Vec<Sample>> = BTreeMap::new();
        for line in BufReader::new(&file).lines() {
            if let Ok(Line { key, sample }) = serde_json::from_str(&line?)
                && sample.at_ms >= oldest
            {
                series.entry(key).or_default().push(sample);
            }
        }
        end_line(&mut file)?;
        Ok(Self { put: Mutex::new(Put { file, series }), jobs: Mutex::default() })
    }

    /// Stores samples; all of them are in the file before any is answered.
    pub(super) fn put(&self, samples: Vec<(MetricKey, Sample)>) -> io::Result<()> {
        let mut lines = Vec::new();
        for (key, sample) in &samples {
            serde_json::to_writer(&mut lines, &Line { key: key.clone(), sample: *sample })?;
            lines.push(b'\n');
        }
        let mut put = lock(&self.put);
        if let Err(error) = put.file.write_all(&lines) {
            // A full disk may have cut a line short; the next one must not be joined to it.
            let _ = put.file.write_all(b"\n");
            return Err(error);
        }
        for (key, sample) in samples {
            put.series.entry(key).or_default().push(sample);
        }
        Ok(())
    }

    /// The samples of one metric in `from_ms..to_ms`, in no certain order.
    pub(super) fn samples(&self, jobs: &JobHost, key: &MetricKey, from_ms: i64, to_ms: i64) -> Vec<Sample> {
        let within = |samples: &Vec<Sample>| -> Vec<Sample> {
            samples.iter().filter(|sample| (from_ms..to_ms).contains(&sample.at_ms)).copied().collect()
        };
        let mut found = lock(&self.put).series.get(key).map(within).unwrap_or_default();
        if let Some(job) = job_of(key) {
            found.extend(self.with_job(jobs, job, |series| series.get(key).map(within)).unwrap_or_default());
        }
        found
    }

    /// The metrics that have samples, of one job or of all, and of clients.
    pub(super) fn keys(&self, jobs: &JobHost, job: Option<&str>, namespace: Option<&str>) -> Vec<MetricKey> {
        let mut keys: Vec<MetricKey> = lock(&self.put)
            .series
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
    fn with_job<T>(&self, jobs: &JobHost, name: &str, look: impl FnOnce(&BTreeMap<MetricKey, Vec<Sample>>) -> T) -> T {
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

/// Closes a line that a crash left open, so that the next one is not lost with it.
fn end_line(file: &mut File) -> io::Result<()> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last != *b"\n" {
        file.write_all(b"\n")?;
    }
    Ok(())
}

/// A panic elsewhere leaves the map as it was between two pushes, which is a valid state.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> MetricKey {
        MetricKey {
            namespace: "app".to_owned(),
            name: name.to_owned(),
            dimensions: vec![("k".to_owned(), "v".to_owned())],
        }
    }

    #[test]
    fn put_samples_survive_a_restart_and_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        let now = crate::clock::now_ms();
        let store = MetricStore::open(folder.path()).unwrap();
        store.put(vec![(key("a"), Sample::one(now, 0.1, Unit::PERCENT))]).unwrap();
        drop(store);
        let file = folder.path().join("metrics.jsonl");
        let mut torn = fs::read(&file).unwrap();
        torn.extend_from_slice(b"{\"namespace\":\"app\",\"na");
        fs::write(&file, torn).unwrap();

        let store = MetricStore::open(folder.path()).unwrap();
        store.put(vec![(key("a"), Sample::one(now + 1, 0.2, Unit::PERCENT))]).unwrap();
        drop(store);
        let store = MetricStore::open(folder.path()).unwrap();
        let series = &lock(&store.put).series;
        assert_eq!(series[&key("a")], [Sample::one(now, 0.1, Unit::PERCENT), Sample::one(now + 1, 0.2, Unit::PERCENT)]);
    }

    #[test]
    fn units_are_the_models() {
        for name in UNITS {
            assert_eq!(Unit::parse(name).unwrap().name(), name);
        }
        assert_eq!(Unit::parse("Furlong"), None);
        assert_eq!((Unit::NONE.name(), Unit::PERCENT.name()), ("None", "Percent"));
    }
}
