//! The wish to stop a run. It is never taken back, and never lost: it is part of the run.
//!
//! - Nothing sent yet: the run is cancelled here and now, and no call is ever made for it.
//! - The outcome of the create is not known, or a person must look: the wish is kept, and the transaction that learns
//!   of the job makes the stop call due.
//! - The engine has the job: a stop call is due now, and again each time that the wish is repeated.

use domain::{
    ids::RunId,
    run::Run,
    status::{LaunchState, Wish},
    time::Timestamp,
};

use crate::{
    Store,
    audit::audit_add,
    db::Durability,
    error::Result,
    outbox::{OutboxKind, outbox_add, outbox_end, run_changed},
    run_row::run_lock,
};

impl Store {
    /// Records the wish; the run as it is then, or `None` if there is none. A finished run is returned unchanged.
    #[tracing::instrument(name = "db.run.stop_wish", level = "debug", skip_all, fields(run.id = %id))]
    pub async fn run_stop_wish(&self, id: &RunId, now: Timestamp) -> Result<Option<Run>> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let Some(mut stored) = run_lock(&mut tx, id).await? else { return Ok(None) };
        if stored.run.is_over() {
            return Ok(Some(stored.run));
        }
        let before = stored.clone();
        stored.run.wish = Wish::Stop;
        match stored.run.launch_state {
            LaunchState::Requested => {
                stored.run.launch_state = LaunchState::Cancelled;
                stored.run.launch_message = None;
                outbox_end(&mut tx, id, OutboxKind::Create, now).await?;
                audit_add(&mut tx, id, now, "launch.cancelled", "stopped before anything was sent").await?;
            }
            LaunchState::Submitted => {
                outbox_add(&mut tx, id, OutboxKind::Stop, now).await?;
                audit_add(&mut tx, id, now, "stop.wished", "").await?;
            }
            _ => audit_add(&mut tx, id, now, "stop.wished", "kept until the job is found").await?,
        }
        // A repeated wish may make a call due again, but is no news to a page.
        let run =
            if stored.differs_from(&before)? { run_changed(&mut tx, &mut stored, now).await? } else { stored.run };
        tx.commit().await?;
        Ok(Some(run))
    }
}
