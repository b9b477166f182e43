//! Objects in S3: sources going up, model artifacts coming down as streams.

use async_trait::async_trait;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use services::engine::{EngineError, ObjectEngine, ObjectRead};
use tokio_util::io::ReaderStream;

use crate::error::of_sdk;

const CHUNK_BYTES: usize = 64 * 1024;

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
}

/// `s3://bucket/some/key` -> (`bucket`, `some/key`).
fn split(uri: &str) -> Result<(&str, &str), EngineError> {
    uri.strip_prefix("s3://")
        .and_then(|it| it.split_once('/'))
        .filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
        .ok_or_else(|| EngineError::Rejected {
            code: "ValidationException".to_owned(),
            message: format!("`{uri}` is not an S3 URI of the form s3://bucket/key"),
        })
}
