//! The largest requests that are taken are answered, by both databases; larger ones are refused before they get there.

use domain::{
    mlflow::{
        Dataset, DatasetFilter, DatasetInput, ErrorCode, ModelOutput, NewExperiment, NewLoggedModel, NewModelVersion,
        Param, Tag, ViewType, experiment_filter, logged_model_filter,
        model::{LoggedModelOrderText, logged_model_orders},
        model_version_filter, registered_model_filter, run_filter, run_orders,
    },
    series::{IngestBatch, NewPoint, SeriesKey, SeriesSource},
    time::Timestamp,
};
use store::{IngestOutcome, NewTrackingRun};

use super::{ROOT, experiment, logged, refusal, tag, tracked, version};
use crate::{harness::contract, samples::*};

fn joined(count: usize, text: impl Fn(usize) -> String, joint: &str) -> String {
    (0..count).map(text).collect::<Vec<_>>().join(joint)
}

fn tags(count: usize, chars: usize) -> Vec<Tag> {
    (0..count).map(|it| tag(&format!("{it:0>chars$}"), "")).collect()
}

contract! {
    async fn the_largest_searches_are_answered(store) {
        let wine = experiment(&store).await;
        tracked(&store, wine).await;
        logged(&store, wine, 1).await;
        let experiments: Vec<i64> = (0..10_000).collect();
        let too_many: Vec<i64> = (0..10_001).collect();
        let orders: Vec<String> = (0..32).map(|it| format!("{}.k{it} DESC", ["metrics", "params", "tags"][it % 3])).collect();
        let orders = run_orders(&orders).unwrap();
        let list = joined(9_999, |_| "''".to_owned(), ",");
        for filter in [
            joined(200, |it| format!("metrics.m{it} > 1"), " AND "),
            joined(200, |it| format!("{}.k{it} != 'x'", ["params", "tags"][it % 2]), " AND "),
            format!("tags.a LIKE '{}' AND params.a ILIKE '{}'", "[".repeat(10_000), "ä".repeat(10_000)),
            format!("run_id NOT IN ({list},'x')"),
        ] {
            let conditions = run_filter(&filter).unwrap();
            let page = store.mlflow_run_search(&experiments, &conditions, &orders, ViewType::All, 10, 0).await.unwrap();
            assert_eq!(page.entries.len(), usize::from(filter.starts_with("run_id")));
        }
        let (code, why) = refusal(store.mlflow_run_search(&too_many, &[], &[], ViewType::All, 10, 0).await);
        assert_eq!(code, ErrorCode::InvalidParameterValue);
        assert_eq!(why, "A search can contain at most 10000 experiment ids. Got 10001 experiment ids.");

        let order = |it| LoggedModelOrderText {
            field_name: format!("metrics.m{it}"), ascending: None, dataset_name: "d".to_owned(), dataset_digest: "d".to_owned(),
        };
        let orders = logged_model_orders(&(0..32).map(order).collect::<Vec<_>>()).unwrap();
        let dataset = |it: usize| DatasetFilter { name: format!("d{it}"), digest: Some("d".to_owned()) };
        let datasets: Vec<_> = (0..20).map(dataset).collect();
        let metrics = joined(199, |it| format!("metrics.m{it} > 1"), " AND ");
        let conditions = logged_model_filter(&format!("{metrics} AND name IN ({list},'x')")).unwrap();
        let page = store.mlflow_model_search(&experiments, &conditions, &datasets, &orders, 10, 0).await.unwrap();
        assert!(page.entries.is_empty());
        assert_eq!(store.mlflow_model_search(&experiments, &[], &[], &orders, 10, 0).await.unwrap().entries.len(), 1);
        refusal(store.mlflow_model_search(&too_many, &[], &[], &[], 10, 0).await);
        let datasets: Vec<_> = (0..21).map(dataset).collect();
        refusal(store.mlflow_model_search(&[wine], &[], &datasets, &[], 10, 0).await);

        let tags = joined(200, |it| format!("tags.k{it} != 'x'"), " AND ");
        for filter in [&tags, &format!("name IN ({list},'x')")] {
            let models = registered_model_filter(filter).unwrap();
            assert!(store.mlflow_registered_model_search(&models, &[], 10, 0).await.unwrap().entries.is_empty());
            let versions = model_version_filter(filter).unwrap();
            assert!(store.mlflow_version_search(&versions, &[], 10, 0).await.unwrap().entries.is_empty());
        }
        let conditions = experiment_filter(&tags).unwrap();
        assert!(store.mlflow_experiment_search(&conditions, &[], ViewType::All, 10, 0).await.unwrap().entries.is_empty());
    }

    async fn what_no_index_holds_is_refused_in_mlflows_words(store) {
        let wine = experiment(&store).await;
        let run = tracked(&store, wine).await;
        let id = logged(&store, wine, 1).await;
        let many = "A request can contain at most 1000 tags. Got 1001 tags.";
        let long = |what: &str, limit: usize| format!("'{what}' exceeds the maximum length of {limit} characters");
        let new = |tags| NewTrackingRun {
            id: run_id(2), experiment_id: wine, name: String::new(), user_id: String::new(), start_ms: 0, tags,
        };
        assert_eq!(refusal(store.mlflow_run_create(&new(tags(1, 251)), NOON).await).1, long("key", 250));
        assert_eq!(refusal(store.mlflow_run_create(&new(tags(1_001, 4)), NOON).await).1, many);
        let new = NewExperiment { name: "beer".to_owned(), artifact_location: None, tags: tags(1_001, 4) };
        assert_eq!(refusal(store.mlflow_experiment_create(&new, ROOT, NOON).await).1, many);
        let new = NewLoggedModel {
            id: "m-2".to_owned(), experiment_id: wine, name: "n".repeat(501), model_type: String::new(), source_run_id: String::new(),
            params: Vec::new(), tags: Vec::new(),
        };
        assert_eq!(refusal(store.mlflow_model_create(&new, NOON).await).1, long("name", 500));
        assert_eq!(refusal(store.mlflow_model_tags_set(&id, &tags(1, 256)).await).1, long("key", 255));
        let params = [Param { key: "k".repeat(256), value: String::new() }];
        assert_eq!(refusal(store.mlflow_model_params_log(&id, &params).await).1, long("key", 255));
        let model = "m".repeat(65);
        assert_eq!(refusal(store.mlflow_model_links_log(&run, std::slice::from_ref(&model), &[]).await).1, long("model_id", 64));
        let output = ModelOutput { model_id: model.clone(), step: 0 };
        assert_eq!(refusal(store.mlflow_model_links_log(&run, &[], &[output]).await).1, long("model_id", 64));
        assert_eq!(refusal(store.mlflow_registered_model_create("rm", "", &tags(1_001, 4), NOON).await).1, many);
        store.mlflow_registered_model_create("rm", "", &tags(1_000, 250), NOON).await.unwrap();
        let new = NewModelVersion { name: "rm".to_owned(), run_id: model, ..NewModelVersion::default() };
        assert_eq!(refusal(store.mlflow_version_create(&new, NOON).await).1, long("run_id", 64));
    }

    async fn what_belongs_to_many_versions_is_read_with_them(store) {
        const VERSIONS: i64 = 502;
        for name in ["a", "b", "c"] {
            store.mlflow_registered_model_create(name, "", &[tag("of", name)], NOON).await.unwrap();
        }
        for number in 1..=VERSIONS {
            version(&store, "a").await;
            store.mlflow_version_tag_set("a", number, &tag("number", &number.to_string())).await.unwrap();
        }
        version(&store, "c").await;
        for (alias, name, number) in [("old", "a", 1), ("best", "a", VERSIONS), ("again", "a", 1), ("best", "c", 1)] {
            store.mlflow_alias_set(name, alias, number).await.unwrap();
        }
        let versions = store.mlflow_version_search(&[], &[], 1_000, 0).await.unwrap().entries;
        assert_eq!(versions.len(), VERSIONS as usize + 1);
        for it in &versions {
            let expected = match (it.name.as_str(), it.version) {
                ("a", 1) => vec!["again", "old"],
                ("a", VERSIONS) | ("c", _) => vec!["best"],
                _ => Vec::new(),
            };
            assert_eq!(it.aliases, expected);
            let number = it.tags.iter().find(|it| it.key == "number").map(|it| it.value.clone());
            assert_eq!(number, Some(it.version.to_string()).filter(|_| it.name == "a"));
        }
        let models = store.mlflow_registered_model_search(&[], &[], 10, 0).await.unwrap().entries;
        let shown: Vec<_> = models.iter().map(|it| {
            let latest: Vec<i64> = it.latest_versions.iter().map(|it| it.version).collect();
            (it.tags[0].value.as_str(), latest, it.aliases.len())
        }).collect();
        assert_eq!(shown, [("a", vec![VERSIONS], 3), ("b", vec![], 0), ("c", vec![1], 1)]);
    }

    async fn a_page_ends_before_its_datasets_are_too_much(store) {
        const PROFILE_CHARS: usize = 15 << 20;
        const TAKEN: usize = 4;
        let wine = experiment(&store).await;
        let dataset = Dataset {
            name: "d".to_owned(), digest: "1".to_owned(), source_type: "local".to_owned(), source: "{}".to_owned(), schema: None,
            profile: Some("p".repeat(PROFILE_CHARS)),
        };
        for number in 1..=6 {
            let new = NewTrackingRun {
                id: run_id(number), experiment_id: wine, name: String::new(), user_id: String::new(), start_ms: 0, tags: Vec::new(),
            };
            store.mlflow_run_create(&new, NOON).await.unwrap();
            // The text of the first is what counts.
            let profile = dataset.profile.clone().filter(|_| number == 1);
            let input = DatasetInput { dataset: Dataset { profile, ..dataset.clone() }, tags: vec![tag("n", &number.to_string())] };
            store.mlflow_inputs_log(run_id(number).as_str(), &[input]).await.unwrap();
        }
        let search = async |offset| store.mlflow_run_search(&[wine], &[], &[], ViewType::All, 100, offset).await.unwrap();
        let first = search(0).await;
        assert_eq!((first.entries.len(), first.has_more), (TAKEN, true));
        let rest = search(TAKEN as u64).await;
        assert_eq!((rest.entries.len(), rest.has_more), (2, false));
        for (run, number) in first.entries.iter().chain(&rest.entries).zip(1..) {
            assert!(run.datasets[0].dataset == dataset && run.datasets[0].tags == [tag("n", &number.to_string())]);
        }
    }

    async fn points_of_a_long_past_are_known_each_by_itself(store) {
        let run = experiment(&store).await;
        let run = tracked(&store, run).await;
        let point = |step: i64, value: f64| NewPoint { step: Some(step), at: Timestamp::from_unix_millis(step * 7), value };
        let key = |name: &str| SeriesKey { name: name.to_owned(), source: SeriesSource::Mlflow, host: String::new() };
        let batch = |series: Vec<(SeriesKey, Vec<NewPoint>)>| IngestBatch { run_id: run_id(1), series, cursor: None };
        let values = [1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MAX];
        let known: Vec<_> = (0..1_200).map(|it| point(it, values[it as usize % values.len()])).collect();
        store.series_ingest(&batch(vec![(key("a"), known.clone()), (key("b"), known.clone())]), NOON).await.unwrap();
        // NaN and 0, infinity and the largest double: the same place in MLflow's order, and not the same points.
        let new = [point(1, 0.0), point(2, f64::MAX), point(0, 2.5), point(4, f64::NAN)];
        let mut again = known.clone();
        again.extend(new);
        again.push(point(4, 0.0));
        let outcome = store.series_ingest(&batch(vec![(key("a"), again), (key("b"), known)]), NOON).await.unwrap();
        let IngestOutcome::Stored(stored) = outcome else { panic!("stored") };
        assert_eq!(stored.len(), 1, "nothing of b is new");
        assert_eq!(stored[0].1.iter().map(|it| it.step).collect::<Vec<_>>(), [1, 2, 0, 4]);
        assert_eq!(store.mlflow_metric_history(&run, "a", None, 0).await.unwrap().entries.len(), 1_204);
    }
}
