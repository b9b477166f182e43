//! The outbox: calls that must reach the engine, worked off under a lease with a fencing epoch.
//!
//! Invariants:
//! - A claim takes the next epoch; only who holds the newest epoch can resolve the row. A dispatcher that was paused
//!   past its lease finds itself `Fenced`, and nothing that it says is applied.
//! - Two claimers never get the same row: SQLite has one writer, PostgreSQL skips rows that are locked.
//! - Locks are taken in one order, run row, outbox row, live counter; a claim waits for neither of the first two.
//! - A stop row exists only for a job that the engine has. A stop wished earlier is kept in the run's wish, and its row
//!   is made in the transaction that learns of the job.
//! - `maybe_sent` never goes back: once an attempt's outcome was unknown, the run is never again taken for unsent.

use domain::{
    ids::RunId,
    live::LiveEvent,
    run::Run,
    status::{LaunchState, Wish},
    time::Timestamp,
};
use sqlx::FromRow;

use crate::{
    Store,
    audit::audit_add,
    db::{Conn, Durability, Tx, execute, fetch},
    error::{Result, StoreError, of_driver},
    live::live_add,
    run_row::{StoredRun, run_lock, run_update},
    text,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutboxKind {
    /// CreateTrainingJob.
    Create,
    /// StopTrainingJob; safe to repeat.
    Stop,
}

/// The right to work on one row until the lease ends. Keep it to resolve the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxLease {
    pub run_id: RunId,
    pub kind: OutboxKind,
    /// The fencing token: every claim has a higher one.
    pub epoch: i64,
    /// How often the row was claimed before; 0 on the first claim.
    pub attempts: i64,
    /// When the row was claimed for the first time; `None` on the first claim.
    pub first_attempt_at: Option<Timestamp>,
    /// An earlier attempt may have reached the engine: look the job up by its name before sending anything.
    pub may_have_been_sent: bool,
    /// The user's wish at the claim: with `Stop` nothing new must be sent, only what is there be found and stopped.
    pub wish: Wish,
}

/// What came of a call, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LaunchOutcome {
    /// The engine has the job, and it is ours. Create only.
    Submitted { arn: String },
    /// The engine refused; nothing exists and nothing is billed.
    Rejected { message: String },
    /// A person must look; the row is done.
    NeedsAttention { message: String },
    /// The call may have had its effect: look the job up from `retry_at` on.
    Unknown { message: String, retry_at: Timestamp },
    /// This attempt sent nothing (throttled, connection refused): again from `at` on.
    RetryAt { at: Timestamp, message: String },
    /// A quota has no room, and nothing was sent: the row waits to be woken, at the latest until `at`. Create only.
    Waiting { at: Timestamp, message: String },
    /// The engine took the stop. Stop only.
    StopSent,
    /// A stop was wished and the job is known not to exist; or the stop is no longer needed.
    Cancelled,
}

/// Whether a guarded write was applied.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "made once per call to the engine and taken apart at once")]
pub enum Guarded {
    Applied(Run),
    /// Someone else has claimed or finished the row since: nothing was changed.
    Fenced,
}

#[derive(FromRow)]
struct DueRow {
    run_id: String,
    kind: String,
    epoch: i64,
    attempts: i64,
    first_attempt_at: Option<i64>,
    maybe_sent: i64,
}

impl Store {
    /// Takes the most urgent row that is due, or whose lease has ended: stops first, then in the order of becoming due.
    /// `owner` is for the audit trail. A run that was `Requested` is `Dispatching` from here on.
    #[tracing::instrument(name = "db.outbox.claim", level = "debug", skip_all)]
    pub async fn outbox_claim(&self, now: Timestamp, lease_micros: i64, owner: &str) -> Result<Option<OutboxLease>> {
        if !self.outbox_has_due(now).await? {
            return Ok(None);
        }
        // Flushed: the claim is the record of the attempt, and must be there before the call is.
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let Some(due) = due_row(&mut tx, now).await? else { return Ok(None) };
        let run_id = RunId::parse(&due.run_id).map_err(|err| text::bad_row("outbox", &due.run_id, &err.to_string()))?;
        let kind = OutboxKind::parse(&due.kind).ok_or_else(|| text::bad_row("outbox", &due.run_id, "unknown kind"))?;
        let mut stored = run_lock(&mut tx, &run_id).await?.ok_or_else(|| StoreError::RunMissing(run_id.clone()))?;
        let was_requested = stored.run.launch_state == LaunchState::Requested;
        let may_have_been_sent = due.maybe_sent != 0 || (kind == OutboxKind::Create && !was_requested);
        let epoch = due.epoch + 1;
        execute!(
            tx,
            "UPDATE outbox SET epoch = $3, attempts = attempts + 1, lease_owner = $4, due_at = $5, maybe_sent = $6, is_waiting = 0,
             first_attempt_at = COALESCE(first_attempt_at, $7) WHERE run_id = $1 AND kind = $2",
            run_id.as_str(),
            kind.as_str(),
            epoch,
            &*text::plain(owner),
            now.plus_micros(lease_micros).unix_micros(),
            i64::from(may_have_been_sent),
            now.unix_micros(),
        )?;
        let lease = OutboxLease {
            run_id,
            kind,
            epoch,
            attempts: due.attempts,
            first_attempt_at: due.first_attempt_at.map(Timestamp::from_unix_micros),
            may_have_been_sent,
            wish: stored.run.wish,
        };
        let detail = format!("attempt {}, epoch {epoch}, by {owner}", lease.attempts + 1);
        audit_add(&mut tx, &lease.run_id, now, &format!("{}.attempt", kind.subject()), &detail).await?;
        if was_requested {
            stored.run.launch_state = LaunchState::Dispatching;
            run_changed(&mut tx, &mut stored, now).await?;
        }
        tx.commit().await?;
        Ok(Some(lease))
    }

    /// Makes every held row due now. Only for a caller who knows that no holder lives: an attempt that is under way is
    /// fenced by the next claim, but its call is not undone. Returns how many.
    pub async fn outbox_release(&self, now: Timestamp) -> Result<u64> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let released = execute!(
            tx,
            "UPDATE outbox SET due_at = $1, lease_owner = NULL
             WHERE done_at IS NULL AND lease_owner IS NOT NULL AND due_at > $1",
            now.unix_micros(),
        )?;
        tx.commit().await?;
        Ok(released)
    }

    /// Dispatchers ask often and mostly for nothing: this costs no write transaction.
    async fn outbox_has_due(&self, now: Timestamp) -> Result<bool> {
        let mut reader = self.db.reader().await?;
        let row = fetch!(
            optional,
            (i64,),
            reader,
            "SELECT due_at FROM outbox WHERE done_at IS NULL AND due_at <= $1 LIMIT 1",
            now.unix_micros(),
        )?;
        Ok(row.is_some())
    }
}

/// `stop` sorts after `create`, hence DESC: who wants to stop spending is served first.
macro_rules! due_sql {
    () => {
        "SELECT o.run_id, o.kind, o.epoch, o.attempts, o.first_attempt_at, o.maybe_sent
         FROM outbox o JOIN runs r ON r.id = o.run_id
         WHERE o.done_at IS NULL AND o.due_at <= $1 ORDER BY o.kind DESC, o.due_at, o.run_id LIMIT 1"
    };
}

async fn due_row(tx: &mut Tx, now: Timestamp) -> Result<Option<DueRow>> {
    match tx.conn() {
        Conn::Sqlite(conn) => sqlx::query_as(due_sql!()).bind(now.unix_micros()).fetch_optional(conn).await,
        // Locks both rows and passes over any that someone holds: another claimer, or a stop that is being recorded.
        Conn::Postgres(conn) => {
            sqlx::query_as(concat!(due_sql!(), " FOR UPDATE SKIP LOCKED"))
                .bind(now.unix_micros())
                .fetch_optional(conn)
                .await
        }
    }
    .map_err(of_driver)
}

/// Adds the row, or makes it due again when it was done.
pub(crate) async fn outbox_add(tx: &mut Tx, run: &RunId, kind: OutboxKind, due_at: Timestamp) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO outbox (run_id, kind, due_at, epoch, attempts, maybe_sent) VALUES ($1, $2, $3, 0, 0, 0)
         ON CONFLICT (run_id, kind) DO UPDATE SET due_at = excluded.due_at, done_at = NULL
         WHERE outbox.done_at IS NOT NULL",
        run.as_str(),
        kind.as_str(),
        due_at.unix_micros(),
    )
    .map(|_| ())
}

/// Ends a row whoever holds it: its epoch moves on, so the holder is fenced.
pub(crate) async fn outbox_end(tx: &mut Tx, run: &RunId, kind: OutboxKind, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE outbox SET done_at = $3, epoch = epoch + 1 WHERE run_id = $1 AND kind = $2 AND done_at IS NULL",
        run.as_str(),
        kind.as_str(),
        now.unix_micros(),
    )
    .map(|_| ())
}

/// Stores a changed run and tells the pages. Live events come last: nothing may follow before the commit.
pub(crate) async fn run_changed(tx: &mut Tx, stored: &mut StoredRun, now: Timestamp) -> Result<Run> {
    stored.run.updated_at = now;
    let run = run_update(tx, stored).await?;
    live_add(tx, &run.id, &LiveEvent::Run(Box::new(run.clone())), now).await?;
    Ok(run)
}

impl OutboxKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Stop => "stop",
        }
    }

    /// The subject of its audit entries.
    pub(crate) const fn subject(self) -> &'static str {
        match self {
            Self::Create => "launch",
            Self::Stop => "stop",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Create, Self::Stop].into_iter().find(|it| it.as_str() == text)
    }
}
