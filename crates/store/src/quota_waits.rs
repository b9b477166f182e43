//! Runs that wait for room under a quota, and what may be sent instead of what was wanted.
//!
//! Invariants:
//! - The plan is written with the run that it belongs to, and never changes.
//! - A run's request changes only under a lease whose row cannot have been sent, before the call that sends it: what may
//!   have reached the engine keeps its request and its fingerprint for ever.
//! - To wake a row changes when it is due and nothing else: whoever claims it looks for room again.

use domain::{ids::RunId, quota::WaitPlan, run::Run, status::LaunchState, time::Timestamp};
use serde_json::Value;
use sqlx::FromRow;

use crate::{
    Store,
    audit::audit_add,
    db::{Durability, Tx, execute, fetch},
    error::{Result, StoreError},
    outbox::{Guarded, OutboxKind, OutboxLease, run_changed},
    outbox_outcome::held_row,
    run_row::{RunRow, StoredRun, run_columns, run_lock, runs_of, tags_text},
    text,
};

/// How a run waits.
#[derive(Clone, Debug, PartialEq)]
pub struct QuotaWait {
    pub run_id: RunId,
    pub plan: WaitPlan,
    /// The request that the form made.
    pub wanted: Value,
}

#[derive(FromRow)]
struct WaitRow {
    run_id: String,
    plan: String,
    wanted: String,
}

impl WaitRow {
    fn into_wait(self) -> Result<QuotaWait> {
        let bad = |why: &str| text::bad_row("quota_waits", &self.run_id, why);
        Ok(QuotaWait {
            run_id: RunId::parse(&self.run_id).map_err(|err| bad(&err.to_string()))?,
            plan: text::from_json("quota_waits", &self.run_id, &self.plan)?,
            wanted: text::from_json("quota_waits", &self.run_id, &self.wanted)?,
        })
    }
}

impl Store {
    /// `None`: a run that does not wait.
    pub async fn quota_wait_get(&self, id: &RunId) -> Result<Option<QuotaWait>> {
        let mut reader = self.db.reader().await?;
        let sql = "SELECT run_id, plan, wanted FROM quota_waits WHERE run_id = $1";
        fetch!(optional, WaitRow, reader, sql, id.as_str())?.map(WaitRow::into_wait).transpose()
    }

    /// The runs that wait now and that nobody is at, the one that has waited longest first.
    pub async fn quota_waiting_list(&self) -> Result<Vec<QuotaWait>> {
        let mut reader = self.db.reader().await?;
        let rows = fetch!(
            all,
            WaitRow,
            reader,
            "SELECT q.run_id, q.plan, q.wanted FROM outbox o JOIN quota_waits q ON q.run_id = o.run_id
             WHERE o.is_waiting = 1 AND o.done_at IS NULL AND o.kind = 'create' ORDER BY o.run_id",
        )?;
        rows.into_iter().map(WaitRow::into_wait).collect()
    }

    /// The runs that take room under a quota, or stand in line for it: those that are on record and not over.
    pub async fn run_quota_list(&self) -> Result<Vec<Run>> {
        let mut reader = self.db.reader().await?;
        let sql = concat!(
            "SELECT ",
            run_columns!(),
            " FROM runs WHERE badge IN ('queued', 'running', 'stopping', 'unknown') ORDER BY id"
        );
        runs_of(fetch!(all, RunRow, reader, sql)?)
    }

    /// Makes a waiting row due. Whether it waited still.
    pub async fn quota_wake(&self, id: &RunId, now: Timestamp) -> Result<bool> {
        let mut tx = self.db.begin(Durability::Deferred).await?;
        let woken = execute!(
            tx,
            "UPDATE outbox SET due_at = $2, is_waiting = 0
             WHERE run_id = $1 AND kind = 'create' AND is_waiting = 1 AND done_at IS NULL",
            id.as_str(),
            now.unix_micros(),
        )?;
        tx.commit().await?;
        Ok(woken == 1)
    }

    /// Says anew why a run waits, while nobody is at it.
    pub async fn quota_wait_say(&self, id: &RunId, message: &str, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin(Durability::Deferred).await?;
        let Some(mut stored) = run_lock(&mut tx, id).await? else { return Ok(()) };
        let waits = fetch!(
            optional,
            (i64,),
            tx,
            "SELECT is_waiting FROM outbox WHERE run_id = $1 AND kind = 'create' AND is_waiting = 1 AND done_at IS NULL",
            id.as_str(),
        )?;
        let message = text::plain(message);
        if waits.is_none() || stored.run.launch_message.as_deref() == Some(&*message) {
            return Ok(());
        }
        stored.run.launch_message = Some(message.into_owned());
        run_changed(&mut tx, &mut stored, now).await?;
        tx.commit().await
    }

    /// Records what is sent instead of what was wanted, if the lease is still the newest claim of its row. To be followed
    /// by the call.
    #[tracing::instrument(name = "db.run.amend", level = "debug", skip_all, fields(run.id = %lease.run_id))]
    pub async fn run_amend(&self, lease: &OutboxLease, amended: &Run, why: &str, now: Timestamp) -> Result<Guarded> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let locked = run_lock(&mut tx, &lease.run_id).await?;
        let mut stored = locked.ok_or_else(|| StoreError::RunMissing(lease.run_id.clone()))?;
        let is_unsent = held_row(&mut tx, lease).await? == Some(false) && lease.kind == OutboxKind::Create;
        if !is_unsent || stored.run.launch_state != LaunchState::Dispatching {
            return Ok(Guarded::Fenced);
        }
        stored.run.request = amended.request.clone();
        stored.run.fingerprint.clone_from(&amended.fingerprint);
        stored.run.instance_type.clone_from(&amended.instance_type);
        stored.run.instance_count = amended.instance_count;
        stored.run.spot = amended.spot;
        stored.run.price.clone_from(&amended.price);
        request_update(&mut tx, &stored).await?;
        audit_add(&mut tx, &lease.run_id, now, "launch.amended", why).await?;
        let run = run_changed(&mut tx, &mut stored, now).await?;
        tx.commit().await?;
        Ok(Guarded::Applied(run))
    }
}

/// What `run_update` leaves alone, because it is settled for every other run when it is recorded.
async fn request_update(tx: &mut Tx, stored: &StoredRun) -> Result<()> {
    let row = RunRow::of(stored)?;
    let (instance_type, price, request) = row.settled();
    execute!(
        tx,
        "UPDATE runs SET request = $2, fingerprint = $3, instance_type = $4, instance_count = $5, spot = $6,
         price_nanousd_per_hour = $7, price = $8, tags = $9 WHERE id = $1",
        stored.run.id.as_str(),
        request,
        &*text::plain(&stored.run.fingerprint),
        instance_type,
        i64::from(stored.run.instance_count),
        i64::from(stored.run.spot),
        stored.run.price.as_ref().map(|it| it.price_nanousd_per_hour.0),
        price,
        tags_text(&stored.run)?,
    )
    .map(|_| ())
}

/// Keeps how a new run waits, in the transaction that records it.
pub(crate) async fn quota_wait_add(tx: &mut Tx, run: &Run, plan: &WaitPlan) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO quota_waits (run_id, plan, wanted) VALUES ($1, $2, $3)",
        run.id.as_str(),
        text::to_json(plan)?,
        text::to_json(&run.request)?,
    )
    .map(|_| ())
}
