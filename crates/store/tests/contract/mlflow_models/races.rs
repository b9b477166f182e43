//! Two clients at once: both are answered, and what they leave is what one after the other would have left.

use domain::mlflow::{Dataset, DatasetInput, ModelOutput, NewModelVersion, Param, Stage, Tag};
use futures::future::{join, join_all};
use store::NewTrackingRun;

use super::{experiment, logged, tag, tracked, version};
use crate::{harness::contract, samples::*};

/// Enough for a race that is there to show.
const ROUNDS: i64 = 12;

fn tags(count: usize) -> Vec<Tag> {
    (0..count).map(|it| tag(&format!("key {it}"), "x")).collect()
}

fn reversed<T: Clone>(list: &[T]) -> Vec<T> {
    list.iter().rev().cloned().collect()
}

contract! {
    async fn one_version_is_in_production_whoever_promotes_which(store) {
        store.mlflow_registered_model_create("wine", "", &[], NOON).await.unwrap();
        let (one, two) = (version(&store, "wine").await, version(&store, "wine").await);
        for _ in 0..ROUNDS {
            let promote = |version| store.mlflow_version_stage_set("wine", version, Stage::Production, true, NOON);
            for result in join_all(vec![promote(one), promote(two)]).await {
                result.unwrap();
            }
            let mut stages = Vec::new();
            for number in [one, two] {
                stages.push(store.mlflow_version_get("wine", number).await.unwrap().stage);
                store.mlflow_version_stage_set("wine", number, Stage::Staging, false, NOON).await.unwrap();
            }
            stages.sort_unstable();
            assert_eq!(stages, [Stage::Production, Stage::Archived]);
        }
    }

    async fn no_alias_names_a_version_that_is_gone(store) {
        store.mlflow_registered_model_create("wine", "", &[], NOON).await.unwrap();
        for _ in 0..ROUNDS {
            let number = version(&store, "wine").await;
            let named = store.mlflow_alias_set("wine", "best", number);
            let (_, deleted) = join(named, store.mlflow_version_delete("wine", number, NOON)).await;
            deleted.unwrap();
            assert_eq!(store.mlflow_alias_get("wine", "best").await.unwrap(), None);
        }
    }

    async fn nobody_waits_for_ever_for_the_same_keys_in_another_order(store) {
        let wine = experiment(&store).await;
        let run = tracked(&store, wine).await;
        let model = logged(&store, wine, 1).await;
        let there = tags(60);
        let back = reversed(&there);
        let params = |round| there.iter().map(|it| Param { key: format!("{} {round}", it.key), value: "x".to_owned() }).collect::<Vec<_>>();
        let links: Vec<ModelOutput> = (0..60).map(|it| ModelOutput { model_id: format!("m-{it}"), step: it }).collect();
        for round in 0..ROUNDS {
            let (one, two) = join(
                store.mlflow_run_log(&run, &params(round), &there, true),
                store.mlflow_run_log(&run, &reversed(&params(round)), &back, true),
            ).await;
            one.and(two).unwrap();
            let (one, two) = join(store.mlflow_model_tags_set(&model, &there), store.mlflow_model_tags_set(&model, &back)).await;
            one.and(two).unwrap();
            let (one, two) = join(
                store.mlflow_model_params_log(&model, &params(round)),
                store.mlflow_model_params_log(&model, &reversed(&params(round))),
            ).await;
            one.and(two).unwrap();
            let links: Vec<_> = links.iter().map(|it| ModelOutput { step: it.step + 100 * round, ..it.clone() }).collect();
            let (one, two) = join(
                store.mlflow_model_links_log(&run, &[], &links),
                store.mlflow_model_links_log(&run, &[], &reversed(&links)),
            ).await;
            one.and(two).unwrap();
        }
        assert_eq!(store.mlflow_run_get(&run).await.unwrap().tags, { let mut all = there; all.sort_by(|a, b| a.key.cmp(&b.key)); all });
    }

    async fn runs_log_the_same_datasets_in_their_own_orders(store) {
        let wine = experiment(&store).await;
        let one = tracked(&store, wine).await;
        let second = NewTrackingRun {
            id: run_id(2), experiment_id: wine, name: "two".to_owned(), user_id: String::new(), start_ms: 0, tags: Vec::new(),
        };
        let two = store.mlflow_run_create(&second, NOON).await.unwrap().info.id;
        for round in 0..ROUNDS {
            let input = |it: i32| DatasetInput {
                dataset: Dataset {
                    name: format!("d{it}"), digest: round.to_string(), source_type: "local".to_owned(), source: "{}".to_owned(),
                    schema: None, profile: None,
                },
                tags: Vec::new(),
            };
            let inputs: Vec<_> = (0..30).map(input).collect();
            let (left, right) = join(
                store.mlflow_inputs_log(&one, &inputs),
                store.mlflow_inputs_log(two.as_str(), &reversed(&inputs)),
            ).await;
            left.and(right).unwrap();
        }
        assert_eq!(store.mlflow_run_get(&one).await.unwrap().datasets.len(), 30 * ROUNDS as usize);
    }

    async fn models_that_two_clients_record_are_both_in_the_list(store) {
        let wine = experiment(&store).await;
        let run = tracked(&store, wine).await;
        let entry = |number: usize| format!("{{\"artifact_path\":\"{number}\",\"flavors\":\"{}\"}}", "x".repeat(1_000));
        let entries: Vec<String> = (0..12).map(entry).collect();
        for _ in 0..2 {
            for result in join_all(entries.iter().map(|it| store.mlflow_model_record(&run, it))).await {
                result.unwrap();
            }
        }
        let tags = store.mlflow_run_get(&run).await.unwrap().tags;
        let list: Vec<serde_json::Value> = serde_json::from_str(&tags[0].value).unwrap();
        assert_eq!((tags[0].key.as_str(), list.len()), ("mlflow.log-model.history", 12), "uncut, and once each");
        assert!(store.mlflow_model_record(&run, "{").await.is_err());
        assert!(store.mlflow_model_record(run_id(9).as_str(), "{}").await.is_err());
        store.mlflow_run_log(&run, &[], &[tag("mlflow.log-model.history", "[1, ")], false).await.unwrap();
        assert!(store.mlflow_model_record(&run, "{}").await.is_err(), "what is no list is not overwritten");
    }

    async fn versions_of_one_logged_model_are_all_noted(store) {
        let wine = experiment(&store).await;
        let model = logged(&store, wine, 1).await;
        for name in ["left", "right"] {
            store.mlflow_registered_model_create(name, "", &[], NOON).await.unwrap();
        }
        let of = |name: &str| NewModelVersion {
            name: name.to_owned(),
            source: "s3://b/k".to_owned(),
            model_id: model.clone(),
            ..NewModelVersion::default()
        };
        let (left, right) = (of("left"), of("right"));
        for _ in 0..ROUNDS {
            let create = |new| store.mlflow_version_create(new, NOON);
            for result in join_all(vec![create(&left), create(&right)]).await {
                result.unwrap();
            }
        }
        let tags = store.mlflow_model_get(&model, false).await.unwrap().tags;
        let noted = tags.iter().find(|it| it.key == "mlflow.modelVersions").unwrap();
        assert_eq!(i64::try_from(noted.value.matches("\"name\": ").count()).unwrap(), 2 * ROUNDS);
        assert!(noted.value.contains("\"version\": 1}, {\"name\": "), "{}", noted.value);
        let missing = NewModelVersion { model_id: "m-none".to_owned(), ..of("left") };
        assert!(store.mlflow_version_create(&missing, NOON).await.is_err());
        let count = store.mlflow_version_get("left", ROUNDS + 1).await;
        assert!(count.is_err(), "one that names a model that is not there is not made");
    }
}
