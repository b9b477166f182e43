//! The server's part in the life of a job: starts supervisors, notices those that are gone, and keeps the journal of a
//! job that has none yet.
//!
//! Invariant: whoever writes here holds the job's lock and has read the journal to its end under it.

use std::fs::{self, File};
use std::io;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::JobConfig;
use super::cached::{CachedJob, Wish};
use super::journal::{Entry, JournalWriter};
use super::lock::{JobLock, SupervisorId};
use super::recover::{self, WaitEnd};

/// How often it is asked whether the supervisor of a running job still lives.
const ALIVE_PERIOD: Duration = Duration::from_millis(500);
/// How long a supervisor that was just started may take to hold its lock.
const START_PATIENCE: Duration = Duration::from_secs(10);

impl CachedJob {
    /// True for a job that waits for its turn: accepted, and never supervised.
    pub(super) fn never_began(&self) -> bool {
        !self.is_terminal() && SupervisorId::read(&self.dir).is_none()
    }

    /// Brings the record up to date; starts or recovers a job that nobody supervises, unless it waits for its turn.
    pub(super) fn refresh(&mut self, config: &JobConfig) {
        if self.is_terminal() || self.place.is_some() {
            return;
        }
        let result = self.read_journal().and_then(|()| self.check_supervisor(config));
        if let Err(error) = result {
            tracing::warn!(job.name = self.head.name, %error, "the state of a job cannot be read");
        }
    }

    /// It is this job's turn.
    pub(super) fn begin(&mut self, config: &JobConfig) -> io::Result<()> {
        self.place = None;
        self.record = None;
        if let Some(_lock) = JobLock::try_take(&self.dir)? {
            self.read_journal()?;
            if !self.never_began() {
                return Ok(());
            }
            if matches!(self.state.secondary.as_str(), "Pending" | "Restarting") {
                self.append_status("Starting", "Launching requested ML instances")?;
            }
        }
        self.launch(config)
    }

    /// It is not; `message` says why, and when it may be.
    pub(super) fn wait_in_line(&mut self, message: String) -> io::Result<()> {
        if self.state.secondary != "Pending"
            && let Some(_lock) = JobLock::try_take(&self.dir)?
        {
            self.read_journal()?;
            if !self.is_terminal() {
                self.append_status("Pending", &message)?;
            }
        }
        self.place = Some(message);
        self.record = None;
        Ok(())
    }

    /// Ends a job that waits and must not wait any longer; true when it has ended.
    pub(super) fn end_waiting(&mut self, now_ms: i64) -> io::Result<bool> {
        let stop = self.stop.as_ref().map(|Wish { at_ms }| WaitEnd::Stop(*at_ms));
        let Some(end) = stop.or_else(|| WaitEnd::by_limits(&self.request, self.head.created_at_ms, now_ms)) else {
            return Ok(false);
        };
        let Some(_lock) = JobLock::try_take(&self.dir)? else { return Ok(false) };
        self.read_journal()?;
        if !self.is_terminal() {
            recover::record_wait_end(&self.dir, &self.state, &end, now_ms)?;
            self.read_journal()?;
        }
        self.place = None;
        self.record = None;
        Ok(true)
    }

    /// Starts the supervisor as a process that outlives this one (it makes a session of its own).
    fn launch(&mut self, config: &JobConfig) -> io::Result<()> {
        let stderr = File::options().create(true).append(true).open(self.dir.path.join("supervisor.log"))?;
        let mut child = Command::new(&config.program)
            .arg("local-supervise")
            .arg(&self.dir.path)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()?;
        self.launched = Some(Instant::now());
        // Someone must take note of its end as long as this process is its parent.
        thread::Builder::new().name("job-wait".to_owned()).stack_size(64 * 1024).spawn(move || child.wait())?;
        Ok(())
    }

    fn check_supervisor(&mut self, config: &JobConfig) -> io::Result<()> {
        if self.is_terminal() || self.alive_seen.is_some_and(|seen| seen.elapsed() < ALIVE_PERIOD) {
            return Ok(());
        }
        self.alive_seen = Some(Instant::now());
        let Some(lock) = JobLock::try_take(&self.dir)? else { return Ok(()) };
        // The lock is free: the supervisor has ended, or has not begun. It may have ended since we read the journal.
        self.read_journal()?;
        if self.is_terminal() {
            return Ok(());
        }
        match SupervisorId::read(&self.dir) {
            Some(id) if !id.is_alive() => {
                tracing::warn!(job.name = self.head.name, "the supervisor of a job is gone");
                if self.stop.is_none() && recover::retries_left(&self.request, &self.state) > 0 {
                    recover::record_restart(&self.dir, &self.state)?;
                    drop(lock);
                    return self.begin(config);
                }
                recover::record_loss(&self.dir, &self.state)?;
                drop(lock);
                self.read_journal()
            }
            Some(_) => Ok(()), // between its start and its lock
            None if self.state.secondary == "Restarting" => {
                drop(lock);
                self.begin(config)
            }
            None if self.launched.is_some_and(|at| at.elapsed() < START_PATIENCE) => Ok(()),
            None => {
                drop(lock);
                self.launch(config)
            }
        }
    }

    fn append_status(&mut self, secondary: &str, message: &str) -> io::Result<()> {
        JournalWriter::open(&self.dir.journal())?.append(&Entry::Status {
            at_ms: super::clock::now_ms().max(self.state.modified_at_ms),
            status: "InProgress".to_owned(),
            secondary: secondary.to_owned(),
            message: message.to_owned(),
        })?;
        self.read_journal()
    }

    /// Removes what a supervisor left that was killed between the job's end and its own.
    pub(super) fn clear(&self) {
        if self.is_terminal() && fs::exists(self.dir.hosts()).unwrap_or(false) {
            recover::kill_leftovers(&self.dir);
            super::tree::remove(&self.dir.hosts());
        }
    }
}
