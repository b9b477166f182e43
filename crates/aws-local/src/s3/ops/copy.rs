//! `CopyObject`, and the copying that `UploadPartCopy` shares with it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;

use s3s::dto::{
    ChecksumAlgorithm, CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, MetadataDirective,
    TaggingDirective,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};
use tempfile::NamedTempFile;

use super::checksum::Hashes;
use super::put::{check_key, described, replaced};
use super::receive::{MAX_BYTES, Received};
use super::{Buckets, Refused, blocking, conditions, etag, failed, get, time};
use crate::s3::store::{Store, Stored, open};

pub(super) async fn copy_object(
    buckets: &Buckets,
    request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let mut input = request.input;
    check_key(&input.key)?;
    buckets.existing(&input.bucket)?;
    let fresh = described!(input);
    let replaces = |directive: Option<&str>, name: &str| match directive {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(_) => Err(s3_error!(InvalidArgument, "Unknown {name} directive.")),
    };
    let new_attributes = replaces(input.metadata_directive.as_ref().map(MetadataDirective::as_str), "metadata")?;
    let new_tags = replaces(input.tagging_directive.as_ref().map(TaggingDirective::as_str), "tagging")?;
    let conditions = conditions::Read {
        if_match: input.copy_source_if_match.take(),
        if_none_match: input.copy_source_if_none_match.take(),
        if_modified_since: input.copy_source_if_modified_since.take(),
        if_unmodified_since: input.copy_source_if_unmodified_since.take(),
    };
    let (from_bucket, from_key) = source(&input.copy_source)?;
    let owned = buckets.clone();
    let stored = blocking(move || {
        let (stored, file) = opened(&owned, &from_bucket, &from_key)?;
        conditions.check(&stored, true)?;
        let same = from_bucket == input.bucket && from_key == input.key;
        let changes_class = input.storage_class.is_some();
        if same
            && !new_attributes
            && !changes_class
            && fresh.redirect.is_none()
            && input.server_side_encryption.is_none()
        {
            return Err(s3_error!(
                InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the \
                 object's metadata, storage class, website redirect location or encryption attributes."
            ));
        }
        let asked = input.checksum_algorithm.as_ref().map(ChecksumAlgorithm::as_str);
        let algorithm = asked.or(stored.attributes.sum.as_ref().map(|sum| sum.algorithm.as_str()));
        let copied = copied(&owned.store, file, 0..stored.size, algorithm)?;
        let mut attributes = replaced(&stored.attributes, fresh, new_attributes, new_tags);
        attributes.etag = copied.md5;
        attributes.sum = copied.sum;
        let published = owned.store.publish(&input.bucket, copied.bytes, &attributes, |_| Ok::<_, Refused>(()));
        published.map_err(|refused| refused.0)
    })
    .await?;
    let mut result = CopyObjectResult {
        e_tag: Some(etag(&stored.attributes.etag)),
        last_modified: Some(time(stored.modified)),
        ..CopyObjectResult::default()
    };
    show_sum!(result, &stored.attributes.sum);
    result.checksum_type = stored.attributes.sum.map(|sum| sum.kind.into());
    Ok(S3Response::new(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() }))
}

/// Bucket and key of a source.
pub(super) fn source(source: &CopySource) -> S3Result<(String, String)> {
    match source {
        CopySource::Bucket { bucket, key, version_id } => {
            get::no_version(version_id.as_deref())?;
            Ok((bucket.to_string(), key.to_string()))
        }
        _ => Err(s3_error!(NotImplemented, "The local endpoint has no access points.")),
    }
}

pub(super) fn opened(buckets: &Buckets, bucket: &str, key: &str) -> S3Result<(Stored, File)> {
    let stored = buckets.object(bucket, key)?;
    let file = open(&stored.path).map_err(failed)?;
    Ok((stored, file))
}

/// A copy of some bytes of a file, with its digests.
pub(super) fn copied(store: &Store, mut file: File, range: Range<u64>, algorithm: Option<&str>) -> S3Result<Received> {
    if range.end - range.start > MAX_BYTES {
        return Err(s3_error!(
            InvalidRequest,
            "The specified copy source is larger than the maximum allowable size for a copy source: {MAX_BYTES}"
        ));
    }
    let mut hashes = Hashes::new(algorithm)?;
    let mut copy = || -> io::Result<NamedTempFile> {
        let mut bytes = store.incoming()?;
        file.seek(SeekFrom::Start(range.start))?;
        let mut left = (&mut file).take(range.end - range.start);
        let mut buffer = vec![0; 256 << 10];
        loop {
            let count = left.read(&mut buffer)?;
            if count == 0 {
                return Ok(bytes);
            }
            hashes.update(&buffer[..count]);
            bytes.write_all(&buffer[..count])?;
        }
    };
    let bytes = copy().map_err(failed)?;
    let (md5, sum) = hashes.finish();
    Ok(Received { bytes, md5, sum })
}
