//! Reads a whole request body within limits, unpacked when it came gzipped (CloudWatch clients do that above 10 kB).

use std::io::Read as _;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::ApiError;
use crate::route::Service;

/// The largest body after unpacking; a bomb stops here.
const MAX_UNPACKED_BYTES: usize = 16 << 20;

/// The largest body of a service that is not S3, as it is sent: 1 MB for CloudWatch. A batch of 1 MB of log events grows
/// sixfold when every character is written as a JSON escape; the other services' largest requests are well under 4 MB.
pub(crate) fn limit(service: Service) -> usize {
    match service {
        Service::CloudWatch => 1 << 20,
        Service::Logs => 8 << 20,
        _ => 4 << 20,
    }
}

/// As it was sent, which is what a signature is over.
pub(crate) async fn collect(body: Body, max_bytes: usize) -> Result<Bytes, ApiError> {
    match Limited::new(body, max_bytes).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large(max_bytes)),
        Err(_) => Err(ApiError::client("SerializationException", "The request body ended early.")),
    }
}

pub(crate) fn unpacked(headers: &HeaderMap, bytes: Bytes) -> Result<Bytes, ApiError> {
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

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        for _ in 0..64 {
            packed.write_all(&vec![0; 1 << 20]).unwrap();
        }
        let packed = packed.finish().unwrap();
        assert!(packed.len() < limit(Service::CloudWatch));
        assert_eq!(unpack(&packed).unwrap_err().status, 413);
    }

    proptest! {
        #[test]
        fn any_bytes_unpack_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in 0_usize..40) {
            let _ = unpack(&bytes);
            let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
            packed.write_all(&bytes).unwrap();
            let packed = packed.finish().unwrap();
            let _ = unpack(&packed[..packed.len().saturating_sub(cut)]);
            prop_assert_eq!(unpack(&packed).unwrap(), bytes);
        }
    }
}
