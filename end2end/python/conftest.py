"""Fixtures: `trainyard local` on a free port, and boto3 clients that are pointed at it."""

import os
import socket
import subprocess
from pathlib import Path

import boto3
import botocore.config
import botocore.exceptions
import pytest

import jobs

REPOSITORY = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
TOOLS = Path(os.environ.get("TRAINYARD_TOOLS") or os.environ.get("TRAINYARD_CACHE") or TARGET / "tools")
# `deep` fetches gigabytes: `cargo x test --deep` names it. `tracking` runs in an environment of its own.
collect_ignore = ["tracking"] if os.environ.get("TRAINYARD_DEEP") else ["deep", "tracking"]
BINARY = os.environ.get("TRAINYARD_BIN", str(TARGET / "release" / "trainyard"))

# Without a default bucket of ours the SDKs ask the real STS, whatever AWS_ENDPOINT_URL says.
SDK_CONFIGURATION = f"""\
SchemaVersion: '1.0'
SageMaker:
  TrainingJob:
    RoleArn: {jobs.ROLE}
  PythonSDK:
    Modules:
      TelemetryOptOut: true
      Session:
        DefaultS3Bucket: {jobs.BUCKET}
"""


class Server:
    """`trainyard local` on a free port, with its data in a folder that a later one may go on with."""

    def __init__(self, folder, keys, arguments):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.keys = keys
        self.log = folder / "server.log"
        with self.log.open("ab") as out:
            command = [BINARY, "local", "--addr", f"127.0.0.1:{port}", "--data", str(folder / "data"), *arguments]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def answers(self):
        code = self.process.poll()
        assert code is None, f"{BINARY} ended with {code}:\n{self.log.read_text()}"
        try:
            return client_for(self.url, *self.keys)("sts").get_caller_identity()
        except (botocore.exceptions.EndpointConnectionError, botocore.exceptions.ConnectionClosedError):
            return None

    def kill(self):
        """As a power cut would end it: SIGKILL."""
        self.process.kill()
        self.process.wait()

    def end(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=12)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError("the endpoint did not end within 12 s of SIGTERM") from None


def start(folder, *arguments, keys=("test", "test")):
    """A server that answers requests with these keys; the caller ends it."""
    server = Server(folder, keys, arguments)
    try:
        jobs.wait("the endpoint to answer", server.answers, seconds=30)
    except BaseException:
        server.kill()
        raise
    return server


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory):
    """The URL of the AWS-compatible endpoint, alone, with an empty data folder."""
    server = start(tmp_path_factory.mktemp("trainyard"))
    try:
        yield server.url
    finally:
        server.end()


def client_for(url, *keys):
    """`aws("sagemaker")` is a client; unmodified boto3 but for the address and made-up keys."""
    session = boto3.session.Session(*(keys or ("test", "test")), region_name="us-east-1")
    config = botocore.config.Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=30)
    clients = {}

    def aws(service):
        if service not in clients:
            clients[service] = session.client(service, endpoint_url=url, config=config)
        return clients[service]

    return aws


@pytest.fixture(scope="session")
def aws(endpoint):
    return client_for(endpoint)


@pytest.fixture(scope="session")
def tools():
    """The cache of tools, where `cargo x test` makes the environments of other clients."""
    return TOOLS


@pytest.fixture
def environment(endpoint, tmp_path):
    """All that a client gets: no variable, profile or configuration of the person who runs the tests."""
    configuration = tmp_path / "sagemaker.yaml"
    configuration.write_text(SDK_CONFIGURATION)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(configuration),
        # Plain lines of log, whatever the terminal.
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }


@pytest.fixture(scope="session")
def completed(aws):
    """A job that has run to its end, shared by the tests that only look at it."""
    name = jobs.create(aws, hyperparameters={"epochs": "5", "pause": "1.2"}, Tags=[{"Key": "team", "Value": "vision"}])
    job = jobs.finished(aws, name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return job
