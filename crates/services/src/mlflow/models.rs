//! Logged models, and what links them to runs.

use domain::mlflow::{
    DatasetFilter, LoggedModel, LoggedModelStatus, MlflowError, ModelOutput, NewLoggedModel, Param, Tag, check,
    logged_model_filter,
    model::{LoggedModelOrderText, logged_model_name, logged_model_orders},
};
use serde_json::{Value, json};

use super::{ArtifactList, ArtifactRead, Result, names::random_name};
use crate::Services;

/// What a client says of a model that it is about to log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelCreation {
    pub experiment_id: String,
    /// Empty: a made-up one.
    pub name: String,
    pub model_type: String,
    pub source_run_id: String,
    pub params: Vec<Param>,
    pub tags: Vec<Tag>,
}

/// A search as a client wrote it; `offset` is its page's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelSearch {
    pub experiment_ids: Vec<String>,
    pub filter: String,
    pub datasets: Vec<DatasetFilter>,
    pub order_by: Vec<LoggedModelOrderText>,
    pub max_results: u64,
    pub offset: u64,
}

impl Services {
    pub async fn mlflow_model_create(&self, creation: ModelCreation) -> Result<LoggedModel> {
        let ModelCreation { experiment_id, name, model_type, source_run_id, params, tags } = creation;
        logged_model_name(&name)?;
        let random = &self.inner.config.random;
        let new = NewLoggedModel {
            id: format!("m-{:032x}", random.next_u128()),
            experiment_id: check::experiment_id(&experiment_id)?,
            name: if name.is_empty() { random_name(&**random) } else { name },
            model_type,
            source_run_id,
            params,
            tags,
        };
        Ok(self.inner.store.mlflow_model_create(&new, self.now()).await?)
    }

    pub async fn mlflow_model_get(&self, id: &str, with_deleted: bool) -> Result<LoggedModel> {
        Ok(self.inner.store.mlflow_model_get(id, with_deleted).await?)
    }

    pub async fn mlflow_model_status_set(&self, id: &str, status: LoggedModelStatus) -> Result<LoggedModel> {
        Ok(self.inner.store.mlflow_model_status_set(id, status, self.now()).await?)
    }

    pub async fn mlflow_model_delete(&self, id: &str) -> Result<()> {
        Ok(self.inner.store.mlflow_model_delete(id, self.now()).await?)
    }

    pub async fn mlflow_model_params_log(&self, id: &str, params: &[Param]) -> Result<()> {
        Ok(self.inner.store.mlflow_model_params_log(id, params).await?)
    }

    pub async fn mlflow_model_tags_set(&self, id: &str, tags: &[Tag]) -> Result<()> {
        Ok(self.inner.store.mlflow_model_tags_set(id, tags).await?)
    }

    pub async fn mlflow_model_tag_delete(&self, id: &str, key: &str) -> Result<()> {
        Ok(self.inner.store.mlflow_model_tag_delete(id, key).await?)
    }

    /// A page, and whether there are more.
    pub async fn mlflow_model_search(&self, search: &ModelSearch) -> Result<(Vec<LoggedModel>, bool)> {
        if search.datasets.iter().any(|it| it.name.is_empty()) {
            return Err(MlflowError::invalid("`dataset_name` in the `datasets` clause must be specified.").into());
        }
        let conditions = logged_model_filter(&search.filter)?;
        let orders = logged_model_orders(&search.order_by)?;
        check::searched_experiments(search.experiment_ids.len())?;
        let ids = search.experiment_ids.iter().map(|it| check::experiment_id(it));
        let ids = ids.collect::<std::result::Result<Vec<_>, _>>()?;
        let store = &self.inner.store;
        let page = store
            .mlflow_model_search(&ids, &conditions, &search.datasets, &orders, search.max_results, search.offset)
            .await?;
        Ok((page.entries, page.has_more))
    }

    /// Models that a run used and made.
    pub async fn mlflow_model_links_log(&self, run: &str, inputs: &[String], outputs: &[ModelOutput]) -> Result<()> {
        self.mlflow_run_ensure(run).await?;
        Ok(self.inner.store.mlflow_model_links_log(run, inputs, outputs).await?)
    }

    pub async fn mlflow_model_artifact_list(&self, id: &str, path: &str) -> Result<ArtifactList> {
        let path = check::artifact_path(path)?;
        let root = self.mlflow_model_get(id, false).await?.artifact_location;
        self.artifacts_below(root, &path).await
    }

    pub async fn mlflow_model_artifact_get(&self, id: &str, path: &str) -> Result<ArtifactRead> {
        let path = check::artifact_path(path)?;
        let root = self.mlflow_model_get(id, false).await?.artifact_location;
        self.artifact_below(&root, &path).await
    }

    /// What clients of MLflow 2 say of a model that they logged: kept in a tag of the run.
    pub async fn mlflow_model_record(&self, run: &str, model_json: &str) -> Result<()> {
        const MEMBERS: [&str; 4] = ["run_id", "artifact_path", "utc_time_created", "flavors"];
        let model: Value = serde_json::from_str(model_json).map_err(|_| {
            MlflowError::invalid(format!("Malformed model info. \n {model_json} \n is not a valid JSON."))
        })?;
        let missing: Vec<String> =
            MEMBERS.iter().filter(|it| model.get(**it).is_none()).map(|it| format!("'{it}'")).collect();
        if !missing.is_empty() {
            let why = format!("Model json is missing mandatory fields: {{{}}}", missing.join(", "));
            return Err(MlflowError::invalid(why).into());
        }
        let entry = json!({
            "run_id": model["run_id"],
            "artifact_path": model["artifact_path"],
            "utc_time_created": model["utc_time_created"],
            "model_uuid": model["model_uuid"],
            "flavors": flavors(&model["flavors"]),
        });
        self.mlflow_run_ensure(run).await?;
        Ok(self.inner.store.mlflow_model_record(run, &entry.to_string()).await?)
    }
}

/// Without their configurations, as MLflow keeps them.
fn flavors(flavors: &Value) -> Value {
    let mut flavors = flavors.clone();
    if let Value::Object(flavors) = &mut flavors {
        for flavor in flavors.values_mut() {
            if let Value::Object(members) = flavor {
                members.remove("config");
            }
        }
    }
    flavors
}
