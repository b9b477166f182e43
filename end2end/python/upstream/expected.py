"""What is expected of tests that others wrote: lists of their names with reasons, strict both ways.

- `expected_failures/<file>.txt` holds one line a test, `node id  # reason`. It is strict: an expected failure that
  passes fails. A line with `*` stands for a group that is not run at all, and its reason begins `out of scope: `. A
  reason `needs HOST: ..` is none to fail: the test is left out where that host cannot be reached, and must pass elsewhere.
  `by chance: ..` is the reason of a test that passes or fails as the random names fall that it makes; `before 3.17: ..`
  of one that older versions of the suite have otherwise, which must pass from that version on.
- A line without a test fails the whole run, before anything has run.
- TRAINYARD_EXPECTED_FAILURES=write runs the tests but the groups and writes what it learnt into the lists; reasons that
  stand in them are kept, and a new failure gets its message as reason.
"""

import os
import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest

LISTS = Path(__file__).parent / "expected_failures"
OUT_OF_SCOPE = "out of scope: "
BY_CHANCE = "by chance: "
BEFORE = re.compile(r"before (\d+)\.(\d+): ")
NEEDS = re.compile(r"needs (\S+): ")


class Expected:
    """The lists of a run: marks what is collected, hears how it ended, and writes the lists when asked to."""

    def __init__(self, config, version=None):
        """`version`: (major, minor) of the suite, where it is known."""
        self.version = version
        self.is_writing = os.environ.get("TRAINYARD_EXPECTED_FAILURES") == "write"
        self.is_whole = not (config.getoption("keyword") or any("::" in it for it in config.args))
        self.lists, self.ran, self.failures = {}, {}, {}

    def mark(self, items):
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
            elif name in expected.before and self.is_older(expected.before[name]):
                item.add_marker(pytest.mark.xfail(reason=expected.before[name], strict=self.version is not None))
            elif name in expected.exact and not self.is_writing:
                item.add_marker(pytest.mark.xfail(reason=expected.exact[name], strict=True))
        if self.is_whole and not self.is_writing:
            listed = [(path, it) for path in seen for it in self.lists[path].named()]
            gone = [f"{path.name}: {it}" for path, it in listed if it not in seen[path]]
            if gone:
                raise pytest.UsageError("listed, but there is no such test:\n" + "\n".join(gone))

    def is_older(self, reason):
        return self.version is None or self.version < tuple(int(it) for it in BEFORE.match(reason).groups())

    def hear(self, item, call, report):
        self.ran.setdefault(list_of(item), set()).add(name_of(item))
        if self.is_writing and report.failed:
            self.failures.setdefault(list_of(item), {}).setdefault(name_of(item), reason_of(call.excinfo))

    def end(self, session):
        if self.is_writing:
            LISTS.mkdir(exist_ok=True)
            for path, expected in self.lists.items():
                expected.write(self.failures.get(path, {}), self.ran.get(path, set()))
            session.exitstatus = 0
        # What a person asks for by `-k` may be in another suite.
        if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and not self.is_whole:
            session.exitstatus = 0


class Expectations:
    """One list: exact node ids and groups, each with its reason."""

    def __init__(self, path):
        self.path, self.exact, self.groups, self.needs, self.chances, self.before = path, {}, [], {}, {}, {}
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
            elif BEFORE.match(reason):
                self.before[node] = reason
            elif "*" not in node:
                self.exact[node] = reason
            elif reason.startswith(OUT_OF_SCOPE):
                pattern = ".*".join(re.escape(part) for part in node.split("*"))
                self.groups.append((node, re.compile(pattern), reason))
            else:
                raise pytest.UsageError(f"{path}:{number}: only what is `{OUT_OF_SCOPE}...` may stand as a group")

    def named(self):
        return [*self.exact, *self.needs, *self.chances, *self.before]

    def group_of(self, node):
        return next((reason for _, pattern, reason in self.groups if pattern.fullmatch(node)), None)

    def write(self, failures, ran):
        header = "# What this file's tests cannot pass, and why; see README.md for how this list is made.\n"
        lines = [f"{node}  # {reason}\n" for node, _, reason in self.groups]
        kept = self.needs | self.chances | self.before
        lines += [f"{node}  # {reason}\n" for node, reason in kept.items()]
        # What did not run this time stays as it was.
        entries = {node: reason for node, reason in self.exact.items() if node not in ran}
        entries |= {node: self.exact.get(node, reason) for node, reason in failures.items() if node not in kept}
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
