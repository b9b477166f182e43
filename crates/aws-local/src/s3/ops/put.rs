//! `PutObject`.

use std::collections::BTreeMap;

use s3s::dto::{Metadata, PutObjectInput, PutObjectOutput};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::receive::{Expected, receive};
use super::{Buckets, Refused, blocking, conditions, etag};
use crate::s3::ops::Trailers;
use crate::s3::store::Attributes;

/// User metadata of S3, names and values together.
const MAX_METADATA_BYTES: usize = 2048;

const STORAGE_CLASSES: [&str; 8] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "GLACIER_IR",
];

/// What `PutObject`, `CopyObject` and `CreateMultipartUpload` say about the object that will be.
macro_rules! described {
    ($input:expr) => {
        $crate::s3::store::Attributes {
            key: $input.key.clone(),
            content_type: $input.content_type.take(),
            content_encoding: $input.content_encoding.take(),
            content_disposition: $input.content_disposition.take(),
            content_language: $input.content_language.take(),
            cache_control: $input.cache_control.take(),
            expires_at_ms: $input.expires.take().map($crate::s3::ops::ms),
            storage_class: $crate::s3::ops::put::storage_class(
                $input.storage_class.as_ref().map(|class| class.as_str()),
            )?,
            redirect: $input.website_redirect_location.take(),
            metadata: $crate::s3::ops::put::metadata($input.metadata.take())?,
            tags: $crate::s3::ops::tagging::of_header($input.tagging.as_deref())?,
            ..$crate::s3::store::Attributes::default()
        }
    };
}
pub(super) use described;

pub(super) async fn put_object(
    buckets: &Buckets,
    request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let trailers = request.extensions.get::<Trailers>().cloned();
    let mut input = request.input;
    check_key(&input.key)?;
    buckets.existing(&input.bucket)?;
    let mut attributes = described!(input);
    let expected = Expected {
        content_md5: input.content_md5.take(),
        sum: given_sum!(input),
        algorithm: input.checksum_algorithm.as_ref().map(|algorithm| algorithm.as_str().to_owned()),
        trailers,
    };
    let received = receive(buckets, input.body.take(), expected).await?;
    attributes.etag = received.md5;
    attributes.sum = received.sum;
    let store = buckets.store.clone();
    let stored = blocking(move || {
        let check = |stored: Option<&_>| {
            conditions::check_write(input.if_match.as_ref(), input.if_none_match.as_ref(), stored).map_err(Refused)
        };
        store.publish(&input.bucket, received.bytes, &attributes, check).map_err(|refused| refused.0)
    })
    .await?;
    let mut output = PutObjectOutput { e_tag: Some(etag(&stored.attributes.etag)), ..PutObjectOutput::default() };
    show_sum!(output, &stored.attributes.sum);
    output.checksum_type = stored.attributes.sum.map(|sum| sum.kind.into());
    Ok(S3Response::new(output))
}

pub(super) fn check_key(key: &str) -> S3Result<()> {
    if key.len() > 1024 {
        return Err(s3_error!(KeyTooLongError, "Your key is too long"));
    }
    Ok(())
}

pub(super) fn storage_class(class: Option<&str>) -> S3Result<Option<String>> {
    match class {
        Some(class) if !STORAGE_CLASSES.contains(&class) => {
            Err(s3_error!(InvalidStorageClass, "The storage class you specified is not valid"))
        }
        class => Ok(class.filter(|class| *class != "STANDARD").map(ToOwned::to_owned)),
    }
}

pub(super) fn metadata(metadata: Option<Metadata>) -> S3Result<BTreeMap<String, String>> {
    let metadata: BTreeMap<String, String> = metadata.unwrap_or_default().into_iter().collect();
    let size: usize = metadata.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > MAX_METADATA_BYTES {
        return Err(s3_error!(MetadataTooLarge, "Your metadata headers exceed the maximum allowed metadata size"));
    }
    Ok(metadata)
}

/// The attributes of a copy: those of its source, or new ones, and the tags of one or the other.
pub(super) fn replaced(source: &Attributes, fresh: Attributes, attributes: bool, tags: bool) -> Attributes {
    let kept_tags = if tags { fresh.tags.clone() } else { source.tags.clone() };
    let (key, class, redirect) = (fresh.key.clone(), fresh.storage_class.clone(), fresh.redirect.clone());
    let base = if attributes { fresh } else { source.clone() };
    let (sum, part_bytes, upload) = (None, Vec::new(), None);
    Attributes { key, tags: kept_tags, storage_class: class, redirect, sum, part_bytes, upload, ..base }
}
