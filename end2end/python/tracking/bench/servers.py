"""The two servers that are measured, each alone, with an empty folder, and what the kernel knows of them."""

import contextlib
import os
import sys
import tempfile
import time
from pathlib import Path

from conftest import BINARY, Server, free_port, wait_for


class Measured:
    """A server that can be started again on its data."""

    def __init__(self, command, folder, data):
        self.command, self.folder, self.data = command, folder, data
        self.url, self.server = None, None

    def start(self):
        """The seconds until it answers."""
        port = free_port()
        begin = time.perf_counter()
        self.url = f"http://127.0.0.1:{port}"
        self.server = Server(self.command(port), self.url, self.folder)
        wait_for(f"{self.url}/health", self.server.process, self.server.log)
        return time.perf_counter() - begin

    def stop(self):
        self.server.stop()

    def resident_mib(self):
        """Of the process and all that it has started."""
        return sum(pages(pid) for pid in tree(self.server.process.pid)) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def disk_bytes(self):
        return sum(it.stat().st_size for it in self.data.rglob("*") if it.is_file())


def pages(pid):
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def tree(root):
    children = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # The name in parentheses may hold blanks.
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(parent, []).append(int(entry.name))
    found, rest = [], [root]
    while rest:
        found.append(rest.pop())
        rest += children.get(found[-1], [])
    return found


@contextlib.contextmanager
def running(command_for):
    with tempfile.TemporaryDirectory(prefix="trainyard-tracking-bench-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        measured = Measured(lambda port: command_for(port, data), Path(folder), data)
        measured.start()
        try:
            yield measured
        finally:
            measured.stop()


def ours(*options):
    def command(port, data):
        addresses = ["--addr", f"127.0.0.1:{port}", "--aws-addr", f"127.0.0.1:{free_port()}"]
        return [BINARY, "serve", *addresses, "--data", str(data), *options]

    return running(command)


def theirs(workers):
    """As its documentation starts it, on SQLite."""

    def command(port, data):
        program = Path(sys.executable).with_name("mlflow")
        store = ["--backend-store-uri", f"sqlite:///{data}/db.sqlite", "--artifacts-destination", str(data / "artifacts")]
        return [str(program), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers), *store]

    return running(command)
