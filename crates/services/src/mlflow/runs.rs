//! Runs that clients make, change and look for.

use domain::{
    ids::RunId,
    mlflow::{Lifecycle, MlflowError, PageToken, RUN_NAME_TAG, RunInfo, Tag, TrackingRun, ViewType, check, run_search},
};
use store::{MlflowStoreError, NewTrackingRun, RunChange};

use super::{Result, names::random_name};
use crate::Services;

/// A run as a client asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunCreation {
    /// `None`: the default one.
    pub experiment_id: Option<String>,
    pub user_id: String,
    /// Empty: the name in the tags, or a made-up one.
    pub name: String,
    pub start_ms: i64,
    pub tags: Vec<Tag>,
}

/// A search as a client wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSearch {
    pub experiment_ids: Vec<String>,
    pub filter: String,
    pub order_by: Vec<String>,
    pub view: ViewType,
    pub max_results: i64,
    pub page_token: String,
}

impl Services {
    pub async fn mlflow_run_create(&self, creation: RunCreation) -> Result<TrackingRun> {
        let RunCreation { experiment_id, user_id, name, start_ms, mut tags } = creation;
        let experiment_id = experiment_id.map_or(Ok(0), |it| check::experiment_id(&it))?;
        let tagged =
            tags.iter().find(|it| it.key == RUN_NAME_TAG).map(|it| it.value.clone()).filter(|it| !it.is_empty());
        if let Some(tagged) = tagged.as_ref().filter(|it| !name.is_empty() && **it != name) {
            return Err(MlflowError::invalid(format!(
                "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values \
                 (run_name='{name}', mlflow.runName='{tagged}')."
            ))
            .into());
        }
        let random = &self.inner.config.random;
        let name = [name, tagged.unwrap_or_default()].into_iter().find(|it| !it.is_empty());
        let name = name.unwrap_or_else(|| random_name(&**random));
        if tags.iter().all(|it| it.key != RUN_NAME_TAG) {
            tags.push(Tag { key: RUN_NAME_TAG.to_owned(), value: name.clone() });
        }
        let id = RunId::new(self.now(), random.next_u128());
        let new = NewTrackingRun { id, experiment_id, name, user_id, start_ms, tags };
        let run = self.inner.store.mlflow_run_create(&new, self.now()).await?;
        self.mlflow_announce(run.info.id.as_str()).await?;
        Ok(run)
    }

    /// A run that a client made, or a job's.
    pub async fn mlflow_run_get(&self, id: &str) -> Result<TrackingRun> {
        let store = &self.inner.store;
        match store.mlflow_run_get(id).await {
            // Its experiment and the place of its artifacts stay as they are first said here.
            Err(MlflowStoreError::Refused(_)) if self.mlflow_run_ensure(id).await? => {
                Ok(store.mlflow_run_get(id).await?)
            }
            found => Ok(found?),
        }
    }

    /// As it is, without making a job's MLflow side; `None`: nothing was logged under this id.
    pub async fn mlflow_run_find(&self, id: &str) -> Result<Option<TrackingRun>> {
        match self.inner.store.mlflow_run_get(id).await {
            Err(MlflowStoreError::Refused(_)) => Ok(None),
            found => Ok(Some(found?)),
        }
    }

    /// Where clients send what they log, as jobs are told.
    pub fn tracking_uri(&self) -> Option<&str> {
        self.inner.config.tracking_uri.as_deref()
    }

    pub async fn mlflow_run_update(&self, id: &str, change: &RunChange) -> Result<RunInfo> {
        self.mlflow_run_ensure(id).await?;
        let info = self.inner.store.mlflow_run_update(id, change).await?;
        self.mlflow_announce(id).await?;
        Ok(info)
    }

    pub async fn mlflow_run_lifecycle_set(&self, id: &str, to: Lifecycle) -> Result<()> {
        self.mlflow_run_ensure(id).await?;
        self.inner.store.mlflow_run_lifecycle_set(id, to).await?;
        self.mlflow_announce(id).await
    }

    /// A page, and the token of the next one.
    pub async fn mlflow_run_search(&self, search: &RunSearch) -> Result<(Vec<TrackingRun>, Option<PageToken>)> {
        let size = check::max_results(search.max_results)?;
        let (conditions, orders) = run_search(&search.filter, &search.order_by)?;
        let token = PageToken::parse(&search.page_token)?;
        check::searched_experiments(search.experiment_ids.len())?;
        let ids = search.experiment_ids.iter().map(|it| check::experiment_id(it));
        let ids = ids.collect::<std::result::Result<Vec<_>, _>>()?;
        let store = &self.inner.store;
        let page = store.mlflow_run_search(&ids, &conditions, &orders, search.view, size, token.0).await?;
        // A page may end before it is full, when its texts are large.
        let next = token.next(page.entries.len() as u64, page.has_more);
        Ok((page.entries, next))
    }
}
