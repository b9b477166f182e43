//! Web pages and strange hosts get nothing, in the protocol that they spoke.

use reqwest::Method;
use serde_json::Value;

use crate::app::{TestEndpoint, config};

#[tokio::test]
async fn pages_cannot_start_jobs() {
    let endpoint = TestEndpoint::start().await;
    for (name, value) in
        [("origin", "http://127.0.0.1:3000"), ("sec-fetch-site", "cross-site"), ("host", "evil.example")]
    {
        let response = endpoint
            .request(Method::POST, "/")
            .header("x-amz-target", "SageMaker.ListTrainingJobs")
            .header(name, value)
            .body("{}")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 403, "{name}");
        let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(body["__type"], "AccessDeniedException");
    }
    let s3 = endpoint.request(Method::PUT, "/trainyard/x").header("origin", "null").body("x").send().await.unwrap();
    assert_eq!(s3.status(), 403);
    assert!(s3.text().await.unwrap().contains("<Code>AccessDenied</Code>"));
    assert!(!endpoint.data.path().join("s3/trainyard/x").exists());
}

#[tokio::test]
async fn a_taken_port_and_an_unwritable_folder_are_said_in_one_line() {
    let endpoint = TestEndpoint::start().await;
    let other = tempfile::tempdir().unwrap();
    let mut taken = config(other.path());
    taken.addr = endpoint.url.strip_prefix("http://").unwrap().parse().unwrap();
    let error = aws_local::bind(taken).await.err().unwrap().to_string();
    assert!(error.contains("is in use by another program"), "{error}");

    let file = other.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = aws_local::bind(config(&file)).await.err().unwrap().to_string();
    assert!(error.contains("cannot be written"), "{error}");
}

#[tokio::test]
async fn the_endpoint_stops_with_connections_open() {
    let endpoint = TestEndpoint::start().await;
    endpoint.sagemaker("ListTrainingJobs", Value::Object(serde_json::Map::new())).await;
    let client = endpoint.client.clone();
    let stopped = tokio::time::timeout(std::time::Duration::from_secs(10), endpoint.stop()).await;
    assert!(stopped.is_ok());
    drop(client);
}
