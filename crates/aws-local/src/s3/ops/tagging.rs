//! Tags of objects.

use std::collections::HashSet;

use s3s::dto::{
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
    PutObjectTaggingInput, PutObjectTaggingOutput, Tag,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::{Buckets, blocking, failed, get, no_such_key, refused};
use crate::wire::query;

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>
const MAX_TAGS: usize = 10;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

pub(super) async fn put_object_tagging(
    buckets: &Buckets,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let input = request.input;
    get::no_version(input.version_id.as_deref())?;
    let tags =
        input.tagging.tag_set.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
    let tags = checked(tags.collect())?;
    replace(buckets, input.bucket, input.key, tags).await?;
    Ok(S3Response::new(PutObjectTaggingOutput::default()))
}

pub(super) async fn delete_object_tagging(
    buckets: &Buckets,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
    let input = request.input;
    get::no_version(input.version_id.as_deref())?;
    replace(buckets, input.bucket, input.key, Vec::new()).await?;
    Ok(S3Response::with_status(DeleteObjectTaggingOutput::default(), http::StatusCode::NO_CONTENT))
}

pub(super) async fn get_object_tagging(
    buckets: &Buckets,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let input = request.input;
    get::no_version(input.version_id.as_deref())?;
    let owned = buckets.clone();
    let stored = blocking(move || owned.object(&input.bucket, &input.key)).await?;
    let tags = stored.attributes.tags.into_iter();
    let tag_set = tags.map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect();
    Ok(S3Response::new(GetObjectTaggingOutput { tag_set, ..GetObjectTaggingOutput::default() }))
}

async fn replace(buckets: &Buckets, bucket: String, key: String, tags: Vec<(String, String)>) -> S3Result<()> {
    let owned = buckets.clone();
    blocking(move || {
        owned.existing(&bucket)?;
        let changed = owned.store.annotate(&bucket, &key, |attributes| attributes.tags = tags).map_err(failed)?;
        changed.ok_or_else(no_such_key)
    })
    .await
}

/// `x-amz-tagging`: the tags as the query of a URL.
pub(super) fn of_header(header: Option<&str>) -> S3Result<Vec<(String, String)>> {
    let Some(header) = header else { return Ok(Vec::new()) };
    let tags = query::fields(header.as_bytes()).map_err(|_| {
        s3_error!(InvalidArgument, "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
    })?;
    checked(tags)
}

fn checked(tags: Vec<(String, String)>) -> S3Result<Vec<(String, String)>> {
    if tags.len() > MAX_TAGS {
        let status = http::StatusCode::BAD_REQUEST;
        return Err(refused("BadRequest", status, "Object tags cannot be greater than 10"));
    }
    let mut keys = HashSet::new();
    for (key, value) in &tags {
        if key.is_empty() || key.chars().count() > MAX_KEY {
            return Err(s3_error!(InvalidTag, "The TagKey you have provided is invalid"));
        }
        if value.chars().count() > MAX_VALUE {
            return Err(s3_error!(InvalidTag, "The TagValue you have provided is invalid"));
        }
        if key.starts_with("aws:") {
            return Err(s3_error!(InvalidTag, "Your TagKey cannot be prefixed with aws:"));
        }
        if !keys.insert(key) {
            return Err(s3_error!(InvalidTag, "Cannot provide multiple Tags with the same key"));
        }
    }
    Ok(tags)
}
