//! The REST API: its document, a launch with its key, what is read back, and who is kept out.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use server::http::policy::policies;

use crate::harness::{Client, DEADLINE, QUICK_SCRIPT, TestApp, eventually, slow_script};

/// Without role, image and output path: the server's own are used.
pub(crate) fn request() -> Value {
    json!({
        "TrainingJobName": "api-job",
        "AlgorithmSpecification": {
            "TrainingInputMode": "File",
            "MetricDefinitions": [{ "Name": "loss", "Regex": "loss=([0-9.]+)" }],
        },
        "ResourceConfig": { "InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5 },
        "StoppingCondition": { "MaxRuntimeInSeconds": 600 },
        "HyperParameters": { "epochs": "3" },
    })
}

async fn json_of(answer: reqwest::Response, status: u16) -> Value {
    let (seen, url) = (answer.status().as_u16(), answer.url().to_string());
    let text = answer.text().await.expect("a body");
    assert_eq!(seen, status, "{url}: {text}");
    serde_json::from_str(&text).unwrap_or_else(|failure| panic!("{url}: {failure}: {text}"))
}

async fn read(client: &Client, path: &str) -> Value {
    json_of(client.get(path).send().await.expect("an answer"), 200).await
}

/// A problem, as RFC 9457 has it.
async fn problem(answer: reqwest::Response, status: u16) -> Value {
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let body = json_of(answer, status).await;
    assert_eq!((body["type"].as_str(), body["status"].as_u64()), (Some("about:blank"), Some(status.into())));
    assert!(body["title"].is_string() && body["detail"].is_string(), "{body}");
    body
}

async fn source(client: &Client, script: &str) -> Value {
    let sent = client.post("/api/v1/sources?file_name=train.py").body(script.to_owned()).send().await;
    json_of(sent.expect("an answer"), 201).await
}

fn launch_body(source: &Value) -> Value {
    json!({ "request": request(), "experiment": "api", "entry_point": "train.py", "source": { "sha256": source["sha256"] } })
}

async fn launch(client: &Client, key: Option<&str>, body: &Value) -> reqwest::Response {
    let request = client.post("/api/v1/runs").json(body);
    let request = key.iter().fold(request, |it, key| it.header("idempotency-key", *key));
    request.send().await.expect("an answer")
}

async fn run_over(client: &Client, id: &str) -> Value {
    eventually("the end of the run", async || {
        let run = read(client, &format!("/api/v1/runs/{id}")).await;
        (run["is_over"] == true).then_some(run)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_in_the_document_and_everything_in_the_document_is_a_route() {
    let app = TestApp::start().await;
    let document = read(&app, "/api/v1/openapi.json").await;
    assert!(document["openapi"].as_str().is_some_and(|it| it.starts_with("3.1")), "{}", document["openapi"]);
    let mut described = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            described.insert((method.to_uppercase(), path.clone()));
            let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
            assert!(ids.insert(id.clone()), "{method} {path}: {id} is used twice");
            assert!(operation["summary"].is_string(), "{method} {path} has a summary");
        }
    }
    let declared: BTreeSet<(String, String)> = policies()
        .filter(|it| it.path.starts_with("/api/v1/"))
        .map(|it| (it.method.to_owned(), it.path.to_owned()))
        .collect();
    assert!(declared.len() >= 9);
    assert_eq!(described, declared);
    // What is described answers by itself: never "there is nothing at this address".
    for (method, path) in &described {
        let path = path.replace("{id}", "01ARZ3NDEKTSV4RRFFQ69G5FAV");
        let request = if method == "GET" { app.get(&path) } else { app.post(&path) };
        let answer = request.send().await.expect("an answer");
        let (status, text) = (answer.status().as_u16(), answer.text().await.expect("text"));
        assert!(status != 405 && !text.contains("nothing at this address"), "{method} {path}: {status} {text}");
    }
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    let mut missing = Vec::new();
    references(&document, &mut |name| {
        if !schemas.contains_key(name) {
            missing.push(name.to_owned());
        }
    });
    assert!(missing.is_empty(), "schemas that are named and not there: {missing:?}");
    app.stop().await;
}

fn references(value: &Value, seen: &mut impl FnMut(&str)) {
    match value {
        Value::Object(members) => {
            if let Some(name) = members.get("$ref").and_then(Value::as_str) {
                seen(name.trim_start_matches("#/components/schemas/"));
            }
            members.values().for_each(|it| references(it, seen));
        }
        Value::Array(items) => items.iter().for_each(|it| references(it, seen)),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_launch_is_one_run_per_key_and_everything_is_read_back() {
    let app = TestApp::start().await;
    let source = source(&app, QUICK_SCRIPT).await;
    assert_eq!(source["entries"][0]["path"], "train.py");
    let body = launch_body(&source);
    let first = launch(&app, Some("\"key-1\""), &body).await;
    assert_eq!(first.headers()["idempotency-key"], "key-1");
    let location = first.headers()["location"].to_str().expect("text").to_owned();
    let run = json_of(first, 201).await;
    let id = run["id"].as_str().expect("an id").to_owned();
    assert_eq!(location, format!("/api/v1/runs/{id}"));
    assert_eq!(run["experiment"], "api");
    assert!(run["job_name"].as_str().is_some_and(|it| it.starts_with("api-job-")), "{run}");

    let again = json_of(launch(&app, Some("key-1"), &body).await, 200).await;
    assert_eq!(again["id"], run["id"], "the same key and the same body");
    let mut other = body.clone();
    other["request"]["ResourceConfig"]["InstanceType"] = "ml.m5.xlarge".into();
    let refused = problem(launch(&app, Some("key-1"), &other).await, 422).await;
    assert_eq!(refused["errors"][0]["field"], "ResourceConfig.InstanceType", "{refused}");
    let unnamed = launch(&app, None, &body).await;
    assert!(unnamed.headers().contains_key("idempotency-key"), "a key was made");
    let second = json_of(unnamed, 201).await;
    assert_ne!(second["id"], run["id"]);

    let ended = run_over(&app, &id).await;
    assert_eq!((&ended["badge"], &ended["status"]), (&json!("completed"), &json!("Completed")), "{ended}");
    assert_eq!(ended["cost"]["state"], "final");
    assert!(ended["created_at"].as_str().is_some_and(|it| it.ends_with('Z')), "{ended}");
    let by_name = read(&app, &format!("/api/v1/runs/{}", ended["job_name"].as_str().expect("a name"))).await;
    assert_eq!(by_name["id"], ended["id"]);
    let sent = read(&app, &format!("/api/v1/runs/{id}/request")).await;
    assert_eq!(sent["TrainingJobName"], ended["job_name"]);
    assert_eq!(sent["HyperParameters"]["sagemaker_program"], "train.py");
    let values = eventually("three points", async || {
        let metrics = read(&app, &format!("/api/v1/runs/{id}/metrics")).await;
        let loss = metrics["series"].as_array()?.iter().find(|it| it["name"] == "loss")?.clone();
        (loss["points"].as_array()?.len() >= 3).then(|| loss["points"].clone())
    })
    .await;
    assert_eq!(values[1]["value"], 0.5, "{values}");

    run_over(&app, second["id"].as_str().expect("an id")).await;
    let page = read(&app, "/api/v1/runs?experiment=api&badge=completed&limit=1").await;
    assert_eq!((page["total"].as_u64(), page["runs"].as_array().map(Vec::len)), (Some(2), Some(1)), "{page}");
    let before = page["next_before"].as_str().expect("a next page");
    let rest = read(&app, &format!("/api/v1/runs?experiment=api&badge=completed&limit=1&before={before}")).await;
    assert_eq!((&rest["runs"][0]["id"], &rest["next_before"]), (&json!(id), &Value::Null));
    let experiments = read(&app, "/api/v1/experiments").await;
    assert_eq!(
        (&experiments["experiments"][0]["name"], experiments["experiments"][0]["run_count"].as_u64()),
        (&json!("api"), Some(2))
    );
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_followed_without_a_gap_and_a_run_is_stopped() {
    let app = TestApp::start().await;
    let source = source(&app, &slow_script(6_000)).await;
    let run = json_of(launch(&app, None, &launch_body(&source)).await, 201).await;
    let id = run["id"].as_str().expect("an id").to_owned();
    let (mut lines, mut cursor) = (Vec::new(), String::new());
    let until = tokio::time::Instant::now() + DEADLINE;
    while lines.len() < 20 {
        assert!(tokio::time::Instant::now() < until, "{lines:?}");
        let page = read(&app, &format!("/api/v1/runs/{id}/logs?wait_seconds=5{cursor}")).await;
        assert_eq!(page["is_over"], false);
        let texts = page["lines"].as_array().expect("lines").iter().filter_map(|it| it["text"].as_str());
        lines.extend(texts.filter(|it| it.starts_with("step=")).map(str::to_owned));
        cursor = format!("&cursor={}", page["next_cursor"].as_str().expect("a cursor"));
    }
    let wanted: Vec<String> = (0..lines.len()).map(|it| format!("step={it} loss={:.1}", it as f64 * 1.5)).collect();
    assert_eq!(lines, wanted, "each line once and in order");

    let stopped = app.post(&format!("/api/v1/runs/{id}/stop")).send().await.expect("an answer");
    assert_eq!(json_of(stopped, 200).await["badge"], "stopping");
    assert_eq!(run_over(&app, &id).await["badge"], "stopped");
    let again = app.post(&format!("/api/v1/runs/{id}/stop")).send().await.expect("an answer");
    assert_eq!(json_of(again, 200).await["badge"], "stopped", "stopping what has stopped is no failure");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_input_is_a_problem_that_names_its_fields() {
    let app = TestApp::start().await;
    let post = async |body: Value| launch(&app, Some("wrong"), &body).await;
    let fields = |body: &Value| -> Vec<String> {
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|it| it["field"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let mut huge = request();
    huge["ResourceConfig"]["InstanceType"] = "ml.huge".into();
    let mut unknown = request();
    unknown["ResourceConfig"]["Colour"] = "red".into();
    for (what, body, field) in [
        ("an instance type", json!({ "request": huge }), "ResourceConfig.InstanceType"),
        ("a member that SageMaker has not", json!({ "request": unknown }), "ResourceConfig.Colour"),
        ("an empty experiment", json!({ "request": request(), "experiment": " " }), "experiment"),
        ("a long name", json!({ "request": request(), "job_name": "a".repeat(64) }), "job_name"),
        ("a source that is not held", json!({ "request": request(), "source": { "sha256": "0" } }), "source_file"),
        ("a sample that is none", json!({ "request": request(), "source": { "sample": "x" } }), "source"),
        ("a parent that is no id", json!({ "request": request(), "parent": "x" }), "parent"),
        ("a choice that is none", json!({ "request": request(), "quota": { "choice": "maybe" } }), "quota.choice"),
        (
            "a fallback without a cap",
            json!({ "request": request(), "quota": { "choice": "fallback", "instance_types": ["ml.c5.xlarge"] } }),
            "quota.max_usd_per_hour",
        ),
        ("a field of no one", json!({ "request": request(), "colour": "red" }), "body"),
        ("no request at all", json!({}), "body"),
    ] {
        let refused = problem(post(body).await, 422).await;
        assert!(fields(&refused).iter().any(|it| it == field), "{what}: {refused}");
    }
    for (path, status) in [
        ("/api/v1/runs?badge=asleep", 422),
        ("/api/v1/runs?limit=0", 422),
        ("/api/v1/runs?limit=many", 422),
        ("/api/v1/runs?before=x", 422),
        ("/api/v1/runs?colour=red", 422),
        ("/api/v1/runs/none", 404),
        ("/api/v1/runs/none/request", 404),
        ("/api/v1/runs/none/metrics", 404),
        ("/api/v1/runs/none/logs", 404),
        ("/api/v1/runs/none/logs?cursor=x", 422),
        ("/api/v1/runs/none/logs?wait_seconds=600", 422),
        ("/api/v1/unheard/of", 404),
    ] {
        problem(app.get(path).send().await.expect("an answer"), status).await;
    }
    let plain = app.post("/api/v1/runs").header("content-type", "text/plain").body("{}").send().await;
    problem(plain.expect("an answer"), 415).await;
    let deep =
        app.post("/api/v1/runs").header("content-type", "application/json").body("[".repeat(20_000)).send().await;
    problem(deep.expect("an answer"), 422).await;
    let two_words = launch(&app, Some("two words"), &json!({ "request": request() })).await;
    assert_eq!(fields(&problem(two_words, 422).await), ["Idempotency-Key"]);
    let empty = app.post("/api/v1/sources?file_name=train.py").send().await.expect("an answer");
    assert_eq!(fields(&problem(empty, 422).await), ["source_file"]);
    let text = app.post("/api/v1/sources?file_name=notes.txt").body("x").send().await.expect("an answer");
    assert_eq!(fields(&problem(text, 422).await), ["source_file"]);
    let large = app.post("/api/v1/runs/none/stop").body(vec![b' '; 3 << 20]).send().await;
    problem(large.expect("an answer"), 413).await;
    let wrong_way = app.post("/api/v1/experiments").send().await.expect("an answer");
    assert_eq!(wrong_way.headers()["allow"], "GET");
    problem(wrong_way, 405).await;
    assert_eq!(read(&app, "/api/v1/runs").await["total"], 0, "nothing was launched");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_needs_no_origin_and_another_site_gets_nothing() {
    let app = TestApp::start().await;
    let body = json!({ "request": request() });
    for (name, value) in [("origin", "http://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        let answer = app.post("/api/v1/runs").header(name, value).json(&body).send().await.expect("an answer");
        problem(answer, 403).await;
    }
    let program = launch(&app, None, &json!({ "request": { "ResourceConfig": { "InstanceType": "ml.huge" } } })).await;
    problem(program, 422).await;
    let foreign = app.get("/api/v1/runs").header("host", "evil.example").send().await.expect("an answer");
    problem(foreign, 421).await;
    let read = app.get("/api/v1/runs").header("origin", "http://evil.example").send().await.expect("an answer");
    assert!(!read.headers().contains_key("access-control-allow-origin"), "another site cannot read the answer");
    app.stop().await;
}
