//! States of jobs: our own as they change, other clients' as they are found, and what a confused engine cannot do.

use domain::{
    cost::CostState,
    costs::{CostFilter, CostGrouping, Month},
    run::{RunBadge, RunFilter, RunOrigin},
    status::TrainingJobStatus,
};
use serde_json::json;
use services::engine::JobPage;

use crate::{
    fake::{Fault, observation},
    lab::Lab,
};

fn boto3_request(name: &str) -> serde_json::Value {
    json!({
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": "image",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{ "Name": "loss", "Regex": "loss=([0-9.]+)" }],
        },
        "RoleArn": "arn:aws:iam::000000000000:role/Other",
        "OutputDataConfig": { "S3OutputPath": "s3://other/out" },
        "ResourceConfig": { "InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 10 },
        "StoppingCondition": { "MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200 },
        "HyperParameters": { "epochs": "5", "lr": "0.1" },
        "EnableManagedSpotTraining": true,
    })
}

#[tokio::test]
async fn a_job_of_another_client_is_imported_with_everything() {
    let lab = Lab::new().await;
    lab.cloud.create_foreign(&boto3_request("boto-1"));
    lab.services.task_sync_jobs().await.unwrap();
    let runs = lab.services.run_list(&RunFilter::default()).await.unwrap().runs;
    let [run] = runs.as_slice() else { panic!("{runs:?}") };
    assert_eq!((run.origin, run.badge(), run.job_name.as_str()), (RunOrigin::Imported, RunBadge::Running, "boto-1"));
    assert_eq!(run.experiment.as_str(), "imported");
    assert_eq!(
        run.hyperparameters.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(),
        [("epochs", "5"), ("lr", "0.1")]
    );
    assert_eq!((run.instance_type.as_deref(), run.instance_count, run.spot), (Some("ml.m5.large"), 2, true));
    assert!(run.price.is_some());

    // Its log, its end, its cost.
    lab.cloud.log("boto-1/algo-1-1", "loss=0.5");
    lab.services.task_sync_logs().await.unwrap();
    assert_eq!(lab.services.run_series(&run.id, None).await.unwrap().len(), 1);
    lab.clock.advance_seconds(100);
    lab.cloud.complete("boto-1");
    lab.services.task_sync_jobs().await.unwrap();
    let run = lab.run(&run.id).await;
    assert_eq!((run.training_seconds, run.billable_seconds), (Some(100), Some(30)));
    let cost = run.cost(lab.now());
    assert_eq!((cost.state, cost.spot_savings_permille), (CostState::Final, Some(700)));
    assert_eq!(lab.services.run_list(&RunFilter::default()).await.unwrap().total, 1);
}

#[tokio::test]
async fn an_imported_job_keeps_its_tags_and_is_put_together_by_them() {
    let lab = Lab::new().await;
    let mut request = boto3_request("boto-1");
    request["Tags"] = json!([
        { "Key": "team", "Value": "vision" },
        { "Key": "aws:cloudformation:stack-name", "Value": "nobody can give a job this one" },
    ]);
    lab.cloud.create_foreign(&request);
    lab.services.task_sync_jobs().await.unwrap();
    let runs = lab.services.run_list(&RunFilter::default()).await.unwrap().runs;
    assert_eq!(runs[0].request["Tags"], json!([{ "Key": "team", "Value": "vision" }]));
    let draft = lab.services.launch_clone(&runs[0].id).await.unwrap();
    assert_eq!(draft.fields.get("Tags[0].Value"), "vision", "its clone is charged to the same team");

    lab.clock.advance_seconds(100);
    lab.cloud.complete("boto-1");
    lab.services.task_sync_jobs().await.unwrap();
    let by_team = CostGrouping::Tag("team".to_owned());
    let review = lab.services.cost_review(Month::of(lab.now()), &by_team, &CostFilter::new()).await.unwrap();
    let keys: Vec<_> = review.groups.iter().map(|it| it.key.as_deref()).collect();
    assert_eq!((keys, review.tag_keys), (vec![Some("vision")], vec!["team".to_owned()]));
}

#[tokio::test]
async fn two_servers_import_one_job_once() {
    let mut lab = Lab::new().await;
    for n in 0..10 {
        lab.cloud.create_foreign(&boto3_request(&format!("boto-{n}")));
    }
    let second = lab.second_server(|_| ());
    let (a, b) = tokio::join!(lab.services.task_sync_jobs(), second.task_sync_jobs());
    a.unwrap();
    b.unwrap();
    assert_eq!(lab.services.run_list(&RunFilter::default()).await.unwrap().total, 10);
}

#[tokio::test]
async fn more_jobs_than_a_page_and_changes_while_paging_are_found() {
    let lab = Lab::new().await;
    for n in 0..250 {
        lab.cloud.create_foreign(&boto3_request(&format!("boto-{n:03}")));
    }
    lab.services.task_sync_jobs().await.unwrap();
    assert_eq!(lab.services.run_list(&RunFilter::default()).await.unwrap().total, 250);
    lab.clock.advance_seconds(3);
    lab.cloud.complete("boto-007");
    let outcome = lab.services.task_sync_jobs().await.unwrap();
    assert_eq!(outcome.changed, 1, "what was read before is not applied again");
    let counts = lab.services.run_badge_counts().await.unwrap();
    assert_eq!(counts, [(RunBadge::Completed, 1), (RunBadge::Running, 249)]);
}

#[tokio::test]
async fn pages_that_are_empty_or_never_end_are_survived() {
    let lab = Lab::new().await;
    lab.cloud.create_foreign(&boto3_request("boto-1"));
    let page = |token: Option<&str>| JobPage { jobs: Vec::new(), next_token: token.map(str::to_owned) };
    // Empty with a token, then the same token for ever.
    lab.cloud.state().canned_pages = [page(Some("a")), page(Some("b")), page(Some("b"))].into();
    lab.services.task_sync_jobs().await.unwrap();
    assert_eq!(lab.cloud.calls_of("search"), 3, "the repeated token ended the sweep");
    lab.services.task_sync_jobs().await.unwrap();
    assert_eq!(lab.services.run_list(&RunFilter::default()).await.unwrap().total, 1);
    // New tokens without end: each pass is bounded and goes on later.
    lab.cloud.state().canned_pages = (0..100).map(|it| page(Some(&it.to_string()))).collect();
    assert!(lab.services.task_sync_jobs().await.unwrap().again);
    assert!(lab.cloud.calls_of("search") < 40);
}

#[tokio::test]
async fn a_stale_look_does_not_turn_time_back() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    let stale = observation(&lab.cloud.state().jobs[run.job_name.as_str()], true);
    lab.clock.advance_seconds(5);
    lab.cloud.complete(run.job_name.as_str());
    lab.services.task_sync_jobs().await.unwrap();
    let over = lab.run(&run.id).await;
    lab.cloud.state().canned_pages = [JobPage { jobs: vec![stale], next_token: None }].into();
    lab.services.task_sync_jobs().await.unwrap();
    assert!(lab.cloud.state().canned_pages.is_empty());
    assert_eq!(lab.run(&run.id).await, over);
}

#[tokio::test]
async fn an_unknown_status_is_shown_as_it_is() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    lab.clock.advance_seconds(1);
    lab.cloud.change(run.job_name.as_str(), |it| it.status = "Hibernating".to_owned());
    lab.services.task_sync_jobs().await.unwrap();
    assert_eq!(lab.run(&run.id).await.status, Some(TrainingJobStatus::Other("Hibernating".to_owned())));
}

#[tokio::test]
async fn a_failed_sweep_begins_anew() {
    for fault in [Fault::Timeout, Fault::Throttled, Fault::AnswerLost, Fault::Refused] {
        let lab = Lab::new().await;
        lab.cloud.create_foreign(&boto3_request("boto-1"));
        lab.cloud.arm_call("search", 0, fault);
        assert!(lab.services.task_sync_jobs().await.is_err());
        lab.services.task_sync_jobs().await.unwrap();
        assert_eq!(lab.services.run_list(&RunFilter::default()).await.unwrap().total, 1);
    }
}

#[tokio::test]
async fn a_job_that_vanished_ends_truthfully_but_not_at_the_first_look() {
    let lab = Lab::new().await;
    let run = lab.running().await;
    lab.clock.advance_seconds(30);
    lab.cloud.state().jobs.clear();
    lab.services.task_reconcile().await.unwrap();
    lab.services.task_reconcile().await.unwrap();
    assert!(!lab.run(&run.id).await.is_over(), "a young job may be invisible");
    lab.clock.advance_seconds(300);
    lab.services.task_reconcile().await.unwrap();
    let gone = lab.run(&run.id).await;
    assert_eq!(gone.badge(), RunBadge::Stopped);
    assert!(gone.failure_reason.as_deref().unwrap().contains("no longer has this job"));
    assert_eq!(
        (gone.billable_seconds, gone.hyperparameters),
        (None, run.hyperparameters),
        "history stays, nothing is invented"
    );
    assert_eq!(lab.cloud.creates(), 1, "and it is not launched again");
}

#[tokio::test]
async fn a_model_artifact_is_the_runs_own_and_streams() {
    use futures::TryStreamExt as _;
    let lab = Lab::new().await;
    let run = lab.running().await;
    let missing = lab.services.run_artifact_open(&run.id).await;
    assert!(matches!(missing, Err(services::ServiceError::NotFound { what: "model artifact" })));
    lab.clock.advance_seconds(5);
    lab.cloud.complete(run.job_name.as_str());
    lab.services.task_sync_jobs().await.unwrap();
    let uri = format!("s3://trainyard/runs/{}/output/model.tar.gz", run.job_name);
    lab.cloud.state().objects.insert(uri, bytes::Bytes::from_static(b"model"));
    let artifact = lab.services.run_artifact_open(&run.id).await.unwrap();
    assert_eq!(artifact.file_name, format!("{}-model.tar.gz", run.job_name));
    assert_eq!(artifact.size_bytes, Some(5));
    let chunks: Vec<bytes::Bytes> = artifact.stream.try_collect().await.unwrap();
    assert_eq!(chunks.concat(), b"model");
}

#[tokio::test]
async fn health_says_what_is_wrong_and_how_fresh_the_data_is() {
    let lab = Lab::new().await;
    let health = lab.services.health().await;
    assert!(health.is_ready());
    assert_eq!(health.tasks.len(), 10);
    lab.cloud.arm_call("ping", 0, Fault::Refused);
    let health = lab.services.health().await;
    assert!(!health.is_ready() && health.database.is_ok && !health.engine.is_ok);
    let message = health.engine.message.unwrap();
    assert!(message.contains("cannot be reached") && !message.contains("injected"), "{message}");
}

#[tokio::test]
async fn all_tasks_run_together_and_end_when_told() {
    let lab = Lab::new().await;
    let id = lab.submit("key", lab.draft()).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let (services, token) = (lab.services.clone(), stop.clone());
    let running = tokio::spawn(async move { services.run_tasks(token).await });
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while lab.run(&id).await.status.is_none() {
        assert!(tokio::time::Instant::now() < deadline, "{:?}", lab.services.task_statuses());
        tokio::task::yield_now().await;
    }
    stop.cancel();
    tokio::time::timeout(std::time::Duration::from_secs(10), running).await.unwrap().unwrap();
    let statuses = lab.services.task_statuses();
    assert!(statuses.iter().all(|it| it.runs > 0 && it.panics == 0), "{statuses:?}");
    assert!(lab.services.health().await.last_sync_at.is_some());
}
