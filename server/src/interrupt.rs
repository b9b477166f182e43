//! `trainyard local interrupt JOB`: asks a running endpoint to take a job's spot capacity away.

use std::{net::SocketAddr, time::Duration};

use aws_local::AccessKey;
use bytes::Bytes;
use http::{
    Request,
    header::{CONTENT_TYPE, HOST},
};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};

/// The endpoint answers from its memory.
const PATIENCE: Duration = Duration::from_secs(10);
/// Region and service that the request is signed for; the endpoint holds neither against anything.
const SCOPE: (&str, &str) = ("us-east-1", "trainyard");
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// `Err` is one line for people.
pub(crate) async fn interrupt(addr: SocketAddr, job: &str, key: Option<&AccessKey>) -> Result<(), String> {
    let asked = tokio::time::timeout(PATIENCE, ask(addr, job, key)).await;
    asked
        .unwrap_or_else(|_| Err(format!("the endpoint at {addr} did not answer within {} seconds", PATIENCE.as_secs())))
}

async fn ask(addr: SocketAddr, job: &str, key: Option<&AccessKey>) -> Result<(), String> {
    let body = Bytes::from(json!({ "TrainingJobName": job }).to_string());
    let request = Request::post(format!("http://{addr}/"))
        .header(CONTENT_TYPE, "application/x-amz-json-1.1")
        .header(HOST, addr.to_string())
        .header("x-amz-target", "TrainyardLocal.InterruptTrainingJob")
        .body(())
        .map_err(|failure| failure.to_string())?;
    let mut head = request.into_parts().0;
    if let Some(key) = key {
        aws_local::sign(key, &mut head, &body, SCOPE.0, SCOPE.1);
    }
    let request = Request::from_parts(head, Full::new(body));
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let unreachable = |failure: &dyn std::fmt::Display| format!("no endpoint answers at {addr}: {failure}");
    let answer = client.request(request).await.map_err(|failure| unreachable(&failure))?;
    if answer.status().is_success() {
        return Ok(());
    }
    let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
    let body = body.map_err(|failure| unreachable(&failure))?.to_bytes();
    let said: Value = serde_json::from_slice(&body).unwrap_or_default();
    let message = said["message"].as_str().or_else(|| said["Message"].as_str());
    Err(message.unwrap_or("the endpoint refused without saying why").to_owned())
}
