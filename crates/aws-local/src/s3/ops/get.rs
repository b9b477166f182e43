//! `GetObject`, `HeadObject` and `GetObjectAttributes`.

use std::ops::Range;

use s3s::dto::{
    self, GetObjectAttributesInput, GetObjectAttributesOutput, GetObjectInput, GetObjectOutput, HeadObjectInput,
    HeadObjectOutput, StreamingBlob,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;

use super::{Buckets, blocking, conditions, etag, failed, refused, time, time_ms};
use crate::s3::details::DETAIL;
use crate::s3::store::{Stored, Sum, open};

/// Bytes of a piece of a body.
const PIECE: usize = 256 << 10;

/// S3's type for objects that were stored without one, as the jobs' artifacts are.
const CONTENT_TYPE: &str = "binary/octet-stream";

/// The bytes of an object that are asked for.
struct Slice {
    range: Range<u64>,
    content_range: Option<String>,
    parts: Option<i32>,
}

macro_rules! shown {
    ($output:ident, $stored:expr, $slice:expr, $with_sum:expr) => {{
        let attributes = &$stored.attributes;
        let mut output = $output {
            accept_ranges: Some("bytes".to_owned()),
            content_length: i64::try_from($slice.range.end - $slice.range.start).ok(),
            content_range: $slice.content_range.clone(),
            parts_count: $slice.parts,
            content_type: Some(attributes.content_type.clone().unwrap_or_else(|| CONTENT_TYPE.to_owned())),
            content_encoding: attributes.content_encoding.clone(),
            content_disposition: attributes.content_disposition.clone(),
            content_language: attributes.content_language.clone(),
            cache_control: attributes.cache_control.clone(),
            expires: attributes.expires_at_ms.map(time_ms),
            e_tag: Some(etag(&attributes.etag)),
            last_modified: Some(time($stored.modified)),
            metadata: Some(attributes.metadata.clone().into_iter().collect()),
            storage_class: attributes.storage_class.clone().map(Into::into),
            website_redirect_location: attributes.redirect.clone(),
            ..$output::default()
        };
        if $with_sum {
            show_sum!(output, &attributes.sum);
            output.checksum_type = attributes.sum.clone().map(|sum| sum.kind.into());
        }
        output
    }};
}

pub(super) async fn get_object(
    buckets: &Buckets,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let input = request.input;
    no_version(input.version_id.as_deref())?;
    let owned = buckets.clone();
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let (stored, file) = blocking(move || {
        let stored = owned.object(&bucket, &key)?;
        let file = open(&stored.path).map_err(failed)?;
        Ok((stored, file))
    })
    .await?;
    let conditions = conditions::Read {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    conditions.check(&stored, false)?;
    let slice = slice(&stored, input.range, input.part_number)?;
    let with_sum = input.checksum_mode.is_some() && slice.content_range.is_none();
    let mut output = shown!(GetObjectOutput, stored, slice, with_sum);
    let tags = i32::try_from(stored.attributes.tags.len()).unwrap_or_default();
    output.tag_count = (tags > 0).then_some(tags);
    macro_rules! overridden {
        ($($member:ident = $by:ident),*) => { $(if let Some(value) = input.$by { output.$member = Some(value); })* };
    }
    overridden!(
        content_type = response_content_type,
        content_encoding = response_content_encoding,
        content_disposition = response_content_disposition,
        content_language = response_content_language,
        cache_control = response_cache_control,
        expires = response_expires
    );
    let mut file = tokio::fs::File::from_std(file);
    file.seek(std::io::SeekFrom::Start(slice.range.start)).await.map_err(failed)?;
    let bytes = file.take(slice.range.end - slice.range.start);
    output.body = Some(StreamingBlob::wrap(ReaderStream::with_capacity(bytes, PIECE)));
    Ok(S3Response::new(output))
}

pub(super) async fn head_object(
    buckets: &Buckets,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let input = request.input;
    no_version(input.version_id.as_deref())?;
    let owned = buckets.clone();
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let stored = blocking(move || owned.object(&bucket, &key)).await?;
    let conditions = conditions::Read {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_unmodified_since: input.if_unmodified_since,
    };
    conditions.check(&stored, false)?;
    let slice = slice(&stored, input.range, input.part_number)?;
    let with_sum = input.checksum_mode.is_some() && slice.content_range.is_none();
    let output = shown!(HeadObjectOutput, stored, slice, with_sum);
    Ok(S3Response::new(output))
}

fn slice(stored: &Stored, range: Option<dto::Range>, part: Option<i32>) -> S3Result<Slice> {
    let size = stored.size;
    let range = match (range, part) {
        (None, None) => return Ok(Slice { range: 0..size, content_range: None, parts: None }),
        (Some(_), Some(_)) => {
            return Err(s3_error!(InvalidRequest, "Cannot specify both Range header and partNumber query parameter"));
        }
        (Some(range), None) => {
            let not_satisfiable = |_| s3_error!(InvalidRange, "The requested range is not satisfiable{DETAIL}{size}");
            range.check(size).map_err(not_satisfiable)?
        }
        (None, Some(part)) => part_range(stored, part)?,
    };
    let count = i32::try_from(stored.attributes.part_bytes.len()).unwrap_or_default();
    Ok(Slice {
        content_range: (range.end > range.start)
            .then(|| format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1))),
        range,
        parts: part.is_some().then_some(count).filter(|count| *count > 0),
    })
}

fn part_range(stored: &Stored, part: i32) -> S3Result<Range<u64>> {
    let sizes = match stored.attributes.part_bytes.as_slice() {
        [] => &[stored.size][..],
        sizes => sizes,
    };
    let index = usize::try_from(part).ok().and_then(|part| part.checked_sub(1)).filter(|index| *index < sizes.len());
    let Some(index) = index else {
        let status = http::StatusCode::RANGE_NOT_SATISFIABLE;
        return Err(refused("InvalidPartNumber", status, "The requested partnumber is not satisfiable"));
    };
    let begin: u64 = sizes[..index].iter().sum();
    Ok(begin..begin + sizes[index])
}

/// Buckets here keep one version of an object, which has no name but `null`.
pub(super) fn no_version(version: Option<&str>) -> S3Result<()> {
    match version {
        None | Some("null") => Ok(()),
        Some(_) => Err(s3_error!(InvalidArgument, "Invalid version id specified")),
    }
}

pub(super) async fn get_object_attributes(
    buckets: &Buckets,
    request: S3Request<GetObjectAttributesInput>,
) -> S3Result<S3Response<GetObjectAttributesOutput>> {
    let input = request.input;
    let owned = buckets.clone();
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let stored = blocking(move || owned.object(&bucket, &key)).await?;
    let asked = |name: &str| input.object_attributes.iter().any(|attribute| attribute.as_str() == name);
    let attributes = &stored.attributes;
    let sum = attributes.sum.as_ref().filter(|_| asked("Checksum")).map(|sum| {
        let mut shown = dto::Checksum { checksum_type: Some(sum.kind.clone().into()), ..dto::Checksum::default() };
        // Here alone a composite one is shown without the number of its parts.
        let value = sum.value.split('-').next().unwrap_or_default().to_owned();
        show_sum!(shown, Some(Sum { value, ..sum.clone() }));
        shown
    });
    let parts = i32::try_from(attributes.part_bytes.len()).unwrap_or_default();
    let output = GetObjectAttributesOutput {
        last_modified: Some(time(stored.modified)),
        e_tag: asked("ETag").then(|| etag(&attributes.etag)),
        object_size: i64::try_from(stored.size).ok().filter(|_| asked("ObjectSize")),
        storage_class: asked("StorageClass")
            .then(|| attributes.storage_class.clone().unwrap_or_else(|| "STANDARD".to_owned()).into()),
        checksum: sum,
        object_parts: (asked("ObjectParts") && parts > 0).then(|| dto::GetObjectAttributesParts {
            total_parts_count: Some(parts),
            ..dto::GetObjectAttributesParts::default()
        }),
        ..GetObjectAttributesOutput::default()
    };
    Ok(S3Response::new(output))
}
