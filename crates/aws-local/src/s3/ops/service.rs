//! Finds the operation of a request. What is not here is not provided, and `s3s` says so.

use s3s::dto;
use s3s::{S3, S3Request, S3Response, S3Result};

use super::{Buckets, bucket, copy, delete, get, list, multipart, multipart_list, put, tagging};

macro_rules! operations {
    ($($module:ident::$operation:ident: $input:ident -> $output:ident;)*) => {
        #[async_trait::async_trait]
        impl S3 for Buckets {
            $(
                async fn $operation(&self, request: S3Request<dto::$input>) -> S3Result<S3Response<dto::$output>> {
                    $module::$operation(self, request).await
                }
            )*
        }
    };
}

operations! {
    bucket::create_bucket: CreateBucketInput -> CreateBucketOutput;
    bucket::head_bucket: HeadBucketInput -> HeadBucketOutput;
    bucket::delete_bucket: DeleteBucketInput -> DeleteBucketOutput;
    bucket::get_bucket_location: GetBucketLocationInput -> GetBucketLocationOutput;
    bucket::get_bucket_versioning: GetBucketVersioningInput -> GetBucketVersioningOutput;
    list::list_buckets: ListBucketsInput -> ListBucketsOutput;
    list::list_objects: ListObjectsInput -> ListObjectsOutput;
    list::list_objects_v2: ListObjectsV2Input -> ListObjectsV2Output;
    list::list_object_versions: ListObjectVersionsInput -> ListObjectVersionsOutput;
    put::put_object: PutObjectInput -> PutObjectOutput;
    get::get_object: GetObjectInput -> GetObjectOutput;
    get::head_object: HeadObjectInput -> HeadObjectOutput;
    get::get_object_attributes: GetObjectAttributesInput -> GetObjectAttributesOutput;
    copy::copy_object: CopyObjectInput -> CopyObjectOutput;
    delete::delete_object: DeleteObjectInput -> DeleteObjectOutput;
    delete::delete_objects: DeleteObjectsInput -> DeleteObjectsOutput;
    tagging::put_bucket_tagging: PutBucketTaggingInput -> PutBucketTaggingOutput;
    tagging::get_bucket_tagging: GetBucketTaggingInput -> GetBucketTaggingOutput;
    tagging::delete_bucket_tagging: DeleteBucketTaggingInput -> DeleteBucketTaggingOutput;
    tagging::put_object_tagging: PutObjectTaggingInput -> PutObjectTaggingOutput;
    tagging::get_object_tagging: GetObjectTaggingInput -> GetObjectTaggingOutput;
    tagging::delete_object_tagging: DeleteObjectTaggingInput -> DeleteObjectTaggingOutput;
    multipart::create_multipart_upload: CreateMultipartUploadInput -> CreateMultipartUploadOutput;
    multipart::upload_part: UploadPartInput -> UploadPartOutput;
    multipart::upload_part_copy: UploadPartCopyInput -> UploadPartCopyOutput;
    multipart::complete_multipart_upload: CompleteMultipartUploadInput -> CompleteMultipartUploadOutput;
    multipart::abort_multipart_upload: AbortMultipartUploadInput -> AbortMultipartUploadOutput;
    multipart_list::list_parts: ListPartsInput -> ListPartsOutput;
    multipart_list::list_multipart_uploads: ListMultipartUploadsInput -> ListMultipartUploadsOutput;
}
