//! A form filled with what an earlier run was launched with.

use domain::{
    ids::{JobName, RunId},
    job_draft::{JobDraft, SourceKind},
    typed_script::TypedScript,
};
use serde_json::Value;
use store::SourceMeta;

use crate::{ServiceError, Services, source::only_script};

impl Services {
    /// The request that a job of the engine was created with; `None` when there is no such job.
    pub async fn job_request_get(&self, name: &JobName) -> Result<Option<Value>, ServiceError> {
        Ok(self.inner.engine.jobs.describe(name).await?.map(|it| it.request))
    }

    /// The form that launches this run again, to change or to send as it is. Its source is the archive that is held
    /// here (of a git repository: the commit, by its hash), and where that is a single script, its text is in the editor; a job of another client is cloned with the archive that lies in S3.
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
        if let Some(wait) = self.inner.store.quota_wait_get(id).await? {
            let mut plan = wait.plan;
            // What was sent may have been one of the fallbacks.
            let sent = draft.fields.get("ResourceConfig.InstanceType").to_owned();
            plan.instance_types.retain(|it| it.as_str() != sent);
            if !run.spot {
                plan.on_demand_after_minutes = None;
            }
            draft.quota = plan.to_draft();
        }
        if let Some(source) = source.filter(|_| draft.source_kind() == SourceKind::S3) {
            draft.source_uri.clear();
            let git = match run.git_origin() {
                Some(origin) => self.inner.store.git_source_get(&origin).await?.map(|_| origin),
                None => None,
            };
            if let Some(origin) = git {
                "git".clone_into(&mut draft.source);
                draft.git = origin.to_source();
                draft.source_sha256 = Some(source.sha256);
                draft.source_file_name = Some(source.file_name);
                return Ok(draft);
            }
            "upload".clone_into(&mut draft.source);
            if let Some(script) = self.only_script_get(&source).await? {
                draft.script = script;
            }
            draft.source_sha256 = Some(source.sha256);
            draft.source_file_name = Some(source.file_name);
        }
        Ok(draft)
    }

    /// A source that is one script and no more can be changed in the form.
    async fn only_script_get(&self, meta: &SourceMeta) -> Result<Option<TypedScript>, ServiceError> {
        if meta.entries.len() != 1 {
            return Ok(None);
        }
        let source = self.inner.store.source_get(&meta.sha256).await?;
        Ok(source.and_then(|it| only_script(&it.meta.entries, &it.bytes)))
    }
}
