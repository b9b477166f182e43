"""Fixtures: a Trainyard server on free ports, and the unmodified MLflow client that is pointed at it."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

# Before mlflow is imported: no calls home, and failures at once instead of after minutes of trying again.
os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true", MLFLOW_HTTP_REQUEST_MAX_RETRIES="0")

import mlflow
import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
# Compares with MLflow's own server; `cargo x test --deep` names it.
collect_ignore = [] if os.environ.get("TRAINYARD_DEEP") else ["deep"]
BINARY = os.environ.get("TRAINYARD_BIN", str(TARGET / "release" / "trainyard"))


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(url, process, log):
    end = time.monotonic() + 180
    while time.monotonic() < end:
        assert process.poll() is None, f"{process.args} ended:\n{log.read_text()}"
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.read()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            # A process that starts has nothing to wait on but its port.
            process_wait(process)
    raise AssertionError(f"{url} does not answer:\n{log.read_text()}")


def process_wait(process):
    try:
        process.wait(0.1)
    except subprocess.TimeoutExpired:
        pass


class Server:
    """A process that serves at `url` until it is stopped."""

    def __init__(self, command, url, folder, environment=None):
        self.url = url
        self.log = folder / "server.log"
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder, env=environment
            )

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def trainyard(folder):
    port, aws_port = free_port(), free_port()
    # Jobs run with the interpreter of these tests, so that their scripts have the client.
    config = folder / "trainyard.toml"
    config.write_text(f'[[image]]\nimage = "*"\npython = "{sys.executable}"\n')
    command = [BINARY, "serve", "--addr", f"127.0.0.1:{port}", "--aws-addr", f"127.0.0.1:{aws_port}"]
    command += ["--config", str(config), "--data", str(folder / "data")]
    server = Server(command, f"http://127.0.0.1:{port}", folder)
    wait_for(f"{server.url}/health", server.process, server.log)
    return server


@pytest.fixture(scope="session")
def server():
    folder = Path(tempfile.mkdtemp(prefix="trainyard-mlflow-"))
    server = trainyard(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def client(server):
    mlflow.set_tracking_uri(server.url)
    yield mlflow.MlflowClient(server.url)
    mlflow.end_run()


@pytest.fixture
def experiment(client, request):
    """An experiment of the test's own: its id."""
    return client.create_experiment(f"{request.node.name} {time.time_ns()}")
