//! Runs, observations and times as the tests need them.

use std::collections::BTreeMap;

use domain::{
    ids::{ExperimentName, JobName, RunId},
    money::NanoUsd,
    observation::JobObservation,
    run::{Run, RunOrigin, RunPrice},
    series::{NewPoint, SeriesKey, SeriesSource},
    status::{LaunchState, TrainingJobStatus, Transition, Wish},
    time::Timestamp,
};
use serde_json::json;
use store::{LaunchOutcome, NewRun, OutboxLease, RunRequestOutcome, Store};

/// 2026-11-23T16:05:00Z.
pub(crate) const NOON: Timestamp = Timestamp::from_unix_micros(1_795_449_900_000_000);
pub(crate) const LEASE: i64 = 30_000_000;

pub(crate) fn after(seconds: i64) -> Timestamp {
    NOON.plus_seconds(seconds)
}

/// Ids in the order of `number`.
pub(crate) fn run_id(number: u32) -> RunId {
    RunId::new(after(i64::from(number)), u128::from(number))
}

pub(crate) fn job_name(number: u32) -> JobName {
    JobName::parse(&format!("wine-{}", run_id(number).as_str().to_lowercase())).unwrap()
}

pub(crate) fn run(number: u32) -> Run {
    Run {
        id: run_id(number),
        experiment: ExperimentName::parse("wine").unwrap(),
        job_name: job_name(number),
        job_arn: None,
        origin: RunOrigin::Launched,
        launch_state: LaunchState::Requested,
        wish: Wish::Run,
        launch_message: None,
        status: None,
        secondary_status: None,
        failure_reason: None,
        request: json!({ "TrainingJobName": job_name(number).as_str(), "Ratio": 0.1, "Text": "a\0b\u{1F600}" }),
        fingerprint: "f00d".to_owned(),
        instance_type: Some("ml.m5.xlarge".to_owned()),
        instance_count: 2,
        spot: true,
        hyperparameters: BTreeMap::from([("epochs".to_owned(), "10".to_owned())]),
        price: Some(RunPrice {
            price_nanousd_per_hour: NanoUsd(230_000_000),
            date: "2026-09-27".to_owned(),
            source: "price list".to_owned(),
            confidence: "firm".to_owned(),
        }),
        created_at: after(i64::from(number)),
        started_at: None,
        ended_at: None,
        updated_at: after(i64::from(number)),
        training_seconds: None,
        billable_seconds: None,
        model_artifact: None,
        transitions: Vec::new(),
        final_metrics: Vec::new(),
        source_sha256: None,
    }
}

pub(crate) fn new_run(number: u32) -> NewRun {
    NewRun {
        run: run(number),
        idempotency_key: format!("key-{number}"),
        request_hash: format!("hash-{number}"),
        wait: None,
    }
}

/// Records a launch.
pub(crate) async fn requested(store: &Store, number: u32) -> Run {
    match store.run_request(&new_run(number)).await.unwrap() {
        RunRequestOutcome::Created(run) => run,
        other => panic!("not created: {other:?}"),
    }
}

/// Records a launch and takes its create row.
pub(crate) async fn dispatching(store: &Store, number: u32) -> OutboxLease {
    let run = requested(store, number).await;
    let lease = claim(store, after(1_000)).await;
    assert_eq!(lease.run_id, run.id);
    lease
}

/// Records a launch whose job the engine has.
pub(crate) async fn submitted(store: &Store, number: u32) -> Run {
    let lease = dispatching(store, number).await;
    store.outbox_resolve(&lease, &created(number), after(1_001)).await.unwrap();
    store.run_get(&lease.run_id).await.unwrap().unwrap()
}

pub(crate) async fn claim(store: &Store, now: Timestamp) -> OutboxLease {
    store.outbox_claim(now, LEASE, "test").await.unwrap().expect("a row is due")
}

pub(crate) fn arn(number: u32) -> String {
    format!("arn:aws:sagemaker:us-east-1:000000000000:training-job/{}", job_name(number))
}

pub(crate) fn created(number: u32) -> LaunchOutcome {
    LaunchOutcome::Submitted { arn: arn(number) }
}

/// The job as the engine reports it `seconds` after it was created, with our tag.
pub(crate) fn seen(number: u32, status: TrainingJobStatus, seconds: i64) -> JobObservation {
    JobObservation {
        job_name: job_name(number),
        job_arn: arn(number),
        status,
        secondary_status: "Training".to_owned(),
        failure_reason: None,
        created_at: after(1_001),
        started_at: Some(after(1_030)),
        ended_at: None,
        last_modified_at: after(1_001 + seconds),
        training_seconds: None,
        billable_seconds: None,
        model_artifact: None,
        transitions: vec![Transition {
            status: "Training".to_owned(),
            started_at: after(1_030),
            ended_at: None,
            message: String::new(),
        }],
        final_metrics: Vec::new(),
        request: json!({}),
        tags: Some(BTreeMap::from([("trainyard:run-id".to_owned(), run_id(number).to_string())])),
    }
}

pub(crate) fn series_key(name: &str) -> SeriesKey {
    SeriesKey { name: name.to_owned(), source: SeriesSource::Log, host: "algo-1".to_owned() }
}

/// A point without a step, `at` seconds after noon.
pub(crate) fn point(at: i64, value: f64) -> NewPoint {
    NewPoint { step: None, at: after(at), value }
}
