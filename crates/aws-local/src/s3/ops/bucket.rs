//! Buckets: create, look, delete.

use s3s::dto::{
    BucketLocationConstraint, CreateBucketInput, CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput,
    GetBucketLocationInput, GetBucketLocationOutput, GetBucketVersioningInput, GetBucketVersioningOutput,
    HeadBucketInput, HeadBucketOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::{Buckets, blocking, failed};

/// The region that has no name in a bucket's location.
const CLASSIC: &str = "us-east-1";

pub(super) async fn create_bucket(
    buckets: &Buckets,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let input = request.input;
    let constraint = input.create_bucket_configuration.and_then(|it| it.location_constraint);
    let location = constraint.map(|it| it.as_str().to_owned()).filter(|location| location != CLASSIC);
    if location.as_deref() == Some("") {
        return Err(s3_error!(InvalidLocationConstraint, "The specified location-constraint is not valid"));
    }
    let path = format!("/{}", input.bucket);
    let (owned, elsewhere) = (buckets.clone(), location.is_some());
    let fresh = blocking(move || owned.store.bucket_create(&input.bucket, location).map_err(failed)).await?;
    // In us-east-1 one's own bucket may be created again.
    if !fresh && elsewhere {
        return Err(s3_error!(
            BucketAlreadyOwnedByYou,
            "Your previous request to create the named bucket succeeded and you already own it."
        ));
    }
    Ok(S3Response::new(CreateBucketOutput { location: Some(path) }))
}

pub(super) async fn head_bucket(
    buckets: &Buckets,
    request: S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    let owned = buckets.clone();
    let location = blocking(move || {
        owned.existing(&request.input.bucket)?;
        Ok(owned.store.bucket(&request.input.bucket).location)
    })
    .await?;
    let region = location.unwrap_or_else(|| buckets.region.clone());
    Ok(S3Response::new(HeadBucketOutput { bucket_region: Some(region), ..HeadBucketOutput::default() }))
}

pub(super) async fn delete_bucket(
    buckets: &Buckets,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<S3Response<DeleteBucketOutput>> {
    let owned = buckets.clone();
    blocking(move || {
        owned.existing(&request.input.bucket)?;
        if owned.store.bucket_remove(&request.input.bucket).map_err(failed)? {
            return Ok(());
        }
        Err(s3_error!(BucketNotEmpty, "The bucket you tried to delete is not empty"))
    })
    .await?;
    Ok(S3Response::with_status(DeleteBucketOutput {}, http::StatusCode::NO_CONTENT))
}

pub(super) async fn get_bucket_location(
    buckets: &Buckets,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    let owned = buckets.clone();
    let location = blocking(move || {
        owned.existing(&request.input.bucket)?;
        Ok(owned.store.bucket(&request.input.bucket).location)
    })
    .await?;
    let region = location.or_else(|| Some(buckets.region.clone()).filter(|region| region != CLASSIC));
    Ok(S3Response::new(GetBucketLocationOutput { location_constraint: region.map(BucketLocationConstraint::from) }))
}

/// Never switched on: the store keeps one version of an object.
pub(super) async fn get_bucket_versioning(
    buckets: &Buckets,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<S3Response<GetBucketVersioningOutput>> {
    let owned = buckets.clone();
    blocking(move || owned.existing(&request.input.bucket)).await?;
    Ok(S3Response::new(GetBucketVersioningOutput::default()))
}
