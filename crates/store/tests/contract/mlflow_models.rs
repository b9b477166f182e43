//! Logged models and the registry: found again as clients left them.

use domain::mlflow::{
    DatasetFilter, ErrorCode, LoggedModelStatus, Metric, ModelOutput, NewExperiment, NewLoggedModel, NewModelVersion,
    Param, Stage, Tag, logged_model_filter,
    model::{LoggedModelOrderText, logged_model_orders},
    model_version_filter, registered_model_filter,
    registry::{model_version_orders, registered_model_orders},
};
use store::{MlflowStoreError, NewTrackingRun, Store};

use crate::{harness::contract, samples::*};

mod limits;
mod races;

const ROOT: &str = "mlflow-artifacts:/";

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.to_owned(), value: value.to_owned() }
}

fn refusal<T: std::fmt::Debug>(result: Result<T, MlflowStoreError>) -> (ErrorCode, String) {
    match result {
        Err(MlflowStoreError::Refused(err)) => (err.code, err.message),
        other => panic!("not refused: {other:?}"),
    }
}

async fn experiment(store: &Store) -> i64 {
    let new = NewExperiment { name: "wine".to_owned(), artifact_location: None, tags: Vec::new() };
    store.mlflow_experiment_create(&new, ROOT, NOON).await.unwrap()
}

async fn tracked(store: &Store, experiment_id: i64) -> String {
    let new = NewTrackingRun {
        id: run_id(1),
        experiment_id,
        name: "run".to_owned(),
        user_id: String::new(),
        start_ms: 0,
        tags: Vec::new(),
    };
    store.mlflow_run_create(&new, NOON).await.unwrap().info.id.as_str().to_owned()
}

async fn logged(store: &Store, experiment_id: i64, number: u32) -> String {
    let new = NewLoggedModel {
        id: format!("m-{number:032}"),
        experiment_id,
        name: format!("model {number}"),
        model_type: "tree".to_owned(),
        source_run_id: "r".to_owned(),
        params: vec![Param { key: "depth".to_owned(), value: number.to_string() }],
        tags: vec![tag("a", "1")],
    };
    store.mlflow_model_create(&new, after(i64::from(number))).await.unwrap().id
}

async fn version(store: &Store, name: &str) -> i64 {
    let new = NewModelVersion {
        name: name.to_owned(),
        source: "s3://b/k".to_owned(),
        storage_location: "s3://b/k".to_owned(),
        run_id: "r1".to_owned(),
        tags: vec![tag("k", "v")],
        ..NewModelVersion::default()
    };
    store.mlflow_version_create(&new, after(1)).await.unwrap().version
}

contract! {
    async fn logged_models_are_finished_tagged_and_hidden(store) {
        let wine = experiment(&store).await;
        let id = logged(&store, wine, 1).await;
        let model = store.mlflow_model_get(&id, false).await.unwrap();
        assert_eq!((model.status, model.artifact_location), (LoggedModelStatus::Pending, format!("mlflow-artifacts:/{wine}/models/{id}/artifacts")));
        let ready = store.mlflow_model_status_set(&id, LoggedModelStatus::Ready, after(9)).await.unwrap();
        assert_eq!((ready.status, ready.updated_at), (LoggedModelStatus::Ready, after(9)));
        let depth = |value: &str| [Param { key: "depth".to_owned(), value: value.to_owned() }];
        store.mlflow_model_params_log(&id, &depth("1")).await.unwrap();
        let why = refusal(store.mlflow_model_params_log(&id, &depth("other")).await).1;
        assert!(why.starts_with("Changing param values is not allowed. Param with key='depth' was already logged with value='1'"), "{why}");
        store.mlflow_model_tags_set(&id, &[tag("a", "2"), tag("b", "3")]).await.unwrap();
        store.mlflow_model_tag_delete(&id, "b").await.unwrap();
        assert_eq!(refusal(store.mlflow_model_tag_delete(&id, "b").await).1, format!("No tag with key 'b' found for model with ID '{id}'."));
        let seen = store.mlflow_model_get(&id, false).await.unwrap();
        assert_eq!((seen.tags, seen.params[0].value.as_str()), (vec![tag("a", "2")], "1"));
        store.mlflow_model_delete(&id, NOON).await.unwrap();
        assert_eq!(refusal(store.mlflow_model_get(&id, false).await).1, format!("Logged model with ID '{id}' not found."));
        assert!(store.mlflow_model_get(&id, true).await.is_ok());
        assert_eq!(refusal(store.mlflow_model_tags_set("m-none", &[]).await).0, ErrorCode::ResourceDoesNotExist);
    }

    async fn logged_models_are_linked_measured_and_found(store) {
        let wine = experiment(&store).await;
        let run = tracked(&store, wine).await;
        let (one, two) = (logged(&store, wine, 1).await, logged(&store, wine, 2).await);
        let metric = |model: &str, value, step, dataset: Option<&str>| Metric {
            key: "acc".to_owned(), value, timestamp_ms: step, step, model_id: Some(model.to_owned()),
            dataset_name: dataset.map(str::to_owned), dataset_digest: dataset.map(|_| "d".to_owned()),
        };
        let metrics = [metric(&one, 0.9, 1, None), metric(&one, 0.2, 2, Some("test")), metric(&two, f64::NAN, 1, None)];
        let stray = [metric(&one, 0.1, 3, None), metric("m-none", 1.0, 1, None)];
        assert_eq!(refusal(store.mlflow_model_metrics_log(&run_id(1), &stray).await).1, "Logged model with ID 'm-none' not found.");
        for _ in 0..2 {
            store.mlflow_model_metrics_log(&run_id(1), &metrics).await.unwrap();
            let output = ModelOutput { model_id: one.clone(), step: 7 };
            store.mlflow_model_links_log(&run, std::slice::from_ref(&two), &[output]).await.unwrap();
        }
        let seen = store.mlflow_run_get(&run).await.unwrap();
        assert_eq!((seen.model_inputs, seen.model_outputs.len()), (vec![two.clone()], 1));
        assert_eq!(store.mlflow_model_get(&one, false).await.unwrap().metrics.len(), 2);

        let found = async |filter: &str, datasets: &[DatasetFilter], order: Option<(&str, bool)>| {
            let orders: Vec<_> = order.iter().map(|(field, up)| LoggedModelOrderText {
                field_name: (*field).to_owned(), ascending: Some(*up), dataset_name: String::new(), dataset_digest: String::new(),
            }).collect();
            let (conditions, orders) = (logged_model_filter(filter).unwrap(), logged_model_orders(&orders).unwrap());
            let page = store.mlflow_model_search(&[wine], &conditions, datasets, &orders, 10, 0).await.unwrap();
            page.entries.into_iter().map(|it| it.name).collect::<Vec<_>>()
        };
        assert_eq!(found("", &[], None).await, ["model 2", "model 1"]);
        assert_eq!(found("metrics.acc > 0.5", &[], None).await, ["model 1"]);
        assert_eq!(found("params.depth = 2 AND tags.a = '1'", &[], None).await, ["model 2"]);
        assert_eq!(found("name LIKE 'model%' AND creation_time > 0", &[], Some(("name", true))).await, ["model 1", "model 2"]);
        assert_eq!(found("", &[], Some(("metrics.acc", false))).await, ["model 1", "model 2"]);
        let test = [DatasetFilter { name: "test".to_owned(), digest: None }];
        assert_eq!(found("", &test, None).await, ["model 1"]);
        assert!(found("metrics.acc > 0.5", &test, None).await.is_empty());
    }

    async fn versions_are_numbered_staged_and_named(store) {
        let model = store.mlflow_registered_model_create("rm", "d", &[tag("a", "1")], NOON).await.unwrap();
        assert_eq!((model.tags, model.description.as_str()), (vec![tag("a", "1")], "d"));
        assert_eq!(refusal(store.mlflow_registered_model_create("rm", "", &[], NOON).await).0, ErrorCode::ResourceAlreadyExists);
        assert_eq!((version(&store, "rm").await, version(&store, "rm").await), (1, 2));
        store.mlflow_version_stage_set("rm", 1, Stage::Production, false, NOON).await.unwrap();
        let second = store.mlflow_version_stage_set("rm", 2, Stage::Production, true, NOON).await.unwrap();
        assert_eq!(second.stage, Stage::Production);
        assert_eq!(store.mlflow_version_get("rm", 1).await.unwrap().stage, Stage::Archived);
        store.mlflow_alias_set("rm", "best", 2).await.unwrap();
        store.mlflow_version_tag_set("rm", 2, &tag("x", "y")).await.unwrap();
        let renamed = store.mlflow_registered_model_rename("rm", "wine", after(5)).await.unwrap();
        assert_eq!(renamed.aliases, [("best".to_owned(), 2)]);
        assert_eq!(renamed.latest_versions.iter().map(|it| it.version).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(store.mlflow_alias_get("wine", "best").await.unwrap(), Some(2));
        assert_eq!(store.mlflow_version_get("wine", 2).await.unwrap().aliases, ["best"]);
        store.mlflow_version_delete("wine", 2, NOON).await.unwrap();
        assert_eq!(refusal(store.mlflow_version_get("wine", 2).await).1, "Model Version (name=wine, version=2) not found");
        assert_eq!(store.mlflow_alias_get("wine", "best").await.unwrap(), None);
        assert_eq!(version(&store, "wine").await, 3, "a number is used once");
        store.mlflow_registered_model_delete("wine").await.unwrap();
        assert_eq!(refusal(store.mlflow_registered_model_get("wine").await).1, "Registered Model with name=wine not found");
        store.mlflow_registered_model_create("wine", "", &[], NOON).await.unwrap();
        assert_eq!(version(&store, "wine").await, 1);
    }

    async fn the_registry_is_searched(store) {
        for name in ["a", "ab", "B"] {
            store.mlflow_registered_model_create(name, "", &[tag("t", name)], NOON).await.unwrap();
            version(&store, name).await;
        }
        version(&store, "a").await;
        let models = async |filter: &str, order: &[String]| {
            let (conditions, orders) = (registered_model_filter(filter).unwrap(), registered_model_orders(order).unwrap());
            let page = store.mlflow_registered_model_search(&conditions, &orders, 10, 0).await.unwrap();
            page.entries.into_iter().map(|it| it.name).collect::<Vec<_>>()
        };
        assert_eq!(models("", &[]).await, ["B", "a", "ab"]);
        assert_eq!(models("name LIKE 'a%'", &["name DESC".to_owned()]).await, ["ab", "a"]);
        assert_eq!(models("tags.t = 'B'", &[]).await, ["B"]);
        let versions = async |filter: &str, order: &[String]| {
            let (conditions, orders) = (model_version_filter(filter).unwrap(), model_version_orders(order).unwrap());
            let page = store.mlflow_version_search(&conditions, &orders, 10, 0).await.unwrap();
            page.entries.into_iter().map(|it| (it.name, it.version)).collect::<Vec<_>>()
        };
        let of = |name: &str, version: i64| (name.to_owned(), version);
        assert_eq!(versions("name = 'a'", &[]).await, [of("a", 2), of("a", 1)]);
        assert_eq!(versions("version_number > 1", &[]).await, [of("a", 2)]);
        store.mlflow_version_describe("ab", 1, "d", after(5)).await.unwrap();
        assert_eq!(versions("name LIKE 'a%'", &[]).await, [of("ab", 1), of("a", 2), of("a", 1)], "the last one touched first");
        let is_prompt = tag("mlflow.prompt.is_prompt", "true");
        store.mlflow_registered_model_tag_set("ab", &is_prompt).await.unwrap();
        store.mlflow_version_tag_set("a", 1, &is_prompt).await.unwrap();
        assert_eq!(models("", &[]).await, ["B", "a"]);
        assert_eq!(models("tag.`mlflow.prompt.is_prompt` != 'true' AND tags.t = 'a'", &[]).await, ["a"]);
        assert_eq!(models("tag.`mlflow.prompt.is_prompt` = 'true'", &[]).await, ["ab"]);
        assert_eq!(versions("name = 'a'", &[]).await, [], "one version makes all of them a prompt's");
        store.mlflow_version_tag_set("a", 1, &tag("mlflow.prompt.is_prompt", "false")).await.unwrap();
        store.mlflow_registered_model_tag_delete("ab", "mlflow.prompt.is_prompt").await.unwrap();
        assert_eq!(versions("run_id IN ('r1') AND tags.k = 'v'", &["version_number ASC".to_owned()]).await, [of("B", 1), of("a", 1), of("ab", 1), of("a", 2)]);
    }
}
