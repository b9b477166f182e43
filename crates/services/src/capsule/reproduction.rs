//! The verdict on a run that repeats its parent.

use domain::{
    capsule::{Reproduction, Tolerance},
    draft_changes::{Change, draft_changes},
    ids::RunId,
    job_draft::JobDraft,
    run::Run,
};

use crate::{ServiceError, Services};

/// A run beside the run that it came from.
#[derive(Clone, Debug)]
pub struct ReproductionCheck {
    pub parent: Run,
    /// In what the two requests differ; empty: this run repeats its parent.
    pub changes: Vec<Change>,
    /// Only of a repetition, once both have ended.
    pub verdict: Option<Reproduction>,
}

impl Services {
    /// `None`: the run has no parent, or Trainyard does not know it.
    pub async fn reproduction_get(
        &self,
        id: &RunId,
        tolerance: Tolerance,
    ) -> Result<Option<ReproductionCheck>, ServiceError> {
        let run = self.run_get(id).await?.ok_or(ServiceError::NotFound { what: "run" })?;
        let Some(parent) = run.parent() else { return Ok(None) };
        let Some(parent) = self.run_get(&parent).await? else { return Ok(None) };
        let changes = run_changes(&parent, &run)?;
        let verdict = if changes.is_empty() && parent.is_over() && run.is_over() {
            let (then, now) = (self.metric_series(&parent.id).await?, self.metric_series(&run.id).await?);
            Some(Reproduction::compare(&then, &now, tolerance))
        } else {
            None
        };
        Ok(Some(ReproductionCheck { parent, changes, verdict }))
    }
}

/// In what two runs' requests differ, member by member. The experiment that they are filed under is no difference.
pub(crate) fn run_changes(then: &Run, now: &Run) -> Result<Vec<Change>, ServiceError> {
    let form = |run: &Run| JobDraft::of_run(run).map_err(|_| ServiceError::Internal { what: "run's request" });
    let (then, mut now) = (form(then)?, form(now)?);
    now.experiment.clone_from(&then.experiment);
    Ok(draft_changes(&then, &now))
}
