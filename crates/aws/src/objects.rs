//! Objects in S3: sources going up, model artifacts coming down as streams, and what lies there as lists.

use async_trait::async_trait;
use aws_sdk_s3::{
    primitives::{ByteStream, DateTime},
    types::{EncodingType, Object},
};
use bytes::Bytes;
use domain::time::Timestamp;
use futures::{StreamExt as _, TryStreamExt as _};
use services::engine::{EngineError, ObjectEngine, ObjectEntry, ObjectPage, ObjectRead};
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use crate::error::of_sdk;

const CHUNK_BYTES: usize = 64 * 1024;
const SCHEME: &str = "s3://";

pub(crate) struct Objects {
    pub(crate) client: aws_sdk_s3::Client,
}

#[async_trait]
impl ObjectEngine for Objects {
    async fn put(&self, uri: &str, body: Bytes) -> Result<(), EngineError> {
        let (bucket, key) = split(uri)?;
        self.client.put_object().bucket(bucket).key(key).body(ByteStream::from(body)).send().await.map_err(of_sdk)?;
        Ok(())
    }

    async fn get(&self, uri: &str) -> Result<ObjectRead, EngineError> {
        let (bucket, key) = split(uri)?;
        let answer = self.client.get_object().bucket(bucket).key(key).send().await.map_err(of_sdk)?;
        let size_bytes = answer.content_length().and_then(|it| u64::try_from(it).ok());
        let stream = ReaderStream::with_capacity(answer.body.into_async_read(), CHUNK_BYTES)
            .map_err(|failure| EngineError::Unknown { message: failure.to_string() });
        Ok(ObjectRead { size_bytes, stream: stream.boxed() })
    }

    async fn head(&self, uri: &str) -> Result<Option<u64>, EngineError> {
        let (bucket, key) = split(uri)?;
        match self.client.head_object().bucket(bucket).key(key).send().await.map_err(of_sdk) {
            Ok(answer) => Ok(answer.content_length().and_then(|it| u64::try_from(it).ok())),
            Err(EngineError::NotFound) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn get_head(&self, uri: &str, bytes: u64) -> Result<Bytes, EngineError> {
        let (bucket, key) = split(uri)?;
        let range = format!("bytes=0-{}", bytes.saturating_sub(1));
        let answer = match self.client.get_object().bucket(bucket).key(key).range(range).send().await.map_err(of_sdk) {
            // An empty object has no first byte.
            Err(EngineError::Rejected { code, .. }) if code == "InvalidRange" => return Ok(Bytes::new()),
            other => other?,
        };
        let mut head = Vec::new();
        // A server that knows no ranges sends it all.
        let mut body = answer.body.into_async_read().take(bytes);
        body.read_to_end(&mut head).await.map_err(|failure| EngineError::Unknown { message: failure.to_string() })?;
        Ok(head.into())
    }

    async fn list(&self, uri: &str, is_deep: bool, token: Option<&str>) -> Result<ObjectPage, EngineError> {
        let (bucket, prefix) = split_prefix(uri)?;
        let answer = self
            .client
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            .set_delimiter((!is_deep).then(|| "/".to_owned()))
            .set_continuation_token(token.map(str::to_owned))
            // XML cannot carry every key: they are asked for, and come, percent-encoded.
            .encoding_type(EncodingType::Url)
            .send()
            .await
            .map_err(of_sdk)?;
        let is_encoded = answer.encoding_type() == Some(&EncodingType::Url);
        let uri_of = |key: &str| {
            let key = if is_encoded { percent_decode(key) } else { key.to_owned() };
            format!("{SCHEME}{bucket}/{key}")
        };
        Ok(ObjectPage {
            objects: answer.contents().iter().filter_map(|it| Some(entry(it, uri_of(it.key()?)))).collect(),
            folders: answer.common_prefixes().iter().filter_map(|it| it.prefix().map(uri_of)).collect(),
            next_token: answer.next_continuation_token().map(str::to_owned),
        })
    }

    async fn buckets(&self) -> Result<Vec<String>, EngineError> {
        let pages = self.client.list_buckets().into_paginator().items().send();
        let buckets = pages.collect::<Result<Vec<_>, _>>().await.map_err(of_sdk)?;
        let mut names: Vec<String> = buckets.into_iter().filter_map(|it| it.name).collect();
        names.sort();
        Ok(names)
    }
}

fn entry(object: &Object, uri: String) -> ObjectEntry {
    ObjectEntry {
        uri,
        size_bytes: object.size().and_then(|it| u64::try_from(it).ok()).unwrap_or_default(),
        e_tag: object.e_tag().unwrap_or_default().trim_matches('"').to_owned(),
        modified_at: object.last_modified().map_or(Timestamp::from_unix_micros(0), timestamp),
    }
}

fn timestamp(at: &DateTime) -> Timestamp {
    Timestamp::from_unix_micros(at.as_nanos().div_euclid(1_000).try_into().unwrap_or(i64::MAX))
}

/// As S3 encodes keys in lists: `%C3%BC`, and `+` for a space.
fn percent_decode(text: &str) -> String {
    percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// `s3://bucket/some/key` -> (`bucket`, `some/key`).
fn split(uri: &str) -> Result<(&str, &str), EngineError> {
    let (bucket, key) = split_prefix(uri)?;
    if key.is_empty() { Err(malformed(uri, "s3://bucket/key")) } else { Ok((bucket, key)) }
}

/// `s3://bucket`, `s3://bucket/` and `s3://bucket/some/prefix`; the prefix may be empty.
fn split_prefix(uri: &str) -> Result<(&str, &str), EngineError> {
    let rest = uri.strip_prefix(SCHEME).unwrap_or_default();
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() { Err(malformed(uri, "s3://bucket/prefix")) } else { Ok((bucket, prefix)) }
}

fn malformed(uri: &str, form: &str) -> EngineError {
    EngineError::Rejected {
        code: "ValidationException".to_owned(),
        message: format!("`{uri}` is not an S3 URI of the form {form}"),
    }
}
