"""An endpoint with configured keys verifies every signature, of every service and in every form that boto3 has."""

import datetime
import io
import urllib.error
import urllib.request

import boto3
import botocore.auth
import botocore.config
import botocore.exceptions
import pytest

import conftest
import jobs

KEYS = ("AKIATEAMVISION000001", "a-secret/with+signs")
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    config = folder / "trainyard.toml"
    config.write_text(f'[keys]\n{KEYS[0]} = "{KEYS[1]}"\n')
    server = conftest.start(folder, "--config", str(config), keys=KEYS)
    try:
        yield server
    finally:
        server.end()


@pytest.fixture(scope="module")
def team(server):
    return conftest.client_for(server.url, *KEYS)


@pytest.fixture
def s3v4(server):
    """Presigns by Signature Version 4, which boto3 does for S3 when it is told to."""
    config = botocore.config.Config(signature_version="s3v4")
    return boto3.client("s3", "us-east-1", None, True, None, server.url, *KEYS, config=config)


CALLS = {
    "sagemaker": lambda client: client.list_training_jobs(),
    "logs": lambda client: client.describe_log_groups(),
    "cloudwatch": lambda client: client.list_metrics(),
    "sts": lambda client: client.get_caller_identity(),
    "iam": lambda client: client.get_role(RoleName="Trainer"),
    "service-quotas": lambda client: client.list_services(),
    "s3": lambda client: client.list_buckets(),
}
# CloudWatch was a query service, and boto3 still sees the codes of that time.
QUERY = ("sts", "iam", "cloudwatch")
UNKNOWN = {"s3": "InvalidAccessKeyId", **{it: "InvalidClientTokenId" for it in QUERY}}
MISMATCH = {it: "SignatureDoesNotMatch" for it in ("s3", *QUERY)}
SKEWED = {**MISMATCH, "s3": "RequestTimeTooSkewed"}


def refused(call, *arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(*arguments)
    return caught.value.response["Error"]


@pytest.mark.parametrize("service", CALLS)
class TestEveryService:
    def test_the_right_key_is_let_in(self, team, service):
        CALLS[service](team(service))

    def test_a_wrong_secret_is_not(self, server, service):
        client = conftest.client_for(server.url, KEYS[0], "wrong")(service)
        error = refused(CALLS[service], client)
        assert error["Code"] == MISMATCH.get(service, "InvalidSignatureException")
        assert error["Message"].startswith("The request signature we calculated does not match")

    def test_an_unknown_key_is_not(self, server, service):
        client = conftest.client_for(server.url, "AKIASTRANGER", "x")(service)
        assert refused(CALLS[service], client)["Code"] == UNKNOWN.get(service, "UnrecognizedClientException")

    def test_an_old_signature_is_not(self, team, service, monkeypatch):
        late = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=16)
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: late.replace(tzinfo=None))
        error = refused(CALLS[service], team(service))
        assert error["Code"] == SKEWED.get(service, "InvalidSignatureException")
        if service != "s3":
            assert error["Message"].startswith("Signature expired: ")

    def test_nobody_is_not(self, server, service):
        anonymous = botocore.config.Config(signature_version=botocore.UNSIGNED)
        client = boto3.client(service, "us-east-1", endpoint_url=server.url, config=anonymous)
        code = refused(CALLS[service], client)["Code"]
        expected = {"s3": ["AccessDenied"]}.get(
            service, ["MissingAuthenticationTokenException", "MissingAuthenticationToken"]
        )
        assert code in expected


class TestS3:
    def test_bodies_that_are_signed_stream_and_come_in_parts(self, team):
        s3 = team("s3")
        for name, size in [("small ü+ &=.bin", 10), ("large.bin", 20 * MEBIBYTE)]:
            data = bytes(range(256)) * (size // 256) + b"end"
            s3.upload_fileobj(io.BytesIO(data), jobs.BUCKET, name)
            assert s3.get_object(Bucket=jobs.BUCKET, Key=name)["Body"].read() == data

    def test_a_body_that_was_changed_on_its_way_is_refused(self, server, team):
        s3 = team("s3")

        def change(request, **_):
            request.body = b"forged"

        s3.meta.events.register("before-send.s3.PutObject", change)
        try:
            error = refused(lambda: s3.put_object(Bucket=jobs.BUCKET, Key="forged", Body=b"honest"))
        finally:
            s3.meta.events.unregister("before-send.s3.PutObject", change)
        assert error["Code"] == "XAmzContentSHA256Mismatch"

    @pytest.mark.parametrize("version", ["v2", "v4"])
    def test_presigned_urls_are_good_until_they_end(self, team, s3v4, version, monkeypatch):
        team("s3").put_object(Bucket=jobs.BUCKET, Key="a b/c+d", Body=b"seen")
        s3 = {"v2": team("s3"), "v4": s3v4}[version]

        def presigned(**names):
            return s3.generate_presigned_url("get_object", {"Bucket": jobs.BUCKET, **names}, ExpiresIn=60)

        url = presigned(Key="a b/c+d", ResponseContentType="text/x")
        assert ("X-Amz-Signature" in url) == (version == "v4")
        with urllib.request.urlopen(url) as answer:
            assert (answer.read(), answer.headers["Content-Type"]) == (b"seen", "text/x")
        assert self.status(url.replace("text%2Fx", "text%2Fy")) == (403, "SignatureDoesNotMatch")
        earlier = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=5)
        monkeypatch.setattr(
            botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: earlier.replace(tzinfo=None)
        )
        monkeypatch.setattr(botocore.auth.time, "time", earlier.timestamp)
        old = presigned(Key="a b/c+d")
        monkeypatch.undo()
        assert self.status(old) == (403, "AccessDenied")

    @staticmethod
    def status(url):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url)
        return caught.value.code, caught.value.read().decode().split("<Code>")[1].split("</Code>")[0]


def test_what_sts_hands_out_verifies(server, team):
    role = "arn:aws:iam::000000000000:role/Trainer"
    given = team("sts").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    assumed = conftest.client_for(server.url, *keys)
    for service, call in CALLS.items():
        call(assumed(service))
    assert assumed("sts").get_caller_identity()["Arn"].endswith("assumed-role/Trainer/me")
    url = assumed("s3").generate_presigned_url("list_objects_v2", {"Bucket": jobs.BUCKET})
    with urllib.request.urlopen(url) as answer:
        assert answer.status == 200
    forged = conftest.client_for(server.url, keys[0], keys[1], keys[2][:-1])
    assert refused(CALLS["sagemaker"], forged("sagemaker"))["Code"] == "UnrecognizedClientException"
    assert refused(CALLS["s3"], forged("s3"))["Code"] == "InvalidToken"
    without = conftest.client_for(server.url, *keys[:2])
    assert refused(CALLS["sts"], without("sts"))["Code"] == "InvalidClientTokenId"


def test_jobs_reach_the_endpoint_with_a_key_of_their_own(team):
    script = """
import os
assert len(os.environ["AWS_SECRET_ACCESS_KEY"]) == 40
print(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], flush=True)
"""
    name = jobs.create(team, script)
    assert jobs.finished(team, name)["TrainingJobStatus"] == "Completed"
    (stream,) = team("logs").describe_log_streams(logGroupName=jobs.LOG_GROUP, logStreamNamePrefix=name)["logStreams"]
    keys = next(line for line in jobs.lines(team, stream["logStreamName"]) if line.startswith("AKIA")).split()
    session = boto3.session.Session(*keys, region_name="us-east-1")
    url = team("s3").meta.endpoint_url
    assert session.client("sagemaker", endpoint_url=url).describe_training_job(TrainingJobName=name)
