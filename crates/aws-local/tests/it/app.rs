//! One endpoint per test, on a free port and in a folder of its own, and short verbs to talk to it.

use std::io::Cursor;
use std::path::Path;

use aws_local::{JobConfig, LocalConfig, LocalEndpoint, bind};
use ciborium::Value as Cbor;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) struct TestEndpoint {
    pub(crate) url: String,
    pub(crate) client: Client,
    pub(crate) data: TempDir,
    stop: CancellationToken,
    served: JoinHandle<()>,
}

impl TestEndpoint {
    pub(crate) async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap()).await
    }

    pub(crate) async fn start_in(data: TempDir) -> Self {
        Self::start_with(config(data.path()), data).await
    }

    /// An endpoint with these settings, which keeps `data` as long as it lives.
    pub(crate) async fn start_with(config: LocalConfig, data: TempDir) -> Self {
        let endpoint = bind(config).await.unwrap();
        Self::serve(endpoint, data)
    }

    fn serve(endpoint: LocalEndpoint, data: TempDir) -> Self {
        let url = format!("http://{}", endpoint.local_addr());
        let stop = CancellationToken::new();
        let served = tokio::spawn({
            let stop = stop.clone();
            async move { endpoint.serve(stop).await.unwrap() }
        });
        Self { url, client: Client::new(), data, stop, served }
    }

    /// Stops and gives the data folder back, for another start in it.
    pub(crate) async fn stop(self) -> TempDir {
        let Self { client, data, stop, served, .. } = self;
        drop(client);
        stop.cancel();
        served.await.unwrap();
        data
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// The whole answer to these bytes; they must ask for the connection to be closed.
    pub(crate) async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.url.strip_prefix("http://").unwrap()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// A JSON operation of `SageMaker`, `Logs_20140328` or `GraniteServiceVersion20100801`.
    pub(crate) async fn json(&self, target: &str, operation: &str, input: &Value) -> (StatusCode, Value) {
        let response = self
            .request(Method::POST, "/")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("{target}.{operation}"))
            .body(input.to_string())
            .send()
            .await
            .unwrap();
        let status = response.status();
        assert!(response.headers().contains_key("x-amzn-requestid"));
        if status.is_client_error() {
            assert!(response.headers().contains_key("x-amzn-errortype"));
        }
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }

    /// The answer of a SageMaker operation that must succeed.
    pub(crate) async fn sagemaker(&self, operation: &str, input: Value) -> Value {
        let (status, answer) = self.json("SageMaker", operation, &input).await;
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    /// Code and message of a SageMaker operation that must be refused.
    pub(crate) async fn refused(&self, operation: &str, input: Value) -> (String, String) {
        let (status, answer) = self.json("SageMaker", operation, &input).await;
        assert_eq!(status, 400, "{operation}: {answer}");
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        (text("__type"), text("message"))
    }

    /// A CloudWatch operation in RPC v2 CBOR.
    pub(crate) async fn cbor(&self, operation: &str, input: &Value) -> Response {
        let mut body = Vec::new();
        ciborium::into_writer(input, &mut body).unwrap();
        self.request(Method::POST, &format!("/service/GraniteServiceVersion20100801/operation/{operation}"))
            .header("content-type", "application/cbor")
            .header("accept", "application/cbor")
            .header("smithy-protocol", "rpc-v2-cbor")
            .body(body)
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn create(&self, name: &str) {
        self.sagemaker("CreateTrainingJob", job(name)).await;
    }
}

/// Nothing that these tests ask for needs a job to run: the program that would run it does nothing.
pub(crate) fn config(data: &Path) -> LocalConfig {
    let mut config = LocalConfig::new(data.to_owned(), JobConfig::new("/bin/true".into()));
    config.addr.set_port(0);
    config
}

/// A request that is accepted.
pub(crate) fn job(name: &str) -> Value {
    json!({
        "TrainingJobName": name,
        "RoleArn": "arn:aws:iam::000000000000:role/TrainyardLocal",
        "AlgorithmSpecification": {
            "TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{ "Name": "loss", "Regex": "loss=([0-9.]+)" }],
        },
        "HyperParameters": { "epochs": "3", "lr": "0.1" },
        "OutputDataConfig": { "S3OutputPath": "s3://trainyard/runs" },
        "ResourceConfig": { "InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30 },
        "StoppingCondition": { "MaxRuntimeInSeconds": 3600 },
        "Tags": [{ "Key": "team", "Value": "vision" }],
    })
}

pub(crate) async fn read_cbor(response: Response) -> Cbor {
    assert_eq!(response.headers()["smithy-protocol"], "rpc-v2-cbor");
    assert_eq!(response.headers()["content-type"], "application/cbor");
    ciborium::from_reader(Cursor::new(response.bytes().await.unwrap())).unwrap()
}

pub(crate) fn member<'a>(value: &'a Cbor, name: &str) -> &'a Cbor {
    let members = value.as_map().unwrap_or_else(|| panic!("{value:?} is not a map"));
    &members.iter().find(|(key, _)| key.as_text() == Some(name)).unwrap_or_else(|| panic!("no {name} in {value:?}")).1
}
