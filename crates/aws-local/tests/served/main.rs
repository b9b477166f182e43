//! Jobs that really run, seen through the port: what their clients get as states, logs, metrics and artifacts.
//!
//! This program is also the supervisor of its jobs, so `main` looks for the hidden subcommands before any thread starts.

#![expect(clippy::unwrap_used, reason = "in a test, what is not as expected ends it")]

#[expect(dead_code, reason = "shared with the other tests of the port, which use more of it")]
#[path = "../it/app.rs"]
mod app;
mod tuning;

use std::ffi::OsString;
use std::future::Future;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use aws_local::job::{sandbox, supervise};
use libtest_mimic::{Arguments, Failed, Trial};
use reqwest::Method;
use serde_json::{Value, json};

use crate::app::TestEndpoint;

const GROUP: &str = "/aws/sagemaker/TrainingJobs";

/// How long a job may take to get somewhere on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// Prints 300 numbered lines with a falling loss, leaves a model, and can be asked to wait to be stopped.
const SCRIPT: &str = r#"
import os, sys, time
for step in range(300):
    print(f"step={step} loss={1 / (step + 1):.6f}", flush=True)
    if step % 100 == 99:
        time.sleep(1.1)
open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w").write("trained")
if os.environ.get("WAIT"):
    print("waiting", flush=True)
    time.sleep(600)
"#;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    match args.split_first() {
        Some((first, rest)) if first == "local-supervise" && !rest.is_empty() => return supervise(Path::new(&rest[0])),
        Some((first, rest)) if first == "local-sandbox" => return sandbox(rest),
        _ => {}
    }
    let trials = vec![
        Trial::test("a_job_is_seen_from_its_creation_to_its_model", || {
            run(a_job_is_seen_from_its_creation_to_its_model)
        }),
        Trial::test("a_stopped_job_is_stopped_once", || run(a_stopped_job_is_stopped_once)),
        Trial::test("a_grid_is_searched_and_a_crash_starts_nothing_twice", || {
            run(tuning::a_grid_is_searched_and_a_crash_starts_nothing_twice)
        }),
        Trial::test("a_stopped_tuning_job_stops_its_training_jobs", || {
            run(tuning::a_stopped_tuning_job_stops_its_training_jobs)
        }),
        Trial::test("a_warm_pool_is_kept_shortened_and_the_job_deleted", || {
            run(a_warm_pool_is_kept_shortened_and_the_job_deleted)
        }),
        Trial::test("a_spot_job_is_interrupted_by_command", || run(a_spot_job_is_interrupted_by_command)),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn run<F: Future<Output = ()>>(test: fn() -> F) -> Result<(), Failed> {
    tokio::runtime::Runtime::new()?.block_on(test());
    Ok(())
}

async fn started() -> TestEndpoint {
    started_with(SCRIPT).await
}

/// An endpoint whose jobs run this script.
async fn started_with(script: &str) -> TestEndpoint {
    let data = tempfile::tempdir().unwrap();
    let mut config = app::config(data.path());
    config.job.program = std::env::current_exe().unwrap();
    config.job.instance_metric_period_seconds = 1;
    let endpoint = TestEndpoint::start_with(config, data).await;
    let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(script.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, "train.py", script.as_bytes()).unwrap();
    let archive = archive.into_inner().unwrap().finish().unwrap();
    let put = endpoint.request(Method::PUT, "/trainyard/sources/sourcedir.tar.gz").body(archive).send().await.unwrap();
    assert_eq!(put.status(), 200);
    endpoint
}

fn request(name: &str) -> Value {
    let mut request = app::job(name);
    request["HyperParameters"] = json!({
        "sagemaker_program": "train.py",
        "sagemaker_submit_directory": "s3://trainyard/sources/sourcedir.tar.gz",
    });
    request
}

/// Describes the job until it is as wanted.
async fn wait(endpoint: &TestEndpoint, name: &str, wanted: fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let job = endpoint.sagemaker("DescribeTrainingJob", json!({ "TrainingJobName": name })).await;
        if wanted(&job) {
            return job;
        }
        assert!(Instant::now() < deadline, "the job did not get there: {job:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn logs(endpoint: &TestEndpoint, operation: &str, input: Value) -> Value {
    let (status, answer) = endpoint.json("Logs_20140328", operation, &input).await;
    assert_eq!(status, 200, "{operation}: {answer}");
    answer
}

fn messages(page: &Value) -> Vec<String> {
    page["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}

async fn a_job_is_seen_from_its_creation_to_its_model() {
    let endpoint = started().await;
    endpoint.sagemaker("CreateTrainingJob", request("iris")).await;
    let job = wait(&endpoint, "iris", |job| job["TrainingJobStatus"] != "InProgress").await;
    assert_eq!(
        (&job["TrainingJobStatus"], &job["SecondaryStatus"]),
        (&json!("Completed"), &json!("Completed")),
        "{job:#}"
    );
    assert!(job["TrainingEndTime"].as_f64().unwrap() > job["TrainingStartTime"].as_f64().unwrap());
    assert_eq!(job["BillableTimeInSeconds"], job["TrainingTimeInSeconds"]);
    assert_eq!(job["FinalMetricDataList"][0]["MetricName"], "loss");
    let last_loss = job["FinalMetricDataList"][0]["Value"].as_f64().unwrap();
    assert!((last_loss - 1.0 / 300.0).abs() < 1e-6, "{last_loss}");

    let artifact = job["ModelArtifacts"]["S3ModelArtifacts"].as_str().unwrap();
    assert_eq!(artifact, "s3://trainyard/runs/iris/output/model.tar.gz");
    let model = endpoint.request(Method::GET, artifact.strip_prefix("s3:/").unwrap()).send().await.unwrap();
    assert_eq!(model.status(), 200);
    let model = model.bytes().await.unwrap();
    let names: Vec<_> = tar::Archive::new(flate2::read::GzDecoder::new(&*model))
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().to_string_lossy().trim_start_matches("./").to_owned())
        .collect();
    assert!(names.contains(&"model.txt".to_owned()), "{names:?}");

    let found = endpoint
        .sagemaker(
            "Search",
            json!({ "Resource": "TrainingJob", "SearchExpression": { "Filters": [
            { "Name": "Metrics.loss", "Operator": "LessThan", "Value": "0.01" }] } }),
        )
        .await;
    assert_eq!(found["Results"][0]["TrainingJob"]["TrainingJobName"], "iris");

    check_logs(&endpoint).await;
    check_metrics(&endpoint, &job).await;
    endpoint.stop().await;
}

async fn check_logs(endpoint: &TestEndpoint) {
    let streams =
        logs(endpoint, "DescribeLogStreams", json!({ "logGroupName": GROUP, "logStreamNamePrefix": "iris/" })).await;
    assert!(streams.get("nextToken").is_none(), "SDK v2 would ask for ever: {streams}");
    assert_eq!(streams["logStreams"].as_array().unwrap().len(), 1);
    let stream = streams["logStreams"][0]["logStreamName"].as_str().unwrap().to_owned();
    assert!(stream.starts_with("iris/algo-1-"), "{stream}");

    let read = async |more: Value| {
        let mut input = json!({ "logGroupName": GROUP, "logStreamName": stream });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        logs(endpoint, "GetLogEvents", input).await
    };
    // Forwards in pages to the end, where the token comes back unchanged.
    let mut forward = Vec::new();
    let mut page = read(json!({ "startFromHead": true, "limit": 70 })).await;
    loop {
        forward.extend(messages(&page));
        let token = page["nextForwardToken"].clone();
        page = read(json!({ "startFromHead": true, "limit": 70, "nextToken": token })).await;
        if page["nextForwardToken"] == token {
            break;
        }
    }
    assert!(page["events"].as_array().unwrap().is_empty());
    let steps: Vec<_> = forward.iter().filter(|line| line.starts_with("step=")).collect();
    assert_eq!(steps.len(), 300);
    assert_eq!((steps[0].as_str(), steps[299].as_str()), ("step=0 loss=1.000000", "step=299 loss=0.003333"));
    // Backwards from the end gives the same.
    let mut backward: Vec<String> = Vec::new();
    let mut page = read(json!({ "limit": 70 })).await;
    while !page["events"].as_array().unwrap().is_empty() {
        backward.splice(0..0, messages(&page));
        page = read(json!({ "limit": 70, "nextToken": page["nextBackwardToken"] })).await;
    }
    assert_eq!(backward, forward);

    // A time range has its first millisecond and not its last.
    let all = read(json!({ "startFromHead": true })).await;
    let times: Vec<i64> =
        all["events"].as_array().unwrap().iter().map(|event| event["timestamp"].as_i64().unwrap()).collect();
    let (from, to) = (times[times.len() / 2], *times.last().unwrap());
    let ranged = read(json!({ "startFromHead": true, "startTime": from, "endTime": to })).await;
    assert_eq!(messages(&ranged).len(), times.iter().filter(|at| (from..to).contains(at)).count());

    // A filter, in pages, over the same lines.
    let mut found = Vec::new();
    let mut input = json!({ "logGroupName": GROUP, "logStreamNamePrefix": "iris", "filterPattern": "\"step=1\" loss", "limit": 50 });
    loop {
        let page = logs(endpoint, "FilterLogEvents", input.clone()).await;
        found.extend(messages(&page));
        match page.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => break,
        }
    }
    let wanted: Vec<_> =
        forward.iter().filter(|line| line.contains("step=1") && line.contains("loss")).cloned().collect();
    assert_eq!(found, wanted);

    let (_, missing) = endpoint
        .json("Logs_20140328", "GetLogEvents", &json!({ "logGroupName": GROUP, "logStreamName": "iris/algo-9-1" }))
        .await;
    assert_eq!(missing["message"], "The specified log stream does not exist.");
}

async fn check_metrics(endpoint: &TestEndpoint, job: &Value) {
    let listed = |dimension: &str, value: &str| json!({ "Namespace": GROUP, "Dimensions": [{ "Name": dimension, "Value": value }] });
    let names = async |input: Value| {
        let (_, answer) = endpoint.json("GraniteServiceVersion20100801", "ListMetrics", &input).await;
        let metrics = answer["Metrics"].as_array().unwrap().clone();
        metrics.iter().map(|metric| metric["MetricName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(listed("TrainingJobName", "iris")).await, ["loss"]);
    assert_eq!(names(listed("Host", "iris/algo-1")).await, ["CPUUtilization", "DiskUtilization", "MemoryUtilization"]);

    let query = |id: &str, metric: &str, dimension: &str, value: &str, stat: &str| {
        json!({ "Id": id, "MetricStat": { "Period": 60, "Stat": stat, "Metric": { "Namespace": GROUP, "MetricName": metric,
            "Dimensions": [{ "Name": dimension, "Value": value }] } } })
    };
    let input = json!({
        "StartTime": job["CreationTime"].as_f64().unwrap().floor(),
        "EndTime": job["LastModifiedTime"].as_f64().unwrap() + 1.0,
        "MetricDataQueries": [
            query("n", "loss", "TrainingJobName", "iris", "SampleCount"),
            query("max", "loss", "TrainingJobName", "iris", "Maximum"),
            query("memory", "MemoryUtilization", "Host", "iris/algo-1", "Maximum")],
    });
    let answer = app::read_cbor(endpoint.cbor("GetMetricData", &input).await).await;
    let results = app::member(&answer, "MetricDataResults").as_array().unwrap();
    let values = |index: usize| -> Vec<f64> {
        app::member(&results[index], "Values")
            .as_array()
            .unwrap()
            .iter()
            .map(|value| value.as_float().unwrap())
            .collect()
    };
    assert_eq!(values(0).iter().sum::<f64>().to_string(), "300");
    assert!(values(1).iter().any(|max| (max - 1.0).abs() < 1e-9), "{:?}", values(1));
    assert!(
        values(2).iter().all(|memory| *memory > 0.0 && *memory <= 100.0) && !values(2).is_empty(),
        "{:?}",
        values(2)
    );
}

async fn a_stopped_job_is_stopped_once() {
    let endpoint = started().await;
    let mut waiting = request("patient");
    waiting["Environment"] = json!({ "WAIT": "1" });
    endpoint.sagemaker("CreateTrainingJob", waiting).await;
    let waiting = json!({ "logGroupName": GROUP, "logStreamNamePrefix": "patient/", "filterPattern": "waiting" });
    let deadline = Instant::now() + PATIENCE;
    loop {
        // Before the first line there is no group to look into.
        let (status, found) = endpoint.json("Logs_20140328", "FilterLogEvents", &waiting).await;
        if status == 200 && !messages(&found).is_empty() {
            break;
        }
        assert!(Instant::now() < deadline, "the script did not print its line: {found}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    endpoint.sagemaker("StopTrainingJob", json!({ "TrainingJobName": "patient" })).await;
    let job = wait(&endpoint, "patient", |job| job["TrainingJobStatus"] == "Stopped").await;
    let states: Vec<_> =
        job["SecondaryStatusTransitions"].as_array().unwrap().iter().map(|entry| entry["Status"].clone()).collect();
    assert_eq!(states.last(), Some(&json!("Stopped")), "{states:?}");
    let refused = endpoint.refused("StopTrainingJob", json!({ "TrainingJobName": "patient" })).await;
    assert_eq!(
        refused,
        (
            "ValidationException".to_owned(),
            "The request was rejected because the training job is in status Stopped.".to_owned()
        )
    );
    let stopped = endpoint.sagemaker("ListTrainingJobs", json!({ "StatusEquals": "Stopped" })).await;
    assert_eq!(stopped["TrainingJobSummaries"][0]["TrainingJobName"], "patient");
    endpoint.stop().await;
}

async fn a_warm_pool_is_kept_shortened_and_the_job_deleted() {
    let endpoint = started().await;
    let mut keeping = request("keeping");
    keeping["ResourceConfig"]["KeepAlivePeriodInSeconds"] = json!(600);
    endpoint.sagemaker("CreateTrainingJob", keeping).await;
    let update = |more: Value| {
        let mut input = json!({ "TrainingJobName": "keeping" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    wait(&endpoint, "keeping", |job| job["SecondaryStatus"] == "Training").await;
    let debugged = update(json!({ "RemoteDebugConfig": { "EnableRemoteDebug": true } }));
    endpoint.sagemaker("UpdateTrainingJob", debugged.clone()).await;
    let (_, message) = endpoint.refused("DeleteTrainingJob", json!({ "TrainingJobName": "keeping" })).await;
    assert!(message.contains("in status InProgress"), "{message}");

    let job = wait(&endpoint, "keeping", |job| job["TrainingJobStatus"] != "InProgress").await;
    assert_eq!(
        (&job["TrainingJobStatus"], &job["WarmPoolStatus"]["Status"]),
        (&json!("Completed"), &json!("Available"))
    );
    assert_eq!(job["RemoteDebugConfig"]["EnableRemoteDebug"], true);
    let (_, message) = endpoint.refused("UpdateTrainingJob", debugged).await;
    assert!(message.contains("it is Completed"), "{message}");
    let (_, message) = endpoint.refused("DeleteTrainingJob", json!({ "TrainingJobName": "keeping" })).await;
    assert!(message.contains("warm pool"), "{message}");

    let ended = update(json!({ "ResourceConfig": { "KeepAlivePeriodInSeconds": 0 } }));
    let answer = endpoint.sagemaker("UpdateTrainingJob", ended.clone()).await;
    assert_eq!(answer["TrainingJobArn"], job["TrainingJobArn"]);
    let listed = endpoint.sagemaker("ListTrainingJobs", json!({ "WarmPoolStatusEquals": "Terminated" })).await;
    assert_eq!(listed["TrainingJobSummaries"][0]["WarmPoolStatus"]["Status"], "Terminated");
    let (_, message) = endpoint.refused("UpdateTrainingJob", ended).await;
    assert!(message.contains("in status Terminated"), "{message}");
    endpoint.sagemaker("DeleteTrainingJob", json!({ "TrainingJobName": "keeping" })).await;
    let (_, message) = endpoint.refused("DescribeTrainingJob", json!({ "TrainingJobName": "keeping" })).await;
    assert_eq!(message, "Requested resource not found.");
    // The name is free again.
    endpoint.sagemaker("CreateTrainingJob", request("keeping")).await;
    wait(&endpoint, "keeping", |job| job["TrainingJobStatus"] == "Completed").await;
    endpoint.stop().await;
}

async fn a_spot_job_is_interrupted_by_command() {
    let endpoint = started().await;
    let interrupt = async |name: &str| {
        endpoint.json("TrainyardLocal", "InterruptTrainingJob", &json!({ "TrainingJobName": name })).await
    };
    let mut spot = request("spot");
    spot["EnableManagedSpotTraining"] = json!(true);
    spot["StoppingCondition"] = json!({ "MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600 });
    spot["Environment"] = json!({ "WAIT": "1" });
    endpoint.sagemaker("CreateTrainingJob", spot).await;
    wait(&endpoint, "spot", |job| job["SecondaryStatus"] == "Training").await;
    let (status, answer) = interrupt("spot").await;
    assert_eq!((status.as_u16(), answer), (200, json!({})));
    let again = |job: &Value| {
        let transitions = job["SecondaryStatusTransitions"].as_array().unwrap();
        let states: Vec<_> = transitions.iter().filter_map(|entry| entry["Status"].as_str()).collect();
        states.ends_with(&["Training", "Interrupted", "Starting", "Downloading", "Training"])
    };
    let job = wait(&endpoint, "spot", again).await;
    assert_eq!(job["TrainingJobStatus"], "InProgress");
    let (status, answer) = interrupt("nobody").await;
    assert_eq!((status.as_u16(), answer["message"].as_str()), (400, Some("Requested resource not found.")), "{answer}");
    endpoint.sagemaker("StopTrainingJob", json!({ "TrainingJobName": "spot" })).await;
    let job = wait(&endpoint, "spot", |job| job["TrainingJobStatus"] == "Stopped").await;
    assert!(job["BillableTimeInSeconds"].as_u64() <= job["TrainingTimeInSeconds"].as_u64(), "{job:#}");
    endpoint.stop().await;
}
