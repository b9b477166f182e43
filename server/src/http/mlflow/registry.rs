//! `mlflow/registered-models/...` and `mlflow/model-versions/...`.

use axum::{Json, extract::State};
use domain::mlflow::{ModelVersion, PageToken, RegisteredModel, Result as Checked, Tag};
use serde::Serialize;
use serde_json::Value;
use services::{RegistrySearch, VersionCreation};

use super::{
    Web,
    experiments::tags,
    failure::Failure,
    given::{Given, Kind, wrong},
    model::{Empty, ModelVersionBody, RegisteredModelBody},
};

type Answer<T> = Result<Json<T>, Failure>;

/// What protobuf's definitions have for searches without them, and the most that they may be.
const REGISTERED_RESULTS: (i64, i64) = (100, 1_000);
const VERSION_RESULTS: (i64, i64) = (200_000, 200_000);

#[derive(Serialize)]
pub(super) struct OneModel {
    registered_model: RegisteredModelBody,
}

#[derive(Serialize)]
pub(super) struct Models {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    registered_models: Vec<RegisteredModelBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Serialize)]
pub(super) struct OneVersion {
    model_version: ModelVersionBody,
}

#[derive(Serialize)]
pub(super) struct Versions {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_versions: Vec<ModelVersionBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

#[derive(Serialize)]
pub(super) struct DownloadUri {
    artifact_uri: String,
}

fn one_model(model: RegisteredModel) -> Json<OneModel> {
    Json(OneModel { registered_model: model.into() })
}

fn one_version(version: ModelVersion) -> Json<OneVersion> {
    Json(OneVersion { model_version: version.into() })
}

fn named(given: &Given) -> Checked<String> {
    given.check(&[("name", Kind::Text, true)])?;
    Ok(given.text("name"))
}

fn versioned(given: &Given) -> Checked<(String, String)> {
    given.check(&[("name", Kind::Text, true), ("version", Kind::Text, true)])?;
    Ok((given.text("name"), given.text("version")))
}

fn tag(given: &Given) -> Checked<Tag> {
    given.check(&[("key", Kind::Text, true), ("value", Kind::Text, false)])?;
    Ok(Tag { key: given.text("key"), value: given.text("value") })
}

fn search(given: &Given, (default, most): (i64, i64)) -> Checked<RegistrySearch> {
    given.check(&[
        ("filter", Kind::Text, false),
        ("max_results", Kind::Integer, false),
        ("page_token", Kind::Text, false),
    ])?;
    let max_results = given.integer("max_results").unwrap_or(default);
    if !(1..=most).contains(&max_results) {
        return Err(wrong("max_results", &max_results.into()));
    }
    Ok(RegistrySearch {
        filter: given.text("filter"),
        order_by: given.texts("order_by")?,
        max_results: max_results.unsigned_abs(),
        page_token: given.text("page_token"),
    })
}

pub(super) async fn model_create(State(web): State<Web>, given: Given) -> Answer<OneModel> {
    given.check(&[("name", Kind::Text, true), ("tags", Kind::List, false), ("description", Kind::Text, false)])?;
    let tags = tags(&given)?;
    let (name, description) = (given.text("name"), given.text("description"));
    Ok(one_model(web.services.mlflow_registered_model_create(&name, &description, &tags).await?))
}

pub(super) async fn model_get(State(web): State<Web>, given: Given) -> Answer<OneModel> {
    Ok(one_model(web.services.mlflow_registered_model_get(&named(&given)?).await?))
}

pub(super) async fn model_update(State(web): State<Web>, given: Given) -> Answer<OneModel> {
    let name = named(&given)?;
    given.check(&[("description", Kind::Text, false)])?;
    Ok(one_model(web.services.mlflow_registered_model_describe(&name, &given.text("description")).await?))
}

pub(super) async fn model_rename(State(web): State<Web>, given: Given) -> Answer<OneModel> {
    given.check(&[("name", Kind::Text, true), ("new_name", Kind::Text, true)])?;
    let (name, new_name) = (given.text("name"), given.text("new_name"));
    Ok(one_model(web.services.mlflow_registered_model_rename(&name, &new_name).await?))
}

pub(super) async fn model_delete(State(web): State<Web>, given: Given) -> Answer<Empty> {
    web.services.mlflow_registered_model_delete(&named(&given)?).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn model_search(State(web): State<Web>, given: Given) -> Answer<Models> {
    let search = search(&given, REGISTERED_RESULTS)?;
    let (models, next) = web.services.mlflow_registered_model_search(&search).await?;
    let registered_models = models.into_iter().map(RegisteredModelBody::from).collect();
    Ok(Json(Models { registered_models, next_page_token: next.map(PageToken::encode) }))
}

pub(super) async fn model_latest(State(web): State<Web>, given: Given) -> Answer<Versions> {
    let name = named(&given)?;
    let versions = web.services.mlflow_version_latest(&name, &given.texts("stages")?).await?;
    let model_versions = versions.into_iter().map(ModelVersionBody::from).collect();
    Ok(Json(Versions { model_versions, next_page_token: None }))
}

pub(super) async fn model_tag_set(State(web): State<Web>, given: Given) -> Answer<Empty> {
    let name = named(&given)?;
    web.services.mlflow_registered_model_tag_set(&name, &tag(&given)?).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn model_tag_delete(State(web): State<Web>, given: Given) -> Answer<Empty> {
    let name = named(&given)?;
    web.services.mlflow_registered_model_tag_delete(&name, &tag(&given)?.key).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn alias_set(State(web): State<Web>, given: Given) -> Answer<Empty> {
    given.check(&[("name", Kind::Text, true), ("alias", Kind::Text, true), ("version", Kind::Text, true)])?;
    web.services.mlflow_alias_set(&given.text("name"), &given.text("alias"), &given.text("version")).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn alias_delete(State(web): State<Web>, given: Given) -> Answer<Empty> {
    given.check(&[("name", Kind::Text, true), ("alias", Kind::Text, true)])?;
    web.services.mlflow_alias_delete(&given.text("name"), &given.text("alias")).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn alias_get(State(web): State<Web>, given: Given) -> Answer<OneVersion> {
    given.check(&[("name", Kind::Text, true), ("alias", Kind::Text, true)])?;
    Ok(one_version(web.services.mlflow_version_get_by_alias(&given.text("name"), &given.text("alias")).await?))
}

pub(super) async fn version_create(State(web): State<Web>, given: Given) -> Answer<OneVersion> {
    given.check(&[
        ("name", Kind::Text, true),
        ("source", Kind::Text, true),
        ("run_id", Kind::Text, false),
        ("tags", Kind::List, false),
        ("run_link", Kind::Text, false),
        ("description", Kind::Text, false),
        ("model_id", Kind::Text, false),
    ])?;
    let said = |name: &str| given.has(name).then(|| given.text(name));
    let creation = VersionCreation {
        name: given.text("name"),
        source: given.text("source"),
        run_id: said("run_id"),
        model_id: said("model_id"),
        run_link: given.text("run_link"),
        description: given.text("description"),
        tags: tags(&given)?,
    };
    Ok(one_version(web.services.mlflow_version_create(creation).await?))
}

pub(super) async fn version_get(State(web): State<Web>, given: Given) -> Answer<OneVersion> {
    let (name, version) = versioned(&given)?;
    Ok(one_version(web.services.mlflow_version_get(&name, &version).await?))
}

pub(super) async fn version_update(State(web): State<Web>, given: Given) -> Answer<OneVersion> {
    let (name, version) = versioned(&given)?;
    given.check(&[("description", Kind::Text, false)])?;
    Ok(one_version(web.services.mlflow_version_describe(&name, &version, &given.text("description")).await?))
}

pub(super) async fn version_stage_set(State(web): State<Web>, given: Given) -> Answer<OneVersion> {
    let (name, version) = versioned(&given)?;
    given.check(&[("stage", Kind::Text, true), ("archive_existing_versions", Kind::Bool, false)])?;
    let archives = given.member("archive_existing_versions") == Value::Bool(true);
    Ok(one_version(web.services.mlflow_version_stage_set(&name, &version, &given.text("stage"), archives).await?))
}

pub(super) async fn version_delete(State(web): State<Web>, given: Given) -> Answer<Empty> {
    let (name, version) = versioned(&given)?;
    web.services.mlflow_version_delete(&name, &version).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn version_search(State(web): State<Web>, given: Given) -> Answer<Versions> {
    let search = search(&given, VERSION_RESULTS)?;
    let (versions, next) = web.services.mlflow_version_search(&search).await?;
    let model_versions = versions.into_iter().map(ModelVersionBody::from).collect();
    Ok(Json(Versions { model_versions, next_page_token: next.map(PageToken::encode) }))
}

pub(super) async fn version_download_uri(State(web): State<Web>, given: Given) -> Answer<DownloadUri> {
    let (name, version) = versioned(&given)?;
    let version = web.services.mlflow_version_get(&name, &version).await?;
    Ok(Json(DownloadUri { artifact_uri: version.storage_location }))
}

pub(super) async fn version_tag_set(State(web): State<Web>, given: Given) -> Answer<Empty> {
    let (name, version) = versioned(&given)?;
    web.services.mlflow_version_tag_set(&name, &version, &tag(&given)?).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn version_tag_delete(State(web): State<Web>, given: Given) -> Answer<Empty> {
    let (name, version) = versioned(&given)?;
    web.services.mlflow_version_tag_delete(&name, &version, &tag(&given)?.key).await?;
    Ok(Json(Empty {}))
}
