"""A pytest plugin for MLflow's own tests of its REST API: their server fixtures give `trainyard serve`, nothing else changes.

- A fixture of the test modules that starts a server is replaced by one of the same name (`FIXTURES`); tests, helpers and
  conftest files stay as they are. MLflow runs most of them on a folder and on a database; here they run once.
- `_init_server`, which some tests call themselves, is replaced likewise; what it is given is for MLflow's server only.
- A test that asks none of these servers must stand in a group of `expected_failures`: a pass of it would say nothing.
- `expected.py` says what is expected to fail.
"""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from expected import Expected, is_answering

os.environ.update(MLFLOW_DISABLE_TELEMETRY="true", DO_NOT_TRACK="true", MLFLOW_HTTP_REQUEST_MAX_RETRIES="0")

FIXTURES = ["mlflow_client", "mlflow_client_with_secrets", "client", "artifacts_server"]
ARTIFACTS = "engine/s3/trainyard/mlflow-artifacts"


def free_ports():
    from tests.helper_functions import get_safe_port

    return get_safe_port(), get_safe_port()


@contextlib.contextmanager
def trainyard():
    """Its address, its folder and its process, with nothing in it. The client is pointed at it, as theirs is."""
    import mlflow

    port, aws_port = free_ports()
    folder = Path(tempfile.mkdtemp(prefix="trainyard-upstream-"))
    url, log = f"http://127.0.0.1:{port}", folder / "server.log"
    command = [os.environ["TRAINYARD_BIN"], "serve", "--addr", f"127.0.0.1:{port}"]
    command += ["--aws-addr", f"127.0.0.1:{aws_port}", "--data", str(folder / "data")]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder)
    try:
        deadline = time.monotonic() + 60
        while not is_answering(f"{url}/health", seconds=5):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.exit(f"Trainyard did not start:\n{log.read_text()}", returncode=3)
            time.sleep(0.01)
        mlflow.set_tracking_uri(url)
        yield url, folder / "data", process
    finally:
        # Its folder goes with it, so it need not put anything in order.
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def client_of_trainyard():
    from mlflow import MlflowClient

    with trainyard() as (url, _, _):
        yield MlflowClient(url)


@pytest.fixture
def store_type():
    """Trainyard's store is a database."""
    return "sqlalchemy"


def server_of_artifacts(module):
    """Shared by a file's tests, as theirs is. Its store is asked over HTTP too: nothing else opens our database."""

    @pytest.fixture(scope="module")
    def artifacts_server():
        with trainyard() as (url, data, process):
            root = f"{url}/api/2.0/mlflow-artifacts/artifacts"
            yield module.ArtifactsServer(url, root, str(data / ARTIFACTS), url, process)

    return artifacts_server


@contextlib.contextmanager
def init_server(*_, **__):
    with trainyard() as (url, _, _):
        yield url


def version_of(checkout):
    """The major and minor version whose tests these are; `None` where only the tests are there."""
    path = checkout / "mlflow" / "version.py"
    found = re.search(r'^VERSION = "(\d+)\.(\d+)', path.read_text(), re.MULTILINE) if path.exists() else None
    return (int(found[1]), int(found[2])) if found else None


class Plugin:
    def __init__(self, config):
        self.expected = Expected(config, version_of(config.rootpath))
        self.files = {(config.invocation_params.dir / it.partition("::")[0]).resolve() for it in config.args}

    @pytest.hookimpl(wrapper=True)
    def pytest_pycollect_makemodule(self, module_path):
        module = yield
        # Their neighbours are looked at too on the way to them, and need packages that nothing here has.
        if module_path.resolve() not in self.files:
            return module
        for name in {"mlflow_client", "mlflow_client_with_secrets", "client"} & vars(module.obj).keys():
            setattr(module.obj, name, client_of_trainyard)
        replaced = {"store_type": store_type, "_init_server": init_server}
        for name in replaced.keys() & vars(module.obj).keys():
            setattr(module.obj, name, replaced[name])
        if hasattr(module.obj, "artifacts_server"):
            module.obj.artifacts_server = server_of_artifacts(module.obj)
        return module

    def pytest_collection_modifyitems(self, items):
        self.expected.mark(items)
        idle = [it for it in items if not self.asks(it) and it.get_closest_marker("skip") is None]
        if idle:
            names = "\n".join(it.nodeid for it in idle)
            raise pytest.UsageError(f"these ask no server, so list them as a group that is out of scope:\n{names}")

    @staticmethod
    def asks(item):
        return bool(set(FIXTURES) & set(item.fixturenames)) or "_init_server" in item.function.__code__.co_names

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item, call):
        report = yield
        self.expected.hear(item, call, report)
        return report

    def pytest_sessionfinish(self, session):
        self.expected.end(session)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if not config.option.collectonly:
        config.pluginmanager.register(Plugin(config), "trainyard-mlflow")
