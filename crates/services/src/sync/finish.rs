//! When an ended run's logs and metrics are copied completely, so that nothing asks for them any more.
//!
//! Kept in memory: after a restart both are simply looked at once more.

use std::{collections::HashMap, sync::PoisonError};

use domain::{ids::RunId, run::Run, time::Timestamp};

use crate::{ServiceError, Services};

/// Refused so often in a row, an ended run's logs or metrics are gone (retention, rights) and given up.
const GIVE_UP_AFTER: u32 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Logs,
    Metrics,
}

#[derive(Debug, Default)]
pub(crate) struct FinishBoard {
    runs: HashMap<RunId, [PartState; 2]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct PartState {
    is_done: bool,
    refusals: u32,
}

impl FinishBoard {
    /// Whether both parts are done now.
    fn update(&mut self, id: &RunId, part: Part, change: impl FnOnce(&mut PartState)) -> bool {
        let parts = self.runs.entry(id.clone()).or_default();
        change(&mut parts[part as usize]);
        let all_done = parts.iter().all(|it| it.is_done);
        if all_done {
            self.runs.remove(id);
        }
        all_done
    }
}

impl Services {
    /// An ended run's part has nothing more to give.
    pub(crate) async fn part_done(&self, run: &Run, part: Part) -> Result<(), ServiceError> {
        self.part_update(run, part, |it| it.is_done = true).await
    }

    /// The part was read but may still grow.
    pub(crate) async fn part_open(&self, run: &Run, part: Part) -> Result<(), ServiceError> {
        if !run.is_over() {
            return Ok(());
        }
        self.part_update(run, part, |it| *it = PartState::default()).await
    }

    /// The engine refuses the part for good; after some tries an ended run goes without it.
    pub(crate) async fn part_refused(&self, run: &Run, part: Part) -> Result<(), ServiceError> {
        if !run.is_over() {
            return Ok(());
        }
        self.part_update(run, part, |it| {
            it.refusals += 1;
            it.is_done = it.refusals >= GIVE_UP_AFTER;
            if it.is_done {
                tracing::warn!(run.id = %run.id, ?part, "an ended run's data is refused by the engine and given up");
            }
        })
        .await
    }

    async fn part_update(
        &self,
        run: &Run,
        part: Part,
        change: impl FnOnce(&mut PartState),
    ) -> Result<(), ServiceError> {
        let all_done = self.inner.finish.lock().unwrap_or_else(PoisonError::into_inner).update(&run.id, part, change);
        if all_done {
            self.inner.store.run_sync_finish(&run.id).await?;
            tracing::debug!(run.id = %run.id, "an ended run's logs and metrics are copied completely");
        }
        Ok(())
    }
}

/// When the job ended, as far as the engine told.
pub(crate) fn end_of(run: &Run) -> Timestamp {
    let last_transition = run.transitions.iter().filter_map(|it| it.ended_at).max();
    run.ended_at.or(last_transition).unwrap_or(run.updated_at)
}
