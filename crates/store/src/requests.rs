//! Recording a launch: the one transaction after which money may be spent.
//!
//! Invariants:
//! - One idempotency key launches one run, however often and however concurrently it is sent.
//! - The run, its outbox row, its audit row and its live event are written together or not at all, and are on disk
//!   before the method returns; only then may anyone call the engine.
//! - The key is inserted first: concurrent requests with the same key wait for its row and then find the winner's run.

use domain::{
    budget::BudgetRun,
    ids::RunId,
    job_draft::FieldError,
    live::LiveEvent,
    quota::WaitPlan,
    run::Run,
    status::{LaunchState, Wish},
    time::Timestamp,
};

use crate::{
    Store,
    audit::audit_add,
    budgets::budget_runs_locked,
    db::{Durability, Tx, execute, fetch},
    error::{Result, StoreError, is_foreign_key_violation},
    live::live_add,
    outbox::{OutboxKind, outbox_add},
    quota_waits::quota_wait_add,
    run_row::{StoredRun, run_insert, run_lock},
    text,
};

/// A launch to record.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRun {
    /// Stored as `Requested` with the wish to run, whatever it says. Its source, if it names one, must be stored.
    pub run: Run,
    /// Made when the form was rendered; a REST client's `Idempotency-Key`.
    pub idempotency_key: String,
    /// Of what was asked for, without anything that is made anew for each request: run id, job name, times.
    pub request_hash: String,
    /// How it waits when a quota has no room for it; `None`: it does not.
    pub wait: Option<WaitPlan>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum RunRequestOutcome {
    Created(Run),
    /// This key already launched this run, from the same request.
    Existing(Run),
    /// This key already launched this run, from another request: nothing was written.
    KeyReused(Run),
    /// Another run has this job name: nothing was written.
    NameTaken,
    /// The gate refused: nothing was written.
    Refused(Vec<FieldError>),
}

/// What judges a launch by the money that is spent and promised in a period.
pub struct SpendGate<'g> {
    /// From, and before.
    pub period: (Timestamp, Timestamp),
    /// Why the run is not to be launched, given the runs that count; empty: it may be.
    pub judge: &'g (dyn Fn(&[BudgetRun]) -> Vec<FieldError> + Send + Sync),
}

impl Store {
    /// The run that this key launched.
    pub async fn run_id_of_key(&self, key: &str) -> Result<Option<RunId>> {
        let mut reader = self.db.reader().await?;
        let key = text::plain(key);
        let row = fetch!(optional, (String,), reader, "SELECT run_id FROM idempotency_keys WHERE key = $1", &*key)?;
        let id = row.map(|(id,)| RunId::parse(&id)).transpose();
        id.map_err(|err| text::bad_row("idempotency_keys", &key, &err.to_string()))
    }

    #[tracing::instrument(name = "db.run.request", level = "debug", skip_all, fields(run.id = %new.run.id))]
    pub async fn run_request(&self, new: &NewRun) -> Result<RunRequestOutcome> {
        self.run_request_within(new, None).await
    }

    /// The same for a launch that budgets guard; one that its key launched before is not judged again.
    pub async fn run_request_within(&self, new: &NewRun, gate: Option<&SpendGate<'_>>) -> Result<RunRequestOutcome> {
        let key = text::key("the idempotency key", &new.idempotency_key)?;
        let mut run = new.run.clone();
        run.launch_state = LaunchState::Requested;
        run.wish = Wish::Run;
        let now = run.created_at;

        let mut tx = self.db.begin(Durability::Flushed).await?;
        let is_new_key = execute!(
            tx,
            "INSERT INTO idempotency_keys (key, request_hash, run_id) VALUES ($1, $2, $3)
             ON CONFLICT (key) DO NOTHING",
            &*key,
            &new.request_hash,
            run.id.as_str(),
        )? == 1;
        if !is_new_key {
            return existing(&mut tx, &key, &new.request_hash).await;
        }
        if let Some(gate) = gate {
            let refusals = (gate.judge)(&budget_runs_locked(&mut tx, gate.period).await?);
            if !refusals.is_empty() {
                return Ok(RunRequestOutcome::Refused(refusals));
            }
        }
        let stored = StoredRun { run, engine_modified_at: None, sync_done: false };
        let inserted = run_insert(&mut tx, &stored).await.map_err(|err| of_source(err, &stored.run))?;
        let Some(run) = inserted else { return Ok(RunRequestOutcome::NameTaken) };
        if let Some(plan) = &new.wait {
            quota_wait_add(&mut tx, &run, plan).await?;
        }
        outbox_add(&mut tx, &run.id, OutboxKind::Create, now).await?;
        audit_add(&mut tx, &run.id, now, "run.requested", &format!("job {}", run.job_name)).await?;
        live_add(&mut tx, &run.id, &LiveEvent::Run(Box::new(run.clone())), now).await?;
        tx.commit().await.map_err(|err| of_source(err, &run))?;
        Ok(RunRequestOutcome::Created(run))
    }
}

async fn existing(tx: &mut Tx, key: &str, request_hash: &str) -> Result<RunRequestOutcome> {
    let (stored_hash, run_id) =
        fetch!(one, (String, String), tx, "SELECT request_hash, run_id FROM idempotency_keys WHERE key = $1", key,)?;
    let id = RunId::parse(&run_id).map_err(|err| text::bad_row("idempotency_keys", key, &err.to_string()))?;
    let stored = run_lock(tx, &id).await?.ok_or(StoreError::RunMissing(id))?;
    Ok(if stored_hash == request_hash {
        RunRequestOutcome::Existing(stored.run)
    } else {
        RunRequestOutcome::KeyReused(stored.run)
    })
}

/// The only row that a new run names and that may be missing is its source.
fn of_source(err: StoreError, run: &Run) -> StoreError {
    match &run.source_sha256 {
        Some(sha256) if is_foreign_key_violation(&err) => StoreError::SourceMissing(sha256.clone()),
        _ => err,
    }
}
