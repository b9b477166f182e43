//! The process: ends in time with streams open, and survives being killed at any moment.

use std::time::Duration;

use domain::run::{RunBadge, RunFilter};
use nix::sys::signal::Signal;
use serde_json::json;

use crate::harness::{Client, EventReader, LaunchForm, QUICK_SCRIPT, Server, engine_jobs, eventually, slow_script};

async fn total(client: &Client) -> u64 {
    let list = client.call("run_list_by_filter", json!({ "filter": RunFilter::default() })).await;
    list["total"].as_u64().expect("a count")
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_the_process_in_time_and_its_jobs_go_on() {
    let data = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(data.path());
    let client = server.client();
    let id = client.launch(LaunchForm::script(&slow_script(60))).await;
    client.wait_for(&id, "training", |run| run.secondary_status.as_deref() == Some("Training")).await;
    let mut streams = Vec::new();
    for _ in 0..10 {
        streams.push(EventReader::open(&client, &format!("run:{id}"), None).await);
    }
    server.signal(Signal::SIGTERM);
    let (status, took) = server.wait();
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    for stream in &mut streams {
        assert!(stream.ends_within(Duration::from_secs(1)).await);
    }
    drop(server);

    let server = Server::start(data.path());
    let run = server.client().wait_for_end(&id).await;
    assert_eq!(run.badge(), RunBadge::Completed, "{:?}", run.failure_reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_a_launch_it_launches_once() {
    let data = tempfile::tempdir().expect("a folder");
    let mut kills_before_the_job = 0;
    for round in 0..6 {
        let key = format!("round-{round}");
        let form = LaunchForm::script(QUICK_SCRIPT).set("idempotency_key", &key);
        let server = Server::start(data.path());
        let client = server.client();
        let sending = tokio::spawn({
            let form = form.clone();
            async move {
                client
                    .post("/launch")
                    .header("accept", "application/json")
                    .multipart(form.multipart())
                    .send()
                    .await
                    .ok()
            }
        });
        // At another moment each time: before the commit, before the call, during it, after it.
        tokio::time::sleep(Duration::from_millis(15 * round)).await;
        server.kill_hard();
        let answered = sending.await.expect("sent").is_some();

        let server = Server::start(data.path());
        let client = server.client();
        // The browser tries again with the same form.
        let id = client.launch(form).await;
        let run = client.wait_for_end(&id).await;
        assert_eq!(
            run.badge(),
            RunBadge::Completed,
            "round {round}: {:?} {:?}",
            run.launch_message,
            run.failure_reason
        );
        assert_eq!(total(&client).await, round + 1, "round {round}: one run per form");
        let jobs = engine_jobs(server.engine_addr).await;
        assert_eq!(jobs.len() as u64, round + 1, "round {round}: one job per run, by the engine's own list: {jobs:?}");
        assert!(jobs.contains(&run.job_name.to_string()));
        kills_before_the_job += u32::from(!answered);
        drop(server);
    }
    assert!(kills_before_the_job > 0, "no kill came before the answer: this test tested nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_during_a_run_it_loses_no_point() {
    let data = tempfile::tempdir().expect("a folder");
    let count = 60;
    let server = Server::start(data.path());
    let client = server.client();
    let id = client.launch(LaunchForm::script(&slow_script(count))).await;
    eventually("a growing curve", async || (client.values(&id, "loss").await.len() >= 5).then_some(())).await;
    server.kill_hard();

    // A second one in between, so that a restart is killed, too.
    let server = Server::start(data.path());
    eventually("the page again", async || server.client().get("/healthz").send().await.ok()).await;
    server.kill_hard();

    let server = Server::start(data.path());
    let client = server.client();
    let run = client.wait_for_end(&id).await;
    assert_eq!(run.badge(), RunBadge::Completed, "{:?}", run.failure_reason);
    let wanted: Vec<f64> = (0..count).map(|step| f64::from(step) * 1.5).collect();
    let values = eventually("the whole curve", async || {
        let values = client.values(&id, "loss").await;
        (values.len() >= wanted.len()).then_some(values)
    })
    .await;
    assert_eq!(values, wanted, "no gap, nothing twice");
    assert_eq!(total(&client).await, 1);
    assert_eq!(engine_jobs(server.engine_addr).await.len(), 1);
}
