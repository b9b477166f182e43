//! `ListParts` and `ListMultipartUploads`.

use s3s::dto::{
    self, CommonPrefix, Initiator, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
    ListPartsOutput, MultipartUpload,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::list::{Encoding, owner};
use super::multipart::no_such_upload;
use super::{Buckets, blocking, etag, time, time_ms};

/// The most entries of one page.
const MAX_ENTRIES: i32 = 1000;

fn initiator(buckets: &Buckets) -> Initiator {
    Initiator { id: Some(buckets.account.clone()), display_name: Some("trainyard".to_owned()) }
}

pub(super) async fn list_parts(
    buckets: &Buckets,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let input = request.input;
    let max_parts = limit("max-parts", input.max_parts)?;
    let after = not_negative("part-number-marker", input.part_number_marker.unwrap_or_default())?;
    let owned = buckets.clone();
    let (bucket, key, id) = (input.bucket.clone(), input.key.clone(), input.upload_id.clone());
    let (upload, parts) = blocking(move || {
        owned.existing(&bucket)?;
        let upload = owned.store.upload(&id, &bucket, &key).ok_or_else(no_such_upload)?;
        Ok((upload, owned.store.parts(&id)))
    })
    .await?;
    let mut rest = parts.into_iter().filter(|part| i64::from(part.number) > i64::from(after));
    let page: Vec<dto::Part> = rest
        .by_ref()
        .take(usize::try_from(max_parts).unwrap_or_default())
        .map(|part| {
            let mut shown = dto::Part {
                part_number: i32::try_from(part.number).ok(),
                e_tag: Some(etag(&part.md5)),
                size: i64::try_from(part.size).ok(),
                last_modified: Some(time(part.modified)),
                ..dto::Part::default()
            };
            show_sum!(shown, &part.sum);
            shown
        })
        .collect();
    let more = rest.next().is_some();
    let last = page.last().and_then(|part| part.part_number).unwrap_or_default();
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        part_number_marker: Some(after),
        next_part_number_marker: Some(last),
        max_parts: Some(max_parts),
        is_truncated: Some(more),
        parts: Some(page),
        checksum_algorithm: upload.algorithm.map(Into::into),
        checksum_type: upload.kind.map(Into::into),
        initiator: Some(initiator(buckets)),
        owner: Some(owner(buckets)),
        storage_class: Some(upload.attributes.storage_class.unwrap_or_else(|| "STANDARD".to_owned()).into()),
        ..ListPartsOutput::default()
    }))
}

pub(super) async fn list_multipart_uploads(
    buckets: &Buckets,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let input = request.input;
    let encoding = Encoding::of(input.encoding_type.as_ref())?;
    let max_uploads = limit("max-uploads", input.max_uploads)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let delimiter = input.delimiter.clone().filter(|it| !it.is_empty());
    let after = (input.key_marker.clone().unwrap_or_default(), input.upload_id_marker.clone().unwrap_or_default());
    let (owned, bucket) = (buckets.clone(), input.bucket.clone());
    let uploads = blocking(move || {
        owned.existing(&bucket)?;
        Ok(owned.store.uploads(&bucket))
    })
    .await?;

    let mut shown: Vec<MultipartUpload> = Vec::new();
    let mut prefixes: Vec<String> = Vec::new();
    let (mut next, mut more) = ((String::new(), String::new()), false);
    // With an upload marker the page begins after that upload, else after all those of the key.
    let mut passed = after.1.is_empty();
    for (id, upload) in uploads {
        let key = &upload.attributes.key;
        if key == &after.0 && !passed {
            passed = id == after.1;
            continue;
        }
        if !key.starts_with(&prefix) || key <= &after.0 && (key < &after.0 || after.1.is_empty()) && !after.0.is_empty()
        {
            continue;
        }
        let rolled = delimiter.as_ref().and_then(|delimiter| {
            let place = key[prefix.len()..].find(delimiter.as_str())?;
            Some(key[..prefix.len() + place + delimiter.len()].to_owned())
        });
        if rolled.is_some() && (prefixes.last() == rolled.as_ref() || rolled.as_ref() == Some(&after.0)) {
            continue;
        }
        if shown.len() + prefixes.len() >= usize::try_from(max_uploads).unwrap_or_default() {
            more = true;
            break;
        }
        if let Some(rolled) = rolled {
            next = (rolled.clone(), String::new());
            prefixes.push(rolled);
            continue;
        }
        next = (key.clone(), id.clone());
        shown.push(MultipartUpload {
            key: Some(encoding.text(key)),
            upload_id: Some(id),
            initiated: Some(time_ms(upload.initiated_at_ms)),
            initiator: Some(initiator(buckets)),
            owner: Some(owner(buckets)),
            storage_class: Some(upload.attributes.storage_class.unwrap_or_else(|| "STANDARD".to_owned()).into()),
            checksum_algorithm: upload.algorithm.map(Into::into),
            checksum_type: upload.kind.map(Into::into),
        });
    }
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        key_marker: Some(encoding.text(&after.0)),
        upload_id_marker: Some(after.1),
        next_key_marker: more.then(|| encoding.text(&next.0)),
        next_upload_id_marker: more.then_some(next.1),
        max_uploads: Some(max_uploads),
        is_truncated: Some(more),
        uploads: Some(shown),
        common_prefixes: Some(
            prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(encoding.text(prefix)) }).collect(),
        ),
        prefix: input.prefix.map(|prefix| encoding.text(&prefix)),
        delimiter: delimiter.map(|delimiter| encoding.text(&delimiter)),
        encoding_type: encoding.shown(),
        ..ListMultipartUploadsOutput::default()
    }))
}

fn limit(name: &str, asked: Option<i32>) -> S3Result<i32> {
    Ok(not_negative(name, asked.unwrap_or(MAX_ENTRIES))?.min(MAX_ENTRIES))
}

fn not_negative(name: &str, asked: i32) -> S3Result<i32> {
    if asked < 0 {
        return Err(s3_error!(InvalidArgument, "Argument {name} must be an integer between 0 and 2147483647"));
    }
    Ok(asked)
}
