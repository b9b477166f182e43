"""A pytest plugin for suites that others wrote: a clean endpoint for them, and what is expected to fail.

- `--endpoint-per=test` starts `trainyard local` on an empty folder and the same port before every test (moto's suites
  expect to be alone); `session` starts one for all (AWS's suites name everything uniquely).
- `expected_failures/<file>.txt` holds one line a test, `node id  # reason`. It is strict: an expected failure that
  passes fails. A line with `*` stands for a group that is not run at all, and its reason begins `out of scope: `. A
  reason `needs HOST: ..` is none to fail: the test is left out where that host cannot be reached, and must pass elsewhere.
  `by chance: ..` is the reason of a test that passes or fails as the random names fall that it makes.
- TRAINYARD_EXPECTED_FAILURES=write runs the tests but the groups and writes what it learnt into the lists; reasons that
  stand in them are kept, and a new failure gets its message as reason.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

# moto's decorators then only point boto3 at the endpoint, and its tests leave out what only works inside moto; it has no
# route for a reset, and gets none. moto reads this when it is imported, which is before there is an endpoint.
os.environ.update(TEST_SERVER_MODE="true", MOTO_CALL_RESET_API="false")

LISTS = Path(__file__).parent / "expected_failures"
OUT_OF_SCOPE = "out of scope: "
BY_CHANCE = "by chance: "
NEEDS = re.compile(r"needs (\S+): ")
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


class Expectations:
    """One list: exact node ids and groups, each with its reason."""

    def __init__(self, path):
        self.path, self.exact, self.groups, self.needs, self.chances = path, {}, [], {}, {}
        for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], start=1):
            if not line.strip() or line.startswith("#"):
                continue
            node, mark, reason = (part.strip() for part in line.partition("  # "))
            if not mark or not reason:
                raise pytest.UsageError(f"{path}:{number}: a line is `node id  # reason`")
            if NEEDS.match(reason):
                self.needs[node] = reason
            elif reason.startswith(BY_CHANCE):
                self.chances[node] = reason
            elif "*" not in node:
                self.exact[node] = reason
            elif reason.startswith(OUT_OF_SCOPE):
                pattern = ".*".join(re.escape(part) for part in node.split("*"))
                self.groups.append((node, re.compile(pattern), reason))
            else:
                raise pytest.UsageError(f"{path}:{number}: only what is `{OUT_OF_SCOPE}...` may stand as a group")

    def named(self):
        return [*self.exact, *self.needs, *self.chances]

    def group_of(self, node):
        return next((reason for _, pattern, reason in self.groups if pattern.fullmatch(node)), None)

    def write(self, failures, ran):
        header = "# What this file's tests cannot pass, and why; see README.md for how this list is made.\n"
        lines = [f"{node}  # {reason}\n" for node, _, reason in self.groups]
        lines += [f"{node}  # {reason}\n" for node, reason in [*self.needs.items(), *self.chances.items()]]
        # What did not run this time stays as it was.
        entries = {node: reason for node, reason in self.exact.items() if node not in ran}
        known = self.needs.keys() | self.chances.keys()
        entries |= {node: self.exact.get(node, reason) for node, reason in failures.items() if node not in known}
        lines += [f"{node}  # {reason}\n" for node, reason in sorted(entries.items())]
        if lines:
            self.path.write_text(header + "".join(lines))
        else:
            self.path.unlink(missing_ok=True)


def list_of(item):
    """Each upstream file has a list of its own; the two `test_model_trainer.py` are told apart by their folder."""
    path = Path(item.nodeid.split("::")[0])
    stem = f"{path.parent.name}_{path.stem}" if path.parent.name == "shallow" else path.stem
    return LISTS / f"{stem}.txt"


def name_of(item):
    return item.nodeid.partition("::")[2]


def reason_of(failure):
    """The first line of what went wrong, without the words that every refusal has."""
    text = (str(failure.value).strip().splitlines() or [""])[0]
    refused = re.match(r"An error occurred \((.*?)\) when calling the (\w+) operation(?: .*?)?: (.*)", text)
    return (": ".join(refused.group(2, 1, 3)) if refused else f"{failure.typename}: {text}")[:160].strip()


def is_reachable(host):
    """As pip reaches it, proxies included."""
    return is_answering(f"https://{host}/", seconds=10)


def is_answering(url, seconds):
    """What it answers does not matter."""
    try:
        urllib.request.urlopen(url, timeout=seconds).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


class Plugin:
    def __init__(self, config):
        self.per = config.getoption("--endpoint-per")
        self.is_writing = os.environ.get("TRAINYARD_EXPECTED_FAILURES") == "write"
        self.is_whole = not (config.getoption("keyword") or any("::" in it for it in config.args))
        self.endpoint = Endpoint(is_bare=self.per == "test")
        self.lists, self.ran, self.failures = {}, {}, {}
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
        seen = {}
        for item in items:
            path, name = list_of(item), name_of(item)
            expected = self.lists.setdefault(path, Expectations(path))
            seen.setdefault(path, set()).add(name)
            needed = expected.needs.get(name)
            if reason := expected.group_of(name):
                item.add_marker(pytest.mark.skip(reason=reason))
            elif needed and not is_reachable(NEEDS.match(needed)[1]):
                item.add_marker(pytest.mark.skip(reason=needed))
            elif name in expected.chances:
                item.add_marker(pytest.mark.xfail(reason=expected.chances[name], strict=False))
            elif name in expected.exact and not self.is_writing:
                item.add_marker(pytest.mark.xfail(reason=expected.exact[name], strict=True))
        if self.is_whole and not self.is_writing:
            listed = [(path, it) for path in seen for it in self.lists[path].named()]
            gone = [f"{path.name}: {it}" for path, it in listed if it not in seen[path]]
            if gone:
                raise pytest.UsageError("listed, but there is no such test:\n" + "\n".join(gone))

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
        self.ran.setdefault(list_of(item), set()).add(name_of(item))
        if self.is_writing and report.failed:
            self.failures.setdefault(list_of(item), {}).setdefault(name_of(item), reason_of(call.excinfo))
        return report

    def pytest_sessionfinish(self, session):
        self.endpoint.remove()
        if self.is_writing:
            LISTS.mkdir(exist_ok=True)
            for path, expected in self.lists.items():
                expected.write(self.failures.get(path, {}), self.ran.get(path, set()))
            session.exitstatus = 0
        # What a person asks for by `-k` may be in another suite.
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and not self.is_whole:
            session.exitstatus = 0


def pytest_addoption(parser):
    parser.addoption("--endpoint-per", choices=["test", "session"], default="test")


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if not config.option.collectonly:
        config.pluginmanager.register(Plugin(config), "trainyard-endpoint")
