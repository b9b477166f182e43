//! Takes the `aws-chunked` framing off an upload.
//!
//! SDKs send streams as `<hex size>[;chunk-signature=..]\r\n<bytes>\r\n ... 0\r\n<trailers>\r\n`, with the checksum after
//! the bytes. `s3s` decodes that only for requests whose signature it can verify; here any key is accepted, so the frame
//! comes off first. The bytes are spooled, because the checksum becomes a header again and is then verified by the store.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>

use std::io;
use std::path::Path;

use axum::body::Body;
use futures::TryStreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::fs::File;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _, AsyncSeekExt as _, AsyncWrite, AsyncWriteExt as _,
};
use tokio_util::io::{ReaderStream, StreamReader};

const DECODED_LENGTH: HeaderName = HeaderName::from_static("x-amz-decoded-content-length");
const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const TRAILER: HeaderName = HeaderName::from_static("x-amz-trailer");

/// Up to this size an upload is held in memory instead of a file.
const MEMORY_BYTES: u64 = 1 << 20;

/// S3's largest object of one request.
const MAX_BYTES: u64 = 5 << 30;

/// The longest line between chunks.
const MAX_LINE: usize = 16 << 10;

/// Why a framed body was refused: the S3 code and a message.
#[derive(Debug)]
pub(super) struct Malformed(pub &'static str, pub String);

pub(super) fn is_chunked(headers: &HeaderMap) -> bool {
    let has = |name: &HeaderName, part: &str| {
        headers.get_all(name).iter().any(|value| value.to_str().is_ok_and(|value| value.contains(part)))
    };
    has(&CONTENT_SHA256, "STREAMING-") || has(&header::CONTENT_ENCODING, "aws-chunked")
}

/// The plain body; `headers` then describe it as if it had been sent plainly.
pub(super) async fn unframe(headers: &mut HeaderMap, body: Body, spool: &Path) -> Result<Body, Malformed> {
    let length: u64 = headers
        .get(&DECODED_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .ok_or_else(|| Malformed("MissingContentLength", "x-amz-decoded-content-length is required.".to_owned()))?;
    if length > MAX_BYTES {
        return Err(Malformed("EntityTooLarge", format!("An upload may have at most {MAX_BYTES} bytes.")));
    }
    let mut reader = StreamReader::new(body.into_data_stream().map_err(io::Error::other));
    let (trailers, body) = if length <= MEMORY_BYTES {
        let mut memory = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        let trailers = copy(&mut reader, &mut memory, length).await?;
        (trailers, Body::from(memory))
    } else {
        let failed = |error: io::Error| Malformed("InternalError", format!("The upload could not be spooled: {error}"));
        let mut file = File::from_std(tempfile::tempfile_in(spool).map_err(failed)?);
        let trailers = copy(&mut reader, &mut file, length).await?;
        file.flush().await.map_err(failed)?;
        file.rewind().await.map_err(failed)?;
        (trailers, Body::from_stream(ReaderStream::with_capacity(file, 64 << 10)))
    };

    let declared: Vec<String> = headers
        .get_all(&TRAILER)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !name.is_empty())
        .collect();
    if declared.iter().any(|name| !trailers.contains_key(name)) {
        return Err(Malformed(
            "MalformedTrailerError",
            "A declared trailer is missing from the request body.".to_owned(),
        ));
    }
    for (name, value) in &trailers {
        if name.as_str().starts_with("x-amz-checksum-") {
            headers.insert(name.clone(), value.clone());
        }
    }
    for name in [&DECODED_LENGTH, &CONTENT_SHA256, &TRAILER, &header::TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    strip_encoding(headers);
    Ok(body)
}

/// `aws-chunked` is how the body travelled; any other encoding belongs to the object.
fn strip_encoding(headers: &mut HeaderMap) {
    let kept: Vec<String> = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty() && name != "aws-chunked")
        .collect();
    headers.remove(header::CONTENT_ENCODING);
    if let Ok(value) = HeaderValue::from_str(&kept.join(","))
        && !kept.is_empty()
    {
        headers.insert(header::CONTENT_ENCODING, value);
    }
}

/// Copies the chunks' bytes, exactly `length` of them, and answers the trailers.
async fn copy<R, W>(reader: &mut R, out: &mut W, length: u64) -> Result<HeaderMap, Malformed>
where
    R: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let incomplete =
        || Malformed("IncompleteBody", "The body does not have the number of bytes that its headers say.".to_owned());
    let mut left = length;
    loop {
        let line = line(reader).await?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16)
            .map_err(|_| Malformed("InvalidRequest", "The aws-chunked body has an invalid chunk size.".to_owned()))?;
        if size == 0 {
            break;
        }
        left = left.checked_sub(size).ok_or_else(incomplete)?;
        let copied = tokio::io::copy(&mut (&mut *reader).take(size), out).await.map_err(|_| incomplete())?;
        if copied != size || !self::line(reader).await?.is_empty() {
            return Err(incomplete());
        }
    }
    if left > 0 {
        return Err(incomplete());
    }
    let mut trailers = HeaderMap::new();
    loop {
        let line = line(reader).await?;
        if line.is_empty() {
            return Ok(trailers);
        }
        if let Some((name, value)) = line.split_once(':')
            && let (Ok(name), Ok(value)) = (HeaderName::try_from(name.trim()), HeaderValue::from_str(value.trim()))
        {
            trailers.insert(name, value);
        }
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

    async fn unframed(framed: &'static str, length: u64) -> Result<(String, HeaderMap), Malformed> {
        let mut headers = HeaderMap::new();
        headers.insert(DECODED_LENGTH, HeaderValue::from(length));
        headers.insert(CONTENT_SHA256, HeaderValue::from_static("STREAMING-UNSIGNED-PAYLOAD-TRAILER"));
        headers.insert(TRAILER, HeaderValue::from_static("x-amz-checksum-crc32"));
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("aws-chunked,gzip"));
        assert!(is_chunked(&headers));
        let body = unframe(&mut headers, Body::from(framed), Path::new("/nonexistent")).await?;
        let bytes = body.collect().await.unwrap().to_bytes();
        Ok((String::from_utf8(bytes.to_vec()).unwrap(), headers))
    }

    #[tokio::test]
    async fn frames_come_off_and_trailers_become_headers() {
        let framed = "5;chunk-signature=abc\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
        let (body, headers) = unframed(framed, 11).await.unwrap();
        assert_eq!(body, "hello world");
        assert_eq!(headers["x-amz-checksum-crc32"], "DUoRhQ==");
        assert_eq!(headers[header::CONTENT_LENGTH], "11");
        assert_eq!(headers[header::CONTENT_ENCODING], "gzip");
        assert!(!is_chunked(&headers));
    }

    #[tokio::test]
    async fn bodies_that_lie_are_refused() {
        let code = async |framed, length| unframed(framed, length).await.unwrap_err().0;
        assert_eq!(code("5\r\nhello\r\n0\r\n\r\n", 6).await, "IncompleteBody");
        assert_eq!(code("5\r\nhello\r\n0\r\n\r\n", 4).await, "IncompleteBody");
        assert_eq!(code("5\r\nhel", 5).await, "IncompleteBody");
        assert_eq!(code("zz\r\nhello\r\n0\r\n\r\n", 5).await, "InvalidRequest");
        assert_eq!(code("5\r\nhello\r\n0\r\n\r\n", 5).await, "MalformedTrailerError");
    }

    proptest::proptest! {
        #[test]
        fn any_frames_are_read_or_refused(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200),
            frames in "([0-9a-f]{0,17}(;x)?\r?\n?[a-c]{0,6}\r?\n?){0,6}(x-a:b\r\n)?",
            length in 0_u64..40,
        ) {
            for framed in [bytes, frames.into_bytes()] {
                let mut out = Vec::new();
                let copied = futures::executor::block_on(copy(&mut framed.as_slice(), &mut out, length));
                assert!(out.len() as u64 <= length);
                assert!(copied.is_err() || out.len() as u64 == length);
            }
        }
    }
}
