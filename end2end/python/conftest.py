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
BINARY = os.environ.get("TRAINYARD_BIN", str(TARGET / "release" / "trainyard"))


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory):
    """The URL of the AWS-compatible endpoint, alone, with an empty data folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = tmp_path_factory.mktemp("trainyard")
    log = data / "server.log"
    with log.open("wb") as out:
        command = [BINARY, "local", "--addr", f"127.0.0.1:{port}", "--data", str(data / "data")]
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def answers():
        assert server.poll() is None, f"{BINARY} ended with {server.returncode}:\n{log.read_text()}"
        try:
            return client_for(f"http://127.0.0.1:{port}")("sts").get_caller_identity()
        except (botocore.exceptions.EndpointConnectionError, botocore.exceptions.ConnectionClosedError):
            return None

    try:
        jobs.wait("the endpoint to answer", answers, seconds=30)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(timeout=12)
        except subprocess.TimeoutExpired:
            server.kill()
            raise AssertionError("the endpoint did not end within 12 s of SIGTERM") from None


def client_for(url):
    """`aws("sagemaker")` is a client; unmodified boto3 but for the address and made-up keys."""
    session = boto3.session.Session("test", "test", region_name="us-east-1")
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


@pytest.fixture(scope="session")
def completed(aws):
    """A job that has run to its end, shared by the tests that only look at it."""
    name = jobs.create(aws, hyperparameters={"epochs": "5", "pause": "1.2"}, Tags=[{"Key": "team", "Value": "vision"}])
    job = jobs.finished(aws, name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    return job
