//! Multipart uploads: begin, put and copy parts, complete, abort.

use std::fs::File;
use std::io;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumType, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CompletedPart, CopyPartResult, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, Range as HttpRange, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput,
    UploadPartOutput,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};
use tempfile::NamedTempFile;

use super::checksum::{Hashes, composite};
use super::put::{check_key, described};
use super::receive::{Expected, receive};
use super::{Buckets, Refused, Trailers, blocking, conditions, copy, etag, failed, time_ms};
use crate::clock;
use crate::s3::store::uploads::{Part, Upload};
use crate::s3::store::{Attributes, Store, Sum, open};

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
const MAX_PARTS: i32 = 10_000;
const MIN_PART_BYTES: u64 = 5 << 20;

pub(super) fn no_such_upload() -> S3Error {
    s3_error!(
        NoSuchUpload,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed."
    )
}

pub(super) async fn create_multipart_upload(
    buckets: &Buckets,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let mut input = request.input;
    check_key(&input.key)?;
    let algorithm = input.checksum_algorithm.as_ref().map(|it| it.as_str().to_owned());
    Hashes::new(algorithm.as_deref())?;
    let kind = match (input.checksum_type.as_ref().map(ChecksumType::as_str), algorithm.as_deref()) {
        (Some("COMPOSITE"), Some("CRC64NVME")) => {
            return Err(s3_error!(
                InvalidRequest,
                "The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm."
            ));
        }
        (Some("FULL_OBJECT"), Some("SHA1" | "SHA256")) => {
            return Err(s3_error!(
                InvalidRequest,
                "The FULL_OBJECT checksum type cannot be used with the sha checksum algorithms."
            ));
        }
        (Some(kind), Some(_)) => Some(kind.to_owned()),
        (None, Some("CRC64NVME")) => Some("FULL_OBJECT".to_owned()),
        (None, Some(_)) => Some("COMPOSITE".to_owned()),
        (_, None) => None,
    };
    let upload = Upload {
        bucket: input.bucket.clone(),
        initiated_at_ms: clock::now_ms(),
        algorithm: algorithm.clone(),
        kind: kind.clone(),
        attributes: described!(input),
    };
    let owned = buckets.clone();
    let id = blocking(move || {
        owned.existing(&upload.bucket)?;
        owned.store.upload_begin(&upload).map_err(failed)
    })
    .await?;
    Ok(S3Response::new(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        checksum_algorithm: algorithm.map(Into::into),
        checksum_type: kind.map(Into::into),
        ..CreateMultipartUploadOutput::default()
    }))
}

pub(super) async fn upload_part(
    buckets: &Buckets,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let trailers = request.extensions.get::<Trailers>().cloned();
    let mut input = request.input;
    let number = part_number(input.part_number)?;
    let upload = under_way(buckets, &input.upload_id, &input.bucket, &input.key).await?;
    let expected = Expected {
        content_md5: input.content_md5.take(),
        sum: given_sum!(input),
        algorithm: upload.algorithm,
        trailers,
    };
    let received = receive(buckets, input.body.take(), expected).await?;
    let mut output = UploadPartOutput { e_tag: Some(etag(&received.md5)), ..UploadPartOutput::default() };
    show_sum!(output, &received.sum);
    let store = buckets.store.clone();
    blocking(move || {
        let put = store.part_put(&input.upload_id, number, &received.md5, received.sum.as_ref(), received.bytes);
        put.map_err(gone)
    })
    .await?;
    Ok(S3Response::new(output))
}

pub(super) async fn upload_part_copy(
    buckets: &Buckets,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let mut input = request.input;
    let number = part_number(input.part_number)?;
    let upload = under_way(buckets, &input.upload_id, &input.bucket, &input.key).await?;
    let (from_bucket, from_key) = copy::source(&input.copy_source)?;
    let conditions = conditions::Read {
        if_match: input.copy_source_if_match.take(),
        if_none_match: input.copy_source_if_none_match.take(),
        if_modified_since: input.copy_source_if_modified_since.take(),
        if_unmodified_since: input.copy_source_if_unmodified_since.take(),
    };
    let owned = buckets.clone();
    let (md5, sum) = blocking(move || {
        let (stored, file) = copy::opened(&owned, &from_bucket, &from_key)?;
        conditions.check(&stored, true)?;
        let range = match input.copy_source_range.as_deref() {
            None => 0..stored.size,
            Some(text) => {
                let invalid = || s3_error!(InvalidArgument, "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy");
                match HttpRange::parse(text).map_err(|_| invalid())? {
                    HttpRange::Int { first, last: Some(last) } if last < stored.size => first..last + 1,
                    HttpRange::Int { last: Some(_), .. } => {
                        return Err(s3_error!(InvalidArgument, "Range specified is not valid for source object of size: {}", stored.size));
                    }
                    _ => return Err(invalid()),
                }
            }
        };
        let copied = copy::copied(&owned.store, file, range, upload.algorithm.as_deref())?;
        let put = owned.store.part_put(&input.upload_id, number, &copied.md5, copied.sum.as_ref(), copied.bytes);
        put.map_err(gone)?;
        Ok((copied.md5, copied.sum))
    })
    .await?;
    let mut result = CopyPartResult {
        e_tag: Some(etag(&md5)),
        last_modified: Some(time_ms(clock::now_ms())),
        ..CopyPartResult::default()
    };
    show_sum!(result, &sum);
    Ok(S3Response::new(UploadPartCopyOutput { copy_part_result: Some(result), ..UploadPartCopyOutput::default() }))
}

pub(super) async fn abort_multipart_upload(
    buckets: &Buckets,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let input = request.input;
    under_way(buckets, &input.upload_id, &input.bucket, &input.key).await?;
    let store = buckets.store.clone();
    blocking(move || store.upload_end(&input.upload_id).map_err(failed)).await?;
    Ok(S3Response::with_status(AbortMultipartUploadOutput::default(), http::StatusCode::NO_CONTENT))
}

pub(super) async fn complete_multipart_upload(
    buckets: &Buckets,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let input = request.input;
    let owned = buckets.clone();
    let (bucket, key) = (input.bucket.clone(), input.key.clone());
    let given = given_sum!(input);
    let stored = blocking(move || {
        owned.existing(&input.bucket)?;
        let Some(upload) = owned.store.upload(&input.upload_id, &input.bucket, &input.key) else {
            // Who did not get the answer asks again.
            let made = owned.store.find(&input.bucket, &input.key);
            return made
                .filter(|stored| stored.attributes.upload.as_ref() == Some(&input.upload_id))
                .ok_or_else(no_such_upload);
        };
        let listed = input.multipart_upload.and_then(|it| it.parts).unwrap_or_default();
        let parts = chosen(&owned.store.parts(&input.upload_id), &listed)?;
        if let Some(size) = input.mpu_object_size
            && u64::try_from(size).ok() != Some(parts.iter().map(|part| part.size).sum())
        {
            return Err(s3_error!(
                InvalidRequest,
                "The provided 'x-amz-mp-object-size' header value does not match what was computed."
            ));
        }
        let (bytes, mut attributes) = joined(&owned.store, &upload, &parts)?;
        attributes.upload = Some(input.upload_id.clone());
        if let (Some((_, given)), Some(sum)) = (&given, &attributes.sum)
            && given.split('-').next() != sum.value.split('-').next()
        {
            return Err(s3_error!(
                BadDigest,
                "The {} you specified did not match the calculated checksum.",
                sum.algorithm
            ));
        }
        let check = |stored: Option<&_>| {
            conditions::check_write(input.if_match.as_ref(), input.if_none_match.as_ref(), stored).map_err(Refused)
        };
        let published = owned.store.publish(&input.bucket, bytes, &attributes, check);
        let stored = published.map_err(|refused| refused.0)?;
        owned.store.upload_end(&input.upload_id).map_err(failed)?;
        Ok(stored)
    })
    .await?;
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{bucket}/{key}")),
        bucket: Some(bucket),
        key: Some(key),
        e_tag: Some(etag(&stored.attributes.etag)),
        ..CompleteMultipartUploadOutput::default()
    };
    show_sum!(output, &stored.attributes.sum);
    output.checksum_type = stored.attributes.sum.map(|sum| sum.kind.into());
    Ok(S3Response::new(output))
}

async fn under_way(buckets: &Buckets, id: &str, bucket: &str, key: &str) -> S3Result<Upload> {
    let (owned, id, bucket, key) = (buckets.clone(), id.to_owned(), bucket.to_owned(), key.to_owned());
    blocking(move || {
        owned.existing(&bucket)?;
        owned.store.upload(&id, &bucket, &key).ok_or_else(no_such_upload)
    })
    .await
}

/// The upload was aborted or completed meanwhile.
fn gone(error: io::Error) -> S3Error {
    if error.kind() == io::ErrorKind::NotFound { no_such_upload() } else { failed(error) }
}

fn part_number(number: i32) -> S3Result<u32> {
    if (1..=MAX_PARTS).contains(&number) {
        return Ok(number.unsigned_abs());
    }
    Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive"))
}

/// The parts that the caller lists, which must be there as listed.
fn chosen(there: &[Part], listed: &[CompletedPart]) -> S3Result<Vec<Part>> {
    if listed.is_empty() {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published schema"
        ));
    }
    let numbers: Vec<i32> = listed.iter().map(|part| part.part_number.unwrap_or_default()).collect();
    if !numbers.is_sorted_by(|a, b| a < b) {
        return Err(s3_error!(
            InvalidPartOrder,
            "The list of parts was not in ascending order. The parts list must be specified in order by part number."
        ));
    }
    let parts = listed.iter().zip(&numbers).map(|(part, number)| {
        let found = there.iter().find(|found| i64::from(found.number) == i64::from(*number));
        let same_tag = |found: &&Part| part.e_tag.as_ref().is_none_or(|etag| etag.value() == found.md5);
        let same_sum = |found: &&Part| match (given_sum!(part), &found.sum) {
            (Some((_, given)), Some(sum)) => given == sum.value,
            _ => true,
        };
        found.filter(same_tag).filter(same_sum).cloned().ok_or_else(|| {
            s3_error!(InvalidPart, "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.")
        })
    });
    let parts: Vec<Part> = parts.collect::<S3Result<_>>()?;
    if parts.split_last().is_some_and(|(_, others)| others.iter().any(|part| part.size < MIN_PART_BYTES)) {
        return Err(s3_error!(EntityTooSmall, "Your proposed upload is smaller than the minimum allowed object size."));
    }
    Ok(parts)
}

/// One file of all the parts, and what is known about it.
fn joined(store: &Store, upload: &Upload, parts: &[Part]) -> S3Result<(NamedTempFile, Attributes)> {
    let whole = upload.algorithm.as_deref().filter(|_| upload.kind.as_deref() == Some("FULL_OBJECT"));
    let mut hashes = Hashes::new(whole)?;
    let mut tags = Hashes::new(None)?;
    let mut join = || -> io::Result<NamedTempFile> {
        let mut bytes = store.incoming()?;
        for part in parts {
            tags.update(&hex::decode(&part.md5).unwrap_or_default());
            let mut from = open(&part.path)?;
            if whole.is_some() {
                io::copy(&mut from, &mut Hashed { file: bytes.as_file_mut(), hashes: &mut hashes })?;
            } else {
                // From file to file, without a way through our memory.
                io::copy(&mut from, bytes.as_file_mut())?;
            }
        }
        Ok(bytes)
    };
    let bytes = join().map_err(gone)?;
    let sums: Vec<&Sum> = parts.iter().filter_map(|part| part.sum.as_ref()).collect();
    let sum = match (&upload.algorithm, whole) {
        (_, Some(_)) => hashes.finish().1,
        (Some(algorithm), None) if sums.len() == parts.len() => Some(composite(algorithm, &sums)?),
        _ => None,
    };
    let attributes = Attributes {
        etag: format!("{}-{}", tags.finish().0, parts.len()),
        sum,
        part_bytes: parts.iter().map(|part| part.size).collect(),
        ..upload.attributes.clone()
    };
    Ok((bytes, attributes))
}

struct Hashed<'a> {
    file: &'a mut File,
    hashes: &'a mut Hashes,
}

impl io::Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hashes.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
