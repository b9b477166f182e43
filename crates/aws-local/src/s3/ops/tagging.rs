//! Tags of objects and buckets.

use std::collections::HashSet;

use s3s::dto::{
    DeleteBucketTaggingInput, DeleteBucketTaggingOutput, DeleteObjectTaggingInput, DeleteObjectTaggingOutput,
    GetBucketTaggingInput, GetBucketTaggingOutput, GetObjectTaggingInput, GetObjectTaggingOutput,
    PutBucketTaggingInput, PutBucketTaggingOutput, PutObjectTaggingInput, PutObjectTaggingOutput, Tag, TagSet,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::{Buckets, blocking, failed, get, no_such_key, refused};
use crate::wire::query;

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html>
const MAX_TAGS: usize = 10;
const MAX_BUCKET_TAGS: usize = 50;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;

pub(super) async fn put_object_tagging(
    buckets: &Buckets,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let input = request.input;
    get::no_version(input.version_id.as_deref())?;
    let tags = checked(pairs(input.tagging.tag_set), MAX_TAGS)?;
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
    let tag_set = set(stored.attributes.tags);
    Ok(S3Response::new(GetObjectTaggingOutput { tag_set, ..GetObjectTaggingOutput::default() }))
}

pub(super) async fn put_bucket_tagging(
    buckets: &Buckets,
    request: S3Request<PutBucketTaggingInput>,
) -> S3Result<S3Response<PutBucketTaggingOutput>> {
    let tags = checked(pairs(request.input.tagging.tag_set), MAX_BUCKET_TAGS)?;
    bucket_replace(buckets, request.input.bucket, tags).await?;
    Ok(S3Response::with_status(PutBucketTaggingOutput {}, http::StatusCode::NO_CONTENT))
}

pub(super) async fn delete_bucket_tagging(
    buckets: &Buckets,
    request: S3Request<DeleteBucketTaggingInput>,
) -> S3Result<S3Response<DeleteBucketTaggingOutput>> {
    bucket_replace(buckets, request.input.bucket, Vec::new()).await?;
    Ok(S3Response::with_status(DeleteBucketTaggingOutput {}, http::StatusCode::NO_CONTENT))
}

pub(super) async fn get_bucket_tagging(
    buckets: &Buckets,
    request: S3Request<GetBucketTaggingInput>,
) -> S3Result<S3Response<GetBucketTaggingOutput>> {
    let owned = buckets.clone();
    let tags = blocking(move || {
        owned.existing(&request.input.bucket)?;
        Ok(owned.store.bucket(&request.input.bucket).tags)
    })
    .await?;
    if tags.is_empty() {
        let status = http::StatusCode::NOT_FOUND;
        return Err(refused("NoSuchTagSet", status, "The TagSet does not exist"));
    }
    Ok(S3Response::new(GetBucketTaggingOutput { tag_set: set(tags) }))
}

async fn bucket_replace(buckets: &Buckets, bucket: String, tags: Vec<(String, String)>) -> S3Result<()> {
    let owned = buckets.clone();
    blocking(move || {
        owned.existing(&bucket)?;
        owned.store.bucket_annotate(&bucket, |about| about.tags = tags).map_err(failed)
    })
    .await
}

fn pairs(tags: TagSet) -> Vec<(String, String)> {
    tags.into_iter().map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default())).collect()
}

fn set(tags: Vec<(String, String)>) -> TagSet {
    tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect()
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
    checked(tags, MAX_TAGS)
}

fn checked(tags: Vec<(String, String)>, most: usize) -> S3Result<Vec<(String, String)>> {
    if tags.len() > most {
        let status = http::StatusCode::BAD_REQUEST;
        let what = if most == MAX_TAGS {
            "Object tags cannot be greater than 10"
        } else {
            "Bucket tag count cannot be greater than 50"
        };
        return Err(refused("BadRequest", status, what));
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
