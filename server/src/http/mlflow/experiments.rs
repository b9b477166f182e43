//! `mlflow/experiments/...`.

use axum::{Json, extract::State};
use domain::mlflow::{Lifecycle, NewExperiment, Result as Checked, Tag, ViewType};
use serde::Serialize;
use services::ExperimentSearch;

use super::{
    Web,
    failure::Failure,
    given::{Given, Kind, wrong},
    model::{Empty, ExperimentBody},
};

type Answer<T> = Result<Json<T>, Failure>;

#[derive(Serialize)]
pub(super) struct Created {
    experiment_id: String,
}

#[derive(Serialize)]
pub(super) struct One {
    experiment: ExperimentBody,
}

#[derive(Serialize)]
pub(super) struct Found {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    experiments: Vec<ExperimentBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// A list of tags, as requests hold them.
pub(super) fn tags(given: &Given) -> Checked<Vec<Tag>> {
    let objects = given.objects("tags")?;
    objects
        .into_iter()
        .map(|(path, it)| {
            it.check_at(&path, &[("key", Kind::Text, false), ("value", Kind::Text, false)])?;
            Ok(Tag { key: it.text("key"), value: it.text("value") })
        })
        .collect()
}

pub(super) fn view(given: &Given, name: &str) -> Checked<ViewType> {
    let text = match given.integer(name) {
        Some(number) => number.to_string(),
        None => given.text(name),
    };
    match text.as_str() {
        "" => Ok(ViewType::ActiveOnly),
        text => ViewType::parse(text).ok_or_else(|| wrong(name, &given.member(name))),
    }
}

pub(super) async fn create(State(web): State<Web>, given: Given) -> Answer<Created> {
    given.check(&[
        ("name", Kind::Text, true),
        ("artifact_location", Kind::Text, false),
        ("tags", Kind::List, false),
    ])?;
    let location = given.text("artifact_location");
    let new = NewExperiment {
        name: given.text("name"),
        artifact_location: (!location.is_empty()).then_some(location),
        tags: tags(&given)?,
    };
    let id = web.services.mlflow_experiment_create(&new).await?;
    Ok(Json(Created { experiment_id: id.to_string() }))
}

pub(super) async fn get(State(web): State<Web>, given: Given) -> Answer<One> {
    given.check(&[("experiment_id", Kind::Text, true)])?;
    let experiment = web.services.mlflow_experiment_get(&given.text("experiment_id")).await?;
    Ok(Json(One { experiment: experiment.into() }))
}

pub(super) async fn get_by_name(State(web): State<Web>, given: Given) -> Answer<One> {
    given.check(&[("experiment_name", Kind::Text, true)])?;
    let experiment = web.services.mlflow_experiment_get_by_name(&given.text("experiment_name")).await?;
    Ok(Json(One { experiment: experiment.into() }))
}

pub(super) async fn search(State(web): State<Web>, given: Given) -> Answer<Found> {
    given.check(&[
        ("max_results", Kind::Integer, false),
        ("filter", Kind::Text, false),
        ("page_token", Kind::Text, false),
    ])?;
    let search = ExperimentSearch {
        filter: given.text("filter"),
        order_by: given.texts("order_by")?,
        view: view(&given, "view_type")?,
        max_results: given.integer("max_results").unwrap_or_default(),
        page_token: given.text("page_token"),
    };
    let (experiments, next) = web.services.mlflow_experiment_search(&search).await?;
    Ok(Json(Found {
        experiments: experiments.into_iter().map(ExperimentBody::from).collect(),
        next_page_token: next.map(domain::mlflow::PageToken::encode),
    }))
}

pub(super) async fn update(State(web): State<Web>, given: Given) -> Answer<Empty> {
    given.check(&[("experiment_id", Kind::Text, true), ("new_name", Kind::Text, true)])?;
    web.services.mlflow_experiment_rename(&given.text("experiment_id"), &given.text("new_name")).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn delete(State(web): State<Web>, given: Given) -> Answer<Empty> {
    lifecycle_set(&web, &given, Lifecycle::Deleted).await
}

pub(super) async fn restore(State(web): State<Web>, given: Given) -> Answer<Empty> {
    lifecycle_set(&web, &given, Lifecycle::Active).await
}

async fn lifecycle_set(web: &Web, given: &Given, to: Lifecycle) -> Answer<Empty> {
    given.check(&[("experiment_id", Kind::Text, true)])?;
    web.services.mlflow_experiment_lifecycle_set(&given.text("experiment_id"), to).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn tag_set(State(web): State<Web>, given: Given) -> Answer<Empty> {
    given.check(&[("experiment_id", Kind::Text, true), ("key", Kind::Text, true), ("value", Kind::Text, false)])?;
    let tag = Tag { key: given.text("key"), value: given.text("value") };
    web.services.mlflow_experiment_tag_set(&given.text("experiment_id"), &tag).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn tag_delete(State(web): State<Web>, given: Given) -> Answer<Empty> {
    given.check(&[("experiment_id", Kind::Text, true), ("key", Kind::Text, true)])?;
    web.services.mlflow_experiment_tag_delete(&given.text("experiment_id"), &given.text("key")).await?;
    Ok(Json(Empty {}))
}
