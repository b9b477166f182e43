//! The command line over the REST API: the built binary against a real server.

use std::process::Command;

use domain::{ids::RunId, share::ShareFormat};
use serde_json::Value;

use crate::{
    api::request,
    harness::{QUICK_SCRIPT, TestApp, eventually, run_to_end, slow_script, trainyard},
};

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Off the test's threads: the server answers from them.
async fn run(command: Command) -> Ran {
    let (code, out, err) = tokio::task::spawn_blocking(|| run_to_end(command)).await.expect("it ran");
    Ran { code, out, err }
}

async fn ask(app: &TestApp, arguments: &[&str]) -> Ran {
    let mut command = trainyard(arguments);
    command.env("TRAINYARD_SERVER", &app.url);
    run(command).await
}

/// A folder with a job and its script; the paths of both.
fn job(dir: &tempfile::TempDir, job: &str, script: &str) -> (String, String) {
    let path = |name: &str| dir.path().join(name).to_str().expect("a plain path").to_owned();
    std::fs::create_dir_all(dir.path().join("source")).expect("made");
    std::fs::write(path("job"), job).expect("written");
    std::fs::write(path("source/train.py"), script).expect("written");
    std::fs::write(path("source/helper.py"), "WORD = 'help'\n").expect("written");
    (path("job"), path("source"))
}

#[tokio::test(flavor = "multi_thread")]
async fn launch_and_follow_until_it_completed() {
    let app = TestApp::start().await;
    let dir = tempfile::tempdir().expect("a folder");
    let code = ShareFormat::Boto3.render(&request(), "us-east-1").text;
    let (file, source) = job(&dir, &code, &format!("import helper\nprint(helper.WORD)\n{QUICK_SCRIPT}"));
    let arguments = [
        "launch",
        &file,
        "--source",
        &source,
        "--experiment",
        "line",
        "--name",
        "typed",
        "--idempotency-key",
        "k",
        "--follow",
    ];
    let ran = ask(&app, &arguments).await;
    assert_eq!(ran.code, Some(0), "{} {}", ran.out, ran.err);
    let id = ran.out.lines().next().expect("the run's id").to_owned();
    let printed: Vec<&str> = ran.out.lines().filter(|it| it.starts_with("epoch=")).collect();
    assert_eq!(printed.len(), 3, "{}", ran.out);
    assert!(ran.out.contains("\nhelp\n"), "the whole folder was sent: {}", ran.out);
    assert!(ran.err.contains(&format!("/runs/{id}")) && ran.err.contains("completed"), "{}", ran.err);

    let again = ask(&app, &arguments[..arguments.len() - 1]).await;
    assert_eq!(again.out.trim(), id, "the same key is the same run: {}", again.err);
    let listed = ask(&app, &["runs", "--status", "completed", "--experiment", "line"]).await;
    assert!(listed.out.starts_with("RUN ") && listed.out.contains(&id), "{} {}", listed.out, listed.err);
    let json = ask(&app, &["runs", "--json", "--limit", "5"]).await;
    let json: Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!((json.as_array().map(Vec::len), json[0]["id"].as_str()), (Some(1), Some(id.as_str())));
    let by_prefix = ask(&app, &["logs", "typed-"]).await;
    assert_eq!(by_prefix.code, Some(0), "{}", by_prefix.err);
    assert_eq!(by_prefix.out.lines().filter(|it| it.starts_with("epoch=")).count(), 3, "{}", by_prefix.out);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_run_ends_its_follower_with_a_failure() {
    let app = TestApp::start().await;
    let dir = tempfile::tempdir().expect("a folder");
    let (file, source) = job(&dir, &request().to_string(), &slow_script(6_000));
    let launched = ask(&app, &["launch", &file, "--source", &source]).await;
    assert_eq!(launched.code, Some(0), "{}", launched.err);
    let id = launched.out.trim().to_owned();
    let mut following = trainyard(&["logs", "-f", &id, "--server", &app.url]);
    following.env_remove("TRAINYARD_SERVER");
    let following = tokio::spawn(run(following));
    let id = RunId::parse(&id).expect("a run id");
    app.wait_for(&id, "training", |run| run.secondary_status.as_deref() == Some("Training")).await;
    let stopped = ask(&app, &["stop", &id.as_str()[..20].to_lowercase()]).await;
    assert_eq!(stopped.code, Some(0), "{}", stopped.err);
    assert!(stopped.out.contains("is being stopped."), "{}", stopped.out);
    let followed = following.await.expect("it ended");
    assert_eq!(followed.code, Some(1), "{}", followed.err);
    assert!(followed.err.contains("stopped"), "{}", followed.err);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_on_standard_error() {
    let app = TestApp::start().await;
    let dir = tempfile::tempdir().expect("a folder");
    let wrong = request().to_string().replace("ml.m5.large", "ml.huge");
    let (file, source) = job(&dir, &wrong, QUICK_SCRIPT);
    let missing = dir.path().join("none").to_str().expect("a plain path").to_owned();
    let arn = dir.path().join("arn").to_str().expect("a plain path").to_owned();
    std::fs::write(&arn, "arn:aws:sagemaker:us-east-1:123456789012:training-job/wine").expect("written");
    for (arguments, said) in [
        (vec!["launch", &file, "--source", &source], "\n  ResourceConfig.InstanceType: "),
        (vec!["launch", &missing], "none cannot be read"),
        (vec!["launch", &source], "cannot be read"),
        (vec!["launch", &arn], "has only an ARN"),
        (vec!["launch", "-"], "there is nothing here"),
        (vec!["logs", "nobody"], "There is no run of this id or job name."),
        (vec!["stop", "nobody"], "There is no run of this id or job name."),
        (vec!["runs", "--server", "http://127.0.0.1:1"], "no Trainyard server answers at http://127.0.0.1:1"),
        (vec!["runs", "--server", "yard"], "is no address of a server"),
    ] {
        let ran = ask(&app, &arguments).await;
        assert_eq!(ran.code, Some(1), "{arguments:?}: {} {}", ran.out, ran.err);
        assert!(ran.err.contains(said) && ran.err.starts_with("trainyard: "), "{arguments:?}: {}", ran.err);
        assert_eq!(ran.out, "", "{arguments:?}");
    }
    let usage = ask(&app, &["runs", "--status", "asleep"]).await;
    assert_eq!(usage.code, Some(2), "{}", usage.err);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_without_room_is_refused_or_waits_as_the_flags_say() {
    let quota = |config: &mut server::config::Config| {
        config.local.quotas.insert("training:ml.m5.large".to_owned(), 1);
    };
    let app = TestApp::start_with(quota).await;
    eventually("the quotas", async || {
        app.services.quota_table().await.ok().filter(domain::quota::QuotaTable::is_known)
    })
    .await;
    let dir = tempfile::tempdir().expect("a folder");
    let (file, source) = job(&dir, &request().to_string(), &slow_script(6_000));
    let launch = async |flags: &[&str]| ask(&app, &[&["launch", &file, "--source", &source], flags].concat()).await;
    let first = launch(&[]).await;
    assert_eq!(first.code, Some(0), "{}", first.err);
    let refused = launch(&[]).await;
    assert_ne!(refused.code, Some(0));
    assert!(
        refused.err.contains("ResourceConfig.InstanceCount") && refused.err.contains("1 instance"),
        "{}",
        refused.err
    );
    let dear =
        launch(&["--when-full", "fallback", "--fallback-type", "ml.c5.4xlarge", "--max-usd-per-hour", "0.1"]).await;
    assert!(dear.err.contains("above the cap"), "{}", dear.err);

    let waits = launch(&["--when-full", "queue"]).await;
    assert_eq!(waits.code, Some(0), "{}", waits.err);
    let id = |ran: &Ran| RunId::parse(ran.out.trim()).expect("a run id");
    let is_in_line =
        |run: &domain::run::Run| run.launch_message.as_ref().is_some_and(|it| it.contains("Waits for room"));
    app.wait_for(&id(&waits), "in line", is_in_line).await;
    app.services.run_stop(&id(&first)).await.expect("stopped");
    app.wait_for(&id(&waits), "sent", |run| run.job_arn.is_some()).await;
    app.services.run_stop(&id(&waits)).await.expect("stopped");
    app.wait_for(&id(&waits), "over", domain::run::Run::is_over).await;
    app.stop().await;
}
