"""S3 as unmodified boto3 uses it: objects, conditions, copies, parts, lists, tags, checksums and presigned URLs."""

import hashlib
import io
import urllib.error
import urllib.request
import uuid

import boto3.s3.transfer
import botocore.exceptions
import pytest


def error(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture
def s3(aws):
    return aws("s3")


@pytest.fixture
def bucket(s3):
    name = f"test-{uuid.uuid4().hex[:16]}"
    s3.create_bucket(Bucket=name)
    return name


def keys(page):
    return [it["Key"] for it in page.get("Contents", [])]


class TestObject:
    def test_it_comes_back_with_what_it_was_stored_with(self, s3, bucket):
        about = {
            "ContentType": "text/csv",
            "ContentEncoding": "gzip",
            "CacheControl": "no-cache",
            "ContentDisposition": "attachment",
            "Metadata": {"owner": "me", "run": "7"},
        }
        put = s3.put_object(Bucket=bucket, Key="a.csv", Body=b"1,2", Tagging="team=vision&x=a%20b", **about)
        got = s3.get_object(Bucket=bucket, Key="a.csv")
        assert got["Body"].read() == b"1,2"
        assert {name: got[name] for name in about} == about
        assert got["ETag"] == put["ETag"] == f'"{hashlib.md5(b"1,2").hexdigest()}"'
        assert got["TagCount"] == 2
        tags = s3.get_object_tagging(Bucket=bucket, Key="a.csv")["TagSet"]
        assert tags == [{"Key": "team", "Value": "vision"}, {"Key": "x", "Value": "a b"}]

    @pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
    def test_a_wrong_checksum_is_refused_and_a_right_one_is_shown(self, s3, bucket, algorithm):
        member = f"Checksum{algorithm}"
        right = {
            "CRC32": "DUoRhQ==",
            "CRC32C": "yZRlqg==",
            "CRC64NVME": "jSnVw/bqjr4=",
            "SHA1": "Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
            "SHA256": "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=",
        }[algorithm]
        s3.put_object(Bucket=bucket, Key="sum", Body=b"hello world", **{member: right})
        assert s3.head_object(Bucket=bucket, Key="sum", ChecksumMode="ENABLED")[member] == right
        wrong = right[::-1].lstrip("=") + "=" * right.count("=")
        arguments = {"Bucket": bucket, "Key": "sum", "Body": b"hello world", member: wrong}
        assert error(s3.put_object, **arguments) == ("BadDigest", 400)

    @pytest.mark.parametrize(("range_", "bytes_"), [("bytes=2-4", b"234"), ("bytes=-3", b"789"), ("bytes=8-", b"89")])
    def test_it_is_read_in_ranges(self, s3, bucket, range_, bytes_):
        s3.put_object(Bucket=bucket, Key="r", Body=b"0123456789")
        got = s3.get_object(Bucket=bucket, Key="r", Range=range_)
        assert (got["ResponseMetadata"]["HTTPStatusCode"], got["Body"].read()) == (206, bytes_)
        assert error(s3.get_object, Bucket=bucket, Key="r", Range="bytes=10-") == ("InvalidRange", 416)

    def test_conditions_hold_or_the_request_is_refused(self, s3, bucket):
        tag = s3.put_object(Bucket=bucket, Key="c", Body=b"1")["ETag"]
        at = s3.head_object(Bucket=bucket, Key="c")["LastModified"]
        one = {"Bucket": bucket, "Key": "c"}
        assert error(s3.put_object, **one, Body=b"2", IfNoneMatch="*") == ("PreconditionFailed", 412)
        assert error(s3.put_object, **one, Body=b"2", IfMatch='"0"') == ("PreconditionFailed", 412)
        assert error(s3.put_object, Bucket=bucket, Key="none", Body=b"2", IfMatch=tag) == ("NoSuchKey", 404)
        assert error(s3.get_object, **one, IfNoneMatch=tag)[1] == 304
        assert error(s3.get_object, **one, IfModifiedSince=at)[1] == 304
        assert error(s3.get_object, **one, IfMatch='"0"')[1] == 412
        s3.put_object(**one, Body=b"2", IfMatch=tag)
        assert s3.get_object(**one)["Body"].read() == b"2"
        s3.put_object(Bucket=bucket, Key="fresh", Body=b"3", IfNoneMatch="*")

    def test_it_is_copied_with_its_attributes_or_new_ones(self, s3, bucket):
        s3.put_object(Bucket=bucket, Key="from me", Body=b"x", Metadata={"a": "1"}, ContentType="text/x", Tagging="t=1")
        source = {"Bucket": bucket, "Key": "from me"}
        s3.copy_object(Bucket=bucket, Key="kept", CopySource=source)
        kept = s3.head_object(Bucket=bucket, Key="kept")
        assert (kept["Metadata"], kept["ContentType"]) == ({"a": "1"}, "text/x")
        s3.copy_object(Bucket=bucket, Key="new", CopySource=source, MetadataDirective="REPLACE", Metadata={"b": "2"})
        assert s3.head_object(Bucket=bucket, Key="new")["Metadata"] == {"b": "2"}
        assert s3.get_object_tagging(Bucket=bucket, Key="new")["TagSet"] == [{"Key": "t", "Value": "1"}]
        assert error(s3.copy_object, Bucket=bucket, Key="from me", CopySource=source) == ("InvalidRequest", 400)

    def test_a_wrong_owner_is_refused(self, s3, bucket):
        assert error(s3.head_bucket, Bucket=bucket, ExpectedBucketOwner="111122223333")[1] == 403
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner="000000000000")


class TestKeys:
    NAMES = ["a", "a/b", "a//b", "../../x", "dir/", "sp ace+plus&%é", "ctrl\x01", "k" * 1024, ("n" * 300) + "/x"]

    def test_any_key_is_an_object_of_its_own(self, s3, bucket):
        for name in self.NAMES:
            s3.put_object(Bucket=bucket, Key=name, Body=name.encode())
        for name in self.NAMES:
            assert s3.get_object(Bucket=bucket, Key=name)["Body"].read() == name.encode()
        assert keys(s3.list_objects_v2(Bucket=bucket)) == sorted(self.NAMES, key=str.encode)
        # XML cannot carry every key.
        s3.delete_object(Bucket=bucket, Key="ctrl\x01")
        others = [name for name in self.NAMES if name != "ctrl\x01"]
        deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": name} for name in others]})
        assert len(deleted["Deleted"]) == len(others)
        s3.delete_bucket(Bucket=bucket)

    def test_lists_are_paged_and_rolled_up(self, s3, bucket):
        names = [f"{folder}/{n}" for folder in ("a", "b", "c") for n in range(4)] + ["b.txt", "top"]
        for name in names:
            s3.put_object(Bucket=bucket, Key=name, Body=b"")
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 3})
        assert [key for page in pages for key in keys(page)] == sorted(names)
        for version in ("list_objects", "list_objects_v2"):
            pages = s3.get_paginator(version).paginate(
                Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2}
            )
            pages = list(pages)
            assert [it["Prefix"] for page in pages for it in page.get("CommonPrefixes", [])] == ["a/", "b/", "c/"]
            assert [key for page in pages for key in keys(page)] == ["b.txt", "top"]
        after = s3.list_objects_v2(Bucket=bucket, StartAfter="b/2", Prefix="b")
        assert keys(after) == ["b/3"]


class TestMultipart:
    def test_parts_become_one_object(self, s3, bucket):
        part = b"p" * (5 << 20)
        upload = s3.create_multipart_upload(Bucket=bucket, Key="big", Metadata={"a": "1"}, ContentType="text/x")
        one = {"Bucket": bucket, "Key": "big", "UploadId": upload["UploadId"]}
        first = s3.upload_part(**one, PartNumber=1, Body=part)
        s3.put_object(Bucket=bucket, Key="source", Body=b"0123456789")
        second = s3.upload_part_copy(
            **one, PartNumber=2, CopySource=f"{bucket}/source", CopySourceRange="bytes=2-4"
        )["CopyPartResult"]
        assert [it["PartNumber"] for it in s3.list_parts(**one)["Parts"]] == [1, 2]
        assert [it["Key"] for it in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == ["big"]
        parts = [{"PartNumber": 1, "ETag": first["ETag"]}, {"PartNumber": 2, "ETag": second["ETag"]}]
        wrong_order = {"MultipartUpload": {"Parts": parts[::-1]}}
        assert error(s3.complete_multipart_upload, **one, **wrong_order) == ("InvalidPartOrder", 400)
        done = s3.complete_multipart_upload(**one, MultipartUpload={"Parts": parts})
        digests = b"".join(hashlib.md5(body).digest() for body in (part, b"234"))
        assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-2"'
        # Who did not get the answer may ask again.
        again = s3.complete_multipart_upload(**one, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
        assert again["ETag"] == done["ETag"]
        head = s3.head_object(Bucket=bucket, Key="big", PartNumber=2)
        assert (head["ResponseMetadata"]["HTTPStatusCode"], head["PartsCount"], head["ContentLength"]) == (206, 2, 3)
        got = s3.get_object(Bucket=bucket, Key="big")
        assert got["Body"].read() == part + b"234"
        assert got["Metadata"] == {"a": "1"}
        assert s3.get_object(Bucket=bucket, Key="big", PartNumber=2)["Body"].read() == b"234"
        assert error(s3.list_parts, **one) == ("NoSuchUpload", 404)

    def test_an_aborted_upload_leaves_nothing(self, s3, bucket):
        upload = s3.create_multipart_upload(Bucket=bucket, Key="x")["UploadId"]
        one = {"Bucket": bucket, "Key": "x", "UploadId": upload}
        s3.upload_part(**one, PartNumber=1, Body=b"x")
        s3.abort_multipart_upload(**one)
        assert error(s3.upload_part, **one, PartNumber=2, Body=b"x") == ("NoSuchUpload", 404)
        assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
        s3.delete_bucket(Bucket=bucket)

    def test_the_transfer_manager_streams_in_parts(self, s3, bucket):
        body = bytes(range(256)) * 65536
        config = boto3.s3.transfer.TransferConfig(multipart_threshold=8 << 20)
        s3.upload_fileobj(io.BytesIO(body), bucket, "managed", Config=config)
        out = io.BytesIO()
        s3.download_fileobj(bucket, "managed", out, Config=config)
        assert out.getvalue() == body
        assert s3.head_object(Bucket=bucket, Key="managed")["ETag"].endswith('-2"')


class TestPresigned:
    def test_urls_work_until_they_end(self, s3, bucket):
        def fetch(method, key, body=None, seconds=60):
            operation = {"GET": "get_object", "PUT": "put_object"}[method]
            url = s3.generate_presigned_url(operation, Params={"Bucket": bucket, "Key": key}, ExpiresIn=seconds)
            with urllib.request.urlopen(urllib.request.Request(url, data=body, method=method)) as answer:
                return answer.read()

        fetch("PUT", "p", b"hi")
        assert fetch("GET", "p") == b"hi"
        with pytest.raises(urllib.error.HTTPError) as caught:
            fetch("GET", "p", seconds=-1)
        assert caught.value.code == 403
        assert b"Request has expired" in caught.value.read()

    def test_a_url_carries_what_the_object_is_to_keep(self, s3, bucket):
        about = {"Bucket": bucket, "Key": "p", "Metadata": {"venue": "a b"}}
        url = s3.generate_presigned_url("put_object", Params=about)
        urllib.request.urlopen(urllib.request.Request(url, data=b"hi", method="PUT")).close()
        assert s3.get_object(Bucket=bucket, Key="p")["Metadata"] == {"venue": "a b"}


class TestBucket:
    def test_it_is_made_found_and_deleted_when_empty(self, s3, bucket):
        assert bucket in [it["Name"] for it in s3.list_buckets()["Buckets"]]
        assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == "us-east-1"
        assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
        s3.put_object(Bucket=bucket, Key="a/b/c", Body=b"")
        assert error(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)
        s3.delete_object(Bucket=bucket, Key="a/b/c")
        s3.delete_bucket(Bucket=bucket)
        assert error(s3.get_object, Bucket=bucket, Key="x") == ("NoSuchBucket", 404)
        assert error(s3.head_bucket, Bucket=bucket)[1] == 404

    def test_errors_say_what_they_are_about(self, s3, bucket):
        def details(call, **arguments):
            with pytest.raises(botocore.exceptions.ClientError) as caught:
                call(Bucket=bucket, **arguments)
            error = caught.value.response["Error"]
            return {name: value for name, value in error.items() if name not in ("Code", "Message", "RequestId")}

        s3.put_object(Bucket=bucket, Key="k", Body=b"123456789")
        assert details(s3.get_object, Key="a+b/c d") == {"Key": "a+b/c d"}
        source = {"Bucket": bucket, "Key": "from"}
        assert details(s3.copy_object, Key="k", CopySource=source) == {"Key": "from"}
        assert details(s3.abort_multipart_upload, Key="k", UploadId="none") == {"UploadId": "none"}
        beyond = {"RangeRequested": "bytes=99-", "ActualObjectSize": "9"}
        assert details(s3.get_object, Key="k", Range="bytes=99-") == beyond
        assert details(s3.delete_object, Key="unknown", IfMatch="x") == {"Key": "unknown"}
        assert details(s3.put_object, Key="k", IfMatch="x") == {"Condition": "If-Match"}

    def test_its_only_versions_are_called_null(self, s3, bucket):
        for key in ("a", "b/c", "b/d", "e"):
            s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
        page = s3.list_object_versions(Bucket=bucket, Delimiter="/", MaxKeys=2)
        assert [(it["Key"], it["VersionId"], it["IsLatest"]) for it in page["Versions"]] == [("a", "null", True)]
        assert [it["Prefix"] for it in page["CommonPrefixes"]] == ["b/"]
        assert page["IsTruncated"] and "NextVersionIdMarker" not in page
        rest = s3.list_object_versions(Bucket=bucket, Delimiter="/", KeyMarker=page["NextKeyMarker"])
        assert [it["Key"] for it in rest["Versions"]] == ["e"] and not rest["IsTruncated"]
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})
        versions = [it for page in pages for it in page["Versions"]]
        assert [it["Key"] for it in versions] == ["a", "b/c", "b/d", "e"]
        for it in versions:
            s3.delete_object(Bucket=bucket, Key=it["Key"], VersionId=it["VersionId"])
        s3.delete_bucket(Bucket=bucket)

    def test_its_place_must_fit_the_region_that_is_asked(self, s3, endpoint):
        def create(region, constraint):
            session = boto3.session.Session("test", "test", region_name=region)
            place = {"CreateBucketConfiguration": {"LocationConstraint": constraint}} if constraint else {}
            name = f"test-{uuid.uuid4().hex[:16]}"
            session.client("s3", endpoint_url=endpoint).create_bucket(Bucket=name, **place)
            return name

        elsewhere = create("us-east-1", "eu-west-1")
        assert elsewhere in [it["Name"] for it in s3.list_buckets(BucketRegion="eu-west-1")["Buckets"]]
        assert elsewhere not in [it["Name"] for it in s3.list_buckets(BucketRegion="us-east-1")["Buckets"]]
        assert error(s3.create_bucket, Bucket=elsewhere) == ("BucketAlreadyOwnedByYou", 409)
        for region, constraint in [("us-west-2", None), ("us-west-2", "eu-west-1")]:
            refused = error(lambda: create(region, constraint))
            assert refused == ("IllegalLocationConstraintException", 400)
        assert error(lambda: create("us-east-1", "us-east-1")) == ("InvalidLocationConstraint", 400)
        create("us-west-2", "us-west-2")
