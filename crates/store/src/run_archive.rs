//! Runs that lists leave out. Archiving hides a run and changes nothing else of it.

use domain::{ids::RunId, live::LiveEvent, run::Run, time::Timestamp};

use crate::{
    Store,
    audit::audit_add,
    db::{Durability, execute, fetch},
    error::Result,
    live::live_add,
    run_row::run_lock,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveOutcome {
    Done,
    /// It was so already: nothing was written.
    Unchanged,
    /// There is no such run.
    Missing,
    /// It is not over, and what still costs money is not hidden: nothing was written.
    NotOver,
}

impl Store {
    /// Archives the runs, or takes them back into lists, all in one transaction; what became of each, in their order.
    #[tracing::instrument(name = "db.run.archive", level = "debug", skip_all)]
    pub async fn run_archive(
        &self,
        ids: &[RunId],
        is_archived: bool,
        now: Timestamp,
    ) -> Result<Vec<(RunId, ArchiveOutcome)>> {
        // Every writer takes runs in the order of their ids: no two can wait for each other.
        let mut sorted: Vec<&RunId> = ids.iter().collect();
        sorted.sort();
        sorted.dedup();
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let mut outcomes = Vec::with_capacity(sorted.len());
        let mut changed: Vec<Run> = Vec::new();
        for id in sorted {
            let Some(stored) = run_lock(&mut tx, id).await? else {
                outcomes.push((id.clone(), ArchiveOutcome::Missing));
                continue;
            };
            let (was_archived,) =
                fetch!(one, (bool,), tx, "SELECT archived_at IS NOT NULL FROM runs WHERE id = $1", id.as_str())?;
            let outcome = match (was_archived, is_archived) {
                (true, true) | (false, false) => ArchiveOutcome::Unchanged,
                (false, true) if !stored.run.is_over() => ArchiveOutcome::NotOver,
                _ => ArchiveOutcome::Done,
            };
            outcomes.push((id.clone(), outcome));
            if outcome != ArchiveOutcome::Done {
                continue;
            }
            execute!(
                tx,
                "UPDATE runs SET archived_at = $2, updated_at = $3 WHERE id = $1",
                id.as_str(),
                is_archived.then_some(now.unix_micros()),
                now.unix_micros(),
            )?;
            audit_add(&mut tx, id, now, if is_archived { "run.archived" } else { "run.unarchived" }, "").await?;
            changed.push(Run { updated_at: now, ..stored.run });
        }
        for run in changed {
            let id = run.id.clone();
            live_add(&mut tx, &id, &LiveEvent::Run(Box::new(run)), now).await?;
        }
        tx.commit().await?;
        outcomes.sort_by_key(|(id, _)| ids.iter().position(|it| it == id));
        Ok(outcomes)
    }
}
