//! What MLflow clients record is found again, once, as they sent it.

use domain::{
    ids::RunId,
    mlflow::{
        Dataset, DatasetInput, ErrorCode, Lifecycle, NewExperiment, Param, RunStatus, Tag, ViewType, experiment_filter,
        experiment_orders, run_filter, run_orders,
    },
    series::{IngestBatch, NewPoint, Point, SeriesKey, SeriesSource},
    status::TrainingJobStatus,
    time::Timestamp,
};
use store::{HistoryRange, MlflowStoreError, NewTrackingRun, RunChange, Store};

use crate::{harness::contract, samples::*};

const ROOT: &str = "mlflow-artifacts:/";

fn tag(key: &str, value: &str) -> Tag {
    Tag { key: key.to_owned(), value: value.to_owned() }
}

fn param(key: &str, value: &str) -> Param {
    Param { key: key.to_owned(), value: value.to_owned() }
}

async fn experiment(store: &Store, name: &str) -> i64 {
    let new = NewExperiment { name: name.to_owned(), artifact_location: None, tags: vec![tag("team", name)] };
    store.mlflow_experiment_create(&new, ROOT, NOON).await.unwrap()
}

async fn tracked(store: &Store, experiment_id: i64, number: u32) -> RunId {
    let new = NewTrackingRun {
        id: run_id(number),
        experiment_id,
        name: format!("run {number}"),
        user_id: "ada".to_owned(),
        start_ms: i64::from(number),
        tags: vec![tag("mlflow.runName", &format!("run {number}"))],
    };
    store.mlflow_run_create(&new, NOON).await.unwrap().info.id
}

fn refusal<T: std::fmt::Debug>(result: Result<T, MlflowStoreError>) -> (ErrorCode, String) {
    match result {
        Err(MlflowStoreError::Refused(err)) => (err.code, err.message),
        other => panic!("not refused: {other:?}"),
    }
}

fn millis(value: i64) -> Timestamp {
    Timestamp::from_unix_millis(value)
}

async fn log(store: &Store, run: &RunId, key: &str, points: &[(i64, i64, f64)]) {
    let key = SeriesKey { name: key.to_owned(), source: SeriesSource::Mlflow, host: String::new() };
    let points = points.iter().map(|(step, at, value)| NewPoint { step: Some(*step), at: millis(*at), value: *value });
    let batch = IngestBatch { run_id: run.clone(), series: vec![(key, points.collect())], cursor: None };
    store.series_ingest(&batch, NOON).await.unwrap();
}

async fn history(store: &Store, run: &RunId, key: &str) -> Vec<(i64, i64, u64)> {
    let shown = |it: &Point| (it.step, it.at.unix_millis(), it.value.to_bits());
    store.mlflow_metric_history(run.as_str(), key, None, 0).await.unwrap().entries.iter().map(shown).collect()
}

async fn found(store: &Store, experiment: i64, filter: &str, orders: &[&str]) -> Vec<String> {
    let orders: Vec<String> = orders.iter().map(ToString::to_string).collect();
    let (conditions, orders) = (run_filter(filter).unwrap(), run_orders(&orders).unwrap());
    let page =
        store.mlflow_run_search(&[experiment], &conditions, &orders, ViewType::ActiveOnly, 100, 0).await.unwrap();
    page.entries.into_iter().map(|it| it.info.name).collect()
}

contract! {
    async fn experiments_are_made_renamed_hidden_and_brought_back(store) {
        store.mlflow_experiment_default_ensure(ROOT, NOON).await.unwrap();
        store.mlflow_experiment_default_ensure(ROOT, after(9)).await.unwrap();
        let default = store.mlflow_experiment_get(0).await.unwrap();
        assert_eq!((default.name.as_str(), default.artifact_location.as_str()), ("Default", "mlflow-artifacts:/0"));
        assert_eq!(default.created_at, NOON);
        let id = experiment(&store, "wine").await;
        assert_eq!(id, 1);
        let twice = NewExperiment { name: "wine".to_owned(), artifact_location: None, tags: Vec::new() };
        let (code, why) = refusal(store.mlflow_experiment_create(&twice, ROOT, NOON).await);
        assert_eq!(code, ErrorCode::ResourceAlreadyExists);
        assert!(why.starts_with("Experiment(name=wine) already exists"), "{why}");
        assert_eq!(experiment(&store, "beer").await, 2, "a refusal uses no id up");

        store.mlflow_experiment_rename(id, "cellar", after(1)).await.unwrap();
        let by_name = store.mlflow_experiment_get_by_name("cellar").await.unwrap().unwrap();
        assert_eq!((by_name.id, by_name.updated_at, by_name.tags), (id, after(1), vec![tag("team", "wine")]));
        assert_eq!(refusal(store.mlflow_experiment_rename(id, "beer", NOON).await).0, ErrorCode::ResourceAlreadyExists);

        let run = tracked(&store, id, 1).await;
        store.mlflow_experiment_lifecycle_set(id, Lifecycle::Deleted, after(2)).await.unwrap();
        assert_eq!(refusal(store.mlflow_experiment_lifecycle_set(id, Lifecycle::Deleted, NOON).await).0, ErrorCode::ResourceDoesNotExist);
        assert_eq!(store.mlflow_run_get(run.as_str()).await.unwrap().info.lifecycle, Lifecycle::Deleted);
        assert_eq!(refusal(store.mlflow_experiment_rename(id, "x", NOON).await).0, ErrorCode::InvalidState);
        assert!(refusal(store.mlflow_experiment_tag_set(id, &tag("a", "b")).await).1.contains("must be in the 'active' state"));
        store.mlflow_experiment_lifecycle_set(id, Lifecycle::Active, after(3)).await.unwrap();
        assert_eq!(store.mlflow_run_get(run.as_str()).await.unwrap().info.lifecycle, Lifecycle::Active);

        store.mlflow_experiment_tag_set(id, &tag("team", "new")).await.unwrap();
        store.mlflow_experiment_tag_delete(id, "team").await.unwrap();
        assert_eq!(refusal(store.mlflow_experiment_tag_delete(id, "team").await).1, format!("No tag with name: team in experiment with id {id}"));
        assert_eq!(refusal(store.mlflow_experiment_get(77).await).1, "No Experiment with id=77 exists");
    }

    async fn experiments_are_searched_by_their_own_rules(store) {
        for name in ["a", "ab", "Abc", "b%"] {
            experiment(&store, name).await;
        }
        let names = async |filter: &str, orders: &[&str]| {
            let orders: Vec<String> = orders.iter().map(ToString::to_string).collect();
            let (conditions, orders) = (experiment_filter(filter).unwrap(), experiment_orders(&orders).unwrap());
            let page = store.mlflow_experiment_search(&conditions, &orders, ViewType::All, 10, 0).await.unwrap();
            page.entries.into_iter().map(|it| it.name).collect::<Vec<_>>()
        };
        assert_eq!(names("", &["name DESC"]).await, ["b%", "ab", "a", "Abc"]);
        assert_eq!(names("name LIKE 'a%'", &["name"]).await, ["a", "ab"], "case counts");
        assert_eq!(names("name ILIKE 'a%'", &["name"]).await, ["Abc", "a", "ab"]);
        assert_eq!(names("name LIKE 'a_'", &[]).await, ["ab"]);
        assert_eq!(names("tags.team != 'a' AND name != 'ab'", &["experiment_id"]).await, ["Abc", "b%"]);
        assert_eq!(names("tags.none IS NULL AND experiment_id IN ('1', '2')", &["name"]).await, ["a", "ab"]);
        assert_eq!(names("creation_time > 99999999999999", &[]).await, Vec::<String>::new());
        let page = store.mlflow_experiment_search(&[], &[], ViewType::ActiveOnly, 3, 0).await.unwrap();
        assert_eq!((page.entries.len(), page.has_more), (3, true));
        let rest = store.mlflow_experiment_search(&[], &[], ViewType::ActiveOnly, 3, 3).await.unwrap();
        assert_eq!((rest.entries.len(), rest.has_more), (1, false));
    }

    async fn params_never_change_and_tags_do(store) {
        let run = tracked(&store, experiment(&store, "wine").await, 1).await;
        let id = run.as_str();
        store.mlflow_run_log(id, &[param("lr", "0.1"), param("n", "")], &[tag("a", "1")], true).await.unwrap();
        store.mlflow_run_log(id, &[param("lr", "0.1"), param("new", "x")], &[tag("a", "2")], true).await.unwrap();
        let (code, why) = refusal(store.mlflow_run_log(id, &[param("ok", "1"), param("lr", "it's")], &[], true).await);
        assert_eq!(code, ErrorCode::InvalidParameterValue);
        let shown = "logged='[{'key': 'lr', 'old_value': '0.1', 'new_value': \"it's\"}]'";
        assert!(why.contains(shown), "{why}");
        assert!(refusal(store.mlflow_run_log(id, &[param("lr", "2")], &[], false).await).1.contains("Param with key='lr' was already logged with value='0.1'"));
        let seen = store.mlflow_run_get(id).await.unwrap();
        assert_eq!(seen.params, [param("lr", "0.1"), param("n", ""), param("new", "x")], "nothing of a refused batch");
        assert_eq!(seen.tags, [tag("a", "2"), tag("mlflow.runName", "run 1")]);
        store.mlflow_run_log(id, &[], &[tag("mlflow.runName", "better")], true).await.unwrap();
        assert_eq!(store.mlflow_run_get(id).await.unwrap().info.name, "better");
        store.mlflow_tag_delete(id, "a").await.unwrap();
        assert_eq!(refusal(store.mlflow_tag_delete(id, "a").await).1, format!("No tag with name: a in run with id {id}"));
    }

    async fn runs_are_changed_hidden_and_brought_back(store) {
        let wine = experiment(&store, "wine").await;
        let run = tracked(&store, wine, 1).await;
        let id = run.as_str();
        let change = RunChange { status: Some(RunStatus::Finished), end_ms: Some(99), name: Some("done".to_owned()) };
        let info = store.mlflow_run_update(id, &change).await.unwrap();
        assert_eq!((info.status, info.end_ms, info.name.as_str()), (RunStatus::Finished, Some(99), "done"));
        assert_eq!(info.artifact_uri, format!("mlflow-artifacts:/{wine}/{id}/artifacts"));
        let same = store.mlflow_run_update(id, &RunChange::default()).await.unwrap();
        assert_eq!(same, info, "nothing given, nothing changed");
        store.mlflow_run_lifecycle_set(id, Lifecycle::Deleted).await.unwrap();
        store.mlflow_run_lifecycle_set(id, Lifecycle::Deleted).await.unwrap();
        let why = refusal(store.mlflow_run_update(id, &change).await).1;
        assert_eq!(why, format!("The run {id} must be in the 'active' state. Current state is deleted."));
        assert!(store.mlflow_run_check_active(id).await.is_err());
        store.mlflow_run_lifecycle_set(id, Lifecycle::Active).await.unwrap();
        assert_eq!(store.mlflow_run_check_active(id).await.unwrap(), run);
        for unknown in ["nope", run_id(9).as_str(), &id.to_lowercase()] {
            assert_eq!(refusal(store.mlflow_run_get(unknown).await).1, format!("Run with id={unknown} not found"));
        }
        let lost = NewTrackingRun { experiment_id: 77, ..NewTrackingRun {
            id: run_id(2), experiment_id: 0, name: String::new(), user_id: String::new(), start_ms: 0, tags: Vec::new(),
        } };
        assert_eq!(refusal(store.mlflow_run_create(&lost, NOON).await).0, ErrorCode::ResourceDoesNotExist);
    }

    async fn points_that_are_sent_again_are_stored_once(store) {
        let run = tracked(&store, experiment(&store, "wine").await, 1).await;
        let nan = f64::NAN;
        let first = [(0, 10, 1.0), (1, 20, nan), (-3, 5, f64::INFINITY), (1, 20, nan), (0, 10, 0.5)];
        log(&store, &run, "loss", &first).await;
        let events = store.live_last_number().await.unwrap();
        log(&store, &run, "loss", &first).await;
        log(&store, &run, "loss", &[(1, 20, nan), (0, 10, 0.5)]).await;
        assert_eq!(store.live_last_number().await.unwrap(), events, "nothing new, nothing to tell");
        log(&store, &run, "loss", &[(0, 10, 1.0), (2, 20, 3.0), (0, 11, 1.0)]).await;
        let bits = f64::to_bits;
        let expected = [
            (-3, 5, bits(f64::INFINITY)), (0, 10, bits(0.5)), (0, 10, bits(1.0)), (0, 11, bits(1.0)), (1, 20, bits(nan)),
            (2, 20, bits(3.0)),
        ];
        assert_eq!(history(&store, &run, "loss").await, expected);
        // The same points for every other reader, in the order of arrival, without holes.
        let key = SeriesKey { name: "loss".to_owned(), source: SeriesSource::Mlflow, host: String::new() };
        assert_eq!(store.series_points(&run, &key, None).await.unwrap().len(), 6);
        let latest = store.mlflow_run_get(run.as_str()).await.unwrap().metrics;
        assert_eq!((latest[0].step, latest[0].timestamp_ms, latest[0].value), (2, 20, 3.0));
        log(&store, &run, "loss", &[(2, 19, 9.0), (2, 20, 2.0), (1, 99, 7.0)]).await;
        let latest = store.mlflow_run_get(run.as_str()).await.unwrap().metrics;
        assert_eq!((latest[0].step, latest[0].timestamp_ms, latest[0].value), (2, 20, 3.0), "older ones came late");
    }

    async fn histories_come_in_pages_and_samples(store) {
        let run = tracked(&store, experiment(&store, "wine").await, 1).await;
        let points: Vec<_> = (0..10).map(|step| (step, 100 - step, step as f64)).collect();
        log(&store, &run, "loss", &points).await;
        let id = run.as_str();
        let page = store.mlflow_metric_history(id, "loss", Some(4), 0).await.unwrap();
        assert_eq!(page.entries.iter().map(|it| it.step).collect::<Vec<_>>(), [9, 8, 7, 6], "by time");
        assert!(page.has_more);
        let page = store.mlflow_metric_history(id, "loss", Some(4), 8).await.unwrap();
        assert_eq!((page.entries.len(), page.has_more), (2, false));
        let sample = async |range, size| {
            let points = store.mlflow_metric_sample(id, "loss", range, size).await.unwrap();
            points.iter().map(|it| it.step).collect::<Vec<_>>()
        };
        assert_eq!(sample(None, 5).await, [0, 2, 4, 6, 9]);
        assert_eq!(sample(None, 1).await, [9]);
        assert_eq!(sample(None, 100).await, (0..10).collect::<Vec<_>>());
        assert_eq!(sample(Some(HistoryRange { from: 3, to: 5 }), 100).await, [3, 4, 5]);
        assert!(store.mlflow_metric_sample(id, "none", None, 5).await.unwrap().is_empty());
        assert!(store.mlflow_metric_history("nope", "loss", None, 0).await.unwrap().entries.is_empty());
    }

    async fn a_thousand_metrics_are_one_transaction(store) {
        let run = tracked(&store, experiment(&store, "wine").await, 1).await;
        let key = |number: i32| SeriesKey { name: format!("m{number}"), source: SeriesSource::Mlflow, host: String::new() };
        let series = (0..1_000).map(|it| (key(it), vec![NewPoint { step: Some(0), at: NOON, value: f64::from(it) }]));
        let batch = IngestBatch { run_id: run.clone(), series: series.collect(), cursor: None };
        store.series_ingest(&batch, NOON).await.unwrap();
        store.series_ingest(&batch, NOON).await.unwrap();
        let seen = store.mlflow_run_get(run.as_str()).await.unwrap().metrics;
        assert_eq!(seen.len(), 1_000);
        assert!(seen.iter().all(|it| it.key == format!("m{}", it.value)));
        assert!(store.series_list(&run).await.unwrap().iter().all(|it| it.count == 1));
    }

    async fn runs_are_found_by_what_was_logged_in_them(store) {
        let wine = experiment(&store, "wine").await;
        let mut runs = Vec::new();
        for number in 1..=5 {
            runs.push(tracked(&store, wine, number).await);
        }
        for (run, (value, lr)) in runs.iter().zip([(1.0, "0.1"), (2.0, "0.1"), (f64::NAN, "0.2"), (f64::INFINITY, "A"), (0.0, "a")]) {
            log(&store, run, "loss", &[(0, 1, -5.0), (1, 1, value)]).await;
            store.mlflow_run_log(run.as_str(), &[param("lr", lr)], &[], true).await.unwrap();
        }
        store.mlflow_run_log(runs[0].as_str(), &[], &[tag("best", "yes")], true).await.unwrap();
        let newest = ["run 5", "run 4", "run 3", "run 2", "run 1"];
        assert_eq!(found(&store, wine, "", &[]).await, newest);
        assert_eq!(found(&store, wine, "metrics.loss > 0.5", &[]).await, ["run 4", "run 2", "run 1"]);
        assert_eq!(found(&store, wine, "metrics.loss != 2", &[]).await, ["run 5", "run 4", "run 3", "run 1"]);
        assert_eq!(found(&store, wine, "metrics.loss <= 0", &[]).await, ["run 5"], "NaN is no number");
        assert_eq!(found(&store, wine, "params.lr LIKE 'a'", &[]).await, ["run 5"]);
        assert_eq!(found(&store, wine, "params.lr ILIKE 'a'", &[]).await, ["run 5", "run 4"]);
        assert_eq!(found(&store, wine, "tags.best IS NULL AND params.lr = '0.1'", &[]).await, ["run 2"]);
        assert_eq!(found(&store, wine, "tags.best != 'no'", &[]).await, ["run 1"]);
        assert_eq!(found(&store, wine, "start_time >= 4 AND status = 'RUNNING'", &[]).await, ["run 5", "run 4"]);
        assert_eq!(found(&store, wine, "run_name LIKE '%3'", &[]).await, ["run 3"]);
        assert_eq!(found(&store, wine, &format!("run_id IN ('{}')", runs[1]), &[]).await, ["run 2"]);
        assert_eq!(found(&store, wine, "", &["metrics.loss"]).await, ["run 5", "run 1", "run 2", "run 4", "run 3"]);
        assert_eq!(found(&store, wine, "", &["metrics.loss DESC"]).await, ["run 4", "run 2", "run 1", "run 5", "run 3"]);
        assert_eq!(found(&store, wine, "", &["tags.best"]).await, ["run 1", "run 5", "run 4", "run 3", "run 2"]);
        assert_eq!(found(&store, wine, "", &["params.lr DESC", "start_time ASC"]).await, ["run 5", "run 4", "run 3", "run 1", "run 2"]);
        assert_eq!(found(&store, wine, "", &["run_name"]).await, ["run 1", "run 2", "run 3", "run 4", "run 5"]);
        assert!(found(&store, 77, "", &[]).await.is_empty());
        store.mlflow_run_lifecycle_set(runs[4].as_str(), Lifecycle::Deleted).await.unwrap();
        let deleted = store.mlflow_run_search(&[wine], &[], &[], ViewType::DeletedOnly, 1, 0).await.unwrap();
        assert_eq!((deleted.entries.len(), deleted.has_more), (1, false));
    }

    async fn datasets_are_kept_once_and_inputs_as_first_logged(store) {
        let wine = experiment(&store, "wine").await;
        let (one, two) = (tracked(&store, wine, 1).await, tracked(&store, wine, 2).await);
        let dataset = |name: &str| Dataset {
            name: name.to_owned(), digest: "d1".to_owned(), source_type: "local".to_owned(), source: "{}".to_owned(),
            schema: None, profile: Some("{\"rows\": 3}".to_owned()),
        };
        let input = |name: &str, context: &str| DatasetInput { dataset: dataset(name), tags: vec![tag("mlflow.data.context", context)] };
        store.mlflow_inputs_log(one.as_str(), &[input("b", "train"), input("a", "test")]).await.unwrap();
        store.mlflow_inputs_log(one.as_str(), &[input("b", "other")]).await.unwrap();
        store.mlflow_inputs_log(two.as_str(), &[input("b", "eval")]).await.unwrap();
        assert_eq!(store.mlflow_run_get(one.as_str()).await.unwrap().datasets, [input("b", "train"), input("a", "test")]);
        let summaries = store.mlflow_dataset_search(&[wine]).await.unwrap();
        let shown: Vec<_> = summaries.iter().map(|it| (it.name.as_str(), it.context.as_deref().unwrap())).collect();
        assert_eq!(shown, [("a", "test"), ("b", "eval"), ("b", "train")]);
        assert_eq!(found(&store, wine, "dataset.name = 'b' AND datasets.context = 'eval'", &[]).await, ["run 2"]);
        assert_eq!(found(&store, wine, "dataset.name IN ('a', 'x')", &[]).await, ["run 1"]);
    }

    async fn a_job_and_what_its_script_logs_are_one_record(store) {
        let job = requested(&store, 1).await;
        let name = job.job_name.as_str();
        assert!(!store.mlflow_run_exists(&job.id).await.unwrap());
        assert!(!store.mlflow_run_adopt(&run_id(9), ROOT, NOON).await.unwrap(), "no job has this id");
        for _ in 0..2 {
            assert!(store.mlflow_run_adopt(&job.id, ROOT, NOON).await.unwrap());
        }
        assert!(store.mlflow_run_exists(&job.id).await.unwrap());
        log(&store, &job.id, "loss", &[(0, 1, 1.0)]).await;
        let experiment = store.mlflow_experiment_get_by_name(job.experiment.as_str()).await.unwrap().unwrap();
        assert_eq!(found(&store, experiment.id, "metrics.loss = 1", &[]).await, [name]);
        assert_eq!(store.series_list(&job.id).await.unwrap().len(), 1);
    }

    async fn the_mlflow_side_of_a_job_ends_with_it_unless_the_script_has_said_how(store) {
        for number in 1..=3 {
            requested(&store, number).await;
        }
        store.mlflow_run_adopt(&run_id(1), ROOT, NOON).await.unwrap();
        store.mlflow_run_adopt(&run_id(2), ROOT, NOON).await.unwrap();
        let finished = RunChange { status: Some(RunStatus::Finished), end_ms: Some(5), ..RunChange::default() };
        store.mlflow_run_update(run_id(2).as_str(), &finished).await.unwrap();
        for number in 1..=3 {
            let over = seen(number, TrainingJobStatus::Failed, 60);
            store.run_observe(&run_id(number), &over, after(60)).await.unwrap().expect("news");
        }
        store.mlflow_run_adopt(&run_id(3), ROOT, NOON).await.unwrap();
        let mut ends = Vec::new();
        for number in 1..=3 {
            let info = store.mlflow_run_get(run_id(number).as_str()).await.unwrap().info;
            ends.push((info.status, info.end_ms));
        }
        let ended_ms = store.run_get(&run_id(1)).await.unwrap().unwrap().ended_at.map(Timestamp::unix_millis);
        let failed = (RunStatus::Failed, ended_ms);
        assert_eq!(ends, [failed, (RunStatus::Finished, Some(5)), failed]);
    }
}
