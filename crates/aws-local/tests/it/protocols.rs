//! Each protocol answers in its own form, unknown operations and garbage too; nothing is ever HTML.

use std::io::Write as _;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestEndpoint, member, read_cbor};

#[tokio::test]
async fn unknown_operations_are_each_protocols_own() {
    let endpoint = TestEndpoint::start().await;
    for target in ["SageMaker", "Logs_20140328", "AWSPriceListService", "Nothing"] {
        let (status, answer) = endpoint.json(target, "MakeCoffee", &json!({})).await;
        assert_eq!(
            (status.as_u16(), answer["__type"].as_str().unwrap()),
            (400, "UnknownOperationException"),
            "{target}"
        );
    }
    let cbor = endpoint.cbor("MakeCoffee", &json!({})).await;
    assert_eq!(cbor.status(), 404);
    assert_eq!(cbor.headers()["x-amzn-query-error"], "UnknownOperation;Sender");
    let answer = read_cbor(cbor).await;
    assert_eq!(member(&answer, "__type").as_text(), Some("com.amazonaws.cloudwatch#UnknownOperationException"));

    for version in ["2010-08-01", "2011-06-15", "2010-05-08", "1999-01-01"] {
        let form = form(&endpoint, &format!("Action=MakeCoffee&Version={version}")).await;
        assert!(form.contains("<ErrorResponse") && form.contains("<Code>InvalidAction</Code>"), "{form}");
    }
    let unrouted = endpoint
        .request(Method::POST, "/")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/sagemaker/aws4_request, Signature=0")
        .send()
        .await
        .unwrap();
    assert_eq!(unrouted.status(), 400);
    let answer: Value = serde_json::from_slice(&unrouted.bytes().await.unwrap()).unwrap();
    assert_eq!(answer["__type"], "UnknownOperationException");
}

#[tokio::test]
async fn garbage_is_a_serialization_error() {
    let endpoint = TestEndpoint::start().await;
    for body in ["{", "[]", "\u{0}", "{\"TrainingJobName\": 5}"] {
        let response = endpoint
            .request(Method::POST, "/")
            .header("x-amz-target", "SageMaker.DescribeTrainingJob")
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 400, "{body:?}");
        assert_eq!(response.headers()["x-amzn-errortype"], "SerializationException", "{body:?}");
    }
    let deep = format!("{{\"TrainingJobName\":{}", "[".repeat(100_000));
    let response = endpoint
        .request(Method::POST, "/")
        .header("x-amz-target", "SageMaker.DescribeTrainingJob")
        .body(deep)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 400);
}

#[tokio::test]
async fn gzipped_bodies_are_read_and_bombs_stopped() {
    let endpoint = TestEndpoint::start().await;
    let send = async |plain: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(plain).unwrap();
        let request = endpoint.request(Method::POST, "/").header("x-amz-target", "SageMaker.ListTrainingJobs");
        let response = request.header("content-encoding", "gzip").body(packer.finish().unwrap()).send().await.unwrap();
        response.status().as_u16()
    };
    assert_eq!(send(b"{}").await, 200);
    assert_eq!(send(&vec![b' '; 64 << 20]).await, 413);
    let plain = endpoint.request(Method::POST, "/").header("x-amz-target", "SageMaker.ListTrainingJobs");
    assert_eq!(plain.body(vec![b' '; 5 << 20]).send().await.unwrap().status(), 413);
}

#[tokio::test]
async fn sts_answers_in_xml() {
    let endpoint = TestEndpoint::start().await;
    let identity = form(&endpoint, "Action=GetCallerIdentity&Version=2011-06-15").await;
    assert!(identity.contains("<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"));
    assert!(identity.contains("<Account>000000000000</Account>"));
    let role = "Action=AssumeRole&Version=2011-06-15&RoleSessionName=me&RoleArn=arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Fa%2Fb";
    let assumed = form(&endpoint, role).await;
    assert!(assumed.contains("<Arn>arn:aws:sts::000000000000:assumed-role/b/me</Arn>"), "{assumed}");
    assert!(assumed.contains("<Expiration>20"), "{assumed}");
    let refused = form(&endpoint, "Action=AssumeRole&Version=2011-06-15&RoleSessionName=me").await;
    assert!(refused.contains("<Code>ValidationError</Code>"), "{refused}");
}

async fn form(endpoint: &TestEndpoint, form: &str) -> String {
    let response = endpoint
        .request(Method::POST, "/")
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .body(form.to_owned())
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "text/xml");
    response.text().await.unwrap()
}
