//! `ListObjectsV2`, `ListObjects` and `ListBuckets`.

use s3s::dto::{
    self, CommonPrefix, EncodingType, ListBucketsInput, ListBucketsOutput, ListObjectsInput, ListObjectsOutput,
    ListObjectsV2Input, ListObjectsV2Output, Object, Owner,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::{Buckets, blocking, etag, failed, time, time_ms};
use crate::page;
use crate::s3::store::{Listed, Query};
use crate::wire::query::percent_encode;

/// The most keys of one page.
const MAX_KEYS: i32 = 1000;

/// One page, in the terms that both versions of the operation share.
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
    let owned = buckets.clone();
    let (shown, next) = blocking(move || {
        let names = owned.store.buckets().map_err(failed)?;
        let mut names = names.into_iter().filter(|name| name.starts_with(&prefix) && *name > after);
        let page: Vec<String> = names.by_ref().take(limit).collect();
        let next = names.next().and(page.last()).map(page::encode);
        let shown: Vec<dto::Bucket> = page
            .into_iter()
            .map(|name| dto::Bucket {
                creation_date: Some(time_ms(owned.store.bucket(&name).created_at_ms)),
                name: Some(name),
                ..dto::Bucket::default()
            })
            .collect();
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
