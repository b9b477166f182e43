//! S3 with the framings of the SDKs; any key is accepted, a wrong checksum is not.

use std::fs;

use reqwest::{Method, Response};

use crate::app::TestEndpoint;

const SIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=anyone/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00";

/// An upload as the SDKs stream it: chunks, then the checksum as a trailer.
async fn put_chunked(endpoint: &TestEndpoint, key: &str, body: &str, crc32: &str) -> Response {
    let (head, tail) = body.split_at(body.len() / 2);
    let framed = format!(
        "{:x}\r\n{head}\r\n{:x};chunk-signature=00\r\n{tail}\r\n0\r\nx-amz-checksum-crc32:{crc32}\r\n\r\n",
        head.len(),
        tail.len()
    );
    endpoint
        .request(Method::PUT, &format!("/trainyard/{key}"))
        .header("authorization", SIGNED)
        .header("content-encoding", "aws-chunked")
        .header("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
        .header("x-amz-decoded-content-length", body.len())
        .header("x-amz-sdk-checksum-algorithm", "CRC32")
        .header("x-amz-trailer", "x-amz-checksum-crc32")
        .body(framed)
        .send()
        .await
        .unwrap()
}

fn crc32(body: &str) -> String {
    use base64::Engine as _;
    let mut crc = flate2::Crc::new();
    crc.update(body.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(crc.sum().to_be_bytes())
}

#[tokio::test]
async fn streamed_uploads_are_unframed_and_their_checksum_is_verified() {
    let endpoint = TestEndpoint::start().await;
    // One that stays in memory and one that is spooled to a file.
    for (key, body) in [("small.txt", "hello world".to_owned()), ("large.txt", "0123456789abcdef".repeat(100_000))] {
        let stored = put_chunked(&endpoint, key, &body, &crc32(&body)).await;
        assert_eq!(stored.status(), 200, "{}", stored.text().await.unwrap());
        assert!(fs::read_to_string(endpoint.data.path().join("s3/trainyard").join(key)).unwrap() == body, "{key}");
        let got = endpoint.request(Method::GET, &format!("/trainyard/{key}")).send().await.unwrap();
        assert!(got.headers().get("content-encoding").is_none());
        assert!(got.text().await.unwrap() == body, "{key}");
    }
    let wrong = put_chunked(&endpoint, "wrong.txt", "hello world", "AAAAAA==").await;
    assert_eq!(wrong.status(), 400);
    assert!(wrong.text().await.unwrap().contains("<Code>BadDigest</Code>"));
}

#[tokio::test]
async fn objects_are_put_read_in_ranges_listed_and_deleted() {
    let endpoint = TestEndpoint::start().await;
    let send = async |method: Method, path: &str| {
        endpoint.request(method, path).header("authorization", SIGNED).send().await.unwrap()
    };
    for key in ["data/a.csv", "data/b%2Bc%20d.csv", "top.txt"] {
        let put = endpoint
            .request(Method::PUT, &format!("/trainyard/{key}"))
            .header("authorization", SIGNED)
            .body("0123456789");
        assert_eq!(put.send().await.unwrap().status(), 200, "{key}");
    }
    let range = endpoint.request(Method::GET, "/trainyard/top.txt").header("range", "bytes=2-4").send().await.unwrap();
    assert_eq!((range.status().as_u16(), range.text().await.unwrap()), (206, "234".to_owned()));
    let head = send(Method::HEAD, "/trainyard/top.txt").await;
    assert_eq!((head.status().as_u16(), &head.headers()["content-length"]), (200, &"10".parse().unwrap()));
    assert_eq!(head.headers()["content-type"], "binary/octet-stream");

    let list = send(Method::GET, "/trainyard?list-type=2&encoding-type=url&prefix=data%2F").await.text().await.unwrap();
    assert!(list.contains("<Key>data/a.csv</Key>") && list.contains("<Key>data/b%2Bc%20d.csv</Key>"), "{list}");
    assert!(list.contains("<EncodingType>url</EncodingType>"), "{list}");
    let list = send(Method::GET, "/trainyard?list-type=2&delimiter=%2F").await.text().await.unwrap();
    assert!(list.contains("<Prefix>data/</Prefix>") && list.contains("<Key>top.txt</Key>"), "{list}");

    assert_eq!(send(Method::DELETE, "/trainyard/top.txt").await.status(), 204);
    for (path, code) in
        [("/trainyard/top.txt", "NoSuchKey"), ("/trainyard/data", "NoSuchKey"), ("/no-such-bucket/x", "NoSuchBucket")]
    {
        let missing = send(Method::GET, path).await;
        assert_eq!(missing.status(), 404, "{path}");
        let text = missing.text().await.unwrap();
        assert!(text.contains(&format!("<Code>{code}</Code>")) && text.contains("<Message>"), "{text}");
    }
}

#[tokio::test]
async fn what_would_hurt_is_refused() {
    let endpoint = TestEndpoint::start().await;
    let put = async |path: &str| {
        endpoint
            .request(Method::PUT, path)
            .header("authorization", SIGNED)
            .body("x")
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    // HTTP clients tidy such paths, so these go out as plain bytes.
    for (path, status) in [
        ("/trainyard/%2e%2e/%2e%2e/escaped", 200),
        ("/trainyard/../../escaped", 200),
        ("/trainyard/a/%2E/b", 200),
        ("/trainyard//double//", 200),
        ("/../escaped", 400),
    ] {
        let host = endpoint.url.strip_prefix("http://").unwrap();
        let answer = endpoint
            .raw(&format!("PUT {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"))
            .await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
    }
    // Such keys are objects like others, and lie nowhere but in the store.
    assert!(!endpoint.data.path().join("escaped").exists());
    let list = endpoint.request(Method::GET, "/trainyard?list-type=2").send().await.unwrap().text().await.unwrap();
    for key in ["../../escaped", "a/./b", "/double//"] {
        assert!(list.contains(&format!("<Key>{key}</Key>")), "{key}: {list}");
    }
    assert_eq!(put("/unknown-bucket/x").await, 404);
    assert_eq!(put(&format!("/trainyard/{}", "k".repeat(1024))).await, 200);
    assert_eq!(put(&format!("/trainyard/{}", "k".repeat(1025))).await, 400);
    assert_eq!(put("/trainyard/kept").await, 200);
    let delete = endpoint.request(Method::DELETE, "/trainyard").send().await.unwrap();
    assert_eq!(delete.status(), 409);
    assert!(delete.text().await.unwrap().contains("BucketNotEmpty"));
    assert!(endpoint.data.path().join("s3/trainyard/kept").exists());
    let again = endpoint.request(Method::PUT, "/trainyard").send().await.unwrap();
    assert_eq!(again.status(), 200, "one's own bucket may be created again");
}

#[tokio::test]
async fn presigned_urls_work_until_they_end() {
    let endpoint = TestEndpoint::start().await;
    let signature = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x%2F20260101%2Fus-east-1%2Fs3%2Faws4_request\
        &X-Amz-SignedHeaders=host&X-Amz-Signature=00";
    let send = async |method: Method, date: &str, seconds: u32| {
        let path = format!("/trainyard/p?{signature}&X-Amz-Date={date}&X-Amz-Expires={seconds}");
        endpoint.request(method, &path).body("hi").send().await.unwrap()
    };
    assert_eq!(send(Method::PUT, "29990101T000000Z", 60).await.status(), 200);
    assert_eq!(send(Method::GET, "29990101T000000Z", 60).await.text().await.unwrap(), "hi");
    let ended = send(Method::GET, "20200101T000000Z", 60).await;
    assert_eq!(ended.status(), 403);
    assert!(ended.text().await.unwrap().contains("Request has expired"));
}
