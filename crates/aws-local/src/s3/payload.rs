//! Holds a body against the SHA-256 that its signature says.
//!
//! A body of some megabytes is read first, so that no operation begins with a wrong one; of a longer one the last piece
//! is held back until the hash is known, so that it never arrives whole.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt, stream};
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};

use super::chunked::Malformed;

/// The longest body that is read first. Every body that is not an object is shorter.
const SHORT_BYTES: u64 = 4 << 20;

/// The body, if `told` is its hash or no hash at all.
pub(super) async fn checked(headers: &HeaderMap, body: Body, told: &str) -> Result<Body, Malformed> {
    let Some(told) = hex::decode(told).ok().filter(|bytes| bytes.len() == 32) else {
        let is_word = ["UNSIGNED-PAYLOAD", "STREAMING-"].iter().any(|word| told.starts_with(word));
        let message = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.";
        return if is_word { Ok(body) } else { Err(Malformed("InvalidArgument", message.to_owned())) };
    };
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.unwrap_or(0) <= SHORT_BYTES && !headers.contains_key(header::TRANSFER_ENCODING) {
        let bytes = body.collect().await.map_err(|_| Malformed::incomplete())?.to_bytes();
        return if Sha256::digest(&bytes).as_slice() == told { Ok(Body::from(bytes)) } else { Err(mismatch()) };
    }
    let pieces = TryStreamExt::map_err(body.into_data_stream(), io::Error::other).map_ok(Some);
    let end = stream::once(async { Ok(None) });
    let state = (Box::pin(pieces.chain(end)), Sha256::new(), None::<Bytes>, told);
    let held = stream::try_unfold(state, |(mut pieces, mut hash, mut last, told)| async move {
        while let Some(piece) = pieces.try_next().await? {
            match piece {
                Some(bytes) => {
                    hash.update(&bytes);
                    if let Some(before) = last.replace(bytes) {
                        return Ok(Some((before, (pieces, hash, last, told))));
                    }
                }
                None if hash.finalize_reset().as_slice() == told => {
                    return Ok(last.take().map(|bytes| (bytes, (pieces, hash, None, told))));
                }
                None => return Err(io::Error::from(mismatch())),
            }
        }
        Ok(None)
    });
    Ok(Body::from_stream(held))
}

fn mismatch() -> Malformed {
    let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    Malformed("XAmzContentSHA256Mismatch", message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn hash(bytes: &[u8]) -> String {
        hex::encode(Sha256::digest(bytes))
    }

    async fn read(bytes: &[u8], told: &str, is_long: bool) -> Result<Vec<u8>, String> {
        let mut headers = HeaderMap::new();
        if is_long {
            headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        let pieces: Vec<io::Result<Bytes>> = bytes.chunks(3).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let body = checked(&headers, Body::from_stream(stream::iter(pieces)), told).await.map_err(|error| error.1)?;
        body.collect().await.map(|all| all.to_bytes().to_vec()).map_err(|error| format!("{error:?}"))
    }

    #[tokio::test]
    async fn a_body_with_another_hash_never_arrives_whole() {
        let told = hash(b"hello world");
        for is_long in [false, true] {
            assert_eq!(read(b"hello world", &told, is_long).await.unwrap(), b"hello world");
            assert!(read(b"hello worlt", &told, is_long).await.unwrap_err().contains("does not match"));
            assert!(read(b"", &told, is_long).await.is_err());
            assert_eq!(read(b"", &hash(b""), is_long).await.unwrap(), b"");
            assert_eq!(read(b"any", "UNSIGNED-PAYLOAD", is_long).await.unwrap(), b"any");
            assert!(read(b"any", "what", is_long).await.unwrap_err().contains("valid sha256"));
        }
    }
}
