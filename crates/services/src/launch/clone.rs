//! A form filled with what an earlier run was launched with.

use domain::{
    ids::{JobName, RunId},
    job_draft::{JobDraft, SourceKind},
};
use serde_json::Value;

use crate::{ServiceError, Services};

impl Services {
    /// The request that a job of the engine was created with; `None` when there is no such job.
    pub async fn job_request_get(&self, name: &JobName) -> Result<Option<Value>, ServiceError> {
        Ok(self.inner.engine.jobs.describe(name).await?.map(|it| it.request))
    }

    /// The form that launches this run again, to change or to send as it is. Its source is the archive that is held
    /// here; a job of another client is cloned with the archive that lies in S3.
    ///
    /// Checkpoints go to a place of the new run's own unless they were kept somewhere by wish: else the clone would go on
    /// where the first run ended.
    pub async fn launch_clone(&self, id: &RunId) -> Result<JobDraft, ServiceError> {
        let run = self.run_get(id).await?.ok_or(ServiceError::NotFound { what: "run" })?;
        let source = match &run.source_sha256 {
            Some(sha256) => self.inner.store.source_meta_get(sha256).await?,
            None => None,
        };
        // What SageMaker accepted may have members that this version does not know.
        let mut draft = JobDraft::of_run(&run).map_err(|_| ServiceError::Internal { what: "run's request" })?;
        draft.parent = Some(run.id.clone());
        if let Some(source) = source.filter(|_| draft.source_kind() == SourceKind::S3) {
            "upload".clone_into(&mut draft.source);
            draft.source_uri.clear();
            draft.source_sha256 = Some(source.sha256);
            draft.source_file_name = Some(source.file_name);
        }
        Ok(draft)
    }
}
