//! The adapters against the embedded engine over a real socket: what services ask for is what they get.
//!
//! The same questions hold against AWS itself; nothing here knows that the other side is ours, except how it starts.

mod same_answers;
mod support;

use std::{ffi::OsString, path::Path, process::ExitCode};

use aws::{AwsConfig, Target, connect};
use bytes::Bytes;
use domain::{
    ids::JobName,
    quota::{QuotaTable, QuotaUse, Room},
    status::TrainingJobStatus,
    time::Timestamp,
};
use futures::{StreamExt as _, TryStreamExt as _};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use services::engine::{EngineError, MetricQuery, ObjectPage};

use support::{Local, eventually, failing_server, job_name};

const SCRIPT: &str = "import os\nfor i in range(3):\n    print(f'loss={i}.5 quoted \"x\"', flush=True)\n\
                      open(os.environ['SM_MODEL_DIR'] + '/m.txt', 'w').write('w')\n";

fn request(local: &Local, name: &JobName, source: &str) -> Value {
    json!({
        "TrainingJobName": name,
        "RoleArn": local.engine.info.role_arn,
        "AlgorithmSpecification": {
            "TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{ "Name": "loss", "Regex": "loss=([0-9.]+)" }],
        },
        "HyperParameters": {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": source,
            "odd": "ünïcode \"and\" \\ slashes",
        },
        "OutputDataConfig": { "S3OutputPath": local.engine.info.output_path },
        "ResourceConfig": { "InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5 },
        "StoppingCondition": { "MaxRuntimeInSeconds": 600 },
        "Tags": [{ "Key": "trainyard:run-id", "Value": "01ARZ3NDEKTSV4RRFFQ69G5FAV" }],
    })
}

async fn a_job_from_create_to_its_model() {
    let local = Local::start().await;
    let engine = &local.engine;
    let source = local.put_source(SCRIPT).await;
    let name = job_name("whole");
    let request = request(&local, &name, &source);
    let arn = engine.jobs.create(&request).await.expect("created");
    assert!(arn.ends_with(&format!("training-job/{name}")), "{arn}");

    // What was sent is what is there, every member of it.
    let seen = engine.jobs.describe(&name).await.expect("described").expect("it is there");
    assert_eq!(seen.job_arn, arn);
    assert_eq!(seen.request["HyperParameters"], request["HyperParameters"]);
    assert_eq!(
        seen.request["AlgorithmSpecification"]["MetricDefinitions"],
        request["AlgorithmSpecification"]["MetricDefinitions"]
    );
    let tags = engine.jobs.tags(&arn).await.expect("tags");
    assert_eq!(tags.get("trainyard:run-id").map(String::as_str), Some("01ARZ3NDEKTSV4RRFFQ69G5FAV"));

    assert_eq!(engine.jobs.create(&request).await, Err(EngineError::NameInUse));

    let ended = eventually("its end", async || {
        engine.jobs.describe(&name).await.ok().flatten().filter(|it| it.status.is_terminal())
    })
    .await;
    assert_eq!(ended.status, TrainingJobStatus::Completed, "{:?}", ended.failure_reason);
    assert!(ended.training_seconds.is_some() && ended.billable_seconds.is_some());
    assert_eq!(ended.final_metrics.first().map(|it| it.name.as_str()), Some("loss"));

    let found = eventually("it in Search", async || {
        let page = engine.jobs.search(Some(ended.created_at), None).await.ok()?;
        page.jobs.into_iter().find(|it| it.job_name == name)
    })
    .await;
    assert_eq!(found.run_id().map(|it| it.to_string()).as_deref(), Some("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
    let later = ended.last_modified_at.plus_seconds(3_600);
    let none = engine.jobs.search(Some(later), None).await.expect("searched");
    assert!(none.jobs.iter().all(|it| it.job_name != name), "the filter is applied");

    logs_are_whole(&local, &name).await;
    metrics_are_there(&local, &name, ended.created_at).await;

    let uri = ended.model_artifact.expect("a model");
    let model = engine.objects.get(&uri).await.expect("the model");
    let size = engine.objects.head(&uri).await.expect("its size");
    assert!(size.is_some() && model.size_bytes == size);
    let bytes: Vec<Bytes> = model.stream.try_collect().await.expect("read");
    assert_eq!(bytes.iter().map(Bytes::len).sum::<usize>() as u64, size.unwrap_or_default());

    assert_eq!(engine.jobs.stop(&name).await, Ok(()), "a stop that comes too late is no failure");
}

async fn logs_are_whole(local: &Local, name: &JobName) {
    let logs = &local.engine.logs;
    let streams = eventually("a stream", async || logs.streams(name).await.ok().filter(|it| !it.is_empty())).await;
    assert_eq!(streams.len(), 1);
    assert!(streams[0].starts_with(&format!("{name}/algo-1-")), "{streams:?}");
    let mut texts = Vec::new();
    let mut token: Option<String> = None;
    loop {
        let page = logs.events(&streams[0], token.as_deref(), 2).await.expect("a page");
        assert!(page.events.len() <= 2);
        texts.extend(page.events.into_iter().map(|it| it.text));
        if token.as_ref() == Some(&page.next_token) {
            break;
        }
        token = Some(page.next_token);
    }
    let printed: Vec<&str> = texts.iter().map(String::as_str).filter(|it| it.contains("loss=")).collect();
    assert_eq!(printed.len(), 3, "{texts:?}");
    let tail = logs.tail(&streams[0], 1).await.expect("the tail");
    assert_eq!(tail.len(), 1);
    assert_eq!(Some(&tail[0].text), texts.last());
    let found = logs.search(name, "2.5 quoted \"x\"", 10).await.expect("searched");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, streams[0]);
    assert!(logs.search(name, "not in any line", 10).await.expect("searched").is_empty());
}

async fn metrics_are_there(local: &Local, name: &JobName, from: Timestamp) {
    let of_job = MetricQuery { name: "loss".to_owned(), dimension: ("TrainingJobName".to_owned(), name.to_string()) };
    let nobodys =
        MetricQuery { name: "loss".to_owned(), dimension: ("TrainingJobName".to_owned(), "nobody".to_owned()) };
    // More than one batch, with the answer in the second.
    let mut queries = vec![nobodys; 501];
    queries.push(of_job);
    let (from, to) = (from.plus_seconds(-60), from.plus_seconds(3_600));
    let answers = eventually("points", async || {
        let answers = local.engine.metrics.query(&queries, from, to, 1).await.expect("queried");
        answers.last().is_some_and(|it| !it.points.is_empty()).then_some(answers)
    })
    .await;
    assert_eq!(answers.len(), 502, "one answer per query, in order");
    assert!(answers[..501].iter().all(|it| it.points.is_empty()));
    let points = &answers[501].points;
    assert!(points.is_sorted_by(|a, b| a.0 < b.0), "in time order");
    assert!(points.iter().all(|(_, value)| (0.0..=2.5).contains(value)), "{points:?}");
}

async fn what_is_not_there_is_absent_and_what_is_wrong_is_refused() {
    let local = Local::start().await;
    let engine = &local.engine;
    let nobody = job_name("nobody");
    assert_eq!(engine.jobs.describe(&nobody).await, Ok(None));
    assert_eq!(engine.jobs.stop(&nobody).await, Err(EngineError::NotFound));
    assert_eq!(engine.logs.streams(&nobody).await, Ok(Vec::new()));
    assert_eq!(engine.logs.tail(&format!("{nobody}/algo-1-1"), 5).await, Ok(Vec::new()));
    assert_eq!(engine.objects.head("s3://trainyard/no/such/key").await, Ok(None));
    assert_eq!(engine.objects.get("s3://trainyard/no/such/key").await.err(), Some(EngineError::NotFound));
    let source = local.put_source(SCRIPT).await;
    let mut wrong = request(&local, &nobody, &source);
    wrong["ResourceConfig"]["InstanceCount"] = json!(0);
    let refused = engine.jobs.create(&wrong).await;
    assert!(
        matches!(&refused, Err(EngineError::Rejected { code, .. }) if code == "ValidationException"),
        "{refused:?}"
    );
    assert_eq!(engine.jobs.describe(&nobody).await, Ok(None), "nothing was created");
}

async fn a_source_of_many_megabytes_arrives_whole() {
    let local = Local::start().await;
    let body = Bytes::from((0..20_000_000_u32).map(|it| (it % 251) as u8).collect::<Vec<u8>>());
    local.engine.objects.put("s3://trainyard/big/object.bin", body.clone()).await.expect("put");
    let back = local.engine.objects.get("s3://trainyard/big/object.bin").await.expect("got");
    assert_eq!(back.size_bytes, Some(20_000_000));
    let chunks: Vec<Bytes> = back.stream.try_collect().await.expect("read");
    assert!(chunks.concat() == body, "byte for byte");
}

async fn a_stream_of_any_length_arrives_whole_or_not_at_all() {
    const PART: usize = 8 * 1024 * 1024;
    let local = Local::start().await;
    let objects = &local.engine.objects;
    let uri = "s3://trainyard/streamed/object.bin";
    for size in [0, 10, PART, 2 * PART + 1] {
        let body: Bytes = (0..size).map(|it| (it % 251) as u8).collect::<Vec<_>>().into();
        let chunks: Vec<_> = body.chunks(1_000_003).map(|it| Ok(Bytes::copy_from_slice(it))).collect();
        objects.put_stream(uri, futures::stream::iter(chunks).boxed()).await.expect("stored");
        let back: Vec<Bytes> = objects.get(uri).await.expect("there").stream.try_collect().await.expect("read");
        assert!(back.concat() == body, "{size} bytes");
    }
    objects.delete(uri).await.expect("deleted");
    objects.delete(uri).await.expect("nothing to delete is as good");
    assert_eq!(objects.head(uri).await, Ok(None));
    let broken = || Err(EngineError::Unknown { message: "the client went away".to_owned() });
    let chunks = [Ok(Bytes::from(vec![7; 2 * PART])), broken()];
    assert_eq!(objects.put_stream(uri, futures::stream::iter(chunks).boxed()).await.err(), broken().err());
    assert_eq!(objects.head(uri).await, Ok(None));
}

async fn objects_are_listed_by_level_and_by_page() {
    let local = Local::start().await;
    let objects = &local.engine.objects;
    for (key, text) in [("a/1.csv", "1,2\n"), ("a/deep/2.csv", "3"), ("a b/ü+.csv", "4"), ("b.csv", "")] {
        let uri = format!("s3://trainyard/list/{key}");
        objects.put(&uri, Bytes::from_static(text.as_bytes())).await.expect("put");
    }
    let uris = |page: &ObjectPage| page.objects.iter().map(|it| it.uri.clone()).collect::<Vec<_>>();
    let level = objects.list("s3://trainyard/list/", false, None).await.expect("listed");
    assert_eq!(level.folders, ["s3://trainyard/list/a b/", "s3://trainyard/list/a/"]);
    assert_eq!(uris(&level), ["s3://trainyard/list/b.csv"]);
    assert_eq!(level.next_token, None);
    let deep = objects.list("s3://trainyard/list/a", true, None).await.expect("listed");
    let wanted = ["a b/ü+.csv", "a/1.csv", "a/deep/2.csv"].map(|it| format!("s3://trainyard/list/{it}"));
    assert_eq!(uris(&deep), wanted);
    assert!(deep.folders.is_empty());
    let first = &deep.objects[1];
    assert_eq!((first.size_bytes, first.e_tag.as_str()), (4, "3ecfad755fa825f7a17c5526ec44e651"));
    assert!(first.modified_at > Timestamp::from_unix_seconds(1.7e9), "{first:?}");
    let bucket = objects.list("s3://trainyard", false, None).await.expect("listed");
    assert!(bucket.folders.contains(&"s3://trainyard/list/".to_owned()), "{bucket:?}");

    // One more than a page.
    let puts = (0..=1_000).map(|it| async move {
        objects.put(&format!("s3://trainyard/many/{it:04}"), Bytes::new()).await.expect("put");
    });
    futures::stream::iter(puts).buffer_unordered(20).collect::<()>().await;
    let first = objects.list("s3://trainyard/many/", true, None).await.expect("listed");
    assert_eq!(first.objects.len(), 1_000);
    let last = objects.list("s3://trainyard/many/", true, first.next_token.as_deref()).await.expect("listed");
    assert_eq!(uris(&last), ["s3://trainyard/many/1000"]);
    assert_eq!(last.next_token, None);

    assert!(objects.buckets().await.expect("buckets").contains(&"trainyard".to_owned()));
    assert_eq!(objects.list("s3://trainyard/nothing/here/", true, None).await, Ok(ObjectPage::default()));
    assert_eq!(objects.list("s3://no-such-bucket-here/", true, None).await, Err(EngineError::NotFound));
    let wrong = objects.list("s3:///x", true, None).await;
    assert!(matches!(wrong, Err(EngineError::Rejected { .. })), "{wrong:?}");
}

async fn the_first_bytes_of_an_object_are_read_alone() {
    let local = Local::start().await;
    let objects = &local.engine.objects;
    objects.put("s3://trainyard/head/text", Bytes::from_static(b"0123456789")).await.expect("put");
    objects.put("s3://trainyard/head/empty", Bytes::new()).await.expect("put");
    assert_eq!(objects.get_head("s3://trainyard/head/text", 4).await, Ok(Bytes::from_static(b"0123")));
    assert_eq!(objects.get_head("s3://trainyard/head/text", 4_000).await, Ok(Bytes::from_static(b"0123456789")));
    assert_eq!(objects.get_head("s3://trainyard/head/empty", 4).await, Ok(Bytes::new()));
    assert_eq!(objects.get_head("s3://trainyard/head/none", 4).await, Err(EngineError::NotFound));
}

async fn an_object_that_may_not_be_seen_says_so() {
    let denied = "HTTP/1.1 403 Forbidden\r\ncontent-type: application/xml\r\ncontent-length: 72\r\n\r\n\
                  <Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    let server = failing_server(denied).await;
    let objects = &server.engine.objects;
    let is_denied = |it: &EngineError| matches!(it, EngineError::Rejected { code, .. } if code == "AccessDenied");
    let outcomes = [
        objects.list("s3://somebodys/data/", true, None).await.err(),
        objects.buckets().await.err(),
        objects.get_head("s3://somebodys/data/1.csv", 10).await.err(),
    ];
    assert!(outcomes.iter().all(|it| it.as_ref().is_some_and(is_denied)), "{outcomes:?}");
}

async fn nobody_there_means_that_nothing_was_sent() {
    let local = Local::start().await;
    let engine = local.engine.clone();
    local.stop().await;
    let refused = engine.jobs.create(&json!({ "TrainingJobName": "x" })).await;
    assert!(matches!(refused, Err(EngineError::Unreachable { nothing_sent: true, .. })), "{refused:?}");
    let config = AwsConfig {
        target: Target::Local { endpoint_url: "http://127.0.0.1:1".to_owned(), key: None },
        region: None,
        bucket: None,
        role_arn: None,
        output_path: None,
    };
    let message = connect(config).await.expect_err("nobody is there").to_string();
    assert!(message.starts_with("the engine at http://127.0.0.1:1 does not answer"), "{message}");
}

async fn a_lost_answer_is_unknown_and_create_is_sent_once() {
    for (what, answer) in [
        ("reset", ""),
        ("half an answer", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"Trai"),
        ("an outage", "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}"),
    ] {
        let server = failing_server(answer).await;
        let outcome =
            server.engine.jobs.create(&json!({ "TrainingJobName": "x", "Unheard": { "Of": [1.5, null] } })).await;
        assert!(matches!(outcome, Err(EngineError::Unknown { .. })), "{what}: {outcome:?}");
        let bodies = server.create_bodies();
        assert_eq!(bodies.len(), 1, "{what}: one attempt");
        assert_eq!(bodies[0], r#"{"TrainingJobName":"x","Unheard":{"Of":[1.5,null]}}"#, "{what}: byte for byte");
    }
    let throttled = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: 58\r\n\r\n\
                     {\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}";
    let server = failing_server(throttled).await;
    assert_eq!(server.engine.jobs.create(&json!({ "TrainingJobName": "x" })).await, Err(EngineError::Throttled));
    assert_eq!(server.create_bodies().len(), 1, "throttled: one attempt");
}

/// The tests are the program that their jobs run under: its hidden subcommands come before any thread.
async fn quotas_of_training_are_read_from_every_page() {
    let local = Local::start_with(|it| {
        it.quotas.insert("training:ml.m5.xlarge".to_owned(), 2);
        it.quotas.insert("spot:ml.g5.xlarge".to_owned(), 0);
    })
    .await;
    let quotas = local.engine.quotas.training_quotas().await.expect("quotas");
    let of = |name: &str, usage: QuotaUse| {
        quotas.iter().find(|it| it.instance_type == name && it.usage == usage).map(|it| it.instances)
    };
    assert_eq!(of("ml.m5.xlarge", QuotaUse::OnDemand), Some(2));
    assert_eq!(of("ml.g5.xlarge", QuotaUse::Spot), Some(0));
    assert_eq!(of("ml.g5.xlarge", QuotaUse::OnDemand), Some(QuotaTable::BOUNDLESS), "one that nobody configured");
    assert!(quotas.len() > 100, "more than a page: {}", quotas.len());
    let table = QuotaTable::new(Some(quotas));
    assert_eq!(table.room("ml.m5.xlarge", QuotaUse::OnDemand).map(Room::left), Some(2));
    assert_eq!(table.room("ml.g5.xlarge", QuotaUse::OnDemand), None);

    // The engine holds jobs against the same figure, under the same name.
    let name = job_name("quota");
    let mut request = request(&local, &name, "s3://trainyard/sources/none/sourcedir.tar.gz");
    request["ResourceConfig"]["InstanceType"] = json!("ml.m5.xlarge");
    request["ResourceConfig"]["InstanceCount"] = json!(3);
    let Err(EngineError::Rejected { code, message }) = local.engine.jobs.create(&request).await else {
        panic!("it does not fit")
    };
    assert_eq!(code, "ResourceLimitExceeded");
    let named = message.split('\'').find_map(QuotaUse::of_quota_name);
    assert_eq!(named, Some(("ml.m5.xlarge".to_owned(), QuotaUse::OnDemand)), "{message}");
    local.stop().await;

    let denied = "HTTP/1.1 400 Bad Request\r\nx-amzn-errortype: AccessDeniedException\r\ncontent-type: application/x-amz-json-1.1\r\n\
                  content-length: 16\r\nconnection: close\r\n\r\n{\"message\":\"no\"}";
    let refused = failing_server(denied).await.engine.quotas.training_quotas().await;
    assert!(
        matches!(&refused, Err(EngineError::Rejected { code, .. }) if code == "AccessDeniedException"),
        "{refused:?}"
    );
}

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.first().and_then(|it| it.to_str()) {
        Some("local-supervise") => return aws_local::job::supervise(Path::new(&arguments[1])),
        Some("local-sandbox") => return aws_local::job::sandbox(&arguments[1..]),
        _ => {}
    }
    let trials = vec![
        trial("a_job_from_create_to_its_model", a_job_from_create_to_its_model),
        trial(
            "what_is_not_there_is_absent_and_what_is_wrong_is_refused",
            what_is_not_there_is_absent_and_what_is_wrong_is_refused,
        ),
        trial("a_source_of_many_megabytes_arrives_whole", a_source_of_many_megabytes_arrives_whole),
        trial("a_stream_of_any_length_arrives_whole_or_not_at_all", a_stream_of_any_length_arrives_whole_or_not_at_all),
        trial("objects_are_listed_by_level_and_by_page", objects_are_listed_by_level_and_by_page),
        trial("the_first_bytes_of_an_object_are_read_alone", the_first_bytes_of_an_object_are_read_alone),
        trial("an_object_that_may_not_be_seen_says_so", an_object_that_may_not_be_seen_says_so),
        trial("quotas_of_training_are_read_from_every_page", quotas_of_training_are_read_from_every_page),
        trial("nobody_there_means_that_nothing_was_sent", nobody_there_means_that_nothing_was_sent),
        trial("a_lost_answer_is_unknown_and_create_is_sent_once", a_lost_answer_is_unknown_and_create_is_sent_once),
        trial("boto3_and_the_adapters_read_the_same", same_answers::boto3_and_the_adapters_read_the_same)
            .with_ignored_flag(std::env::var_os(same_answers::PYTHON).is_none()),
    ];
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), trials).exit_code()
}

fn trial<F: Future<Output = ()> + 'static>(name: &str, test: fn() -> F) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(test());
        Ok(())
    })
}
