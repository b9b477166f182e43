//! What the outcome of a call makes of its run and its outbox row.
//!
//! | outcome of a create | run becomes | row |
//! |---|---|---|
//! | `Submitted` | submitted | done; a kept stop wish makes a stop row |
//! | `Rejected`, `NeedsAttention`, `Cancelled` | the same word | done |
//! | `Unknown` | unknown | due again |
//! | `RetryAt` | requested; unknown if an earlier attempt may have been sent; cancelled if a stop was wished | due again, or done |
//! | `Waiting` | the same | waits as if it had never been tried, or done |
//!
//! A run that was seen at the engine in the meantime is submitted and stays so: what was seen outweighs what a call
//! said. The outcome of a stop never changes the run's state, only its message and its row.

use domain::{
    run::Run,
    status::{LaunchState, Wish},
    time::Timestamp,
};

use crate::{
    Store,
    audit::audit_add,
    db::{Durability, Tx, execute, fetch},
    error::{Result, StoreError},
    outbox::{Guarded, LaunchOutcome, OutboxKind, OutboxLease, outbox_add, run_changed},
    run_row::run_lock,
};

impl Store {
    /// Applies what came of a call, if the lease is still the newest claim of its row.
    #[tracing::instrument(name = "db.outbox.resolve", level = "debug", skip_all,
        fields(run.id = %lease.run_id, outbox.epoch = lease.epoch))]
    pub async fn outbox_resolve(
        &self,
        lease: &OutboxLease,
        outcome: &LaunchOutcome,
        now: Timestamp,
    ) -> Result<Guarded> {
        let (word, detail) = outcome.describe();
        if !outcome.belongs_to(lease.kind) {
            return Err(StoreError::OutcomeMismatch { kind: lease.kind.as_str(), outcome: word });
        }
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let locked = run_lock(&mut tx, &lease.run_id).await?;
        let mut stored = locked.ok_or_else(|| StoreError::RunMissing(lease.run_id.clone()))?;
        let Some(maybe_sent) = held_row(&mut tx, lease).await? else { return Ok(Guarded::Fenced) };
        let due_again = match lease.kind {
            OutboxKind::Create => apply_create(&mut stored.run, outcome, maybe_sent),
            OutboxKind::Stop => apply_stop(&mut stored.run, outcome),
        };
        match due_again {
            Some(at) if matches!(outcome, LaunchOutcome::Waiting { .. }) && !maybe_sent => {
                row_waits(&mut tx, lease, at).await?;
            }
            Some(at) => row_due(&mut tx, lease, at).await?,
            None => row_done(&mut tx, lease, now).await?,
        }
        let run = &stored.run;
        if lease.kind == OutboxKind::Create && wants_stop_call(run) {
            outbox_add(&mut tx, &run.id, OutboxKind::Stop, now).await?;
        }
        audit_add(&mut tx, &run.id, now, &format!("{}.{word}", lease.kind.subject()), detail).await?;
        let run = run_changed(&mut tx, &mut stored, now).await?;
        tx.commit().await?;
        Ok(Guarded::Applied(run))
    }
}

/// The engine has the job, it is not finished, and its user wants it stopped.
pub(crate) fn wants_stop_call(run: &Run) -> bool {
    run.wish == Wish::Stop && run.launch_state == LaunchState::Submitted && !run.is_over()
}

/// Changes the run; returns when its row is due again, `None` when it is done.
fn apply_create(run: &mut Run, outcome: &LaunchOutcome, maybe_sent: bool) -> Option<Timestamp> {
    let was_seen = run.launch_state == LaunchState::Submitted;
    let mut become_state = |state, message: Option<&String>| {
        if !was_seen {
            run.launch_state = state;
            run.launch_message = message.cloned();
        }
    };
    match outcome {
        LaunchOutcome::Submitted { arn } => {
            become_state(LaunchState::Submitted, None);
            run.job_arn = Some(arn.clone());
            None
        }
        LaunchOutcome::Rejected { message } => {
            become_state(LaunchState::Rejected, Some(message));
            None
        }
        LaunchOutcome::NeedsAttention { message } => {
            become_state(LaunchState::NeedsAttention, Some(message));
            None
        }
        LaunchOutcome::Cancelled | LaunchOutcome::StopSent => {
            become_state(LaunchState::Cancelled, None);
            None
        }
        LaunchOutcome::Unknown { message, retry_at } => {
            become_state(LaunchState::Unknown, Some(message));
            (!was_seen).then_some(*retry_at)
        }
        LaunchOutcome::RetryAt { .. } | LaunchOutcome::Waiting { .. } if was_seen => None,
        LaunchOutcome::RetryAt { at, message } | LaunchOutcome::Waiting { at, message } if maybe_sent => {
            become_state(LaunchState::Unknown, Some(message));
            Some(*at)
        }
        LaunchOutcome::RetryAt { .. } | LaunchOutcome::Waiting { .. } if run.wish == Wish::Stop => {
            run.launch_state = LaunchState::Cancelled;
            run.launch_message = None;
            None
        }
        LaunchOutcome::RetryAt { at, message } | LaunchOutcome::Waiting { at, message } => {
            become_state(LaunchState::Requested, Some(message));
            Some(*at)
        }
    }
}

fn apply_stop(run: &mut Run, outcome: &LaunchOutcome) -> Option<Timestamp> {
    let (message, due_again) = match outcome {
        LaunchOutcome::Rejected { message } | LaunchOutcome::NeedsAttention { message } => (Some(message), None),
        LaunchOutcome::Unknown { message, retry_at: at } | LaunchOutcome::RetryAt { at, message } => {
            (Some(message), Some(*at))
        }
        LaunchOutcome::StopSent
        | LaunchOutcome::Cancelled
        | LaunchOutcome::Submitted { .. }
        | LaunchOutcome::Waiting { .. } => (None, None),
    };
    run.launch_message = message.cloned();
    // A job that has finished needs no stopping.
    due_again.filter(|_| !run.is_over())
}

impl LaunchOutcome {
    /// The word in the audit trail, and what the engine said.
    fn describe(&self) -> (&'static str, &str) {
        match self {
            Self::Submitted { arn } => ("submitted", arn),
            Self::Rejected { message } => ("rejected", message),
            Self::NeedsAttention { message } => ("needs_attention", message),
            Self::Unknown { message, .. } => ("unknown", message),
            Self::RetryAt { message, .. } => ("retry", message),
            Self::Waiting { message, .. } => ("waiting", message),
            Self::StopSent => ("sent", ""),
            Self::Cancelled => ("cancelled", ""),
        }
    }

    const fn belongs_to(&self, kind: OutboxKind) -> bool {
        match self {
            Self::Submitted { .. } | Self::Waiting { .. } => matches!(kind, OutboxKind::Create),
            Self::StopSent => matches!(kind, OutboxKind::Stop),
            _ => true,
        }
    }
}

/// `maybe_sent` of the row, if the lease still holds it. The run's row is locked, so this cannot change until the commit.
pub(crate) async fn held_row(tx: &mut Tx, lease: &OutboxLease) -> Result<Option<bool>> {
    let row = fetch!(
        optional,
        (i64,),
        tx,
        "SELECT maybe_sent FROM outbox WHERE run_id = $1 AND kind = $2 AND epoch = $3 AND done_at IS NULL",
        lease.run_id.as_str(),
        lease.kind.as_str(),
        lease.epoch,
    )?;
    Ok(row.map(|(maybe_sent,)| maybe_sent != 0))
}

async fn row_due(tx: &mut Tx, lease: &OutboxLease, at: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE outbox SET due_at = $4, lease_owner = NULL WHERE run_id = $1 AND kind = $2 AND epoch = $3",
        lease.run_id.as_str(),
        lease.kind.as_str(),
        lease.epoch,
        at.unix_micros(),
    )
    .map(|_| ())
}

/// The window in which a lost job is launched again begins with the attempt that may have been sent: those before it sent
/// nothing.
async fn row_waits(tx: &mut Tx, lease: &OutboxLease, at: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE outbox SET due_at = $4, lease_owner = NULL, is_waiting = 1, attempts = 0, first_attempt_at = NULL
         WHERE run_id = $1 AND kind = $2 AND epoch = $3",
        lease.run_id.as_str(),
        lease.kind.as_str(),
        lease.epoch,
        at.unix_micros(),
    )
    .map(|_| ())
}

async fn row_done(tx: &mut Tx, lease: &OutboxLease, now: Timestamp) -> Result<()> {
    execute!(
        tx,
        "UPDATE outbox SET done_at = $4, lease_owner = NULL WHERE run_id = $1 AND kind = $2 AND epoch = $3",
        lease.run_id.as_str(),
        lease.kind.as_str(),
        lease.epoch,
        now.unix_micros(),
    )
    .map(|_| ())
}
