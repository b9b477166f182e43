//! Metric samples: found in log lines by the job's `MetricDefinitions`, or measured on its hosts.
//!
//! As in CloudWatch only finite numbers are samples: a line that says `loss=nan` yields none. Of a line with carriage
//! returns (a progress bar) the last part that matches counts. Only the first 16 KB of a line are searched.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use regex::Regex;

use super::SampleLine;

const SEARCHED_BYTES: usize = 16 * 1024;
/// Beyond this much, samples are not kept any more (about two million of them); the last values still are.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The compiled `MetricDefinitions` of a job.
pub(crate) struct MetricMatcher {
    definitions: Vec<(String, Regex)>,
}

impl MetricMatcher {
    /// Definitions that do not compile or have no group are left out; the second list says which and why.
    pub(crate) fn compile(definitions: &[(String, String)]) -> (MetricMatcher, Vec<String>) {
        let mut matcher = MetricMatcher { definitions: Vec::new() };
        let mut refused = Vec::new();
        for (name, pattern) in definitions {
            match Regex::new(pattern) {
                Ok(regex) if regex.captures_len() > 1 => matcher.definitions.push((name.clone(), regex)),
                Ok(_) => refused.push(format!("metric {name}: the regex {pattern:?} has no group in parentheses")),
                Err(error) => {
                    let reason = error.to_string();
                    let reason = reason.lines().last().unwrap_or_default().trim();
                    refused.push(format!("metric {name}: the regex {pattern:?} is not supported here: {reason}"));
                }
            }
        }
        (matcher, refused)
    }

    /// Metrics in a line: the number in the first group of the first match of each definition.
    pub(crate) fn find<'a>(&'a self, line: &'a str) -> impl Iterator<Item = (&'a str, f64)> + 'a {
        let mut end = line.len().min(SEARCHED_BYTES);
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        let line = &line[..end];
        self.definitions.iter().filter_map(move |(name, regex)| {
            let value = line.rsplit('\r').find_map(|part| number(regex, part))?;
            Some((name.as_str(), value))
        })
    }
}

fn number(regex: &Regex, text: &str) -> Option<f64> {
    let group = regex.captures(text)?.get(1)?.as_str().trim();
    group.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// Appends samples to `metrics.jsonl` and remembers the last value of each algorithm metric.
pub(crate) struct MetricSink {
    job_name: String,
    state: Mutex<SinkState>,
}

struct SinkState {
    file: File,
    batch: Vec<u8>,
    written: u64,
    last: BTreeMap<String, (f64, i64)>,
}

impl MetricSink {
    pub(crate) fn open(path: &Path, job_name: &str) -> io::Result<MetricSink> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let state = SinkState { file, batch: Vec::new(), written: 0, last: BTreeMap::new() };
        Ok(MetricSink { job_name: job_name.to_owned(), state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, SinkState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A value that the training script printed.
    pub(crate) fn algorithm(&self, metric: &str, at_ms: i64, value: f64) {
        let dimension = ("TrainingJobName".to_owned(), self.job_name.clone());
        let mut state = self.state();
        match state.last.get_mut(metric) {
            Some(last) => *last = (value, at_ms),
            None => {
                state.last.insert(metric.to_owned(), (value, at_ms));
            }
        }
        state.add(&SampleLine { metric: metric.to_owned(), dimension, at_ms, value });
    }

    /// A value that was measured on a host.
    pub(crate) fn instance(&self, host: &str, metric: &str, at_ms: i64, value: f64) {
        let dimension = ("Host".to_owned(), format!("{}/{host}", self.job_name));
        self.state().add(&SampleLine { metric: metric.to_owned(), dimension, at_ms, value });
    }

    pub(crate) fn flush(&self) {
        self.state().flush();
    }

    /// `FinalMetricDataList`: the last value of each algorithm metric.
    pub(crate) fn last_values(&self) -> Vec<(String, f64, i64)> {
        self.state().last.iter().map(|(metric, (value, at_ms))| (metric.clone(), *value, *at_ms)).collect()
    }
}

impl SinkState {
    fn add(&mut self, sample: &SampleLine) {
        if self.written >= FILE_BYTES_MAX {
            return;
        }
        let before = self.batch.len();
        if serde_json::to_writer(&mut self.batch, sample).is_ok() {
            self.batch.push(b'\n');
        }
        self.written += (self.batch.len() - before) as u64;
        if self.batch.len() > 64 * 1024 {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.batch.is_empty() {
            // A full disk loses samples, never the job. A torn line is skipped by readers.
            let _ = self.file.write_all(&self.batch);
            self.batch.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MetricMatcher;

    fn matcher(pattern: &str) -> MetricMatcher {
        let (matcher, refused) = MetricMatcher::compile(&[("loss".to_owned(), pattern.to_owned())]);
        assert!(refused.is_empty(), "{refused:?}");
        matcher
    }

    #[test]
    fn the_first_group_of_the_first_match_is_the_value() {
        let loss = matcher("train:loss=([-+0-9.eE]+|nan)");
        let found = |line: &str| loss.find(line).map(|(_, value)| value).collect::<Vec<_>>();
        assert_eq!(found("epoch=3 train:loss=0.51 train:loss=9"), [0.51]);
        assert_eq!(found("train:loss=1e-5"), [1e-5]);
        assert_eq!(found("train:loss=nan"), Vec::<f64>::new());
        assert_eq!(found("train:loss=."), Vec::<f64>::new());
        assert_eq!(found("train:loss=3\rtrain:loss=2\r"), [2.0]);
        assert_eq!(found(&format!("{}train:loss=1", "x".repeat(20_000))), Vec::<f64>::new());
    }

    #[test]
    fn definitions_that_cannot_work_are_named() {
        let definitions = [("a", "loss=[0-9]+"), ("b", "loss=("), ("c", "(?=x)(.)")];
        let definitions = definitions.map(|(name, regex)| (name.to_owned(), regex.to_owned()));
        let (_, refused) = MetricMatcher::compile(&definitions);
        assert_eq!(refused.len(), 3);
        assert!(refused[0].contains("no group"));
    }
}
