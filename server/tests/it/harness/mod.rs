//! What every test needs: a server, a form, a way to wait.

mod app;
mod process;
mod sse;

use std::{path::PathBuf, time::Duration};

use domain::{ids::RunId, run::Run};
use reqwest::multipart::{Form, Part};
use serde_json::Value;

pub(crate) use app::TestApp;
pub(crate) use app::config;
pub(crate) use process::{Server, run_to_end, trainyard};
pub(crate) use sse::EventReader;

/// A job on this machine takes seconds; a machine under load takes longer.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// The binary under test; it is also the program that local jobs run under.
pub(crate) fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_trainyard"))
}

/// Prints three metric lines, keeps a model, ends. Needs nothing but Python's standard library.
pub(crate) const QUICK_SCRIPT: &str = r#"
import os
for epoch in range(3):
    print(f"epoch={epoch} loss={1.0 / (epoch + 1):.6f}", flush=True)
os.makedirs(os.environ["SM_MODEL_DIR"], exist_ok=True)
with open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w") as model:
    model.write("weights")
"#;

/// Prints a metric line every tenth of a second, `count` times.
pub(crate) fn slow_script(count: u32) -> String {
    format!(
        "import time\nfor step in range({count}):\n    print(f\"step={{step}} loss={{step * 1.5:.1f}}\", flush=True)\n    time.sleep(0.1)\n"
    )
}

/// The launch form, filled in so that it can be launched; tests change one thing.
#[derive(Clone)]
pub(crate) struct LaunchForm {
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) file: Option<(String, Vec<u8>)>,
}

impl LaunchForm {
    pub(crate) fn script(text: &str) -> Self {
        let fields = [
            ("experiment", "tests"),
            ("source", "upload"),
            ("entry_point", "train.py"),
            ("ResourceConfig.InstanceType", "ml.m5.xlarge"),
            ("ResourceConfig.InstanceCount", "1"),
            ("ResourceConfig.VolumeSizeInGB", "30"),
            ("StoppingCondition.MaxRuntimeInSeconds", "600"),
            ("HyperParameters[0].name", "epochs"),
            ("HyperParameters[0].value", "3"),
            ("AlgorithmSpecification.MetricDefinitions[0].Name", "loss"),
            ("AlgorithmSpecification.MetricDefinitions[0].Regex", "loss=([0-9.]+)"),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { fields, file: Some(("train.py".to_owned(), text.as_bytes().to_vec())) }
    }

    /// Replaces a field, or adds it.
    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(it, _)| it != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn add(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn file(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.file = Some((name.to_owned(), bytes.into()));
        self
    }

    pub(crate) fn multipart(self) -> Form {
        let mut form = Form::new();
        for (name, value) in self.fields {
            form = form.text(name, value);
        }
        if let Some((name, bytes)) = self.file {
            form = form.part("source_file", Part::bytes(bytes).file_name(name));
        }
        form
    }
}

/// A client that does not follow redirects and asks one server.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    pub(crate) url: String,
}

impl Client {
    pub(crate) fn new(addr: std::net::SocketAddr) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(Duration::from_mins(2))
            .build()
            .expect("an HTTP client");
        Self { http, url: format!("http://{addr}") }
    }

    pub(crate) fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }

    pub(crate) fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    /// Sends the form as a program does; the run's id, or the status with the answer.
    pub(crate) async fn try_launch(&self, form: LaunchForm) -> Result<RunId, (u16, Value)> {
        let request = self.post("/launch").header("accept", "application/json").multipart(form.multipart());
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("JSON");
        match body["run_id"].as_str() {
            Some(id) if status == 201 => Ok(RunId::parse(id).expect("a run id")),
            _ => Err((status, body)),
        }
    }

    pub(crate) async fn launch(&self, form: LaunchForm) -> RunId {
        self.try_launch(form).await.unwrap_or_else(|(status, body)| panic!("launch: {status} {body}"))
    }

    /// A server function, as the page's own script calls it.
    pub(crate) async fn call(&self, name: &str, arguments: Value) -> Value {
        let answer = self.post(&format!("/api/ui/{name}")).json(&arguments).send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{name}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_else(|failure| panic!("{name}: {failure}: {text}"))
    }

    pub(crate) async fn run(&self, id: &RunId) -> Run {
        let view = self.call("run_get", serde_json::json!({ "id": id })).await;
        serde_json::from_value(view["run"].clone()).expect("a run")
    }

    /// The values of a metric, in the order of their steps.
    pub(crate) async fn values(&self, id: &RunId, name: &str) -> Vec<f64> {
        let all = self.call("run_series", serde_json::json!({ "id": id })).await;
        let all: Vec<domain::series::Series> = serde_json::from_value(all).expect("series");
        let found = all.into_iter().find(|it| it.key.name == name);
        found.map(|it| it.points.iter().map(|point| point.value).collect()).unwrap_or_default()
    }

    /// Waits until `is_it` holds for the run.
    pub(crate) async fn wait_for(&self, id: &RunId, what: &str, is_it: impl Fn(&Run) -> bool) -> Run {
        let until = tokio::time::Instant::now() + DEADLINE;
        loop {
            let run = self.run(id).await;
            if is_it(&run) {
                return run;
            }
            let seen = (run.launch_state, &run.status, &run.secondary_status, &run.failure_reason, &run.launch_message);
            assert!(tokio::time::Instant::now() < until, "waited for {what}; the run is {seen:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn wait_for_end(&self, id: &RunId) -> Run {
        self.wait_for(id, "the end", Run::is_over).await
    }
}

/// Asks the engine itself, as boto3 does: its own word on what was created, independent of the server's records.
pub(crate) async fn ask_engine(engine: std::net::SocketAddr, operation: &str, input: &Value) -> Value {
    let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let answer = http
        .post(format!("http://{engine}/"))
        .header("x-amz-target", format!("SageMaker.{operation}"))
        .header("content-type", "application/x-amz-json-1.1")
        .body(input.to_string())
        .send()
        .await
        .expect("the engine answers");
    let status = answer.status();
    let text = answer.text().await.expect("a body");
    assert!(status.is_success(), "{operation}: {status} {text}");
    serde_json::from_str(&text).expect("JSON")
}

/// The names of every job that the engine ever accepted.
pub(crate) async fn engine_jobs(engine: std::net::SocketAddr) -> Vec<String> {
    let list = ask_engine(engine, "ListTrainingJobs", &serde_json::json!({ "MaxResults": 100 })).await;
    let summaries = list["TrainingJobSummaries"].as_array().cloned().unwrap_or_default();
    summaries.iter().filter_map(|it| it["TrainingJobName"].as_str()).map(str::to_owned).collect()
}

/// Waits until `probe` gives something.
pub(crate) async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let until = tokio::time::Instant::now() + DEADLINE;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < until, "waited for {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
