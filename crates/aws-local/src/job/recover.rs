//! A job whose supervisor is gone: what can truthfully be said about it, and what must be cleared away.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::UNIX_EPOCH;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cached::read_json;
use super::journal::{Entry, JobState, JournalWriter};
use super::layout::JobDir;
use super::output::SampleLine;
use super::tree;
use crate::image::Engine;

/// Environment variable that every process of a job carries, to know leftovers by.
pub(super) const JOB_DIR_VARIABLE: &str = "TRAINYARD_LOCAL_JOB_DIR";

const LOSS: &str = "InternalServerError: The process that supervised this job on this machine ended unexpectedly \
                    (it was killed, or the machine was restarted). The job's processes ended with it and nothing was \
                    uploaded afterwards. Start the job again; checkpoints in S3 are kept.";

/// Ends the job as failed. The caller holds the job's lock. The end is the last sign of life, because the job's
/// processes end with their supervisor.
pub(super) fn record_loss(dir: &JobDir, state: &JobState) -> io::Result<()> {
    kill_leftovers(dir);
    let at_ms = last_sign_of_life(dir).max(state.modified_at_ms);
    let request = read_json(&dir.request())?;
    let bill = super::bill::of(state, at_ms, &request, dir);
    JournalWriter::open(&dir.journal())?.append(&Entry::Ended {
        at_ms,
        status: "Failed".to_owned(),
        secondary: "Failed".to_owned(),
        message: "Training job failed".to_owned(),
        failure_reason: Some(format!("{LOSS}{}", last_words(dir))),
        training_seconds: bill.map(|bill| bill.training_seconds),
        billable_seconds: bill.map(|bill| bill.billable_seconds),
        model_artifact: None,
        final_metrics: final_metrics(dir),
    })?;
    tree::remove(&dir.hosts());
    Ok(())
}

/// `RetryStrategy.MaximumRetryAttempts`, without those that were made.
pub(super) fn retries_left(request: &Value, state: &JobState) -> u64 {
    let allowed = request.pointer("/RetryStrategy/MaximumRetryAttempts").and_then(Value::as_u64).unwrap_or(0);
    let made = state.transitions.iter().filter(|transition| transition.status == "Restarting").count();
    allowed.saturating_sub(made as u64)
}

/// Makes room for another supervisor. The caller holds the job's lock, and has seen that a retry is left.
pub(super) fn record_restart(dir: &JobDir, state: &JobState) -> io::Result<()> {
    kill_leftovers(dir);
    let at_ms = last_sign_of_life(dir).max(state.modified_at_ms);
    JournalWriter::open(&dir.journal())?.append(&Entry::Status {
        at_ms,
        status: "InProgress".to_owned(),
        secondary: "Restarting".to_owned(),
        message: "The process that supervised this job ended unexpectedly; starting the job again.".to_owned(),
    })?;
    tree::remove(&dir.hosts());
    // Last: as long as it is there, whoever finds the lock free comes here again.
    fs::remove_file(dir.supervisor())
}

/// Why a job that waits for its turn ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WaitEnd {
    /// `StopTrainingJob`, at this time.
    Stop(i64),
    MaxWait,
    MaxPending,
}

/// Instance types whose jobs `MaxPendingTimeInSeconds` is for.
const SCARCE: [&str; 3] = ["ml.p", "ml.g", "ml.trn"];

impl WaitEnd {
    /// What the limits of the request say about a job that has waited since its creation.
    pub(super) fn by_limits(request: &Value, created_at_ms: i64, now_ms: i64) -> Option<WaitEnd> {
        let stopping = &request["StoppingCondition"];
        let is_over = |limit: &str| {
            let seconds = stopping[limit].as_u64().and_then(|seconds| i64::try_from(seconds).ok());
            seconds.is_some_and(|seconds| now_ms - created_at_ms >= seconds.saturating_mul(1000))
        };
        let kind = request.pointer("/ResourceConfig/InstanceType").and_then(Value::as_str).unwrap_or_default();
        if request["EnableManagedSpotTraining"] == Value::Bool(true) && is_over("MaxWaitTimeInSeconds") {
            return Some(WaitEnd::MaxWait);
        }
        let is_scarce = SCARCE.iter().any(|start| kind.starts_with(start));
        (is_scarce && is_over("MaxPendingTimeInSeconds")).then_some(WaitEnd::MaxPending)
    }
}

/// Ends a job that waited for its turn. The caller holds the job's lock.
pub(super) fn record_wait_end(dir: &JobDir, state: &JobState, end: &WaitEnd, now_ms: i64) -> io::Result<()> {
    let (asked_at_ms, secondary, message) = match end {
        WaitEnd::Stop(at_ms) => (*at_ms, "Stopped", "Training job stopped"),
        WaitEnd::MaxWait => {
            (now_ms, "MaxWaitTimeExceeded", "Training job wait time exceeded MaxWaitTimeInSeconds provided")
        }
        WaitEnd::MaxPending => {
            (now_ms, "Stopped", "Training job pending time exceeded MaxPendingTimeInSeconds provided")
        }
    };
    let asked_at_ms = asked_at_ms.max(state.modified_at_ms);
    let bill = super::bill::of(state, asked_at_ms, &read_json(&dir.request())?, dir);
    let mut journal = JournalWriter::open(&dir.journal())?;
    journal.append(&Entry::Status {
        at_ms: asked_at_ms,
        status: "Stopping".to_owned(),
        secondary: "Stopping".to_owned(),
        message: "Stopping the training job".to_owned(),
    })?;
    journal.append(&Entry::Ended {
        at_ms: now_ms.max(asked_at_ms),
        status: "Stopped".to_owned(),
        secondary: secondary.to_owned(),
        message: message.to_owned(),
        failure_reason: None,
        training_seconds: bill.map(|bill| bill.training_seconds),
        billable_seconds: bill.map(|bill| bill.billable_seconds),
        model_artifact: None,
        final_metrics: final_metrics(dir),
    })
}

/// What the supervisor said when it gave up by itself, on a full disk for example.
fn last_words(dir: &JobDir) -> String {
    let said = fs::read(dir.path.join("supervisor.log")).unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    match said.lines().next_back() {
        Some(line) => format!(" Its last words were: {}", line.chars().take(400).collect::<String>()),
        None => String::new(),
    }
}

/// The latest time at which one of the supervisor's files changed.
fn last_sign_of_life(dir: &JobDir) -> i64 {
    let mut files = vec![dir.journal(), dir.metrics()];
    if let Ok(logs) = fs::read_dir(dir.logs()) {
        files.extend(logs.flatten().map(|entry| entry.path()));
    }
    files.iter().filter_map(|file| modified_ms(file)).max().unwrap_or(0)
}

fn modified_ms(path: &Path) -> Option<i64> {
    let since_epoch = fs::metadata(path).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    i64::try_from(since_epoch.as_millis()).ok()
}

/// Last value of each algorithm metric that was written down.
fn final_metrics(dir: &JobDir) -> Vec<(String, f64, i64)> {
    let text = fs::read(dir.metrics()).unwrap_or_default();
    let mut last: Vec<(String, f64, i64)> = Vec::new();
    for sample in text.split(|b| *b == b'\n').filter_map(SampleLine::parse).map(SampleLine::into_sample) {
        if sample.dimension.0 != "TrainingJobName" {
            continue;
        }
        match last.iter_mut().find(|(metric, ..)| *metric == sample.metric) {
            Some(entry) => (entry.1, entry.2) = (sample.value, sample.at_ms),
            None => last.push((sample.metric, sample.value, sample.at_ms)),
        }
    }
    last
}

/// A container of a job, written down before it is started: an engine keeps it running when its client is killed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Contained {
    pub(super) engine: Engine,
    pub(super) name: String,
}

impl Contained {
    pub(super) fn write(&self, dir: &JobDir) -> io::Result<()> {
        let mut line = serde_json::to_vec(self).map_err(io::Error::other)?;
        line.push(b'\n');
        let mut file = fs::OpenOptions::new().create(true).append(true).open(dir.containers())?;
        file.write_all(&line)?;
        file.sync_data()
    }
}

/// Ends and removes the containers of a job; those that are gone already are no trouble.
pub(super) fn remove_containers(dir: &JobDir) {
    let Ok(text) = fs::read(dir.containers()) else { return };
    let lines = text.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice::<Contained>(line).ok());
    for contained in lines {
        contained.engine.remove(&contained.name);
    }
    let _ = fs::remove_file(dir.containers());
}

/// Kills what carries this job's mark: processes (with namespaces there are none, they died with the supervisor) and
/// containers.
pub(super) fn kill_leftovers(dir: &JobDir) {
    remove_containers(dir);
    let mark = format!("{JOB_DIR_VARIABLE}={}", dir.path.display());
    let Ok(processes) = procfs::process::all_processes() else { return };
    for process in processes.flatten() {
        let marked = fs::read(format!("/proc/{}/environ", process.pid))
            .is_ok_and(|environ| environ.split(|b| *b == 0).any(|entry| entry == mark.as_bytes()));
        if marked && process.pid != i32::try_from(std::process::id()).unwrap_or(0) {
            let _ = kill(Pid::from_raw(process.pid), Signal::SIGKILL);
        }
    }
}
