//! One endpoint, two clients: the same questions through boto3 (`ask.py`) and through the adapters have the same answers.
//!
//! The SDKs speak different protocols to the endpoint (boto3 asks CloudWatch in CBOR or query, the Rust SDK in its own
//! way), and each drops what it does not know; an answer that only one of them reads is found here.
//!
//! To compare one more answer: a member of `answers` in `ask.py`, and its comparison here.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use domain::{observation::JobObservation, time::Timestamp};
use futures::TryStreamExt as _;
use serde_json::{Value, json};
use services::engine::{EngineError, LogEvent, MetricQuery};

use crate::{
    SCRIPT, request,
    support::{Local, eventually, job_name},
};

const GROUP: &str = "/aws/sagemaker/TrainingJobs";

/// The interpreter that has boto3: `cargo x test` names it.
pub(crate) const PYTHON: &str = "TRAINYARD_PYTHON";

pub(crate) async fn boto3_and_the_adapters_read_the_same() {
    let local = Local::start().await;
    let engine = &local.engine;
    let source = local.put_source(SCRIPT).await;
    let (name, nobody) = (job_name("same"), job_name("nobody"));
    let request = request(&local, &name, &source);
    let mut wrong = request.clone();
    wrong["TrainingJobName"] = json!(nobody);
    wrong["ResourceConfig"]["InstanceCount"] = json!(0);
    engine.jobs.create(&request).await.expect("created");
    let job = eventually("its end", async || {
        engine.jobs.describe(&name).await.ok().flatten().filter(|it| it.status.is_terminal())
    })
    .await;
    let (from, to) = (job.created_at.plus_seconds(-60), job.created_at.plus_seconds(3_600));
    let query = MetricQuery { name: "loss".to_owned(), dimension: ("TrainingJobName".to_owned(), name.to_string()) };
    let metric = eventually("points", async || {
        let answers = engine.metrics.query(std::slice::from_ref(&query), from, to, 1).await.expect("queried");
        answers.into_iter().next().filter(|it| !it.points.is_empty())
    })
    .await;
    let streams = engine.logs.streams(&name).await.expect("streams");
    let model = job.model_artifact.clone().expect("a model");
    let key = model.strip_prefix("s3://trainyard/").expect("in our bucket");

    let theirs = ask_boto3(&json!({
        "endpoint": local.url, "job": name, "nobody": nobody, "stream": streams[0], "group": GROUP,
        "metric": "loss", "from": from.unix_seconds(), "to": to.unix_seconds(), "pattern": "\"loss=\"",
        "modified_after": job.created_at.to_rfc3339(), "bucket": "trainyard", "key": key, "prefix": "runs/",
        "again": request, "wrong": wrong,
    }));

    assert_eq!(observation(&theirs["describe"]), job);
    let found = engine.jobs.search(Some(job.created_at), None).await.expect("searched").jobs;
    assert_eq!(array(&theirs["search"]).iter().map(observation).collect::<Vec<_>>(), found);
    let arns: Vec<&Value> = array(&theirs["list"]).iter().map(|it| &it["TrainingJobArn"]).collect();
    assert_eq!(json!(arns), json!(found.iter().map(|it| &it.job_arn).collect::<Vec<_>>()));
    assert_eq!(theirs["tags"], json!(engine.jobs.tags(&job.job_arn).await.expect("tags")));

    assert_eq!(theirs["streams"], json!(streams));
    same_pages(&local, &streams[0], &theirs["pages"]).await;
    assert_eq!(events(&theirs["tail"]), engine.logs.tail(&streams[0], 1).await.expect("the tail"));
    let filtered = engine.logs.search(&name, "loss=", 10_000).await.expect("searched");
    assert_eq!(filtered.len(), 3);
    assert_eq!(events(&theirs["filtered"]), filtered.into_iter().map(|(_, event)| event).collect::<Vec<_>>());
    let points: Vec<Value> = metric.points.iter().map(|(at, value)| json!([at.unix_seconds(), value])).collect();
    assert_eq!(theirs["metric"], json!(points));

    same_objects(&local, &model, &theirs).await;
    same_refusals(&local, &theirs["refused"], &request, &wrong).await;
}

async fn same_pages(local: &Local, stream: &str, theirs: &Value) {
    let mut token: Option<String> = None;
    let pages = array(theirs);
    for (number, page) in pages.iter().enumerate() {
        let ours = local.engine.logs.events(stream, token.as_deref(), 2).await.expect("a page");
        assert_eq!(events(&page["events"]), ours.events, "page {number}");
        assert_eq!(page["token"], json!(ours.next_token), "page {number}");
        let is_last = token.as_ref() == Some(&ours.next_token);
        assert_eq!(is_last, number + 1 == pages.len(), "page {number}");
        token = Some(ours.next_token);
    }
    assert!(pages.len() > 2, "{theirs}");
}

async fn same_objects(local: &Local, model: &str, theirs: &Value) {
    let objects = &local.engine.objects;
    assert_eq!(theirs["head"], json!(objects.head(model).await.expect("its size")));
    let body: Vec<Bytes> = objects.get(model).await.expect("the model").stream.try_collect().await.expect("read");
    assert_eq!(theirs["get"], json!(BASE64_STANDARD.encode(body.concat())));
    // The adapters have no list: this is the SDK below them.
    let credentials = Credentials::new("local", "local", None, None, "test");
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(&local.url)
        .credentials_provider(credentials)
        .force_path_style(true)
        .build();
    let s3 = aws_sdk_s3::Client::from_conf(config);
    let page = s3.list_objects_v2().bucket("trainyard").prefix("runs/").send().await.expect("listed");
    let ours: Vec<Value> = page.contents().iter().map(|it| json!([it.key(), it.size(), it.e_tag()])).collect();
    assert!(!ours.is_empty());
    assert_eq!(theirs["listed"], json!(ours));
}

async fn same_refusals(local: &Local, theirs: &Value, request: &Value, wrong: &Value) {
    let engine = &local.engine;
    let nobody = job_name("nobody");
    let code = |what: &str| theirs[what]["code"].as_str().expect("a code").to_owned();
    let message = |what: &str| theirs[what]["message"].as_str().expect("a message").to_owned();
    assert_eq!((engine.jobs.describe(&nobody).await, code("describe").as_str()), (Ok(None), "ValidationException"));
    assert_eq!(message("describe"), "Requested resource not found.");
    assert_eq!(engine.jobs.stop(&nobody).await, Err(EngineError::NotFound));
    assert_eq!((code("stop"), message("stop")), (code("describe"), message("describe")));
    assert_eq!(
        (engine.jobs.create(request).await, code("again").as_str()),
        (Err(EngineError::NameInUse), "ResourceInUse")
    );
    let refused = EngineError::Rejected { code: code("wrong"), message: message("wrong") };
    assert_eq!(engine.jobs.create(wrong).await, Err(refused));
    assert_eq!((engine.objects.head("s3://trainyard/no/such/key").await, code("head").as_str()), (Ok(None), "404"));
    let missing = engine.objects.get("s3://trainyard/no/such/key").await.err();
    assert_eq!((missing, code("get").as_str()), (Some(EngineError::NotFound), "NoSuchKey"));
    let events = engine.logs.tail("no-such/stream", 1).await;
    assert_eq!((events, code("events").as_str()), (Ok(Vec::new()), "ResourceNotFoundException"));
}

fn ask_boto3(questions: &Value) -> Value {
    let python = std::env::var_os(PYTHON).expect("the test is only run when it is set");
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo says where the crate lies");
    let mut child = Command::new(python)
        .args(["-B", &format!("{folder}/tests/same_answers/ask.py")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    child.stdin.take().expect("a pipe").write_all(questions.to_string().as_bytes()).expect("asked");
    let output = child.wait_with_output().expect("ended");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn observation(answer: &Value) -> JobObservation {
    JobObservation::parse(answer).expect("a job")
}

fn array(value: &Value) -> &[Value] {
    value.as_array().expect("an array")
}

fn events(value: &Value) -> Vec<LogEvent> {
    let event = |it: &Value| LogEvent {
        at: Timestamp::from_unix_millis(it["timestamp"].as_i64().expect("a time")),
        text: it["message"].as_str().expect("a message").to_owned(),
    };
    array(value).iter().map(event).collect()
}
