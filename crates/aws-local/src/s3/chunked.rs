//! Takes the `aws-chunked` framing off an upload, piece by piece.
//!
//! SDKs send streams as `<hex size>[;chunk-signature=..]\r\n<bytes>\r\n ... 0\r\n<trailers>\r\n`, with the checksum after
//! the bytes. `s3s` decodes that only for requests whose signature it can verify; here any key may be accepted, so the
//! frame comes off first; where keys are configured each chunk's signature is verified before the chunk's last bytes go
//! on. The trailers are complete once the body was read, and travel beside the request until then.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>

use std::io;
use std::pin::Pin;
use std::sync::PoisonError;

use axum::body::Body;
use bytes::Bytes;
use futures::{Stream, TryStreamExt as _, stream};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use s3s::{S3Error, S3ErrorCode};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};
use tokio_util::io::StreamReader;

use super::ops::Trailers;
use super::seal::Seal;
use crate::signature::{Chunks, Refusal};

const DECODED_LENGTH: HeaderName = HeaderName::from_static("x-amz-decoded-content-length");
const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const TRAILER: HeaderName = HeaderName::from_static("x-amz-trailer");

/// S3's largest object of one request.
const MAX_BYTES: u64 = 5 << 30;

/// The longest line between chunks.
const MAX_LINE: usize = 16 << 10;

/// The most trailers of a body.
const MAX_TRAILERS: usize = 20;

/// Why a framed body was refused: the S3 code and a message.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{1}")]
pub(crate) struct Malformed(pub &'static str, pub String);

impl Malformed {
    pub(crate) fn to_error(&self) -> S3Error {
        let code = S3ErrorCode::from_bytes(self.0.as_bytes()).unwrap_or(S3ErrorCode::InvalidRequest);
        let mut error = S3Error::with_message(code, self.1.clone());
        error.set_status_code(self.status());
        error
    }

    pub(super) fn status(&self) -> StatusCode {
        if self.0 == "SignatureDoesNotMatch" { StatusCode::FORBIDDEN } else { StatusCode::BAD_REQUEST }
    }

    pub(super) fn incomplete() -> Self {
        Self("IncompleteBody", "The body does not have the number of bytes that its headers say.".to_owned())
    }
}

impl From<Refusal> for Malformed {
    fn from(refusal: Refusal) -> Self {
        let (_, code, message) = refusal.in_s3();
        Self(code, message)
    }
}

impl From<Malformed> for io::Error {
    fn from(malformed: Malformed) -> Self {
        io::Error::other(malformed)
    }
}

pub(super) fn is_chunked(headers: &HeaderMap) -> bool {
    let has = |name: &HeaderName, part: &str| {
        headers.get_all(name).iter().any(|value| value.to_str().is_ok_and(|value| value.contains(part)))
    };
    has(&CONTENT_SHA256, "STREAMING-") || has(&header::CONTENT_ENCODING, "aws-chunked")
}

/// The plain body; `headers` then describe it as if it had been sent plainly. With `chunks` every chunk must be signed.
pub(super) fn unframe(
    headers: &mut HeaderMap,
    body: Body,
    chunks: Option<Chunks>,
) -> Result<(Body, Trailers), Malformed> {
    let length: u64 = headers
        .get(&DECODED_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .ok_or_else(|| Malformed("MissingContentLength", "x-amz-decoded-content-length is required.".to_owned()))?;
    if length > MAX_BYTES {
        return Err(Malformed("EntityTooLarge", format!("An upload may have at most {MAX_BYTES} bytes.")));
    }
    let trailers = Trailers { declared: names(headers, &TRAILER), ..Trailers::default() };
    let kept: Vec<String> =
        names(headers, &header::CONTENT_ENCODING).into_iter().filter(|it| it != "aws-chunked").collect();
    for name in [&DECODED_LENGTH, &CONTENT_SHA256, &TRAILER, &header::TRANSFER_ENCODING, &header::CONTENT_ENCODING] {
        headers.remove(name);
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    // `aws-chunked` is how the body travelled; any other encoding belongs to the object.
    if let Ok(value) = HeaderValue::from_str(&kept.join(","))
        && !kept.is_empty()
    {
        headers.insert(header::CONTENT_ENCODING, value);
    }
    let source: Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>> =
        Box::pin(body.into_data_stream().map_err(io::Error::other));
    let frames = Frames {
        reader: StreamReader::new(source),
        left: length,
        in_chunk: 0,
        begun: false,
        trailers: trailers.clone(),
        seal: chunks.map(Seal::new),
    };
    let pieces = stream::try_unfold(frames, |mut frames| async move {
        Ok::<_, io::Error>(frames.next().await?.map(|piece| (piece, frames)))
    });
    Ok((Body::from_stream(pieces), trailers))
}

/// The parts of a list in a header, in lower case.
fn names(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let names = values.flat_map(|names| names.split(',')).map(|name| name.trim().to_ascii_lowercase());
    names.filter(|name| !name.is_empty()).collect()
}

struct Frames<R> {
    reader: R,
    /// Bytes of the object that are still to come.
    left: u64,
    /// Bytes of this chunk that are still to come.
    in_chunk: u64,
    /// A chunk was read whose line end is still to come.
    begun: bool,
    trailers: Trailers,
    seal: Option<Seal>,
}

impl<R: AsyncBufRead + Unpin> Frames<R> {
    /// The next bytes of the object; after the last of them the trailers are there.
    async fn next(&mut self) -> Result<Option<Bytes>, Malformed> {
        if self.in_chunk == 0 {
            if self.begun && !line(&mut self.reader).await?.is_empty() {
                return Err(Malformed::incomplete());
            }
            let head = line(&mut self.reader).await?;
            let (size, extension) = head.split_once(';').unwrap_or((&head, ""));
            let size = u64::from_str_radix(size.trim(), 16).map_err(|_| {
                Malformed("InvalidRequest", "The aws-chunked body has an invalid chunk size.".to_owned())
            })?;
            self.left = self.left.checked_sub(size).ok_or_else(Malformed::incomplete)?;
            if let Some(seal) = &mut self.seal {
                seal.begin(extension);
            }
            if size == 0 {
                return self.end().await.map(|()| None);
            }
            self.in_chunk = size;
            self.begun = true;
        }
        let ready = self.reader.fill_buf().await.map_err(|_| Malformed::incomplete())?;
        if ready.is_empty() {
            return Err(Malformed::incomplete());
        }
        let count = ready.len().min(usize::try_from(self.in_chunk).unwrap_or(usize::MAX));
        let piece = Bytes::copy_from_slice(&ready[..count]);
        self.reader.consume(count);
        self.in_chunk -= count as u64;
        if let Some(seal) = &mut self.seal {
            seal.add(&piece);
            if self.in_chunk == 0 {
                seal.close()?;
            }
        }
        Ok(Some(piece))
    }

    async fn end(&mut self) -> Result<(), Malformed> {
        if self.left > 0 {
            return Err(Malformed::incomplete());
        }
        if let Some(seal) = &mut self.seal {
            seal.close()?;
        }
        for _ in 0..MAX_TRAILERS {
            let line = line(&mut self.reader).await?;
            if line.is_empty() {
                let is_expected = !self.trailers.declared.is_empty();
                return self.seal.as_mut().map_or(Ok(()), |seal| Ok(seal.close_trailers(is_expected)?));
            }
            if let Some(seal) = &mut self.seal {
                seal.add_trailer(&line);
            }
            if let Some((name, value)) = line.split_once(':')
                && let (Ok(name), Ok(value)) = (HeaderName::try_from(name.trim()), HeaderValue::from_str(value.trim()))
            {
                self.trailers.sent.lock().unwrap_or_else(PoisonError::into_inner).insert(name, value);
            }
        }
        Err(Malformed("InvalidRequest", "The aws-chunked body has too many trailers.".to_owned()))
    }
}

/// A line without its end; the end of the body reads as an empty line.
async fn line<R: AsyncBufRead + Unpin>(reader: &mut R) -> Result<String, Malformed> {
    let mut line = Vec::new();
    (&mut *reader)
        .take(MAX_LINE as u64)
        .read_until(b'\n', &mut line)
        .await
        .map_err(|_| Malformed("IncompleteBody", "The body ended early.".to_owned()))?;
    let text =
        String::from_utf8(line).ok().filter(|text| text.is_empty() || text.ends_with('\n') || text.len() < MAX_LINE);
    text.map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
        .ok_or_else(|| Malformed("InvalidRequest", "The aws-chunked body is malformed.".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    async fn unframed(framed: impl Into<Body>, length: u64) -> Result<(String, HeaderMap, HeaderMap), String> {
        let mut headers = HeaderMap::new();
        headers.insert(DECODED_LENGTH, HeaderValue::from(length));
        headers.insert(CONTENT_SHA256, HeaderValue::from_static("STREAMING-UNSIGNED-PAYLOAD-TRAILER"));
        headers.insert(TRAILER, HeaderValue::from_static("x-amz-checksum-crc32"));
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("aws-chunked,gzip"));
        assert!(is_chunked(&headers));
        let (body, trailers) = unframe(&mut headers, framed.into(), None).unwrap();
        assert_eq!(trailers.declared, ["x-amz-checksum-crc32"]);
        let bytes = body.collect().await.map_err(|error| format!("{error:?}"))?.to_bytes();
        let sent = trailers.sent.lock().unwrap().clone();
        Ok((bytes.iter().map(|byte| char::from(*byte)).collect(), headers, sent))
    }

    #[tokio::test]
    async fn frames_come_off_and_trailers_are_kept() {
        let framed = "5;chunk-signature=abc\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
        let (body, headers, sent) = unframed(framed, 11).await.unwrap();
        assert_eq!(body, "hello world");
        assert_eq!(sent["x-amz-checksum-crc32"], "DUoRhQ==");
        assert_eq!(headers[header::CONTENT_LENGTH], "11");
        assert_eq!(headers[header::CONTENT_ENCODING], "gzip");
        assert!(!is_chunked(&headers));
    }

    #[tokio::test]
    async fn bodies_that_lie_are_refused() {
        for (framed, length, code) in [
            ("5\r\nhello\r\n0\r\n\r\n", 6, "IncompleteBody"),
            ("5\r\nhello\r\n0\r\n\r\n", 4, "IncompleteBody"),
            ("5\r\nhel", 5, "IncompleteBody"),
            ("zz\r\nhello\r\n0\r\n\r\n", 5, "InvalidRequest"),
        ] {
            let error = unframed(framed, length).await.unwrap_err();
            assert!(error.contains(code), "{framed}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_frames_are_read_or_refused(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
            frames in "([0-9a-f]{0,17}(;x)?\r?\n?[a-c]{0,6}\r?\n?){0,6}(x-a:b\r\n)?",
            length in 0_u64..40,
        ) {
            for framed in [bytes, frames.into_bytes()] {
                if let Ok((body, ..)) = futures::executor::block_on(unframed(framed, length)) {
                    assert_eq!(body.chars().count() as u64, length);
                }
            }
        }
    }
}
