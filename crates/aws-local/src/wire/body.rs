//! Reads a whole request body within limits, unpacked when it came gzipped (CloudWatch clients do that above 10 kB).

use std::io::Read as _;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::ApiError;

/// The largest body that is not S3's: CloudWatch allows 1 MB, SageMaker's largest request is well under that.
const MAX_BYTES: usize = 4 << 20;

/// The largest body after unpacking; a bomb stops here.
const MAX_UNPACKED_BYTES: usize = 16 << 20;

pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
    let bytes = match Limited::new(body, MAX_BYTES).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => return Err(too_large(MAX_BYTES)),
        Err(_) => {
            return Err(ApiError::client("SerializationException", "The request body ended early."));
        }
    };
    match headers.get(header::CONTENT_ENCODING).map(http::HeaderValue::as_bytes) {
        Some(b"gzip") => unpack(&bytes),
        None | Some(b"identity" | b"") => Ok(bytes),
        Some(_) => Err(ApiError::new(415, "UnsupportedMediaTypeException", "Content-Encoding must be gzip or absent.")),
    }
}

fn unpack(bytes: &[u8]) -> Result<Bytes, ApiError> {
    let mut unpacked = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .take(MAX_UNPACKED_BYTES as u64 + 1)
        .read_to_end(&mut unpacked)
        .map_err(|_| ApiError::client("SerializationException", "The request body is not valid gzip."))?;
    if unpacked.len() > MAX_UNPACKED_BYTES { Err(too_large(MAX_UNPACKED_BYTES)) } else { Ok(unpacked.into()) }
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(413, "RequestEntityTooLarge", format!("The request body is larger than {limit} bytes."))
}
