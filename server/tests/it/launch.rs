//! From the form to a trained model, on SQLite and on PostgreSQL.

use std::io::Read as _;

use domain::{
    ids::RunId,
    run::{RunBadge, RunFilter, RunOrigin},
};
use serde_json::Value;

use crate::harness::{Client, LaunchForm, QUICK_SCRIPT, TestApp, ask_engine, engine_jobs, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_script_is_trained_and_everything_about_it_is_there() {
    let app = TestApp::start().await;
    launch_to_model(&app, &app).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_postgresql() {
    let app = TestApp::start_on(&testkit::postgres::Cluster::shared().create_database()).await;
    launch_to_model(&app, &app).await;
    app.stop().await;
}

async fn launch_to_model(client: &Client, app: &TestApp) {
    let form = LaunchForm::script(QUICK_SCRIPT)
        .set("idempotency_key", "one-form")
        .add("EnableManagedSpotTraining", "true")
        .set("StoppingCondition.MaxWaitTimeInSeconds", "1200");
    let id = client.launch(form.clone()).await;
    assert_eq!(client.launch(form).await, id, "the same form again is the same run");

    let run = client.wait_for_end(&id).await;
    assert_eq!(run.badge(), RunBadge::Completed, "{:?}", run.failure_reason);
    assert_eq!(run.hyperparameters.get("epochs").map(String::as_str), Some("3"));
    let (training, billable) = (run.training_seconds.expect("reported"), run.billable_seconds.expect("reported"));
    assert!(billable <= training, "spot bills fewer seconds: {billable} of {training}");
    let statuses: Vec<&str> = run.transitions.iter().map(|it| it.status.as_str()).collect();
    assert_eq!((statuses.first(), statuses.last()), (Some(&"Starting"), Some(&"Completed")), "{statuses:?}");

    // Every line's value, none lost and none twice.
    let values = eventually("three points", async || {
        let values = client.values(&id, "loss").await;
        (values.len() >= 3).then_some(values)
    })
    .await;
    assert_eq!(values, [1.0, 0.5, 0.333_333]);

    model_is_whole(client, &id).await;
    source_is_what_was_sent(client, &id).await;
    page_shows(client, &id, &run.job_name.to_string()).await;

    assert_eq!(engine_jobs(app.engine_addr).await, [run.job_name.to_string()], "one job, by the engine's own list");
    let listed = app.services.run_list(&RunFilter::default()).await.expect("a list");
    assert_eq!(listed.total, 1, "and it was not imported a second time");
}

async fn model_is_whole(client: &Client, id: &RunId) {
    let answer = client.get(&format!("/runs/{id}/model.tar.gz")).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let disposition = answer.headers()["content-disposition"].to_str().unwrap_or_default().to_owned();
    assert!(disposition.starts_with("attachment; filename=\""), "{disposition}");
    assert_eq!(answer.headers()["content-security-policy"], "sandbox; default-src 'none'");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let bytes = answer.bytes().await.expect("a body");
    assert_eq!(file_in(&bytes, "model.txt").as_deref(), Some("weights"));
}

async fn source_is_what_was_sent(client: &Client, id: &RunId) {
    let answer = client.get(&format!("/runs/{id}/source.tar.gz")).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let bytes = answer.bytes().await.expect("a body");
    assert_eq!(file_in(&bytes, "train.py").as_deref(), Some(QUICK_SCRIPT));
}

async fn page_shows(client: &Client, id: &RunId, job_name: &str) {
    let page = client.get(&format!("/runs/{id}")).header("accept", "text/html").send().await.expect("an answer");
    assert_eq!(page.status(), 200);
    let html = page.text().await.expect("text");
    for wanted in [job_name, "Completed", "loss", "epochs", "<svg"] {
        assert!(html.contains(wanted), "the run's page lacks `{wanted}`");
    }
    let lists = client.get("/runs").send().await.expect("an answer").text().await.expect("text");
    assert!(lists.contains(id.as_str()), "the run is in the list");
}

fn file_in(archive: &[u8], name: &str) -> Option<String> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    for entry in archive.entries().ok()? {
        let mut entry = entry.ok()?;
        if entry.path().ok()?.ends_with(name) {
            let mut text = String::new();
            entry.read_to_string(&mut text).ok()?;
            return Some(text);
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_script_says_why() {
    let app = TestApp::start().await;
    let id = app.launch(LaunchForm::script("raise ValueError('the data is <b>odd</b>')\n")).await;
    let run = app.wait_for_end(&id).await;
    assert_eq!(run.badge(), RunBadge::Failed);
    assert!(run.failure_reason.as_deref().is_some_and(|it| !it.is_empty()), "a failed run has a reason");
    let html = app.get(&format!("/runs/{id}")).send().await.expect("an answer").text().await.expect("text");
    assert!(!html.contains("<b>odd</b>"), "a failure reason is text and never markup");
    let artifact = app.get(&format!("/runs/{id}/model.tar.gz")).send().await.expect("an answer");
    assert_eq!(artifact.status(), 404, "a failed run has no model");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_another_client_is_found_with_its_metrics_and_its_cost() {
    let app = TestApp::start().await;
    let own = app.launch(LaunchForm::script(QUICK_SCRIPT)).await;
    let own = app.wait_for_end(&own).await;
    // The same source, created past the server, under another name and without its tags.
    let mut request = own.request.clone();
    request["TrainingJobName"] = "from-elsewhere".into();
    request.as_object_mut().expect("an object").remove("Tags");
    ask_engine(app.engine_addr, "CreateTrainingJob", &request).await;

    let created = std::time::Instant::now();
    let found = eventually("the imported run", async || {
        let page = app.services.run_list(&RunFilter::default()).await.ok()?;
        page.runs.into_iter().find(|it| it.job_name.as_str() == "from-elsewhere")
    })
    .await;
    assert!(created.elapsed() < std::time::Duration::from_secs(10), "found after {:?}", created.elapsed());
    assert_eq!(found.origin, RunOrigin::Imported);
    let ended = app.wait_for_end(&found.id).await;
    assert_eq!(ended.badge(), RunBadge::Completed, "{:?}", ended.failure_reason);
    let values = eventually("its curve", async || {
        let values = app.values(&found.id, "loss").await;
        (values.len() >= 3).then_some(values)
    })
    .await;
    assert_eq!(values, [1.0, 0.5, 0.333_333]);
    assert!(ended.billable_seconds.is_some() && ended.price.is_some(), "its cost can be told");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stop_ends_a_run() {
    let app = TestApp::start().await;
    let id = app.launch(LaunchForm::script(&crate::harness::slow_script(6_000))).await;
    app.wait_for(&id, "training", |run| run.secondary_status.as_deref() == Some("Training")).await;
    let answer = app.post(&format!("/runs/{id}/stop")).header("accept", "text/html").send().await.expect("an answer");
    assert_eq!(answer.status(), 303);
    assert_eq!(answer.headers()["location"].to_str().ok(), Some(format!("/runs/{id}").as_str()));
    let run = app.wait_for_end(&id).await;
    assert_eq!(run.badge(), RunBadge::Stopped);
    let again = app.post(&format!("/runs/{id}/stop")).send().await.expect("an answer");
    assert_eq!(again.status(), 303, "stopping what has stopped is no failure");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_sent_to_the_run_and_a_changed_form_under_the_same_key_launches_nothing() {
    let app = TestApp::start().await;
    let form = LaunchForm::script(QUICK_SCRIPT).set("idempotency_key", "tab-1");
    let send = async |form: LaunchForm| {
        app.post("/launch").header("accept", "text/html").multipart(form.multipart()).send().await.expect("an answer")
    };
    let first = send(form.clone()).await;
    assert_eq!(first.status(), 303);
    let location = first.headers()["location"].to_str().unwrap_or_default().to_owned();
    assert!(location.starts_with("/runs/"), "{location}");
    let changed = send(form.set("ResourceConfig.InstanceType", "ml.m5.2xlarge")).await;
    assert_eq!(changed.status(), 422);
    let text = changed.text().await.expect("text");
    assert!(text.contains("ResourceConfig.InstanceType"), "the changed field is named: {text}");
    let list: Value = app.call("run_list_by_filter", serde_json::json!({ "filter": RunFilter::default() })).await;
    assert_eq!(list["total"], 1);
    app.stop().await;
}
