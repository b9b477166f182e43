//! Which jobs run and which wait: at most [`super::JobConfig::max_jobs`] at once, the others in the order of their creation.
//!
//! The queue is in memory and follows from the folders: a job that has not ended and never had a supervisor waits. So a
//! server that was killed finds the same queue again. A job that waits has no process; the server writes its journal,
//! under the job's lock. A spot job keeps its place among the running ones while it waits for capacity.
//!
//! One thread looks after the jobs, so that a supervisor that is gone is noticed without anybody asking. It ends with
//! the host. Lock order: the queue, then one job.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::clock::now_ms;
use super::host::JobHost;

/// How often jobs that have not ended are looked at.
const PERIOD: Duration = Duration::from_millis(100);

#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<String>,
    running: BTreeSet<String>,
    /// The places of those that wait are not the ones that they were told.
    is_changed: bool,
}

impl JobHost {
    /// Puts jobs at the end of the queue, and starts those for which there is room.
    pub(super) fn enqueue(&self, names: impl IntoIterator<Item = String>) {
        let mut queue = self.queue();
        queue.waiting.extend(names);
        queue.is_changed = true;
        drop(queue);
        self.dispatch();
        self.wake();
    }

    /// Counts a job that an earlier server started.
    pub(super) fn count_running(&self, name: &str) {
        self.queue().running.insert(name.to_owned());
    }

    /// Takes note of what ended and starts what may start. True when no job is left to look after.
    pub(super) fn dispatch(&self) -> bool {
        let mut queue = self.queue();
        let queue = &mut *queue;
        queue.running.retain(|name| {
            let is_running = self.with(name, |job| {
                job.refresh(self.config());
                !job.is_terminal()
            });
            is_running.unwrap_or(false)
        });
        let (now, before) = (now_ms(), queue.waiting.len());
        queue.waiting.retain(|name| !self.attempt(name, "end", |job| job.end_waiting(now)).unwrap_or(false));
        queue.is_changed |= queue.waiting.len() != before;
        let max = self.config().max_jobs.max(1);
        while queue.running.len() < max
            && let Some(name) = queue.waiting.pop_front()
        {
            // A start that fails is tried again as long as the job is among the running ones.
            self.attempt(&name, "start", |job| job.begin(self.config()));
            queue.running.insert(name);
            queue.is_changed = true;
        }
        if std::mem::take(&mut queue.is_changed) {
            for (index, name) in queue.waiting.iter().enumerate() {
                let message = format!(
                    "Waiting for capacity on this machine, where {max} training jobs run at once: place {} of {} in \
                     the queue.",
                    index + 1,
                    queue.waiting.len()
                );
                self.attempt(name, "keep waiting", |job| job.wait_in_line(message));
            }
        }
        queue.waiting.is_empty() && queue.running.is_empty()
    }

    /// Starts the thread that looks after the jobs; `wakes` ends it when the host is dropped.
    pub(super) fn look_after_jobs(&self, wakes: Receiver<()>) -> io::Result<()> {
        let inner = Arc::downgrade(&self.inner);
        let look = move || {
            while let Some(inner) = inner.upgrade() {
                let is_idle = JobHost { inner }.dispatch();
                let woken = if is_idle {
                    wakes.recv().map_err(|_| RecvTimeoutError::Disconnected)
                } else {
                    wakes.recv_timeout(PERIOD)
                };
                if woken == Err(RecvTimeoutError::Disconnected) {
                    return;
                }
            }
        };
        thread::Builder::new().name("job-queue".to_owned()).spawn(look)?;
        Ok(())
    }

    fn attempt<T>(
        &self,
        name: &str,
        what: &str,
        act: impl FnOnce(&mut super::cached::CachedJob) -> io::Result<T>,
    ) -> Option<T> {
        match self.with(name, act)? {
            Ok(done) => Some(done),
            Err(error) => {
                tracing::warn!(job.name = name, %error, "cannot {what} a training job");
                None
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.inner.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
