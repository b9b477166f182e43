//! `ListObjectsV2`, `ListObjects`, `ListObjectVersions` and `ListBuckets`.

use s3s::dto::{
    self, CommonPrefix, EncodingType, ListBucketsInput, ListBucketsOutput, ListObjectVersionsInput,
    ListObjectVersionsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, Object,
    ObjectVersion, Owner,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::{Buckets, blocking, etag, failed, time, time_ms};
use crate::page;
use crate::s3::store::{Listed, Query};
use crate::wire::query::percent_encode;

/// The most keys of one page.
const MAX_KEYS: i32 = 1000;

/// The id of a version in a bucket without versioning.
const NO_VERSION: &str = "null";

/// One page, in the terms that all the lists of objects share.
struct Page {
    contents: Vec<Object>,
    prefixes: Vec<CommonPrefix>,
    /// Where the next page begins, if there is one.
    next: Option<String>,
}

/// Writes text as the caller asked for it: XML cannot carry every key.
#[derive(Clone, Copy)]
pub(super) struct Encoding(bool);

impl Encoding {
    pub(super) fn of(asked: Option<&EncodingType>) -> S3Result<Self> {
        match asked.map(EncodingType::as_str) {
            None => Ok(Self(false)),
            Some(EncodingType::URL) => Ok(Self(true)),
            Some(_) => Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request")),
        }
    }

    pub(super) fn text(self, text: &str) -> String {
        if self.0 { percent_encode(text).replace("%2F", "/") } else { text.to_owned() }
    }

    pub(super) fn shown(self) -> Option<EncodingType> {
        self.0.then(|| EncodingType::from_static(EncodingType::URL))
    }
}

pub(super) async fn list_objects_v2(
    buckets: &Buckets,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let input = request.input;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let max_keys = max_keys(input.max_keys)?;
    let after = match &input.continuation_token {
        Some(token) => page::decode::<String>(token)
            .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))?,
        None => input.start_after.clone().unwrap_or_default(),
    };
    let has_token = input.continuation_token.is_some();
    let owner = input.fetch_owner == Some(true);
    let page = page_of(
        buckets,
        &input.bucket,
        input.prefix.as_ref(),
        input.delimiter.as_ref(),
        after,
        max_keys,
        encoding,
        owner,
    )
    .await?;
    let count = i32::try_from(page.contents.len() + page.prefixes.len()).ok();
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encoding.text(input.prefix.as_deref().unwrap_or_default())),
        max_keys: Some(max_keys),
        key_count: count,
        continuation_token: input.continuation_token,
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.map(|next| page::encode(&next)),
        contents: Some(page.contents),
        common_prefixes: Some(page.prefixes),
        delimiter: input.delimiter.filter(|it| !it.is_empty()).map(|delimiter| encoding.text(&delimiter)),
        encoding_type: encoding.shown(),
        // A token says better where the page begins.
        start_after: input.start_after.filter(|_| !has_token).map(|after| encoding.text(&after)),
        ..ListObjectsV2Output::default()
    }))
}

pub(super) async fn list_objects(
    buckets: &Buckets,
    request: S3Request<ListObjectsInput>,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let input = request.input;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let max_keys = max_keys(input.max_keys)?;
    let after = input.marker.clone().unwrap_or_default();
    let page = page_of(
        buckets,
        &input.bucket,
        input.prefix.as_ref(),
        input.delimiter.as_ref(),
        after,
        max_keys,
        encoding,
        true,
    )
    .await?;
    let delimiter = input.delimiter.filter(|it| !it.is_empty());
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encoding.text(input.prefix.as_deref().unwrap_or_default())),
        marker: Some(encoding.text(input.marker.as_deref().unwrap_or_default())),
        max_keys: Some(max_keys),
        is_truncated: Some(page.next.is_some()),
        // Without a delimiter the last key is the next marker.
        next_marker: page.next.filter(|_| delimiter.is_some()).map(|next| encoding.text(&next)),
        contents: Some(page.contents),
        common_prefixes: Some(page.prefixes),
        delimiter: delimiter.map(|delimiter| encoding.text(&delimiter)),
        encoding_type: encoding.shown(),
        ..ListObjectsOutput::default()
    }))
}

/// The store keeps one version of an object, whose id is `null` as in a bucket that never had versioning.
pub(super) async fn list_object_versions(
    buckets: &Buckets,
    request: S3Request<ListObjectVersionsInput>,
) -> S3Result<S3Response<ListObjectVersionsOutput>> {
    let input = request.input;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let max_keys = max_keys(input.max_keys)?;
    let version_id_marker = input.version_id_marker.filter(|it| !it.is_empty());
    if version_id_marker.is_some() && input.key_marker.as_deref().unwrap_or_default().is_empty() {
        return Err(s3_error!(InvalidArgument, "A version-id marker cannot be specified without a key marker."));
    }
    let page = page_of(
        buckets,
        &input.bucket,
        input.prefix.as_ref(),
        input.delimiter.as_ref(),
        input.key_marker.clone().unwrap_or_default(),
        max_keys,
        encoding,
        true,
    )
    .await?;
    // A page that ends with a prefix goes on after all the keys below it.
    let ends_with_version = page.next.as_ref().is_some_and(|next| {
        page.contents.last().and_then(|last| last.key.as_deref()) == Some(encoding.text(next).as_str())
    });
    Ok(S3Response::new(ListObjectVersionsOutput {
        name: Some(input.bucket),
        prefix: Some(encoding.text(input.prefix.as_deref().unwrap_or_default())),
        key_marker: Some(encoding.text(input.key_marker.as_deref().unwrap_or_default())),
        version_id_marker: Some(version_id_marker.unwrap_or_default()),
        max_keys: Some(max_keys),
        is_truncated: Some(page.next.is_some()),
        next_key_marker: page.next.map(|next| encoding.text(&next)),
        next_version_id_marker: ends_with_version.then(|| NO_VERSION.to_owned()),
        versions: Some(page.contents.into_iter().map(version).collect()),
        common_prefixes: Some(page.prefixes),
        delimiter: input.delimiter.filter(|it| !it.is_empty()).map(|delimiter| encoding.text(&delimiter)),
        encoding_type: encoding.shown(),
        ..ListObjectVersionsOutput::default()
    }))
}

fn version(object: Object) -> ObjectVersion {
    ObjectVersion {
        key: object.key,
        version_id: Some(NO_VERSION.to_owned()),
        is_latest: Some(true),
        size: object.size,
        last_modified: object.last_modified,
        e_tag: object.e_tag,
        storage_class: object.storage_class.map(|class| class.as_str().to_owned().into()),
        checksum_algorithm: object.checksum_algorithm,
        checksum_type: object.checksum_type,
        owner: object.owner,
        ..ObjectVersion::default()
    }
}

fn max_keys(asked: Option<i32>) -> S3Result<i32> {
    match asked.unwrap_or(MAX_KEYS) {
        asked if asked < 0 => {
            Err(s3_error!(InvalidArgument, "Argument maxKeys must be an integer between 0 and 2147483647"))
        }
        asked => Ok(asked.min(MAX_KEYS)),
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of one request, which the two versions name differently")]
async fn page_of(
    buckets: &Buckets,
    bucket: &str,
    prefix: Option<&String>,
    delimiter: Option<&String>,
    after: String,
    max_keys: i32,
    encoding: Encoding,
    with_owner: bool,
) -> S3Result<Page> {
    let query = Query {
        prefix: prefix.cloned().unwrap_or_default(),
        after,
        delimiter: delimiter.cloned().unwrap_or_default(),
        limit: usize::try_from(max_keys).unwrap_or_default(),
    };
    let (owned, bucket) = (buckets.clone(), bucket.to_owned());
    blocking(move || {
        owned.existing(&bucket)?;
        let mut page = Page { contents: Vec::new(), prefixes: Vec::new(), next: None };
        if query.limit == 0 {
            return Ok(page);
        }
        let (listed, more) = owned.store.list(&bucket, &query).map_err(failed)?;
        page.next = listed.last().filter(|_| more).map(|last| last.text().to_owned());
        for entry in listed {
            match entry {
                Listed::Prefix(prefix) => page.prefixes.push(CommonPrefix { prefix: Some(encoding.text(&prefix)) }),
                // An object that was deleted meanwhile is left out.
                Listed::Key(key) => page.contents.extend(object(&owned, &bucket, &key, encoding, with_owner)),
            }
        }
        Ok(page)
    })
    .await
}

fn object(buckets: &Buckets, bucket: &str, key: &str, encoding: Encoding, with_owner: bool) -> Option<Object> {
    let stored = buckets.store.find(bucket, key)?;
    let attributes = stored.attributes;
    Some(Object {
        key: Some(encoding.text(key)),
        size: i64::try_from(stored.size).ok(),
        last_modified: Some(time(stored.modified)),
        e_tag: Some(etag(&attributes.etag)),
        storage_class: Some(attributes.storage_class.unwrap_or_else(|| "STANDARD".to_owned()).into()),
        checksum_algorithm: attributes.sum.as_ref().map(|sum| vec![sum.algorithm.clone().into()]),
        checksum_type: attributes.sum.map(|sum| sum.kind.into()),
        owner: with_owner.then(|| owner(buckets)),
        ..Object::default()
    })
}

pub(super) fn owner(buckets: &Buckets) -> Owner {
    Owner { id: Some(buckets.account.clone()), display_name: Some("trainyard".to_owned()) }
}

pub(super) async fn list_buckets(
    buckets: &Buckets,
    request: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let input = request.input;
    let limit = usize::try_from(input.max_buckets.unwrap_or(10_000)).unwrap_or_default();
    let after: String = match &input.continuation_token {
        Some(token) => page::decode(token)
            .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))?,
        None => String::new(),
    };
    let prefix = input.prefix.clone().unwrap_or_default();
    let wanted = input.bucket_region.filter(|region| !region.is_empty());
    let owned = buckets.clone();
    let (shown, next) = blocking(move || {
        let names = owned.store.buckets().map_err(failed)?;
        let mut there =
            names.into_iter().filter(|name| name.starts_with(&prefix) && *name > after).filter_map(|name| {
                let about = owned.store.bucket(&name);
                let region = about.location.unwrap_or_else(|| owned.region.clone());
                let bucket = dto::Bucket {
                    creation_date: Some(time_ms(about.created_at_ms)),
                    bucket_region: Some(region.clone()),
                    name: Some(name),
                };
                wanted.as_ref().is_none_or(|wanted| *wanted == region).then_some(bucket)
            });
        let shown: Vec<dto::Bucket> = there.by_ref().take(limit).collect();
        let next = there.next().and(shown.last()).and_then(|last| last.name.as_ref()).map(page::encode);
        Ok((shown, next))
    })
    .await?;
    Ok(S3Response::new(ListBucketsOutput {
        buckets: Some(shown),
        owner: Some(owner(buckets)),
        continuation_token: next,
        prefix: input.prefix,
    }))
}
