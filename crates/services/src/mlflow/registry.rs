//! The model registry, by MLflow's rules.

use domain::mlflow::{
    ErrorCode, MlflowError, ModelSource, ModelVersion, NewModelVersion, PageToken, RegisteredModel, Stage, Tag,
    model_version_filter, registered_model_filter,
    registry::{
        alias, alias_reserved, model_name, model_tag, model_version, model_version_orders, registered_model_orders,
    },
    source,
};

use super::{MlflowFailure, Result};
use crate::Services;

/// A search as a client wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegistrySearch {
    pub filter: String,
    pub order_by: Vec<String>,
    pub max_results: u64,
    pub page_token: String,
}

/// A version as a client asks for it. `None` where it said nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionCreation {
    pub name: String,
    pub source: String,
    pub run_id: Option<String>,
    pub model_id: Option<String>,
    pub run_link: String,
    pub description: String,
    pub tags: Vec<Tag>,
}

impl Services {
    pub async fn mlflow_registered_model_create(
        &self,
        name: &str,
        description: &str,
        tags: &[Tag],
    ) -> Result<RegisteredModel> {
        model_name(name)?;
        for tag in tags {
            model_tag(tag)?;
        }
        Ok(self.inner.store.mlflow_registered_model_create(name, description, tags, self.now()).await?)
    }

    pub async fn mlflow_registered_model_get(&self, name: &str) -> Result<RegisteredModel> {
        model_name(name)?;
        Ok(self.inner.store.mlflow_registered_model_get(name).await?)
    }

    pub async fn mlflow_registered_model_describe(&self, name: &str, description: &str) -> Result<RegisteredModel> {
        model_name(name)?;
        Ok(self.inner.store.mlflow_registered_model_describe(name, description, self.now()).await?)
    }

    pub async fn mlflow_registered_model_rename(&self, name: &str, new_name: &str) -> Result<RegisteredModel> {
        model_name(new_name)?;
        model_name(name)?;
        Ok(self.inner.store.mlflow_registered_model_rename(name, new_name, self.now()).await?)
    }

    pub async fn mlflow_registered_model_delete(&self, name: &str) -> Result<()> {
        model_name(name)?;
        Ok(self.inner.store.mlflow_registered_model_delete(name).await?)
    }

    /// A page, and the token of the next one.
    pub async fn mlflow_registered_model_search(
        &self,
        search: &RegistrySearch,
    ) -> Result<(Vec<RegisteredModel>, Option<PageToken>)> {
        let conditions = registered_model_filter(&search.filter)?;
        let orders = registered_model_orders(&search.order_by)?;
        let token = PageToken::parse(&search.page_token)?;
        let size = search.max_results;
        let page = self.inner.store.mlflow_registered_model_search(&conditions, &orders, size, token.0).await?;
        Ok((page.entries, token.next(size, page.has_more)))
    }

    /// A page, and the token of the next one.
    pub async fn mlflow_version_search(
        &self,
        search: &RegistrySearch,
    ) -> Result<(Vec<ModelVersion>, Option<PageToken>)> {
        let conditions = model_version_filter(&search.filter)?;
        let orders = model_version_orders(&search.order_by)?;
        let token = PageToken::parse(&search.page_token)?;
        let size = search.max_results;
        let page = self.inner.store.mlflow_version_search(&conditions, &orders, size, token.0).await?;
        Ok((page.entries, token.next(size, page.has_more)))
    }

    /// The newest version of each of these stages, or of all.
    pub async fn mlflow_version_latest(&self, name: &str, stages: &[String]) -> Result<Vec<ModelVersion>> {
        let stages = stages.iter().map(|it| Stage::parse(it)).collect::<std::result::Result<Vec<_>, _>>()?;
        let mut versions = self.mlflow_registered_model_get(name).await?.latest_versions;
        versions.retain(|it| stages.is_empty() || stages.contains(&it.stage));
        Ok(versions)
    }

    pub async fn mlflow_registered_model_tag_set(&self, name: &str, tag: &Tag) -> Result<()> {
        model_name(name)?;
        model_tag(tag)?;
        Ok(self.inner.store.mlflow_registered_model_tag_set(name, tag).await?)
    }

    pub async fn mlflow_registered_model_tag_delete(&self, name: &str, key: &str) -> Result<()> {
        model_name(name)?;
        model_tag(&Tag { key: key.to_owned(), value: String::new() })?;
        Ok(self.inner.store.mlflow_registered_model_tag_delete(name, key).await?)
    }

    pub async fn mlflow_version_create(&self, creation: VersionCreation) -> Result<ModelVersion> {
        let VersionCreation { name, source, run_id, model_id, run_link, description, tags } = creation;
        let place = self.version_place(&source, run_id, model_id).await?;
        model_name(&name)?;
        for tag in &tags {
            model_tag(tag)?;
        }
        let VersionPlace { source, storage_location, run_id, model_id } = place;
        let new = NewModelVersion { name, source, storage_location, run_id, model_id, run_link, description, tags };
        Ok(self.inner.store.mlflow_version_create(&new, self.now()).await?)
    }

    pub async fn mlflow_version_get(&self, name: &str, version: &str) -> Result<ModelVersion> {
        model_name(name)?;
        Ok(self.inner.store.mlflow_version_get(name, model_version(version)?).await?)
    }

    pub async fn mlflow_version_describe(&self, name: &str, version: &str, description: &str) -> Result<ModelVersion> {
        model_name(name)?;
        Ok(self.inner.store.mlflow_version_describe(name, model_version(version)?, description, self.now()).await?)
    }

    pub async fn mlflow_version_stage_set(
        &self,
        name: &str,
        version: &str,
        stage: &str,
        archives: bool,
    ) -> Result<ModelVersion> {
        let parsed = Stage::parse(stage)?;
        model_name(name)?;
        if archives && !matches!(parsed, Stage::Staging | Stage::Production) {
            return Err(MlflowError::invalid(format!(
                "Model version transition cannot archive existing model versions because '{stage}' is not an Active \
                 stage. Valid stages are ['Staging', 'Production']"
            ))
            .into());
        }
        let version = model_version(version)?;
        Ok(self.inner.store.mlflow_version_stage_set(name, version, parsed, archives, self.now()).await?)
    }

    pub async fn mlflow_version_delete(&self, name: &str, version: &str) -> Result<()> {
        model_name(name)?;
        Ok(self.inner.store.mlflow_version_delete(name, model_version(version)?, self.now()).await?)
    }

    pub async fn mlflow_version_tag_set(&self, name: &str, version: &str, tag: &Tag) -> Result<()> {
        model_name(name)?;
        model_tag(tag)?;
        Ok(self.inner.store.mlflow_version_tag_set(name, model_version(version)?, tag).await?)
    }

    pub async fn mlflow_version_tag_delete(&self, name: &str, version: &str, key: &str) -> Result<()> {
        model_name(name)?;
        let version = model_version(version)?;
        model_tag(&Tag { key: key.to_owned(), value: String::new() })?;
        Ok(self.inner.store.mlflow_version_tag_delete(name, version, key).await?)
    }

    pub async fn mlflow_alias_set(&self, name: &str, text: &str, version: &str) -> Result<()> {
        model_name(name)?;
        alias(text)?;
        alias_reserved(text)?;
        Ok(self.inner.store.mlflow_alias_set(name, text, model_version(version)?).await?)
    }

    pub async fn mlflow_alias_delete(&self, name: &str, text: &str) -> Result<()> {
        model_name(name)?;
        alias(text)?;
        Ok(self.inner.store.mlflow_alias_delete(name, text).await?)
    }

    /// The version that an alias names; `latest` is the one with the largest number.
    pub async fn mlflow_version_get_by_alias(&self, name: &str, text: &str) -> Result<ModelVersion> {
        alias(text)?;
        let model = self.mlflow_registered_model_get(name).await?;
        if text.eq_ignore_ascii_case("latest") {
            let newest = model.latest_versions.into_iter().max_by_key(|it| it.version);
            let missing = || MlflowError::missing(format!("Latest version not found for model {name}."));
            return Ok(newest.ok_or_else(missing)?);
        }
        match self.inner.store.mlflow_alias_get(name, text).await? {
            Some(version) => Ok(self.inner.store.mlflow_version_get(name, version).await?),
            None => Err(MlflowError::invalid(format!("Registered model alias {text} not found.")).into()),
        }
    }

    /// Where a version's artifacts are, and whose they are: what is of this server belongs to whom the request names.
    async fn version_place(
        &self,
        text: &str,
        run_id: Option<String>,
        model_id: Option<String>,
    ) -> Result<VersionPlace> {
        let parsed = ModelSource::parse(text)?;
        let mut place = VersionPlace {
            source: text.to_owned(),
            storage_location: text.to_owned(),
            run_id: run_id.clone().unwrap_or_default(),
            model_id: model_id.clone().unwrap_or_default(),
        };
        let owner = if place.model_id.is_empty() { "run_id" } else { "model_id" };
        let refused = || source::invalid(text, owner);
        match parsed {
            ModelSource::Elsewhere => {}
            ModelSource::Run { run_id } => {
                if !place.model_id.is_empty() || place.run_id != run_id {
                    return Err(refused().into());
                }
            }
            ModelSource::LoggedModel { model_id } => {
                if place.model_id != model_id {
                    return Err(source::invalid(text, "model_id").into());
                }
                let model =
                    owner_of(self.mlflow_model_get(&model_id, false).await, || source::invalid(text, "model_id"))?;
                place.storage_location = model.artifact_location;
            }
            ModelSource::Artifacts => {
                let root = if place.model_id.is_empty() {
                    owner_of(self.mlflow_run_get(&place.run_id).await, refused)?.info.artifact_uri
                } else {
                    owner_of(self.mlflow_model_get(&place.model_id, false).await, refused)?.artifact_location
                };
                if !ModelSource::is_within(text, &root) {
                    return Err(refused().into());
                }
            }
            ModelSource::Version { name, version } => {
                let version = match version.parse::<i64>() {
                    Ok(_) => self.mlflow_version_get(&name, &version).await?,
                    Err(_) => self.version_of_stage(&name, &version).await?,
                };
                place.follow(&version, run_id.as_deref(), model_id.as_deref(), text)?;
            }
            ModelSource::Alias { name, alias } => {
                let version = self.mlflow_version_get_by_alias(&name, &alias).await?;
                place.follow(&version, run_id.as_deref(), model_id.as_deref(), text)?;
            }
        }
        // Before the version is made: one that names a model which is not there is not made.
        if !place.model_id.is_empty() {
            let model = self.mlflow_model_get(&place.model_id, false).await?;
            if place.run_id.is_empty() {
                place.run_id = model.source_run_id;
            }
        }
        Ok(place)
    }

    async fn version_of_stage(&self, name: &str, stage: &str) -> Result<ModelVersion> {
        let stages = [stage.to_owned()];
        let missing =
            || MlflowError::missing(format!("No versions of model with name '{name}' and stage '{stage}' found"));
        Ok(self.mlflow_version_latest(name, &stages).await?.pop().ok_or_else(missing)?)
    }
}

/// Who is named and is not there owns nothing.
fn owner_of<T>(found: Result<T>, refused: impl FnOnce() -> MlflowError) -> Result<T> {
    match found {
        Err(MlflowFailure::Refused(MlflowError { code: ErrorCode::ResourceDoesNotExist, .. })) => Err(refused().into()),
        found => found,
    }
}

struct VersionPlace {
    source: String,
    storage_location: String,
    run_id: String,
    model_id: String,
}

impl VersionPlace {
    /// A version of a version: the same artifacts, of the same run.
    fn follow(
        &mut self,
        version: &ModelVersion,
        run_id: Option<&str>,
        model_id: Option<&str>,
        text: &str,
    ) -> std::result::Result<(), MlflowError> {
        // A version's own model is not kept: none that is named can be known to match.
        if run_id.is_some_and(|it| it != version.run_id) || model_id.is_some_and(|it| !it.is_empty()) {
            return Err(MlflowError::invalid(format!(
                "Invalid model version source: '{text}'. The run_id and model_id request parameters must match the \
                 referenced model version."
            )));
        }
        self.source = format!("models:/{}/{}", version.name, version.version);
        self.storage_location.clone_from(&version.storage_location);
        self.run_id.clone_from(&version.run_id);
        Ok(())
    }
}
