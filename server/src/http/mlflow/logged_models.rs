//! `mlflow/logged-models/...`: the models of MLflow 3.

use axum::{
    Json,
    extract::{Path, State},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::mlflow::{
    DatasetFilter, LoggedModelStatus, MlflowError, Param, Result as Checked, model::LoggedModelOrderText,
};
use serde::Serialize;
use serde_json::{Value, json};
use services::{ModelCreation, ModelSearch};

use super::{
    Web,
    artifacts::{Files, bodies, file},
    experiments::tags,
    failure::Failure,
    given::{Given, Kind, wrong},
    model::{Empty, LoggedModelBody},
};

type Answer<T> = Result<Json<T>, Failure>;

/// What protobuf's definition has for a search without one.
const DEFAULT_MAX_RESULTS: i64 = 50;
const MAX_RESULTS: i64 = 50_000;

#[derive(Serialize)]
pub(super) struct One {
    model: LoggedModelBody,
}

#[derive(Serialize)]
pub(super) struct Found {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    models: Vec<LoggedModelBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

fn params(given: &Given) -> Checked<Vec<Param>> {
    let objects = given.objects("params")?.into_iter();
    objects
        .map(|(path, it)| {
            it.check_at(&path, &[("key", Kind::Text, false), ("value", Kind::Text, false)])?;
            Ok(Param { key: it.text("key"), value: it.text("value") })
        })
        .collect()
}

pub(super) async fn create(State(web): State<Web>, given: Given) -> Answer<One> {
    given.check(&[
        ("experiment_id", Kind::Text, true),
        ("name", Kind::Text, false),
        ("model_type", Kind::Text, false),
        ("source_run_id", Kind::Text, false),
        ("params", Kind::List, false),
        ("tags", Kind::List, false),
    ])?;
    let creation = ModelCreation {
        experiment_id: given.text("experiment_id"),
        name: given.text("name"),
        model_type: given.text("model_type"),
        source_run_id: given.text("source_run_id"),
        params: params(&given)?,
        tags: tags(&given)?,
    };
    let model = web.services.mlflow_model_create(creation).await?;
    Ok(Json(One { model: model.into() }))
}

pub(super) async fn get(State(web): State<Web>, Path(id): Path<String>, given: Given) -> Answer<One> {
    let with_deleted = given.text("allow_deleted").eq_ignore_ascii_case("true");
    let model = web.services.mlflow_model_get(&id, with_deleted).await?;
    Ok(Json(One { model: model.into() }))
}

/// MLflow reads the id in the body here, and not the one in the path.
fn model_id(given: &Given) -> Checked<String> {
    given.check(&[("model_id", Kind::Text, true)])?;
    Ok(given.text("model_id"))
}

pub(super) async fn finalize(State(web): State<Web>, given: Given) -> Answer<One> {
    let id = model_id(&given)?;
    let text = match given.integer("status") {
        Some(number) => number.to_string(),
        None => given.text("status"),
    };
    if text.is_empty() {
        given.check(&[("status", Kind::Text, true)])?;
    }
    let status = LoggedModelStatus::parse(&text).ok_or_else(|| wrong("status", &given.member("status")))?;
    let model = web.services.mlflow_model_status_set(&id, status).await?;
    Ok(Json(One { model: model.into() }))
}

pub(super) async fn remove(State(web): State<Web>, Path(id): Path<String>) -> Answer<Empty> {
    web.services.mlflow_model_delete(&id).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn params_log(State(web): State<Web>, given: Given) -> Answer<Empty> {
    let id = model_id(&given)?;
    given.check(&[("params", Kind::List, false)])?;
    web.services.mlflow_model_params_log(&id, &params(&given)?).await?;
    Ok(Json(Empty {}))
}

/// Only here does MLflow read the id in the path; its client leaves the other out.
pub(super) async fn tags_set(State(web): State<Web>, Path(id): Path<String>, given: Given) -> Answer<Empty> {
    given.check(&[("model_id", Kind::Text, false), ("tags", Kind::List, false)])?;
    web.services.mlflow_model_tags_set(&id, &tags(&given)?).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn tag_delete(State(web): State<Web>, Path((id, key)): Path<(String, String)>) -> Answer<Empty> {
    web.services.mlflow_model_tag_delete(&id, &key).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn artifact_list(State(web): State<Web>, Path(id): Path<String>, given: Given) -> Answer<Files> {
    let list = web.services.mlflow_model_artifact_list(&id, &given.text("artifact_directory_path")).await?;
    Ok(Json(Files { root_uri: Some(list.root_uri), files: bodies(list.files) }))
}

pub(super) async fn artifact_get(
    State(web): State<Web>,
    Path(id): Path<String>,
    given: Given,
) -> Result<Response, Failure> {
    let path = given.text("artifact_file_path");
    if path.is_empty() {
        let why = "Request must include the \"artifact_file_path\" query parameter.";
        return Err(MlflowError::new(domain::mlflow::ErrorCode::BadRequest, why).into());
    }
    Ok(file(web.services.mlflow_model_artifact_get(&id, &path).await?))
}

pub(super) async fn search(State(web): State<Web>, given: Given) -> Answer<Found> {
    given.check(&[
        ("experiment_ids", Kind::List, true),
        ("filter", Kind::Text, false),
        ("datasets", Kind::List, false),
        ("max_results", Kind::Integer, false),
        ("order_by", Kind::List, false),
        ("page_token", Kind::Text, false),
    ])?;
    let datasets = given.objects("datasets")?.into_iter().map(|(_, it)| DatasetFilter {
        name: it.text("dataset_name"),
        digest: Some(it.text("dataset_digest")).filter(|it| !it.is_empty()),
    });
    let orders = given.objects("order_by")?.into_iter().map(|(path, it)| {
        it.check_at(
            &path,
            &[
                ("field_name", Kind::Text, true),
                ("ascending", Kind::Bool, false),
                ("dataset_name", Kind::Text, false),
                ("dataset_digest", Kind::Text, false),
            ],
        )?;
        it.parse::<LoggedModelOrderText>().map_err(|why| MlflowError::invalid(format!("{path}: {why}")))
    });
    let max_results = match given.integer("max_results").unwrap_or(DEFAULT_MAX_RESULTS) {
        size @ 1..=MAX_RESULTS => size,
        0 => DEFAULT_MAX_RESULTS,
        size => return Err(wrong("max_results", &size.into()).into()),
    };
    let mut search = ModelSearch {
        experiment_ids: given.texts("experiment_ids")?,
        filter: given.text("filter"),
        datasets: datasets.collect(),
        order_by: orders.collect::<Checked<Vec<_>>>()?,
        max_results: max_results.unsigned_abs(),
        offset: 0,
    };
    // The token holds what it goes on with, so that it cannot go on with something else.
    let asked = json!({ "experiment_ids": search.experiment_ids, "filter": search.filter, "order_by": given.member("order_by") });
    search.offset = offset(&given.text("page_token"), &asked)?;
    let (models, has_more) = web.services.mlflow_model_search(&search).await?;
    let next = search.offset.saturating_add(search.max_results);
    let next_page_token = has_more.then(|| STANDARD.encode(json!({ "asked": asked, "offset": next }).to_string()));
    Ok(Json(Found { models: models.into_iter().map(LoggedModelBody::from).collect(), next_page_token }))
}

fn offset(token: &str, asked: &Value) -> Checked<u64> {
    if token.is_empty() {
        return Ok(0);
    }
    let unreadable = || MlflowError::invalid(format!("Invalid page token: {token}."));
    let bytes = STANDARD.decode(token).map_err(|_| unreadable())?;
    let kept: Value = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
    if kept["asked"] != *asked {
        let why = "The page token does not match the requested experiment IDs, filter string or order by.";
        return Err(MlflowError::invalid(why));
    }
    kept["offset"].as_u64().filter(|it| i64::try_from(*it).is_ok()).ok_or_else(unreadable)
}
