"""A pytest plugin for suites that others wrote: a clean endpoint for them, and what is expected to fail.

- `--endpoint-per=test` starts `trainyard local` on an empty folder and the same port before every test (moto's suites
  expect to be alone); `session` starts one for all (AWS's suites name everything uniquely).
- `expected.py` says what is expected to fail.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest
from expected import Expected, is_answering

# moto's decorators then only point boto3 at the endpoint, and its tests leave out what only works inside moto; it has no
# route for a reset, and gets none. moto reads this when it is imported, which is before there is an endpoint.
os.environ.update(TEST_SERVER_MODE="true", MOTO_CALL_RESET_API="false")

BUCKET = "trainyard"
# Of moto's tests, many of which write it out. AWS's are for every account.
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/TrainyardLocal"
SDK_CONFIGURATION = f"""\
SchemaVersion: '1.0'
SageMaker:
  TrainingJob:
    RoleArn: {ROLE}
  PythonSDK:
    Modules:
      TelemetryOptOut: true
      Session:
        DefaultS3Bucket: {BUCKET}
"""


class Endpoint:
    """`trainyard local` on one port for the whole run, restarted with nothing in it whenever it is asked for."""

    def __init__(self, is_bare):
        """`is_bare`: an account without the bucket that the endpoint makes at its start."""
        self.is_bare = is_bare
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = Path(tempfile.mkdtemp(prefix="trainyard-upstream-"))
        self.server = None

    def fresh(self):
        self.end()
        data = self.folder / "data"
        shutil.rmtree(data, ignore_errors=True)
        command = [os.environ["TRAINYARD_BIN"], "local", "--addr", f"127.0.0.1:{self.port}", "--data", str(data)]
        command += ["--account", ACCOUNT]
        with (self.folder / "server.log").open("wb") as log:
            self.server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self.answers():
            if self.server.poll() is not None or time.monotonic() > deadline:
                pytest.exit(f"the endpoint did not start:\n{(self.folder / 'server.log').read_text()}", returncode=3)
            time.sleep(0.01)
        if self.is_bare:
            urllib.request.urlopen(urllib.request.Request(f"{self.url}/{BUCKET}", method="DELETE"), timeout=5).close()

    def answers(self):
        return is_answering(f"{self.url}/", seconds=5)

    def end(self):
        if self.server is None:
            return
        # Its folder goes with it, so it need not put anything in order; jobs end when their endpoint does.
        self.server.send_signal(signal.SIGTERM)
        try:
            self.server.wait(timeout=3)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
        self.server = None

    def remove(self):
        self.end()
        shutil.rmtree(self.folder, ignore_errors=True)


class Plugin:
    def __init__(self, config):
        self.per = config.getoption("--endpoint-per")
        self.expected = Expected(config)
        self.endpoint = Endpoint(is_bare=self.per == "test")
        configuration = self.endpoint.folder / "sagemaker.yaml"
        configuration.write_text(SDK_CONFIGURATION)
        os.environ.update(
            AWS_ENDPOINT_URL=self.endpoint.url,
            AWS_ACCESS_KEY_ID="local",
            AWS_SECRET_ACCESS_KEY="local",
            AWS_DEFAULT_REGION="us-west-2" if self.per == "session" else "us-east-1",
            AWS_EC2_METADATA_DISABLED="true",
            SAGEMAKER_USER_CONFIG_OVERRIDE=str(configuration),
            # AWS's quota of jobs at a time does not exist here.
            SHALLOW_MAX_CONCURRENT_JOBS="0",
            TEST_SERVER_MODE_ENDPOINT=self.endpoint.url,
        )

    def pytest_collection_modifyitems(self, items):
        self.expected.mark(items)

    def pytest_sessionstart(self):
        if self.per == "session":
            self.endpoint.fresh()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        if self.per == "test" and item.get_closest_marker("skip") is None:
            self.endpoint.fresh()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        self.expected.hear(item, call, report)
        return report

    def pytest_sessionfinish(self, session):
        self.endpoint.remove()
        self.expected.end(session)


def pytest_addoption(parser):
    parser.addoption("--endpoint-per", choices=["test", "session"], default="test")


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if not config.option.collectonly:
        config.pluginmanager.register(Plugin(config), "trainyard-endpoint")
