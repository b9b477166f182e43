//! Takes a body in: to a file, in one pass, with its digests compared to what the caller says that they are.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::StreamExt as _;
use http::HeaderMap;
use s3s::dto::StreamingBlob;
use s3s::{S3Result, s3_error};
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::checksum::Hashes;
use super::{Buckets, blocking, failed, refused};
use crate::s3::store::Sum;

/// S3's largest object of one request, and largest part.
pub(super) const MAX_BYTES: u64 = 5 << 30;

/// The trailers of a framed body: complete once the body was read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trailers {
    /// Names in lower case.
    pub(crate) declared: Vec<String>,
    pub(crate) sent: Arc<Mutex<HeaderMap>>,
}

impl Trailers {
    /// The algorithm whose checksum will come.
    fn algorithm(&self) -> Option<String> {
        let name = self.declared.iter().find_map(|name| name.strip_prefix("x-amz-checksum-"))?;
        Some(name.to_ascii_uppercase())
    }

    fn value(&self) -> S3Result<Option<String>> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        if self.declared.iter().any(|name| !sent.contains_key(name)) {
            let status = http::StatusCode::BAD_REQUEST;
            return Err(refused(
                "MalformedTrailerError",
                status,
                "A declared trailer is missing from the request body.",
            ));
        }
        let sum = sent.iter().find(|(name, _)| name.as_str().starts_with("x-amz-checksum-"));
        Ok(sum.and_then(|(_, value)| value.to_str().ok()).map(ToOwned::to_owned))
    }
}

/// What the caller says about the body.
#[derive(Debug, Default)]
pub(super) struct Expected {
    pub(super) content_md5: Option<String>,
    /// The algorithm, and the value unless it comes as a trailer.
    pub(super) sum: Option<(&'static str, String)>,
    /// An algorithm that is asked for without a value.
    pub(super) algorithm: Option<String>,
    pub(super) trailers: Option<Trailers>,
}

#[derive(Debug)]
pub(super) struct Received {
    pub(super) bytes: NamedTempFile,
    pub(super) md5: String,
    pub(super) sum: Option<Sum>,
}

pub(super) async fn receive(buckets: &Buckets, body: Option<StreamingBlob>, expected: Expected) -> S3Result<Received> {
    if let Some(md5) = &expected.content_md5
        && STANDARD.decode(md5).ok().is_none_or(|bytes| bytes.len() != 16)
    {
        return Err(s3_error!(InvalidDigest, "The Content-MD5 you specified was invalid."));
    }
    let trailing = expected.trailers.as_ref().and_then(Trailers::algorithm);
    let algorithm =
        expected.sum.as_ref().map(|(name, _)| (*name).to_owned()).or(trailing).or(expected.algorithm.clone());
    if let (Some(wanted), Some(actual)) = (&expected.algorithm, &algorithm)
        && wanted != actual
    {
        let (wanted, actual) = (wanted.to_lowercase(), actual.to_lowercase());
        return Err(s3_error!(
            InvalidRequest,
            "Checksum Type mismatch occurred, expected checksum Type: {wanted}, actual checksum Type: {actual}"
        ));
    }
    let mut hashes = Hashes::new(algorithm.as_deref())?;
    let store = buckets.store.clone();
    let bytes = blocking(move || store.incoming().map_err(failed)).await?;
    let mut file = File::from_std(bytes.as_file().try_clone().map_err(failed)?);
    let mut size = 0;
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(|error| {
                let message = "The request body terminated unexpectedly";
                // The framing says what is wrong with it.
                let told = error.downcast_ref::<std::io::Error>().and_then(|error| error.get_ref());
                match told.and_then(|told| told.downcast_ref::<crate::s3::chunked::Malformed>()) {
                    Some(malformed) => malformed.to_error(),
                    None => s3_error!(IncompleteBody, "{message}"),
                }
            })?;
            size += piece.len() as u64;
            if size > MAX_BYTES {
                return Err(s3_error!(EntityTooLarge, "Your proposed upload exceeds the maximum allowed size"));
            }
            hashes.update(&piece);
            file.write_all(&piece).await.map_err(failed)?;
        }
    }
    file.flush().await.map_err(failed)?;

    let (md5, sum) = hashes.finish();
    if let Some(given) = &expected.content_md5
        && STANDARD.decode(given).ok() != hex::decode(&md5).ok()
    {
        return Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received."));
    }
    let trailer = expected.trailers.as_ref().map(Trailers::value).transpose()?.flatten();
    if let (Some(given), Some(sum)) = (expected.sum.map(|(_, value)| value).or(trailer), &sum)
        && given != sum.value
    {
        let algorithm = &sum.algorithm;
        return Err(s3_error!(BadDigest, "The {algorithm} you specified did not match the calculated checksum."));
    }
    Ok(Received { bytes, md5, sum })
}
