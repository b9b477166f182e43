//! `DeleteObject` and `DeleteObjects`. What is not there is deleted already, unless a condition wants it there.

use s3s::dto::{
    self, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag,
    ETagCondition,
};
use s3s::{S3Error, S3Request, S3Response, S3Result, s3_error};

use super::{Buckets, Refused, blocking, conditions};

/// The most keys of one request.
const MAX_KEYS: usize = 1000;

pub(super) async fn delete_object(
    buckets: &Buckets,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let input = request.input;
    let owned = buckets.clone();
    blocking(move || {
        owned.existing(&input.bucket)?;
        match input.version_id.as_deref() {
            None | Some("null") => remove(&owned, &input.bucket, &input.key, input.if_match),
            // A version that is not there is deleted already too.
            Some(_) => Ok(()),
        }
    })
    .await?;
    Ok(S3Response::with_status(DeleteObjectOutput::default(), http::StatusCode::NO_CONTENT))
}

pub(super) async fn delete_objects(
    buckets: &Buckets,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let input = request.input;
    let objects = input.delete.objects;
    if objects.is_empty() || objects.len() > MAX_KEYS {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well-formed or did not validate against our published schema"
        ));
    }
    let quiet = input.delete.quiet == Some(true);
    let owned = buckets.clone();
    let (deleted, errors) = blocking(move || {
        owned.existing(&input.bucket)?;
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in objects {
            let condition = object.e_tag.map(|etag: ETag| ETagCondition::ETag(etag));
            match remove(&owned, &input.bucket, &object.key, condition) {
                Ok(()) => deleted.push(DeletedObject { key: Some(object.key), ..DeletedObject::default() }),
                Err(error) => errors.push(shown(object.key, &error)),
            }
        }
        Ok((deleted, errors))
    })
    .await?;
    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: (!quiet && !deleted.is_empty()).then_some(deleted),
        errors: (!errors.is_empty()).then_some(errors),
        ..DeleteObjectsOutput::default()
    }))
}

fn remove(buckets: &Buckets, bucket: &str, key: &str, if_match: Option<ETagCondition>) -> S3Result<()> {
    let check = |stored: Option<&_>| conditions::check_write(if_match.as_ref(), None, stored).map_err(Refused);
    buckets.store.remove(bucket, key, check).map_err(|refused| refused.0)
}

fn shown(key: String, error: &S3Error) -> dto::Error {
    dto::Error {
        key: Some(key),
        code: Some(error.code().as_str().to_owned()),
        message: error.message().map(ToOwned::to_owned),
        ..dto::Error::default()
    }
}
