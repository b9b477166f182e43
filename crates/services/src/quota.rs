//! Quotas: what the account may use, what our runs take of it, and which way a run that may wait is sent.
//!
//! Invariants:
//! - Quotas that cannot be read are not known: nothing is refused and nothing waits for their sake. Pages read what is
//!   kept here and never wait for the engine.
//! - Who is next is decided from the store alone (see `domain::quota`): every dispatcher comes to the same answer. The
//!   engine has the last word, and its refusal for want of quota sends a run that may wait back into line.
//! - Another type than the wanted one is on record, with its price, before it is sent; and only while nothing can have
//!   been sent.

use std::{
    collections::BTreeMap,
    sync::{MutexGuard, PoisonError},
};

use domain::{
    ids::RunId,
    job_draft::FieldError,
    job_spec::JobSpec,
    quota::{Need, QuotaTable, QuotaUse, QuotaVerdict, Shortfall, TrainingQuota, WaitPlan, amended, kind_text, needs},
    run::Run,
    time::Timestamp,
};
use serde_json::Value;
use store::{Guarded, LaunchOutcome, OutboxLease, QuotaWait};

use crate::{EngineError, ServiceError, Services, config::micros, tasks::TaskOutcome};

/// What is known of the quotas in this process.
#[derive(Debug, Default)]
pub(crate) struct QuotaBoard {
    /// `None`: not known.
    quotas: Option<Vec<TrainingQuota>>,
    /// When there was an answer, be it that they may not be read.
    read_at: Option<Timestamp>,
    /// Quotas that the engine called exhausted, and until when that is believed. They stay here for a while longer: what
    /// others use of them is not in our count, so those who wait for them go one by one.
    exhausted: BTreeMap<(String, QuotaUse), Timestamp>,
}

/// What a claimed run is to do.
pub(crate) enum QuotaGate {
    /// With how it waits, should the engine refuse it for want of room.
    Send(Box<Run>, Option<QuotaWait>),
    /// Not now; or the lease is lost.
    Not(LaunchOutcome),
}

/// Everything that decides whether a run can go.
struct Line {
    runs: Vec<Run>,
    waiting: Vec<QuotaWait>,
}

impl Services {
    /// Reads the quotas, when what is known is old.
    pub async fn task_quotas(&self) -> Result<TaskOutcome, ServiceError> {
        let now = self.now();
        let keep = micros(self.inner.config.quotas_keep);
        if self.quota_board().read_at.is_some_and(|it| now.unix_micros() - it.unix_micros() < keep) {
            return Ok(TaskOutcome::default());
        }
        let answer = self.inner.engine.quotas.training_quotas().await;
        let mut board = self.quota_board();
        match answer {
            Ok(quotas) => {
                board.read_at = Some(now);
                board.quotas = Some(quotas);
            }
            Err(error) => {
                // Who may not read them may not in a minute either; no answer is asked for again soon.
                board.read_at = error.is_permanent().then_some(now);
                if board.quotas.take().is_some() || error.is_permanent() {
                    tracing::warn!(%error, "quotas are not known: jobs are launched without looking at them");
                }
            }
        }
        Ok(TaskOutcome::changed(1))
    }

    /// The quotas with what our runs take, for a job that is not launched yet.
    pub async fn quota_table(&self) -> Result<QuotaTable, ServiceError> {
        let quotas = self.quota_board().quotas.clone();
        let table = QuotaTable::new(quotas);
        if table.limits_nothing() {
            return Ok(table);
        }
        Ok(table.with_runs(&self.inner.store.run_quota_list().await?, None))
    }

    /// Why a form cannot be launched under the quotas, each with its cure.
    pub(crate) async fn quota_errors(&self, key: &str, spec: &JobSpec) -> Result<Vec<FieldError>, ServiceError> {
        let request = spec.request.as_value();
        let QuotaVerdict::Refused(short) = self.quota_table().await?.verdict(request, spec.wait.as_ref()) else {
            return Ok(Vec::new());
        };
        // The same form sent twice at once: what takes the room may be its own run.
        if self.launched_run(key).await?.is_some() {
            return Ok(Vec::new());
        }
        let error = |it: &Shortfall| {
            let message = format!("{}. To launch it, {}.", it.text(), it.cure());
            FieldError::new(it.field(request), message)
        };
        Ok(short.iter().map(error).collect())
    }

    /// Makes due what can go now, in the order of the line. Reads only, unless somebody waits and can go.
    pub(crate) async fn quota_wake(&self) -> Result<u64, ServiceError> {
        let waiting = self.inner.store.quota_waiting_list().await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let mut line = Line { runs: self.inner.store.run_quota_list().await?, waiting };
        let mut woken = 0;
        for place in 0..line.waiting.len() {
            let wait = &line.waiting[place];
            let Some(index) = line.runs.iter().position(|it| it.id == wait.run_id) else { continue };
            let run = &line.runs[index];
            match self.quota_choose(&line, run, wait) {
                Ok(request) => {
                    woken += u64::from(self.inner.store.quota_wake(&run.id, self.now()).await?);
                    // Those behind it find taken what it will take.
                    line.runs[index].request = request;
                }
                Err(message) if run.launch_message.as_ref() != Some(&message) => {
                    self.inner.store.quota_wait_say(&run.id, &message, self.now()).await?;
                    self.inner.hub.poke();
                }
                Err(_) => {}
            }
        }
        Ok(woken)
    }

    /// Whether a run that was claimed can go, and as what.
    pub(crate) async fn quota_gate(&self, lease: &OutboxLease, run: &Run) -> Result<QuotaGate, ServiceError> {
        let store = &self.inner.store;
        let as_it_is = |wait| Ok(QuotaGate::Send(Box::new(run.clone()), wait));
        let Some(wait) = store.quota_wait_get(&run.id).await? else { return as_it_is(None) };
        // What may have been sent is sent again as it was, or not at all.
        if lease.may_have_been_sent {
            return as_it_is(Some(wait));
        }
        let line = Line { runs: store.run_quota_list().await?, waiting: store.quota_waiting_list().await? };
        let request = match self.quota_choose(&line, run, &wait) {
            Ok(request) if request == run.request => return as_it_is(Some(wait)),
            Ok(request) => request,
            Err(message) => return Ok(QuotaGate::Not(self.quota_waits(lease, message))),
        };
        let amended = amended(run, request);
        let why = format!("{} instead of {}", kind_text(&amended.request), kind_text(&run.request));
        Ok(match store.run_amend(lease, &amended, &why, self.now()).await? {
            Guarded::Applied(run) => {
                tracing::info!(run.id = %run.id, %why, "a run takes a fallback");
                QuotaGate::Send(Box::new(run), Some(wait))
            }
            // Thrown away by the store, as the lease is lost.
            Guarded::Fenced => QuotaGate::Not(self.quota_waits(lease, "the lease was lost".to_owned())),
        })
    }

    /// The engine's refusal of a run, if it may wait and waiting can help.
    pub(crate) fn quota_refused(
        &self,
        lease: &OutboxLease,
        run: &Run,
        wait: Option<&QuotaWait>,
        error: &EngineError,
    ) -> Option<LaunchOutcome> {
        let EngineError::Rejected { code, message } = error else { return None };
        // The same code says that a region does not have a type at all.
        if code != "ResourceLimitExceeded" || message.contains("not available in this region") {
            return None;
        }
        let wait = wait?;
        let named = message.split('\'').find_map(QuotaUse::of_quota_name);
        let needs = needs(&run.request);
        // A quota below what the job needs never has room for it: what has nothing else to take is refused.
        let is_for_ever = |(name, usage): &(String, QuotaUse)| {
            let limit = limit_said(message);
            needs.iter().any(|it| it.is_of(name, *usage) && limit.is_some_and(|limit| limit < it.instances))
        };
        if wait.plan == WaitPlan::default() && named.as_ref().is_some_and(is_for_ever) {
            return None;
        }
        let exhausted = match named {
            Some(key) => vec![key],
            None => needs.into_iter().map(|it| (it.instance_type, it.usage)).collect(),
        };
        let until = self.now().plus_micros(micros(self.inner.config.quota_pause));
        self.quota_board().exhausted.extend(exhausted.into_iter().map(|it| (it, until)));
        Some(self.quota_waits(lease, format!("Waits for room. {}", error.public_message())))
    }

    fn quota_waits(&self, lease: &OutboxLease, message: String) -> LaunchOutcome {
        let after = |span| self.now().plus_micros(micros(span));
        if lease.may_have_been_sent {
            let retry_at = after(self.inner.config.quota_pause);
            return LaunchOutcome::Unknown { retry_at, message };
        }
        LaunchOutcome::Waiting { at: after(self.inner.config.quota_recheck), message }
    }

    /// The request that the run is to be sent with now; or why none can be.
    fn quota_choose(&self, line: &Line, run: &Run, wait: &QuotaWait) -> Result<Value, String> {
        let now = self.now();
        let (quotas, exhausted) = {
            let mut board = self.quota_board();
            let keep = micros(self.inner.config.quotas_keep);
            board.exhausted.retain(|_, until| until.plus_micros(keep) > now);
            (board.quotas.clone(), board.exhausted.clone())
        };
        let table = QuotaTable::new(quotas).with_runs(&line.runs, Some(&run.id));
        let waited_seconds = (now.unix_micros() - run.created_at.unix_micros()) / 1_000_000;
        let candidates = wait.plan.candidates(&wait.wanted, waited_seconds);
        let mut why = None;
        for request in candidates {
            match obstacle(&table, line, &exhausted, now, &run.id, &request) {
                None => return Ok(request),
                Some(text) => why = why.or(Some(text)),
            }
        }
        Err(format!("Waits for room. {}.", why.unwrap_or_default()))
    }

    fn quota_board(&self) -> MutexGuard<'_, QuotaBoard> {
        self.inner.quotas.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The quota's own figure, out of the engine's words: `... for training job usage' is 4 Instances, with ...`.
fn limit_said(message: &str) -> Option<u32> {
    message.split("' is ").nth(1)?.split(' ').next()?.parse().ok()
}

/// Why this request cannot go now.
fn obstacle(
    table: &QuotaTable,
    line: &Line,
    exhausted: &BTreeMap<(String, QuotaUse), Timestamp>,
    now: Timestamp,
    run: &RunId,
    request: &Value,
) -> Option<String> {
    if let Some(short) = table.shortfalls(request).first() {
        return Some(short.text());
    }
    let needs = needs(request);
    let until = |it: &Need| exhausted.get(&(it.instance_type.clone(), it.usage)).copied();
    let is_exhausted = |it: &&Need| until(it).is_some_and(|it| it > now);
    if let Some(need) = needs.iter().find(is_exhausted) {
        return Some(format!("SageMaker says that the quota `{}` has no room just now", need.quota_name()));
    }
    // Where the quota is not known, or others use it, only who waits already shows that there is a line.
    let earlier: Vec<Need> =
        line.waiting.iter().filter(|it| it.run_id < *run).flat_map(|it| self::needs(&it.wanted)).collect();
    let is_taken = |it: &&Need| {
        let room = table.room(&it.instance_type, it.usage);
        let is_counted = room.is_some() && until(it).is_none();
        let is_ahead = |other: &Need| {
            other.is_of(&it.instance_type, it.usage) && room.is_none_or(|room| other.instances <= room.quota)
        };
        !is_counted && earlier.iter().any(is_ahead)
    };
    let need = needs.iter().find(is_taken)?;
    Some(format!("Runs ahead in line wait for the quota `{}`", need.quota_name()))
}
