//! The life of a job as an append-only file of JSON lines, and the record that follows from it.
//!
//! Invariants: every line is complete when it is visible to readers as ended by a newline; a reader ignores an
//! unfinished last line; nothing is ever rewritten; after [`Entry::Ended`] nothing follows.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::JobTransition;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Entry {
    /// A secondary status begins (and the one before it ends).
    Status { at_ms: i64, status: String, secondary: String, message: String },
    /// `TrainingStartTime`.
    Started { at_ms: i64 },
    /// A host of an attempt got its log stream; `file` is the name without job and extension.
    Stream { at_ms: i64, host: String, file: String },
    /// The terminal state.
    Ended {
        at_ms: i64,
        status: String,
        secondary: String,
        message: String,
        failure_reason: Option<String>,
        training_seconds: Option<u64>,
        billable_seconds: Option<u64>,
        model_artifact: Option<String>,
        final_metrics: Vec<(String, f64, i64)>,
    },
}

/// Appends to a journal; each entry is on disk when `append` returns.
#[derive(Debug)]
pub(super) struct JournalWriter {
    file: File,
}

impl JournalWriter {
    /// Opens for appending. A line that a killed writer left unfinished is closed first, so that it spoils nothing.
    pub(super) fn open(path: &Path) -> io::Result<JournalWriter> {
        let existing = std::fs::read(path).unwrap_or_default();
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        if existing.last().is_some_and(|last| *last != b'\n') {
            file.write_all(b"\n")?;
        }
        Ok(JournalWriter { file })
    }

    pub(super) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry).map_err(io::Error::other)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()
    }
}

/// What the entries so far add up to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct JobState {
    pub(super) status: String,
    pub(super) secondary: String,
    pub(super) transitions: Vec<JobTransition>,
    pub(super) streams: Vec<StreamEntry>,
    pub(super) started_at_ms: Option<i64>,
    pub(super) ended_at_ms: Option<i64>,
    pub(super) modified_at_ms: i64,
    pub(super) failure_reason: Option<String>,
    pub(super) training_seconds: Option<u64>,
    pub(super) billable_seconds: Option<u64>,
    pub(super) model_artifact: Option<String>,
    pub(super) final_metrics: Vec<(String, f64, i64)>,
}

/// A log stream that the journal names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamEntry {
    pub(super) host: String,
    pub(super) file: String,
    pub(super) created_at_ms: i64,
}

impl JobState {
    /// Applies complete lines; returns how many bytes of `bytes` they took. Lines that are not entries are skipped:
    /// they can only be the torn end of a writer that was killed.
    pub(super) fn apply_lines(&mut self, bytes: &[u8]) -> usize {
        let mut used = 0;
        for line in bytes.split_inclusive(|b| *b == b'\n') {
            if line.last() != Some(&b'\n') {
                break;
            }
            used += line.len();
            if let Ok(entry) = serde_json::from_slice::<Entry>(line) {
                self.apply(entry);
            }
        }
        used
    }

    pub(super) fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Status { at_ms, status, secondary, message } => {
                self.turn(at_ms, status, secondary, message);
            }
            Entry::Started { at_ms } => {
                self.started_at_ms = Some(at_ms);
                self.modified_at_ms = at_ms;
            }
            Entry::Stream { at_ms, host, file } => {
                self.streams.push(StreamEntry { host, file, created_at_ms: at_ms });
            }
            Entry::Ended {
                at_ms,
                status,
                secondary,
                message,
                failure_reason,
                training_seconds,
                billable_seconds,
                model_artifact,
                final_metrics,
            } => {
                self.turn(at_ms, status, secondary, message);
                if let Some(last) = self.transitions.last_mut() {
                    last.ended_at_ms = Some(at_ms);
                }
                self.ended_at_ms = Some(at_ms);
                self.failure_reason = failure_reason;
                self.training_seconds = training_seconds;
                self.billable_seconds = billable_seconds;
                self.model_artifact = model_artifact;
                self.final_metrics = final_metrics;
            }
        }
    }

    /// Begins a transition; a repeated secondary status only changes the message.
    pub(super) fn turn(&mut self, at_ms: i64, status: String, secondary: String, message: String) {
        self.status = status;
        self.secondary.clone_from(&secondary);
        self.modified_at_ms = at_ms;
        if let Some(last) = self.transitions.last_mut() {
            if last.status == secondary && last.ended_at_ms.is_none() {
                last.message = message;
                return;
            }
            last.ended_at_ms.get_or_insert(at_ms);
        }
        self.transitions.push(JobTransition { status: secondary, started_at_ms: at_ms, ended_at_ms: None, message });
    }

    pub(super) fn is_terminal(&self) -> bool {
        matches!(self.status.as_str(), "Completed" | "Failed" | "Stopped")
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, JobState};

    fn status(at_ms: i64, secondary: &str) -> Entry {
        Entry::Status { at_ms, status: "InProgress".into(), secondary: secondary.into(), message: "m".into() }
    }

    #[test]
    fn transitions_close_each_other_and_torn_lines_wait() {
        let mut state = JobState::default();
        let mut bytes = serde_json::to_vec(&status(1, "Starting")).expect("serialises");
        bytes.push(b'\n');
        let whole = bytes.len();
        bytes.extend_from_slice(b"{\"event\":\"status\",\"at_");
        assert_eq!(state.apply_lines(&bytes), whole);
        state.apply(status(5, "Downloading"));
        assert_eq!(state.transitions.len(), 2);
        assert_eq!(state.transitions[0].ended_at_ms, Some(5));
        assert_eq!(state.transitions[1].ended_at_ms, None);
        assert_eq!(state.modified_at_ms, 5);
    }
}
