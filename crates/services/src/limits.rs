//! One token bucket per API family, with priorities, around the engine's traits: no caller can forget it.
//!
//! Invariants: create and stop never wait behind reading; what a page asked for goes before background copying.
//! A throttled answer halves the family's rate (not below a tenth of the configured one), good answers raise it again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{ids::JobName, observation::JobObservation, time::Timestamp};
use serde_json::Value;
use tokio::time::Instant;

use crate::engine::{
    Engine, EngineError, JobEngine, JobPage, LogEngine, LogEvent, LogPage, MetricData, MetricEngine, MetricQuery,
};

/// Calls per second of each API family. Starting guesses for AWS; the limiter finds the true rate by itself.
#[derive(Clone, Copy, Debug)]
pub struct RateConfig {
    pub jobs_per_second: f64,
    pub logs_per_second: f64,
    pub metrics_per_second: f64,
}

impl RateConfig {
    pub const fn local() -> Self {
        Self { jobs_per_second: 200.0, logs_per_second: 500.0, metrics_per_second: 200.0 }
    }

    /// SageMaker's List and Search are throttled at about 2/s, Describe higher; GetLogEvents at 25/s, GetMetricData 50/s.
    pub const fn aws() -> Self {
        Self { jobs_per_second: 4.0, logs_per_second: 15.0, metrics_per_second: 5.0 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Priority {
    Background,
    Page,
    Launch,
}

const PRIORITIES: usize = 3;

struct Bucket {
    configured_rate: f64,
    state: Mutex<BucketState>,
}

struct BucketState {
    rate: f64,
    tokens: f64,
    refilled_at: Instant,
    /// How many wait, by priority.
    waiting: [usize; PRIORITIES],
}

impl Bucket {
    fn new(rate: f64) -> Self {
        let state = BucketState { rate, tokens: rate.max(1.0), refilled_at: Instant::now(), waiting: [0; PRIORITIES] };
        Self { configured_rate: rate, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, BucketState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn acquire(&self, priority: Priority) {
        let mut waiting = None;
        loop {
            let pause = {
                let mut state = self.lock();
                let now = Instant::now();
                let burst = state.rate.max(1.0);
                let gained = now.duration_since(state.refilled_at).as_secs_f64() * state.rate;
                state.tokens = (state.tokens + gained).min(burst);
                state.refilled_at = now;
                let someone_before_us = state.waiting[priority as usize + 1..].iter().any(|it| *it > 0);
                if state.tokens >= 1.0 && !someone_before_us {
                    state.tokens -= 1.0;
                    return;
                }
                Duration::from_secs_f64(((1.0 - state.tokens) / state.rate).clamp(0.001, 5.0))
            };
            // The place in the queue is given back when this future is dropped, too.
            waiting.get_or_insert_with(|| Waiting::enter(self, priority));
            tokio::time::sleep(pause).await;
        }
    }

    fn learn<T>(&self, result: Result<T, EngineError>) -> Result<T, EngineError> {
        let mut state = self.lock();
        state.rate = match &result {
            Err(EngineError::Throttled) => (state.rate / 2.0).max(self.configured_rate / 10.0),
            _ => (state.rate + self.configured_rate / 100.0).min(self.configured_rate),
        };
        result
    }
}

struct Waiting<'a> {
    bucket: &'a Bucket,
    priority: Priority,
}

impl<'a> Waiting<'a> {
    fn enter(bucket: &'a Bucket, priority: Priority) -> Self {
        bucket.lock().waiting[priority as usize] += 1;
        Self { bucket, priority }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.bucket.lock().waiting[self.priority as usize] -= 1;
    }
}

/// The same engine behind the buckets. S3 needs none: it takes thousands of reads a second, and a person's at that.
/// Quotas are asked for every few minutes.
pub(crate) fn limited(engine: Engine, rates: &RateConfig) -> Engine {
    Engine {
        jobs: Arc::new(LimitedJobs { inner: engine.jobs, bucket: Bucket::new(rates.jobs_per_second) }),
        logs: Arc::new(LimitedLogs { inner: engine.logs, bucket: Bucket::new(rates.logs_per_second) }),
        metrics: Arc::new(LimitedMetrics { inner: engine.metrics, bucket: Bucket::new(rates.metrics_per_second) }),
        objects: engine.objects,
        quotas: engine.quotas,
        info: engine.info,
    }
}

struct LimitedJobs {
    inner: Arc<dyn JobEngine>,
    bucket: Bucket,
}

#[async_trait]
impl JobEngine for LimitedJobs {
    async fn create(&self, request: &Value) -> Result<String, EngineError> {
        self.bucket.acquire(Priority::Launch).await;
        self.bucket.learn(self.inner.create(request).await)
    }

    async fn describe(&self, job_name: &JobName) -> Result<Option<JobObservation>, EngineError> {
        self.bucket.acquire(Priority::Page).await;
        self.bucket.learn(self.inner.describe(job_name).await)
    }

    async fn tags(&self, job_arn: &str) -> Result<BTreeMap<String, String>, EngineError> {
        self.bucket.acquire(Priority::Page).await;
        self.bucket.learn(self.inner.tags(job_arn).await)
    }

    async fn stop(&self, job_name: &JobName) -> Result<(), EngineError> {
        self.bucket.acquire(Priority::Launch).await;
        self.bucket.learn(self.inner.stop(job_name).await)
    }

    async fn search(
        &self,
        modified_after: Option<Timestamp>,
        page_token: Option<&str>,
    ) -> Result<JobPage, EngineError> {
        self.bucket.acquire(Priority::Background).await;
        self.bucket.learn(self.inner.search(modified_after, page_token).await)
    }

    async fn ping(&self) -> Result<(), EngineError> {
        self.bucket.acquire(Priority::Page).await;
        self.bucket.learn(self.inner.ping().await)
    }
}

struct LimitedLogs {
    inner: Arc<dyn LogEngine>,
    bucket: Bucket,
}

#[async_trait]
impl LogEngine for LimitedLogs {
    async fn streams(&self, job_name: &JobName) -> Result<Vec<String>, EngineError> {
        self.bucket.acquire(Priority::Background).await;
        self.bucket.learn(self.inner.streams(job_name).await)
    }

    async fn events(&self, stream: &str, token: Option<&str>, limit: u32) -> Result<LogPage, EngineError> {
        self.bucket.acquire(Priority::Background).await;
        self.bucket.learn(self.inner.events(stream, token, limit).await)
    }

    async fn tail(&self, stream: &str, limit: u32) -> Result<Vec<LogEvent>, EngineError> {
        self.bucket.acquire(Priority::Page).await;
        self.bucket.learn(self.inner.tail(stream, limit).await)
    }

    async fn search(&self, job_name: &JobName, text: &str, limit: u32) -> Result<Vec<(String, LogEvent)>, EngineError> {
        self.bucket.acquire(Priority::Page).await;
        self.bucket.learn(self.inner.search(job_name, text, limit).await)
    }
}

struct LimitedMetrics {
    inner: Arc<dyn MetricEngine>,
    bucket: Bucket,
}

#[async_trait]
impl MetricEngine for LimitedMetrics {
    async fn query(
        &self,
        queries: &[MetricQuery],
        from: Timestamp,
        to: Timestamp,
        period_seconds: u32,
    ) -> Result<Vec<MetricData>, EngineError> {
        self.bucket.acquire(Priority::Background).await;
        self.bucket.learn(self.inner.query(queries, from, to, period_seconds).await)
    }
}
