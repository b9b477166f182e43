//! A job's run as an MLflow run: the first word of a client about it makes its MLflow side.

use domain::ids::RunId;

use super::{ARTIFACT_ROOT, Result};
use crate::Services;

impl Services {
    /// Makes the MLflow side of a job's run when `id` is one and has none yet; anything else is left as it is. Whether
    /// MLflow knows the run now.
    pub(super) async fn mlflow_run_ensure(&self, id: &str) -> Result<bool> {
        let Ok(id) = RunId::parse(id) else { return Ok(false) };
        let store = &self.inner.store;
        if store.mlflow_run_exists(&id).await? {
            return Ok(true);
        }
        let is_job = store.mlflow_run_adopt(&id, ARTIFACT_ROOT, self.now()).await?;
        if is_job {
            self.mlflow_announce(id.as_str()).await?;
        }
        Ok(is_job)
    }

    /// Tells open pages to read this run again.
    pub(super) async fn mlflow_announce(&self, id: &str) -> Result<()> {
        if let Ok(id) = RunId::parse(id) {
            self.inner.store.live_logged(&id, self.now()).await?;
            self.inner.hub.poke();
        }
        Ok(())
    }
}
