//! Reasons for which a job that runs must end before its time.

use std::time::{Duration, Instant};

use nix::sys::signalfd::SignalFd;

use super::super::cached::{Wish, read_json};
use super::super::clock::now_ms;
use super::super::layout::JobDir;
use super::super::plan::Plan;

/// Why a job must end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// StopTrainingJob, at this time.
    Stop(i64),
    MaxRuntime,
    MaxWait,
    /// Spot capacity is taken away; the job begins again.
    Interrupted,
    /// This process was told to end, probably with the machine.
    Shutdown,
}

/// Looks for reasons to end. Once found, a reason stays, except an interruption.
pub(super) struct Watch {
    dir: JobDir,
    pub(super) signals: SignalFd,
    created_at_ms: i64,
    max_runtime: Duration,
    max_wait: Option<Duration>,
    /// Time that earlier attempts ran, those of earlier supervisors too.
    ran_before: Duration,
    attempt_began: Option<Instant>,
    interrupt_at: Option<Instant>,
    is_spot: bool,
    may_interrupt: bool,
    found: Option<End>,
}

impl Watch {
    pub(super) fn new(dir: &JobDir, signals: SignalFd, created_at_ms: i64, plan: &Plan, ran_before: Duration) -> Watch {
        Watch {
            dir: dir.clone(),
            signals,
            created_at_ms,
            max_runtime: plan.max_runtime,
            max_wait: plan.max_wait.filter(|_| plan.spot),
            ran_before,
            attempt_began: None,
            interrupt_at: None,
            is_spot: plan.spot,
            may_interrupt: false,
            found: None,
        }
    }

    /// The clock of `MaxRuntimeInSeconds` runs from here.
    pub(super) fn attempt_begins(&mut self) {
        self.attempt_began = Some(Instant::now());
    }

    pub(super) fn attempt_ended(&mut self) {
        self.interrupt_at = None;
        // Its command has met this attempt, or came too late for it.
        self.may_interrupt = false;
        let _ = std::fs::remove_file(self.dir.interrupt());
        if let Some(began) = self.attempt_began.take() {
            self.ran_before += began.elapsed();
        }
    }

    /// Training begins: from now on it may be interrupted after this long.
    pub(super) fn interrupt_after(&mut self, time: Option<Duration>) {
        self.interrupt_at = time.and_then(|time| Instant::now().checked_add(time));
        self.may_interrupt = self.is_spot;
    }

    pub(super) fn look(&mut self) -> Option<End> {
        if self.found.is_none() {
            self.found = self.find();
        }
        if self.found.is_none() && self.is_interrupted() {
            return Some(End::Interrupted);
        }
        self.found
    }

    /// Spot capacity goes by plan, by chance, or by command; the last one only from a job that trains.
    fn is_interrupted(&self) -> bool {
        self.interrupt_at.is_some_and(|at| Instant::now() >= at) || self.may_interrupt && self.dir.interrupt().exists()
    }

    fn find(&self) -> Option<End> {
        if matches!(self.signals.read_signal(), Ok(Some(_))) {
            return Some(End::Shutdown);
        }
        if let Ok(wish) = read_json::<Wish>(&self.dir.stop()) {
            return Some(End::Stop(wish.at_ms));
        }
        let running = self.attempt_began.map_or(Duration::ZERO, |began| began.elapsed());
        if self.ran_before + running >= self.max_runtime {
            return Some(End::MaxRuntime);
        }
        let waited = Duration::from_millis(u64::try_from(now_ms() - self.created_at_ms).unwrap_or(0));
        self.max_wait.is_some_and(|max| waited >= max).then_some(End::MaxWait)
    }
}
