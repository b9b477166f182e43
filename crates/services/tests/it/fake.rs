//! A training engine in memory. Its ledger of accepted creates is append-only and knows nothing of the code under
//! test: what it says is what would have been billed. Any call can be made to fail in any of the ways that matter.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    ids::JobName,
    observation::JobObservation,
    quota::TrainingQuota,
    time::{Clock, Timestamp},
};
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use serde_json::{Value, json};
use services::engine::{
    Engine, EngineError, EngineInfo, EngineKind, JobEngine, JobPage, LogEngine, LogEvent, LogPage, MetricData,
    MetricEngine, MetricQuery, ObjectEngine, ObjectEntry, ObjectPage, ObjectRead,
};
use tokio::sync::Notify;

use crate::fake_quotas::over_quota;

/// 2026-11-23, a whole minute.
pub(crate) const START: Timestamp = Timestamp::from_unix_millis(1_795_392_000_000);

/// Moved by hand only.
pub(crate) struct HandClock(AtomicI64);

impl HandClock {
    pub(crate) fn new() -> Self {
        Self(AtomicI64::new(START.unix_micros()))
    }

    pub(crate) fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_micros(self.0.load(Ordering::SeqCst))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Carried out; the answer never arrives.
    AnswerLost,
    /// Not carried out, but nobody can know.
    Timeout,
    Throttled,
    /// Connection refused.
    Refused,
    /// The process dies before the request leaves: the call never returns.
    HangBefore,
    /// The process dies after the request was carried out.
    HangAfter,
    /// Carried out, but the answer takes until `release`.
    HoldAfter,
    /// Carried out only after `release`.
    HoldBefore,
}

/// Which call fails: the n-th (from 0) among all calls, or among those of one name.
#[derive(Clone, Debug)]
struct Armed {
    name: Option<&'static str>,
    skip: usize,
    fault: Fault,
}

#[derive(Clone, Debug)]
pub(crate) struct LedgerEntry {
    pub(crate) job_name: String,
    pub(crate) run_id: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct FakeJob {
    pub(crate) arn: String,
    pub(crate) request: Value,
    pub(crate) status: String,
    pub(crate) secondary: String,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) training_seconds: Option<u64>,
    pub(crate) billable_seconds: Option<u64>,
    pub(crate) artifact: Option<String>,
    /// Describe and Search do not show it before.
    pub(crate) visible_at: Timestamp,
    pub(crate) stops: usize,
}

#[derive(Default)]
pub(crate) struct State {
    /// Append-only: every create that was accepted.
    pub(crate) ledger: Vec<LedgerEntry>,
    pub(crate) jobs: BTreeMap<String, FakeJob>,
    pub(crate) objects: BTreeMap<String, Bytes>,
    pub(crate) streams: BTreeMap<String, Vec<LogEvent>>,
    pub(crate) metrics: BTreeMap<(String, String), Vec<(Timestamp, f64)>>,
    /// Names of all calls, in order.
    pub(crate) calls: Vec<&'static str>,
    /// Search answers with these instead of its own pages.
    pub(crate) canned_pages: VecDeque<JobPage>,
    pub(crate) create_refusal: Option<EngineError>,
    /// What Service Quotas says. What is held against creates is `engine_quotas`, which may be another.
    pub(crate) quotas: Vec<TrainingQuota>,
    pub(crate) quota_refusal: Option<EngineError>,
    /// Creates above these are refused, as AWS does it.
    pub(crate) engine_quotas: Vec<TrainingQuota>,
    /// Every list and read of objects is refused with this.
    pub(crate) object_refusal: Option<EngineError>,
    /// Seconds until a created job is visible.
    pub(crate) visible_after_seconds: i64,
    /// Log tokens made before this generation are refused.
    pub(crate) token_generation: u32,
    armed: Option<Armed>,
    pub(crate) fired: usize,
    /// Every call fails with this probability in percent, in a way chosen by the same number.
    pub(crate) storm: Option<(u32, u64)>,
}

pub(crate) struct FakeCloud {
    state: Mutex<State>,
    clock: Arc<HandClock>,
    /// A hanging or held call has begun to hang.
    pub(crate) hung: Notify,
    pub(crate) release: Notify,
}

impl FakeCloud {
    pub(crate) fn new(clock: Arc<HandClock>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), clock, hung: Notify::new(), release: Notify::new() })
    }

    pub(crate) fn engine(self: &Arc<Self>) -> Engine {
        Engine {
            jobs: self.clone(),
            logs: self.clone(),
            metrics: self.clone(),
            objects: self.clone(),
            quotas: self.clone(),
            info: EngineInfo {
                kind: EngineKind::Local,
                account: "000000000000".to_owned(),
                region: "us-east-1".to_owned(),
                bucket: "trainyard".to_owned(),
                role_arn: "arn:aws:iam::000000000000:role/TrainyardLocal".to_owned(),
                output_path: "s3://trainyard/runs".to_owned(),
            },
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn arm(&self, nth: usize, fault: Fault) {
        self.state().armed = Some(Armed { name: None, skip: nth, fault });
    }

    pub(crate) fn arm_call(&self, name: &'static str, nth: usize, fault: Fault) {
        self.state().armed = Some(Armed { name: Some(name), skip: nth, fault });
    }

    /// A fault that did not fire will not.
    pub(crate) fn disarm(&self) {
        self.state().armed = None;
    }

    pub(crate) fn fired(&self) -> usize {
        self.state().fired
    }

    pub(crate) fn calls_of(&self, name: &str) -> usize {
        self.state().calls.iter().filter(|it| **it == name).count()
    }

    /// Accepted creates in all.
    pub(crate) fn creates(&self) -> usize {
        self.state().ledger.len()
    }

    /// A job that another client creates.
    pub(crate) fn create_foreign(&self, request: &Value) -> String {
        let now = self.clock.now();
        create(&mut self.state(), request, now).unwrap()
    }

    pub(crate) fn change(&self, job_name: &str, change: impl FnOnce(&mut FakeJob)) {
        let now = self.clock.now();
        let mut state = self.state();
        let job = state.jobs.get_mut(job_name).unwrap();
        job.modified_at = now;
        change(job);
    }

    pub(crate) fn complete(&self, job_name: &str) {
        let now = self.clock.now();
        self.change(job_name, |job| {
            "Completed".clone_into(&mut job.status);
            "Completed".clone_into(&mut job.secondary);
            job.started_at.get_or_insert(job.created_at);
            job.ended_at = Some(now);
            job.training_seconds = Some(100);
            job.billable_seconds = Some(30);
            job.artifact = Some(format!("s3://trainyard/runs/{job_name}/output/model.tar.gz"));
        });
    }

    pub(crate) fn log(&self, stream: &str, text: impl Into<String>) {
        let event = LogEvent { at: self.clock.now(), text: text.into() };
        self.state().streams.entry(stream.to_owned()).or_default().push(event);
    }

    pub(crate) fn metric(&self, name: &str, dimension: &str, at: Timestamp, value: f64) {
        self.state().metrics.entry((name.to_owned(), dimension.to_owned())).or_default().push((at, value));
    }

    pub(crate) async fn call<T>(
        &self,
        name: &'static str,
        effect: impl FnOnce(&mut State, Timestamp) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let fault = self.take_fault(name);
        let unknown = || EngineError::Unknown { message: "injected".to_owned() };
        match fault {
            None => effect(&mut self.state(), self.clock.now()),
            Some(Fault::AnswerLost) => {
                let _ = effect(&mut self.state(), self.clock.now());
                Err(unknown())
            }
            Some(Fault::Timeout) => Err(unknown()),
            Some(Fault::Throttled) => Err(EngineError::Throttled),
            Some(Fault::Refused) => {
                Err(EngineError::Unreachable { nothing_sent: true, message: "injected".to_owned() })
            }
            Some(Fault::HangBefore) => {
                self.hung.notify_one();
                std::future::pending().await
            }
            Some(Fault::HangAfter) => {
                let _ = effect(&mut self.state(), self.clock.now());
                self.hung.notify_one();
                std::future::pending().await
            }
            Some(Fault::HoldAfter) => {
                let result = effect(&mut self.state(), self.clock.now());
                self.hung.notify_one();
                self.release.notified().await;
                result
            }
            Some(Fault::HoldBefore) => {
                self.hung.notify_one();
                self.release.notified().await;
                effect(&mut self.state(), self.clock.now())
            }
        }
    }

    fn take_fault(&self, name: &'static str) -> Option<Fault> {
        let mut state = self.state();
        state.calls.push(name);
        if let Some((percent, seed)) = state.storm {
            // xorshift: the same storm for the same seed.
            let mut x = seed;
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            state.storm = Some((percent, x));
            if x % 100 < u64::from(percent) {
                state.fired += 1;
                let kinds = [Fault::AnswerLost, Fault::Timeout, Fault::Throttled, Fault::Refused];
                return Some(kinds[(x / 100 % 4) as usize]);
            }
            return None;
        }
        let armed = state.armed.as_mut()?;
        if armed.name.is_some_and(|it| it != name) {
            return None;
        }
        if armed.skip > 0 {
            armed.skip -= 1;
            return None;
        }
        let fault = armed.fault;
        state.armed = None;
        state.fired += 1;
        Some(fault)
    }
}

fn create(state: &mut State, request: &Value, now: Timestamp) -> Result<String, EngineError> {
    if let Some(refusal) = &state.create_refusal {
        return Err(refusal.clone());
    }
    let name = request["TrainingJobName"].as_str().unwrap().to_owned();
    if state.jobs.contains_key(&name) {
        return Err(EngineError::NameInUse);
    }
    if let Some(message) = over_quota(state, request) {
        return Err(EngineError::Rejected { code: "ResourceLimitExceeded".to_owned(), message });
    }
    let arn = format!("arn:aws:sagemaker:us-east-1:000000000000:training-job/{name}");
    let run_id = tags_of(request).remove("trainyard:run-id");
    state.ledger.push(LedgerEntry { job_name: name.clone(), run_id });
    let job = FakeJob {
        arn: arn.clone(),
        request: request.clone(),
        status: "InProgress".to_owned(),
        secondary: "Starting".to_owned(),
        created_at: now,
        modified_at: now,
        started_at: None,
        ended_at: None,
        training_seconds: None,
        billable_seconds: None,
        artifact: None,
        visible_at: now.plus_seconds(state.visible_after_seconds),
        stops: 0,
    };
    state.jobs.insert(name, job);
    Ok(arn)
}

fn tags_of(request: &Value) -> BTreeMap<String, String> {
    let tags = request["Tags"].as_array().cloned().unwrap_or_default();
    tags.iter().map(|it| (it["Key"].as_str().unwrap().to_owned(), it["Value"].as_str().unwrap().to_owned())).collect()
}

pub(crate) fn observation(job: &FakeJob, with_tags: bool) -> JobObservation {
    let mut answer = job.request.clone();
    let members = answer.as_object_mut().unwrap();
    let tags = members.remove("Tags");
    if with_tags {
        members.insert("Tags".to_owned(), tags.unwrap_or_else(|| json!([])));
    }
    members.insert("TrainingJobArn".to_owned(), json!(job.arn));
    members.insert("TrainingJobStatus".to_owned(), json!(job.status));
    members.insert("SecondaryStatus".to_owned(), json!(job.secondary));
    members.insert("CreationTime".to_owned(), json!(job.created_at.unix_seconds()));
    members.insert("LastModifiedTime".to_owned(), json!(job.modified_at.unix_seconds()));
    let mut put = |key: &str, value: Option<Value>| value.map(|it| members.insert(key.to_owned(), it));
    put("TrainingStartTime", job.started_at.map(|it| json!(it.unix_seconds())));
    put("TrainingEndTime", job.ended_at.map(|it| json!(it.unix_seconds())));
    put("TrainingTimeInSeconds", job.training_seconds.map(|it| json!(it)));
    put("BillableTimeInSeconds", job.billable_seconds.map(|it| json!(it)));
    put("ModelArtifacts", job.artifact.as_ref().map(|it| json!({ "S3ModelArtifacts": it })));
    JobObservation::parse(&answer).unwrap()
}

#[async_trait]
impl JobEngine for FakeCloud {
    async fn create(&self, request: &Value) -> Result<String, EngineError> {
        self.call("create", |state, now| create(state, request, now)).await
    }

    async fn describe(&self, job_name: &JobName) -> Result<Option<JobObservation>, EngineError> {
        self.call("describe", |state, now| {
            let job = state.jobs.get(job_name.as_str()).filter(|it| it.visible_at <= now);
            Ok(job.map(|it| observation(it, false)))
        })
        .await
    }

    async fn tags(&self, job_arn: &str) -> Result<BTreeMap<String, String>, EngineError> {
        self.call("tags", |state, _| {
            let job = state.jobs.values().find(|it| it.arn == job_arn).ok_or(EngineError::NotFound)?;
            Ok(tags_of(&job.request))
        })
        .await
    }

    async fn stop(&self, job_name: &JobName) -> Result<(), EngineError> {
        self.call("stop", |state, now| {
            let job = state.jobs.get_mut(job_name.as_str()).ok_or(EngineError::NotFound)?;
            job.stops += 1;
            if job.status == "InProgress" {
                "Stopped".clone_into(&mut job.status);
                "Stopped".clone_into(&mut job.secondary);
                job.modified_at = now;
                job.ended_at = Some(now);
            }
            Ok(())
        })
        .await
    }

    async fn search(
        &self,
        modified_after: Option<Timestamp>,
        page_token: Option<&str>,
    ) -> Result<JobPage, EngineError> {
        self.call("search", |state, now| {
            if let Some(page) = state.canned_pages.pop_front() {
                return Ok(page);
            }
            let mut found: Vec<&FakeJob> = state
                .jobs
                .values()
                .filter(|it| it.visible_at <= now && modified_after.is_none_or(|after| it.modified_at >= after))
                .collect();
            found.sort_by_key(|it| it.modified_at);
            let at: usize = page_token.map_or(0, |it| it.parse().unwrap());
            let jobs = found.iter().skip(at).take(100).map(|it| observation(it, true)).collect();
            let next_token = (found.len() > at + 100).then(|| (at + 100).to_string());
            Ok(JobPage { jobs, next_token })
        })
        .await
    }

    async fn ping(&self) -> Result<(), EngineError> {
        self.call("ping", |_, _| Ok(())).await
    }
}

#[async_trait]
impl LogEngine for FakeCloud {
    async fn streams(&self, job_name: &JobName) -> Result<Vec<String>, EngineError> {
        self.call("streams", |state, _| {
            let prefix = format!("{job_name}/");
            Ok(state.streams.keys().filter(|it| it.starts_with(&prefix)).cloned().collect())
        })
        .await
    }

    async fn events(&self, stream: &str, token: Option<&str>, limit: u32) -> Result<LogPage, EngineError> {
        self.call("events", |state, _| {
            let at: usize = match token {
                None => 0,
                Some(token) => {
                    let (generation, at) = token.split_once('/').unwrap();
                    if generation.parse::<u32>().unwrap() < state.token_generation {
                        let code = "InvalidParameterException".to_owned();
                        return Err(EngineError::Rejected { code, message: "The token has expired".to_owned() });
                    }
                    at.parse().unwrap()
                }
            };
            let all = state.streams.get(stream).ok_or(EngineError::NotFound)?;
            let events: Vec<LogEvent> = all.iter().skip(at).take(limit as usize).cloned().collect();
            let next_token = format!("{}/{}", state.token_generation, at + events.len());
            Ok(LogPage { events, next_token })
        })
        .await
    }

    async fn tail(&self, stream: &str, limit: u32) -> Result<Vec<LogEvent>, EngineError> {
        self.call("tail", |state, _| {
            let all = state.streams.get(stream).ok_or(EngineError::NotFound)?;
            Ok(all[all.len().saturating_sub(limit as usize)..].to_vec())
        })
        .await
    }

    async fn search(&self, job_name: &JobName, text: &str, limit: u32) -> Result<Vec<(String, LogEvent)>, EngineError> {
        self.call("log_search", |state, _| {
            let prefix = format!("{job_name}/");
            let own = state.streams.iter().filter(|(stream, _)| stream.starts_with(&prefix));
            let events = own.flat_map(|(stream, events)| events.iter().map(move |it| (stream.clone(), it.clone())));
            Ok(events.filter(|(_, it)| it.text.contains(text)).take(limit as usize).collect())
        })
        .await
    }
}

#[async_trait]
impl MetricEngine for FakeCloud {
    async fn query(
        &self,
        queries: &[MetricQuery],
        from: Timestamp,
        to: Timestamp,
        _period_seconds: u32,
    ) -> Result<Vec<MetricData>, EngineError> {
        self.call("query", |state, _| {
            let answer = |query: &MetricQuery| {
                let all = state.metrics.get(&(query.name.clone(), query.dimension.1.clone()));
                let mut points: Vec<_> =
                    all.into_iter().flatten().filter(|(at, _)| *at >= from && *at < to).copied().collect();
                points.sort_by_key(|it| it.0);
                MetricData { points }
            };
            Ok(queries.iter().map(answer).collect())
        })
        .await
    }
}

#[async_trait]
impl ObjectEngine for FakeCloud {
    async fn put(&self, uri: &str, body: Bytes) -> Result<(), EngineError> {
        self.call("put", |state, _| {
            state.objects.insert(uri.to_owned(), body);
            Ok(())
        })
        .await
    }

    async fn put_stream(
        &self,
        uri: &str,
        body: BoxStream<'static, Result<Bytes, EngineError>>,
    ) -> Result<(), EngineError> {
        let chunks: Vec<Bytes> = body.try_collect().await?;
        self.put(uri, chunks.concat().into()).await
    }

    async fn delete(&self, uri: &str) -> Result<(), EngineError> {
        self.call("delete", |state, _| {
            state.objects.remove(uri);
            Ok(())
        })
        .await
    }

    async fn get(&self, uri: &str) -> Result<ObjectRead, EngineError> {
        self.call("get", |state, _| {
            let body = state.objects.get(uri).cloned().ok_or(EngineError::NotFound)?;
            let size_bytes = Some(body.len() as u64);
            Ok(ObjectRead { size_bytes, stream: futures::stream::once(async move { Ok(body) }).boxed() })
        })
        .await
    }

    async fn get_head(&self, uri: &str, bytes: u64) -> Result<Bytes, EngineError> {
        self.call("get_head", |state, _| {
            if let Some(refusal) = &state.object_refusal {
                return Err(refusal.clone());
            }
            let body = state.objects.get(uri).ok_or(EngineError::NotFound)?;
            Ok(body.slice(..body.len().min(bytes as usize)))
        })
        .await
    }

    async fn head(&self, uri: &str) -> Result<Option<u64>, EngineError> {
        self.call("head", |state, _| Ok(state.objects.get(uri).map(|it| it.len() as u64))).await
    }

    async fn list(&self, uri: &str, is_deep: bool, token: Option<&str>) -> Result<ObjectPage, EngineError> {
        self.call("list", |state, _| match &state.object_refusal {
            Some(refusal) => Err(refusal.clone()),
            None => list(state, uri, is_deep, token),
        })
        .await
    }

    async fn buckets(&self) -> Result<Vec<String>, EngineError> {
        let names = |state: &mut State, _| Ok(buckets(state).into_iter().collect());
        self.call("buckets", |state, at| state.object_refusal.clone().map_or_else(|| names(state, at), Err)).await
    }
}

/// The engine's own bucket is there without objects, too.
fn buckets(state: &State) -> BTreeSet<String> {
    let of_objects = state.objects.keys().filter_map(|it| it.strip_prefix("s3://")?.split('/').next());
    of_objects.chain(["trainyard"]).map(str::to_owned).collect()
}

fn list(state: &State, uri: &str, is_deep: bool, token: Option<&str>) -> Result<ObjectPage, EngineError> {
    let bucket = uri.strip_prefix("s3://").unwrap().split('/').next().unwrap();
    if !buckets(state).contains(bucket) {
        return Err(EngineError::NotFound);
    }
    let mut page = ObjectPage::default();
    let mut last = String::new();
    for (at, body) in state.objects.iter().filter(|(at, _)| at.starts_with(uri)) {
        let folder = at[uri.len()..].find('/').map(|end| &at[..=uri.len() + end]).filter(|_| !is_deep);
        let shown = folder.unwrap_or(at);
        if token.is_some_and(|it| shown <= it) || shown == last {
            continue;
        }
        if page.objects.len() + page.folders.len() == 1_000 {
            page.next_token = Some(last);
            break;
        }
        shown.clone_into(&mut last);
        match folder {
            Some(folder) => page.folders.push(folder.to_owned()),
            None => page.objects.push(ObjectEntry {
                uri: at.clone(),
                size_bytes: body.len() as u64,
                e_tag: format!("{:032x}", body.len()),
                modified_at: START,
            }),
        }
    }
    Ok(page)
}
