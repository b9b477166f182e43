//! One job in the server's memory: the record so far, and how far its files have been read.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::clock::now_ms;
use super::journal::JobState;
use super::layout::JobDir;
use super::lines::LineIndex;
use super::output::{LogLine, SampleLine};
use super::types::WarmPool;
use super::warm_pool::{self, PoolEnd, keep_alive_seconds};
use super::{JobRecord, LogEvent, LogRead, LogStream, MetricSample};
use crate::durable;

/// What never changes about a job; `job.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) created_at_ms: i64,
}

impl Head {
    pub(super) fn read(dir: &JobDir) -> io::Result<Head> {
        read_json(&dir.head())
    }
}

/// The wish to stop or to interrupt; the files `stop` and `interrupt`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Wish {
    pub(super) at_ms: i64,
}

pub(super) fn read_json<T: for<'a> Deserialize<'a>>(path: &std::path::Path) -> io::Result<T> {
    serde_json::from_slice(&fs::read(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Lays the members of `over` over those of `base`, object by object.
fn overlay(base: &mut Value, over: &Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                overlay(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (_, Value::Null) => {}
        (base, over) => *base = over.clone(),
    }
}

/// A job and what has been read of it.
pub(super) struct CachedJob {
    pub(super) dir: JobDir,
    pub(super) head: Head,
    /// With the changes of `update.json`.
    pub(super) request: Value,
    /// What the changes of `UpdateTrainingJob` add up to.
    changes: Value,
    /// The job was created with a `KeepAlivePeriodInSeconds`.
    pub(super) asked_for_pool: bool,
    pub(super) pool_end: Option<PoolEnd>,
    tags: BTreeMap<String, String>,
    pub(super) state: JobState,
    journal_read: u64,
    pub(super) stop: Option<Wish>,
    logs: HashMap<String, LineIndex>,
    metrics: LineIndex,
    pub(super) alive_seen: Option<Instant>,
    pub(super) launched: Option<Instant>,
    /// What a job that waits for its turn is told about its place; `None` for all others.
    pub(super) place: Option<String>,
    /// The record as last given out; none since something changed.
    pub(super) record: Option<Arc<JobRecord>>,
}

impl CachedJob {
    pub(super) fn load(dir: JobDir) -> io::Result<CachedJob> {
        let mut request: Value = read_json(&dir.request())?;
        let asked_for_pool = keep_alive_seconds(&request).is_some();
        let changes = read_json(&dir.update()).unwrap_or_default();
        overlay(&mut request, &changes);
        let mut job = CachedJob {
            head: Head::read(&dir)?,
            request,
            changes,
            asked_for_pool,
            pool_end: read_json(&dir.pool()).ok(),
            tags: read_json(&dir.tags())?,
            state: JobState::default(),
            journal_read: 0,
            stop: read_json(&dir.stop()).ok(),
            logs: HashMap::new(),
            metrics: LineIndex::new(&dir.metrics()),
            alive_seen: None,
            launched: None,
            place: None,
            record: None,
            dir,
        };
        job.read_journal()?;
        Ok(job)
    }

    pub(super) fn read_journal(&mut self) -> io::Result<()> {
        let mut file = File::open(self.dir.journal())?;
        if file.metadata()?.len() <= self.journal_read {
            return Ok(());
        }
        file.seek(SeekFrom::Start(self.journal_read))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        self.journal_read += self.state.apply_lines(&bytes) as u64;
        self.record = None;
        Ok(())
    }

    pub(super) fn is_terminal(&self) -> bool {
        self.state.is_terminal()
    }

    /// Writes down the wish to stop. `Some(status)` when the job cannot be stopped any more.
    pub(super) fn stop(&mut self) -> io::Result<Option<String>> {
        if self.state.is_terminal() {
            return Ok(Some(self.state.status.clone()));
        }
        if self.stop.is_some() || self.state.status == "Stopping" {
            return Ok(Some("Stopping".to_owned()));
        }
        let wish = Wish { at_ms: now_ms() };
        durable::write(&self.dir.stop(), &wish)?;
        self.stop = Some(wish);
        self.record = None;
        Ok(None)
    }

    /// Keeps what `UpdateTrainingJob` changes.
    pub(super) fn update(&mut self, changes: &Value) -> io::Result<()> {
        let mut all = self.changes.clone();
        overlay(&mut all, changes);
        durable::write(&self.dir.update(), &all)?;
        overlay(&mut self.request, changes);
        self.changes = all;
        self.record = None;
        Ok(())
    }

    pub(super) fn warm_pool(&self, now_ms: i64) -> Option<WarmPool> {
        warm_pool::status(&self.record(), self.asked_for_pool, self.pool_end.as_ref(), now_ms)
    }

    /// Ends the pool, once and for all.
    pub(super) fn end_pool(&mut self, end: PoolEnd) -> io::Result<()> {
        durable::write(&self.dir.pool(), &end)?;
        self.pool_end = Some(end);
        Ok(())
    }

    /// The job as it was at the last [`CachedJob::refresh`].
    pub(super) fn shared(&mut self) -> Arc<JobRecord> {
        let record = self.record.take().unwrap_or_else(|| Arc::new(self.record()));
        Arc::clone(self.record.insert(record))
    }

    pub(super) fn record(&self) -> JobRecord {
        let mut state = self.state.clone();
        if let (Some(place), Some(last)) = (&self.place, state.transitions.last_mut())
            && last.status == "Pending"
        {
            last.message.clone_from(place);
        }
        if let Some(stop) = self.stop.as_ref().filter(|_| state.status == "InProgress") {
            // The supervisor will see it within a moment; SageMaker shows it at once.
            let message = "Stopping the training job".to_owned();
            state.turn(stop.at_ms, "Stopping".to_owned(), "Stopping".to_owned(), message);
        }
        JobRecord {
            name: self.head.name.clone(),
            arn: self.head.arn.clone(),
            request: self.request.clone(),
            tags: self.tags.clone(),
            status: state.status,
            secondary_status: state.secondary,
            transitions: state.transitions,
            created_at_ms: self.head.created_at_ms,
            started_at_ms: state.started_at_ms,
            ended_at_ms: state.ended_at_ms,
            last_modified_ms: state.modified_at_ms,
            failure_reason: state.failure_reason,
            training_seconds: state.training_seconds,
            billable_seconds: state.billable_seconds,
            model_artifact: state.model_artifact,
            final_metrics: state.final_metrics,
        }
    }

    pub(super) fn tags_set(&mut self, tags: &BTreeMap<String, String>) -> io::Result<()> {
        durable::write(&self.dir.tags(), tags)?;
        self.tags.clone_from(tags);
        self.record = None;
        Ok(())
    }

    pub(super) fn log_streams(&mut self) -> Vec<LogStream> {
        let entries = self.state.streams.clone();
        let mut streams = Vec::with_capacity(entries.len());
        for entry in entries {
            let index = self.log_index(&entry.file);
            let time_of = |line: Option<Vec<u8>>| line.and_then(|line| LogLine::parse(&line)).map(|line| line.at_ms);
            let mut first = None;
            let _ = index.read(0, |_, line| {
                first = Some(line.to_vec());
                false
            });
            let stream = LogStream {
                first_event_ms: time_of(first),
                last_event_ms: time_of(index.last().ok().flatten()),
                event_count: index.lines(),
                name: format!("{}/{}", self.head.name, entry.file),
                host: entry.host,
                created_at_ms: entry.created_at_ms,
            };
            streams.push(stream);
        }
        streams
    }

    /// The index of a stream that the journal names, brought up to date.
    fn log_index(&mut self, file: &str) -> &LineIndex {
        let path = self.dir.log(file);
        let index = self.logs.entry(file.to_owned()).or_insert_with(|| LineIndex::new(&path));
        if let Err(error) = index.refresh() {
            tracing::warn!(job.name = self.head.name, log.stream = file, %error, "a log cannot be read");
        }
        index
    }

    pub(super) fn log_read(&mut self, file: &str, from: u64, max_events: usize, max_bytes: usize) -> LogRead {
        if !self.state.streams.iter().any(|stream| stream.file == file) {
            // A stream is read only when the journal names it, so `file` is never a path of the caller's making.
            let _ = self.read_journal();
            if !self.state.streams.iter().any(|stream| stream.file == file) {
                return LogRead::default();
            }
        }
        let index = self.log_index(file);
        let total = index.lines();
        let mut read = LogRead { events: Vec::new(), next: from.min(total), total };
        let mut bytes = 0;
        let result = index.read(from, |number, line| {
            let line = LogLine::parse(line).unwrap_or_else(LogLine::unreadable);
            bytes += line.message.len();
            let full = read.events.len() >= max_events || (bytes > max_bytes && !read.events.is_empty());
            if full {
                return false;
            }
            read.events.push(LogEvent { index: number, at_ms: line.at_ms, message: line.message });
            read.next = number + 1;
            true
        });
        if let Err(error) = result {
            tracing::warn!(job.name = self.head.name, log.stream = file, %error, "a log cannot be read");
        }
        read
    }

    pub(super) fn metrics_read(&mut self, after: usize) -> Vec<MetricSample> {
        let mut samples = Vec::new();
        let result = self.metrics.refresh().and_then(|()| {
            self.metrics.read(after as u64, |_, line| {
                // An unreadable line must keep its place in the numbering, or readers would see a sample twice.
                samples.push(SampleLine::parse(line).map_or_else(SampleLine::unreadable, SampleLine::into_sample));
                true
            })
        });
        if let Err(error) = result {
            tracing::warn!(job.name = self.head.name, %error, "the metrics of a job cannot be read");
        }
        samples
    }
}
