//! `mlflow/runs/log-...`, `set-tag` and `delete-tag`.

use axum::{Json, extract::State};
use domain::mlflow::{Dataset, DatasetInput, Metric, MlflowError, ModelOutput, Param, Result as Checked, Tag};
use services::LogBatch;

use super::{
    Web,
    experiments::tags,
    failure::Failure,
    given::{Given, Kind},
    model::Empty,
};

type Answer = Result<Json<Empty>, Failure>;

pub(super) async fn metric(State(web): State<Web>, given: Given) -> Answer {
    given.check(&[
        ("run_id", Kind::Text, true),
        ("key", Kind::Text, true),
        ("value", Kind::Float, true),
        ("timestamp", Kind::Integer, true),
        ("step", Kind::Integer, false),
        ("model_id", Kind::Text, false),
        ("dataset_name", Kind::Text, false),
        ("dataset_digest", Kind::Text, false),
    ])?;
    web.services.mlflow_metric_log(&given.text("run_id"), metric_of(&given)).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn param(State(web): State<Web>, given: Given) -> Answer {
    given.check(&[("run_id", Kind::Text, true), ("key", Kind::Text, true), ("value", Kind::Text, false)])?;
    let param = Param { key: given.text("key"), value: given.text("value") };
    web.services.mlflow_param_log(&given.text("run_id"), param).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn tag_set(State(web): State<Web>, given: Given) -> Answer {
    given.check(&[("run_id", Kind::Text, true), ("key", Kind::Text, true), ("value", Kind::Text, false)])?;
    let tag = Tag { key: given.text("key"), value: given.text("value") };
    web.services.mlflow_tag_set(&given.text("run_id"), tag).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn tag_delete(State(web): State<Web>, given: Given) -> Answer {
    given.check(&[("run_id", Kind::Text, true), ("key", Kind::Text, true)])?;
    web.services.mlflow_tag_delete(&given.text("run_id"), &given.text("key")).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn batch(State(web): State<Web>, given: Given) -> Answer {
    given.check(&[
        ("run_id", Kind::Text, true),
        ("metrics", Kind::List, false),
        ("params", Kind::List, false),
        ("tags", Kind::List, false),
    ])?;
    let metrics = given.objects("metrics")?;
    let params = given.objects("params")?;
    for (path, it) in &metrics {
        it.check_at(
            path,
            &[
                ("key", Kind::Text, true),
                ("value", Kind::Float, true),
                ("timestamp", Kind::Integer, true),
                ("step", Kind::Integer, false),
                ("model_id", Kind::Text, false),
            ],
        )?;
    }
    for (path, it) in &params {
        it.check_at(path, &[("key", Kind::Text, true), ("value", Kind::Text, false)])?;
    }
    for (path, it) in &given.objects("tags")? {
        it.check_at(path, &[("key", Kind::Text, true)])?;
    }
    let batch = LogBatch {
        metrics: metrics.iter().map(|(_, it)| metric_of(it)).collect(),
        params: params.iter().map(|(_, it)| Param { key: it.text("key"), value: it.text("value") }).collect(),
        tags: tags(&given)?,
    };
    web.services.mlflow_batch_log(&given.text("run_id"), batch).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn inputs(State(web): State<Web>, given: Given) -> Answer {
    given.check(&[("run_id", Kind::Text, true), ("datasets", Kind::List, false), ("models", Kind::List, false)])?;
    let datasets = given.objects("datasets")?;
    let datasets = datasets.iter().map(|(path, it)| dataset_input(path, it)).collect::<Checked<Vec<_>>>()?;
    let models = given.objects("models")?.iter().map(|(_, it)| it.text("model_id")).collect::<Vec<_>>();
    web.services.mlflow_inputs_log(&given.text("run_id"), &datasets, &models).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn outputs(State(web): State<Web>, given: Given) -> Answer {
    given.check(&[("run_id", Kind::Text, true), ("models", Kind::List, true)])?;
    let outputs = given.objects("models")?.into_iter().map(|(path, it)| {
        it.check_at(&path, &[("model_id", Kind::Text, true), ("step", Kind::Integer, false)])?;
        Ok(ModelOutput { model_id: it.text("model_id"), step: it.integer("step").unwrap_or_default() })
    });
    let outputs = outputs.collect::<Checked<Vec<_>>>()?;
    web.services.mlflow_model_links_log(&given.text("run_id"), &[], &outputs).await?;
    Ok(Json(Empty {}))
}

pub(super) async fn model(State(web): State<Web>, given: Given) -> Answer {
    given.check(&[("run_id", Kind::Text, true), ("model_json", Kind::Text, true)])?;
    web.services.mlflow_model_record(&given.text("run_id"), &given.text("model_json")).await?;
    Ok(Json(Empty {}))
}

/// A member that is empty is absent.
fn some(given: &Given, name: &str) -> Option<String> {
    Some(given.text(name)).filter(|it| !it.is_empty())
}

fn metric_of(given: &Given) -> Metric {
    Metric {
        key: given.text("key"),
        value: given.float("value").unwrap_or_default(),
        timestamp_ms: given.integer("timestamp").unwrap_or_default(),
        step: given.integer("step").unwrap_or_default(),
        model_id: some(given, "model_id"),
        dataset_name: some(given, "dataset_name"),
        dataset_digest: some(given, "dataset_digest"),
    }
}

fn dataset_input(path: &str, given: &Given) -> Checked<DatasetInput> {
    let missing = || MlflowError::invalid("Dataset cannot be None");
    let it = given.object("dataset").ok_or_else(missing)?;
    let members =
        ["name", "digest", "source_type", "source", "schema", "profile"].map(|name| (name, Kind::Text, false));
    it.check_at(&format!("{path}.dataset"), &members)?;
    Ok(DatasetInput {
        tags: tags(given)?,
        dataset: Dataset {
            name: it.text("name"),
            digest: it.text("digest"),
            source_type: it.text("source_type"),
            source: it.text("source"),
            schema: some(&it, "schema"),
            profile: some(&it, "profile"),
        },
    })
}
