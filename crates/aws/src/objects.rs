//! Objects in S3: sources going up, model artifacts coming down as streams, and what lies there as lists.

use async_trait::async_trait;
use aws_sdk_s3::{
    primitives::{ByteStream, DateTime},
    types::{CompletedMultipartUpload, CompletedPart, EncodingType, Object},
};
use bytes::{Bytes, BytesMut};
use domain::time::Timestamp;
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use services::engine::{EngineError, ObjectEngine, ObjectEntry, ObjectPage, ObjectRead};
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use crate::error::of_sdk;

const CHUNK_BYTES: usize = 64 * 1024;
/// S3 takes parts of 5 MiB and more, 10,000 of them: 80 GiB.
const PART_BYTES: usize = 8 * 1024 * 1024;
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

    async fn put_stream(
        &self,
        uri: &str,
        body: BoxStream<'static, Result<Bytes, EngineError>>,
    ) -> Result<(), EngineError> {
        let (bucket, key) = split(uri)?;
        let mut parts = Parts { body, rest: BytesMut::new(), is_over: false };
        let first = parts.next().await?.unwrap_or_default();
        if parts.is_over {
            return self.put(uri, first).await;
        }
        let begun = self.client.create_multipart_upload().bucket(bucket).key(key).send().await.map_err(of_sdk)?;
        let upload = Upload { client: &self.client, bucket, key, id: begun.upload_id().unwrap_or_default() };
        let sent = upload.send(first, parts).await;
        if sent.is_err() {
            // Parts of an upload that is not ended are kept and billed. When this fails too, its own error says less.
            let _ = upload.abort().await;
        }
        sent
    }

    async fn delete(&self, uri: &str) -> Result<(), EngineError> {
        let (bucket, key) = split(uri)?;
        match self.client.delete_object().bucket(bucket).key(key).send().await.map_err(of_sdk) {
            Ok(_) | Err(EngineError::NotFound) => Ok(()),
            Err(failure) => Err(failure),
        }
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

/// A stream in parts as S3 wants them.
struct Parts {
    body: BoxStream<'static, Result<Bytes, EngineError>>,
    rest: BytesMut,
    /// The body has ended: what `next` returned was the last.
    is_over: bool,
}

impl Parts {
    /// A full part, or the last one, which may be shorter; `None` behind the last.
    async fn next(&mut self) -> Result<Option<Bytes>, EngineError> {
        if self.is_over {
            return Ok(None);
        }
        while self.rest.len() < PART_BYTES {
            let Some(chunk) = self.body.next().await else {
                self.is_over = true;
                return Ok(Some(self.rest.split().freeze()));
            };
            self.rest.extend_from_slice(&chunk?);
        }
        Ok(Some(self.rest.split_to(PART_BYTES).freeze()))
    }
}

struct Upload<'u> {
    client: &'u aws_sdk_s3::Client,
    bucket: &'u str,
    key: &'u str,
    id: &'u str,
}

impl Upload<'_> {
    async fn send(&self, first: Bytes, mut parts: Parts) -> Result<(), EngineError> {
        let mut done = Vec::new();
        let mut next = Some(first);
        for number in 1.. {
            let Some(part) = next else { break };
            let request = self.client.upload_part().bucket(self.bucket).key(self.key).upload_id(self.id);
            let answer = request.part_number(number).body(ByteStream::from(part)).send().await.map_err(of_sdk)?;
            let e_tag = answer.e_tag().map(str::to_owned);
            // Whatever checksum the client added belongs to the part's name.
            let part = CompletedPart::builder().part_number(number).set_e_tag(e_tag);
            let part = part.set_checksum_crc32(answer.checksum_crc32().map(str::to_owned));
            done.push(part.build());
            next = parts.next().await?.filter(|it| !it.is_empty());
        }
        let all = CompletedMultipartUpload::builder().set_parts(Some(done)).build();
        let request = self.client.complete_multipart_upload().bucket(self.bucket).key(self.key).upload_id(self.id);
        request.multipart_upload(all).send().await.map_err(of_sdk)?;
        Ok(())
    }

    async fn abort(&self) -> Result<(), EngineError> {
        let request = self.client.abort_multipart_upload().bucket(self.bucket).key(self.key).upload_id(self.id);
        request.send().await.map_err(of_sdk)?;
        Ok(())
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
