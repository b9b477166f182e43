//! The operations of S3 over the [`Store`]: `s3s` reads the requests and writes the answers, these do what they say.

macro_rules! show_sum {
    ($output:expr, $sum:expr) => {
        if let Some(sum) = $sum {
            let value = Some(sum.value.clone());
            match sum.algorithm.as_str() {
                "CRC32" => $output.checksum_crc32 = value,
                "CRC32C" => $output.checksum_crc32c = value,
                "CRC64NVME" => $output.checksum_crc64nvme = value,
                "SHA1" => $output.checksum_sha1 = value,
                _ => $output.checksum_sha256 = value,
            }
        }
    };
}

/// The checksum that an input names, with its algorithm.
macro_rules! given_sum {
    ($input:expr) => {
        [
            ("CRC32", &$input.checksum_crc32),
            ("CRC32C", &$input.checksum_crc32c),
            ("CRC64NVME", &$input.checksum_crc64nvme),
            ("SHA1", &$input.checksum_sha1),
            ("SHA256", &$input.checksum_sha256),
        ]
        .into_iter()
        .find_map(|(algorithm, value)| Some((algorithm, value.clone()?)))
    };
}

mod bucket;
mod checksum;
mod conditions;
mod copy;
mod delete;
mod get;
mod list;
mod multipart;
mod multipart_list;
mod put;
mod receive;
mod service;
mod tagging;

pub(super) use receive::Trailers;

use std::io;
use std::time::SystemTime;

use s3s::dto::{ETag, Timestamp};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use super::store::{Store, Stored};

/// Everything that the operations work on.
#[derive(Debug, Clone)]
pub(super) struct Buckets {
    pub(super) store: Store,
    pub(super) account: String,
    pub(super) region: String,
}

/// What the store's own refusals and ours become on the way to the caller.
struct Refused(S3Error);

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self(failed(error))
    }
}

impl From<S3Error> for Refused {
    fn from(error: S3Error) -> Self {
        Self(error)
    }
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> S3Error {
    tracing::error!(error = &error as &dyn std::error::Error, "the S3 store failed");
    S3Error::with_source(S3ErrorCode::InternalError, Box::new(error))
}

/// Files are read and written where blocking is allowed.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> S3Result<T> + Send + 'static) -> S3Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|panic| Err(failed(panic)))
}

impl Buckets {
    fn existing(&self, bucket: &str) -> S3Result<()> {
        if self.store.bucket_exists(bucket) { Ok(()) } else { Err(no_such_bucket()) }
    }

    fn object(&self, bucket: &str, key: &str) -> S3Result<Stored> {
        self.existing(bucket)?;
        self.store.find(bucket, key).ok_or_else(no_such_key)
    }
}

/// An error that `s3s` has no name for.
fn refused(code: &'static str, status: http::StatusCode, message: &'static str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(status);
    error
}

fn no_such_bucket() -> S3Error {
    s3_error!(NoSuchBucket, "The specified bucket does not exist")
}

fn no_such_key() -> S3Error {
    s3_error!(NoSuchKey, "The specified key does not exist.")
}

fn etag(text: &str) -> ETag {
    ETag::Strong(text.to_owned())
}

fn time(at: SystemTime) -> Timestamp {
    at.into()
}

/// Milliseconds since the epoch.
fn time_ms(at_ms: i64) -> Timestamp {
    let at = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(at_ms) * 1_000_000);
    at.unwrap_or(time::OffsetDateTime::UNIX_EPOCH).into()
}

fn ms(at: Timestamp) -> i64 {
    let at: time::OffsetDateTime = at.into();
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}
