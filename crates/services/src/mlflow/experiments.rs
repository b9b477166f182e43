//! Experiments, by MLflow's rules.

use domain::mlflow::{
    Experiment, Lifecycle, MlflowError, NewExperiment, PageToken, Tag, ViewType, check, experiment_filter,
    experiment_orders,
};

use super::{ARTIFACT_ROOT, Result};
use crate::Services;

/// A search as a client wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExperimentSearch {
    pub filter: String,
    pub order_by: Vec<String>,
    pub view: ViewType,
    pub max_results: i64,
    pub page_token: String,
}

impl Services {
    /// Makes the experiment that clients take for granted; safe to repeat. Called once before anything is served.
    pub async fn mlflow_start(&self) -> Result<()> {
        Ok(self.inner.store.mlflow_experiment_default_ensure(ARTIFACT_ROOT, self.now()).await?)
    }

    pub async fn mlflow_experiment_create(&self, new: &NewExperiment) -> Result<i64> {
        check::artifact_location(new.artifact_location.as_deref().unwrap_or_default())?;
        check::experiment_name(&new.name)?;
        for tag in &new.tags {
            check::experiment_tag(tag)?;
        }
        Ok(self.inner.store.mlflow_experiment_create(new, ARTIFACT_ROOT, self.now()).await?)
    }

    pub async fn mlflow_experiment_get(&self, id: &str) -> Result<Experiment> {
        Ok(self.inner.store.mlflow_experiment_get(check::experiment_id(id)?).await?)
    }

    pub async fn mlflow_experiment_get_by_name(&self, name: &str) -> Result<Experiment> {
        let found = self.inner.store.mlflow_experiment_get_by_name(name).await?;
        let missing = || MlflowError::missing(format!("Could not find experiment with name '{name}'"));
        Ok(found.ok_or_else(missing)?)
    }

    /// A page, and the token of the next one.
    pub async fn mlflow_experiment_search(
        &self,
        search: &ExperimentSearch,
    ) -> Result<(Vec<Experiment>, Option<PageToken>)> {
        let size = check::max_results(search.max_results)?;
        let conditions = experiment_filter(&search.filter)?;
        let orders = experiment_orders(&search.order_by)?;
        let token = PageToken::parse(&search.page_token)?;
        let store = &self.inner.store;
        let page = store.mlflow_experiment_search(&conditions, &orders, search.view, size, token.0).await?;
        Ok((page.entries, token.next(size, page.has_more)))
    }

    pub async fn mlflow_experiment_rename(&self, id: &str, name: &str) -> Result<()> {
        check::experiment_name(name)?;
        Ok(self.inner.store.mlflow_experiment_rename(check::experiment_id(id)?, name, self.now()).await?)
    }

    /// Hides it with its runs, or brings both back.
    pub async fn mlflow_experiment_lifecycle_set(&self, id: &str, to: Lifecycle) -> Result<()> {
        Ok(self.inner.store.mlflow_experiment_lifecycle_set(check::experiment_id(id)?, to, self.now()).await?)
    }

    pub async fn mlflow_experiment_tag_set(&self, id: &str, tag: &Tag) -> Result<()> {
        check::experiment_tag(tag)?;
        Ok(self.inner.store.mlflow_experiment_tag_set(check::experiment_id(id)?, tag).await?)
    }

    pub async fn mlflow_experiment_tag_delete(&self, id: &str, key: &str) -> Result<()> {
        Ok(self.inner.store.mlflow_experiment_tag_delete(check::experiment_id(id)?, key).await?)
    }
}
