//! The driver of background work: an idempotent function without input, run on a period and on a poke.
//!
//! Invariants: the next run is the retry; a panic inside a task is caught, counted and the task goes on; each task's
//! status is kept and shown; on stop a running pass gets a few seconds to end and is then dropped (every task is safe
//! to drop at any await: that is what the leases and cursors are for).

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::time::{Clock, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::error::ServiceError;

/// What a pass did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskOutcome {
    /// How many things were changed.
    pub changed: u64,
    /// More work is waiting: run again at once.
    pub again: bool,
}

impl TaskOutcome {
    pub const fn changed(changed: u64) -> Self {
        Self { changed, again: false }
    }
}

/// A task as `/readyz` and a page show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskStatus {
    pub name: &'static str,
    pub last_started_at: Option<Timestamp>,
    pub last_ok_at: Option<Timestamp>,
    /// The public message of the last pass, when it failed; empties on the next good one.
    pub last_error: Option<String>,
    pub runs: u64,
    pub panics: u64,
    /// Changes of the last good pass.
    pub last_changed: u64,
}

/// A task's handle: its poke and its status.
#[derive(Clone, Debug)]
pub(crate) struct TaskHandle {
    poke: Arc<Notify>,
    status: Arc<Mutex<TaskStatus>>,
}

impl TaskHandle {
    pub(crate) fn new(name: &'static str) -> Self {
        let status = TaskStatus {
            name,
            last_started_at: None,
            last_ok_at: None,
            last_error: None,
            runs: 0,
            panics: 0,
            last_changed: 0,
        };
        Self { poke: Arc::new(Notify::new()), status: Arc::new(Mutex::new(status)) }
    }

    /// Asks for a pass soon; many pokes make one pass.
    pub(crate) fn poke(&self) {
        self.poke.notify_one();
    }

    pub(crate) fn status(&self) -> TaskStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn update(&self, change: impl FnOnce(&mut TaskStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Runs `pass` until `stop`.
    pub(crate) async fn drive<F, Fut>(&self, period: Duration, clock: Arc<dyn Clock>, stop: CancellationToken, pass: F)
    where
        F: Fn() -> Fut,
        Fut: Future<Output = Result<TaskOutcome, ServiceError>> + Send + 'static,
    {
        while !stop.is_cancelled() {
            let again = self.run_once(clock.as_ref(), &stop, pass()).await;
            if again {
                tokio::task::yield_now().await;
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(period) => {}
                () = self.poke.notified() => {}
            }
        }
    }

    /// One pass with its status kept; whether to go on at once.
    async fn run_once<Fut>(&self, clock: &dyn Clock, stop: &CancellationToken, pass: Fut) -> bool
    where
        Fut: Future<Output = Result<TaskOutcome, ServiceError>> + Send + 'static,
    {
        self.update(|it| {
            it.last_started_at = Some(clock.now());
            it.runs += 1;
        });
        // A task of its own, so that a panic ends only this pass.
        let mut running = tokio::spawn(pass);
        let result = tokio::select! {
            result = &mut running => result,
            () = stopped_for(stop, Duration::from_secs(4)) => {
                running.abort();
                running.await
            }
        };
        let name = self.status().name;
        match result {
            Ok(Ok(outcome)) => {
                self.update(|it| {
                    if it.last_error.take().is_some() {
                        tracing::info!(task = name, "a background task works again");
                    }
                    it.last_ok_at = Some(clock.now());
                    it.last_changed = outcome.changed;
                });
                outcome.again
            }
            Ok(Err(err)) => {
                self.update(|it| {
                    let message = err.public_message();
                    // Once per kind of failure: an engine that is away for an hour is one line, not 3,600.
                    if it.last_error.as_ref() != Some(&message) {
                        tracing::warn!(task = name, error = %err.chain(), "a background task failed; it is tried again");
                    }
                    it.last_error = Some(message);
                });
                false
            }
            Err(join) if join.is_panic() => {
                tracing::error!(task = name, "a background task panicked; it goes on with its next pass");
                self.update(|it| {
                    it.panics += 1;
                    it.last_error = Some(ServiceError::Internal { what: name }.public_message());
                });
                false
            }
            Err(_) => false,
        }
    }
}

async fn stopped_for(stop: &CancellationToken, grace: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(grace).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    struct FixedClock;
    impl Clock for FixedClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix_micros(7)
        }
    }

    #[tokio::test]
    async fn a_panic_is_counted_and_the_task_goes_on() {
        let handle = TaskHandle::new("test");
        let stop = CancellationToken::new();
        let passes = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let (counted, ender) = (passes.clone(), stop.clone());
        handle
            .drive(Duration::from_millis(1), Arc::new(FixedClock), stop, move || {
                let pass = counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                let ender = ender.clone();
                async move {
                    match pass {
                        0 => panic!("the first pass panics"),
                        1 => Err(ServiceError::NotFound { what: "run" }),
                        _ => {
                            ender.cancel();
                            Ok(TaskOutcome::changed(3))
                        }
                    }
                }
            })
            .await;
        let status = handle.status();
        assert_eq!((status.runs, status.panics, status.last_changed), (3, 1, 3));
        assert_eq!(status.last_error, None);
        assert_eq!(status.last_ok_at, Some(Timestamp::from_unix_micros(7)));
    }

    #[tokio::test]
    async fn an_error_is_kept_until_the_next_good_pass() {
        let handle = TaskHandle::new("test");
        let stop = CancellationToken::new();
        handle.run_once(&FixedClock, &stop, async { Err(ServiceError::NotFound { what: "run" }) }).await;
        assert_eq!(handle.status().last_error.as_deref(), Some("There is no such run."));
        assert_eq!(handle.status().last_ok_at, None);
        handle.run_once(&FixedClock, &stop, async { Ok(TaskOutcome::default()) }).await;
        assert_eq!(handle.status().last_error, None);
    }
}
