//! What a job writes to stdout and stderr: log events on disk, and metric samples found in them.
//!
//! Invariants: memory is bounded whatever a job writes (a slow disk slows the job, not us); what is read is on disk
//! within [`FLUSH_PERIOD`]; the log of a job takes no more disk than its budget, and what was dropped is counted in a
//! last notice; metrics are matched on every line, kept or not.

mod capture;
mod frame;
mod host_log;
mod metrics;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::MetricSample;

pub(super) use capture::{Capture, Sinks, Tail};
pub(super) use host_log::{HostLog, LogBudget, SharedLog};
pub(super) use metrics::{MetricMatcher, MetricSink};

/// Longest time that something read from a job stays in memory only.
pub(super) const FLUSH_PERIOD: Duration = Duration::from_millis(200);

/// CloudWatch Logs takes 262,144 bytes an event, of which 26 are its own.
pub(super) const EVENT_BYTES_MAX: usize = 262_144 - 26;

/// A line of a log file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct LogLine {
    #[serde(rename = "t")]
    pub(super) at_ms: i64,
    #[serde(rename = "m")]
    pub(super) message: String,
}

impl LogLine {
    pub(super) fn parse(line: &[u8]) -> Option<LogLine> {
        serde_json::from_slice(line).ok()
    }

    /// Stands for a line that a full disk or a killed supervisor tore.
    pub(super) fn unreadable() -> LogLine {
        LogLine { at_ms: 0, message: "[trainyard] a line of the log was lost".to_owned() }
    }
}

/// A line of `metrics.jsonl`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SampleLine {
    #[serde(rename = "m")]
    metric: String,
    #[serde(rename = "d")]
    dimension: (String, String),
    #[serde(rename = "t")]
    at_ms: i64,
    #[serde(rename = "v")]
    value: f64,
}

impl SampleLine {
    pub(super) fn parse(line: &[u8]) -> Option<SampleLine> {
        serde_json::from_slice(line).ok()
    }

    pub(super) fn into_sample(self) -> MetricSample {
        MetricSample { metric: self.metric, dimension: self.dimension, at_ms: self.at_ms, value: self.value }
    }

    /// Stands for a line that a full disk or a killed supervisor tore: a sample of no metric.
    pub(super) fn unreadable() -> MetricSample {
        MetricSample { metric: String::new(), dimension: (String::new(), String::new()), at_ms: 0, value: 0.0 }
    }
}
