//! The log stream of one host of one attempt: a file of JSON lines, written in batches.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::clock::now_ms;
use super::{EVENT_BYTES_MAX, LogLine};

/// A batch is written when it is this long, or when it is old.
const BATCH_BYTES: usize = 256 * 1024;

/// Bytes of log that the streams of one job may still write.
#[derive(Debug)]
pub(crate) struct LogBudget {
    left: AtomicU64,
    max: u64,
}

impl LogBudget {
    pub(crate) fn new(max: u64) -> Arc<LogBudget> {
        Arc::new(LogBudget { left: AtomicU64::new(max), max })
    }

    fn take(&self, bytes: u64) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

/// A log that the capture threads and the supervisor write to.
#[derive(Clone)]
pub(crate) struct SharedLog {
    log: Arc<Mutex<HostLog>>,
}

impl SharedLog {
    pub(crate) fn lock(&self) -> MutexGuard<'_, HostLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line of our own, marked as such, on disk at once.
    pub(crate) fn note(&self, message: &str) {
        let mut log = self.lock();
        log.note(message);
        log.flush();
    }
}

/// The open file of a stream.
pub(crate) struct HostLog {
    file: File,
    batch: Vec<u8>,
    budget: Arc<LogBudget>,
    dropped_lines: u64,
    dropped_bytes: u64,
    split_was_noted: bool,
    /// A write failed half way: the next one begins on a line of its own.
    is_torn: bool,
}

impl HostLog {
    pub(crate) fn create(path: &Path, budget: Arc<LogBudget>) -> io::Result<SharedLog> {
        let file = OpenOptions::new().create_new(true).append(true).open(path)?;
        let log = HostLog {
            file,
            batch: Vec::with_capacity(BATCH_BYTES * 2),
            budget,
            dropped_lines: 0,
            dropped_bytes: 0,
            split_was_noted: false,
            is_torn: false,
        };
        Ok(SharedLog { log: Arc::new(Mutex::new(log)) })
    }

    /// Adds what a job wrote. Text longer than an event becomes several events.
    pub(crate) fn event(&mut self, at_ms: i64, mut message: &str) {
        while message.len() > EVENT_BYTES_MAX {
            let mut end = EVENT_BYTES_MAX;
            while !message.is_char_boundary(end) {
                end -= 1;
            }
            self.line(at_ms, &message[..end]);
            message = &message[end..];
        }
        self.line(at_ms, message);
    }

    pub(crate) fn note_split(&mut self) {
        if !std::mem::replace(&mut self.split_was_noted, true) {
            self.note("a line longer than 256 KB was split into several events");
        }
    }

    fn note(&mut self, message: &str) {
        self.write_line(now_ms(), &format!("[trainyard] {message}"));
    }

    fn line(&mut self, at_ms: i64, message: &str) {
        let bytes = message.len() as u64;
        if self.dropped_lines == 0 && self.budget.take(bytes + 32) {
            self.write_line(at_ms, message);
            return;
        }
        if self.dropped_lines == 0 {
            // Once a stream is over its budget it stays so: a log with holes would mislead.
            let limit = self.budget.max / (1024 * 1024);
            self.note(&format!("the log limit of {limit} MB is reached; further lines are counted, not kept"));
        }
        self.dropped_lines += 1;
        self.dropped_bytes += bytes;
    }

    fn write_line(&mut self, at_ms: i64, message: &str) {
        let line = LogLine { at_ms, message: message.to_owned() };
        if serde_json::to_writer(&mut self.batch, &line).is_ok() {
            self.batch.push(b'\n');
        }
        if self.batch.len() >= BATCH_BYTES {
            self.flush();
        }
    }

    /// Writes the batch. What a full disk refuses is dropped and counted; the job goes on.
    pub(crate) fn flush(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        if self.is_torn {
            self.is_torn = self.file.write_all(b"\n").is_err();
        }
        if self.is_torn || self.file.write_all(&self.batch).is_err() {
            self.is_torn = true;
            self.dropped_lines += self.batch.split_inclusive(|b| *b == b'\n').count() as u64;
            self.dropped_bytes += self.batch.len() as u64;
        }
        self.batch.clear();
    }

    /// Says what was dropped, and puts the rest on disk.
    pub(crate) fn close(&mut self) {
        if self.dropped_lines > 0 {
            let (lines, bytes) = (self.dropped_lines, self.dropped_bytes);
            self.note(&format!("{lines} further lines ({bytes} bytes) were not kept"));
            self.dropped_lines = 0;
        }
        self.flush();
        let _ = self.file.sync_data();
    }
}

#[cfg(test)]
mod tests {
    use super::{EVENT_BYTES_MAX, HostLog, LogBudget, LogLine};

    #[test]
    fn the_budget_holds_and_the_loss_is_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.jsonl");
        let log = HostLog::create(&path, LogBudget::new(1000)).expect("created");
        for number in 0..100 {
            log.lock().event(7, &format!("line {number} \0\u{1b}[31m"));
        }
        log.lock().close();
        let text = std::fs::read_to_string(&path).expect("read");
        let lines: Vec<LogLine> = text.lines().map(|line| LogLine::parse(line.as_bytes()).expect("a line")).collect();
        let kept = lines.iter().filter(|line| line.at_ms == 7).count();
        assert!(kept > 10 && kept < 30, "{kept}");
        assert_eq!(lines[3].message, "line 3 \0\u{1b}[31m");
        assert!(lines[kept].message.contains("log limit"), "{:?}", lines[kept]);
        assert!(lines[kept + 1].message.starts_with(&format!("[trainyard] {} further lines", 100 - kept)));
    }

    #[test]
    fn an_event_is_never_longer_than_cloudwatch_allows() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log.jsonl");
        let log = HostLog::create(&path, LogBudget::new(u64::MAX)).expect("created");
        log.lock().event(7, &"\u{20ac}".repeat(200_000));
        log.lock().close();
        let text = std::fs::read_to_string(&path).expect("read");
        let sizes: Vec<usize> =
            text.lines().map(|line| LogLine::parse(line.as_bytes()).expect("a line").message.len()).collect();
        assert_eq!(sizes.iter().sum::<usize>(), 600_000);
        assert!(sizes.iter().all(|size| *size <= EVENT_BYTES_MAX), "{sizes:?}");
    }
}
