//! Buckets: create, look, delete.

use s3s::dto::{
    BucketLocationConstraint, CreateBucketInput, CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput,
    GetBucketLocationInput, GetBucketLocationOutput, GetBucketVersioningInput, GetBucketVersioningOutput,
    HeadBucketInput, HeadBucketOutput,
};
use s3s::{S3Request, S3Response, S3Result, s3_error};

use super::{Buckets, blocking, failed};
use crate::s3::SignedFor;

/// The region that has no name in a bucket's location.
const CLASSIC: &str = "us-east-1";

pub(super) async fn create_bucket(
    buckets: &Buckets,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let signed_for = request.extensions.get::<SignedFor>().map(|it| it.0.clone());
    let input = request.input;
    let constraint = input.create_bucket_configuration.and_then(|it| it.location_constraint);
    let location = constraint.map(|it| it.as_str().to_owned());
    check_location(location.as_deref(), signed_for.as_deref())?;
    let path = format!("/{}", input.bucket);
    let is_classic = location.is_none();
    let owned = buckets.clone();
    let may_be_there = blocking(move || {
        let fresh = owned.store.bucket_create(&input.bucket, location).map_err(failed)?;
        // In us-east-1 one's own bucket may be created again.
        Ok(fresh || is_classic && owned.store.bucket(&input.bucket).location.is_none())
    })
    .await?;
    if !may_be_there {
        return Err(s3_error!(
            BucketAlreadyOwnedByYou,
            "Your previous request to create the named bucket succeeded and you already own it."
        ));
    }
    Ok(S3Response::new(CreateBucketOutput { location: Some(path) }))
}

/// A bucket may be made anywhere from us-east-1, and from another region only there. Who signs nothing is asked nothing.
fn check_location(location: Option<&str>, signed_for: Option<&str>) -> S3Result<()> {
    match (location, signed_for) {
        (Some(""), _) | (Some(CLASSIC), None | Some(CLASSIC)) => {
            Err(s3_error!(InvalidLocationConstraint, "The specified location-constraint is not valid"))
        }
        (_, None | Some(CLASSIC)) | (Some("EU"), Some("eu-west-1")) => Ok(()),
        (location, Some(region)) if location == Some(region) => Ok(()),
        (location, _) => Err(s3_error!(
            IllegalLocationConstraintException,
            "The {} location constraint is incompatible for the region specific endpoint this request was sent to.",
            location.unwrap_or("unspecified")
        )),
    }
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
