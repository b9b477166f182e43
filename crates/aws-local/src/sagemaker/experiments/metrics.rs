//! The metrics of trial components: `DATA/experiments/metrics/<component>.jsonl`, one line per sample, appended only.
//!
//! Invariants: samples are in the file before they are answered for; a line that a crash cut short is ignored, and the
//! next writer ends it. Summaries are computed from the file when first asked for and carried on from then.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::seconds;
use crate::durable;

/// Most bytes of samples of one component: about a million of them.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most metrics of one component.
const METRICS_MAX: usize = 1000;

/// One value of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    pub at_ms: i64,
    /// As the caller gave it.
    pub step: Option<i64>,
    pub value: f64,
}

#[derive(Serialize, Deserialize)]
struct Line {
    metric: String,
    at_ms: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<i64>,
    value: f64,
}

/// Statistics of all samples of a metric; the deviation is that of the population (Welford's algorithm).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Summary {
    count: u64,
    min: f64,
    max: f64,
    mean: f64,
    squares: f64,
    last: f64,
    last_at_ms: i64,
}

impl Summary {
    pub(crate) fn add(&mut self, sample: &Sample) {
        self.count += 1;
        let (before, count) = (self.mean, self.count as f64);
        self.mean += (sample.value - before) / count;
        self.squares += (sample.value - before) * (sample.value - self.mean);
        self.min = self.min.min(sample.value);
        self.max = self.max.max(sample.value);
        if sample.at_ms >= self.last_at_ms {
            (self.last, self.last_at_ms) = (sample.value, sample.at_ms);
        }
    }

    pub(crate) fn last_at_ms(&self) -> i64 {
        self.last_at_ms
    }

    pub(crate) fn statistic(&self, name: &str) -> f64 {
        match name {
            "Min" => self.min,
            "Max" => self.max,
            "Avg" => self.mean,
            "Count" => self.count as f64,
            "StdDev" => (self.squares / self.count as f64).max(0.0).sqrt(),
            _ => self.last,
        }
    }

    /// `TrialComponentMetricSummary`.
    pub(super) fn to_json(self, metric: &str, source_arn: &str) -> Value {
        json!({
            "MetricName": metric, "SourceArn": source_arn, "TimeStamp": seconds(self.last_at_ms),
            "Max": self.max, "Min": self.min, "Last": self.last, "Count": self.count, "Avg": self.mean,
            "StdDev": self.statistic("StdDev"),
        })
    }
}

impl Default for Summary {
    fn default() -> Self {
        Self {
            count: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            mean: 0.0,
            squares: 0.0,
            last: 0.0,
            last_at_ms: i64::MIN,
        }
    }
}

/// What became of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Put {
    Kept,
    /// The component has as many metrics or samples as it can have.
    LimitExceeded,
}

type Summaries = BTreeMap<String, Summary>;

pub(crate) struct MetricFiles {
    folder: PathBuf,
    summaries: Mutex<HashMap<String, Summaries>>,
}

impl MetricFiles {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, summaries: Mutex::default() }
    }

    /// Keeps samples of a component that exists; the answer has one entry for each.
    pub(crate) fn put(&self, component: &str, samples: &[(String, Sample)]) -> io::Result<Vec<Put>> {
        let mut known = self.known();
        let summaries = self.load(&mut known, component)?;
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(self.path(component))?;
        let mut lines = unfinished(&mut file)?;
        let full = file.metadata()?.len() >= FILE_BYTES_MAX;
        let mut outcomes = Vec::new();
        let mut changed = summaries.clone();
        for (metric, sample) in samples {
            if full || (!changed.contains_key(metric) && changed.len() >= METRICS_MAX) {
                outcomes.push(Put::LimitExceeded);
                continue;
            }
            let line = Line { metric: metric.clone(), at_ms: sample.at_ms, step: sample.step, value: sample.value };
            serde_json::to_writer(&mut lines, &line)?;
            lines.push(b'\n');
            changed.entry(metric.clone()).or_default().add(sample);
            outcomes.push(Put::Kept);
        }
        file.write_all(&lines)?;
        file.sync_data()?;
        *summaries = changed;
        Ok(outcomes)
    }

    pub(super) fn summaries(&self, component: &str) -> io::Result<Summaries> {
        self.load(&mut self.known(), component).cloned()
    }

    /// All samples of a metric, in the order in which they came.
    pub(crate) fn read(&self, component: &str, metric: &str) -> io::Result<Vec<Sample>> {
        let _writers_wait = self.known();
        Ok(self.lines(component)?.into_iter().filter(|(name, _)| name == metric).map(|(_, sample)| sample).collect())
    }

    pub(super) fn remove(&self, component: &str) -> io::Result<()> {
        self.known().remove(component);
        durable::remove(&self.path(component))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Summaries>> {
        self.summaries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load<'a>(&self, known: &'a mut HashMap<String, Summaries>, component: &str) -> io::Result<&'a mut Summaries> {
        if !known.contains_key(component) {
            let mut summaries = Summaries::new();
            for (metric, sample) in self.lines(component)? {
                summaries.entry(metric).or_default().add(&sample);
            }
            known.insert(component.to_owned(), summaries);
        }
        Ok(known.entry(component.to_owned()).or_default())
    }

    fn lines(&self, component: &str) -> io::Result<Vec<(String, Sample)>> {
        let bytes = match std::fs::read(self.path(component)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let whole = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.last() == Some(&b'\n'));
        Ok(whole
            .filter_map(|line| serde_json::from_slice::<Line>(line).ok())
            .map(|line| (line.metric, Sample { at_ms: line.at_ms, step: line.step, value: line.value }))
            .collect())
    }

    fn path(&self, component: &str) -> PathBuf {
        self.folder.join(format!("{component}.jsonl"))
    }
}

/// A newline when a crash left the last line without one.
fn unfinished(file: &mut File) -> io::Result<Vec<u8>> {
    if file.metadata()?.len() == 0 {
        return Ok(Vec::new());
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(if last == *b"\n" { Vec::new() } else { vec![b'\n'] })
}
