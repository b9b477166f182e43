"""The two servers that are measured: the endpoint and its peer, each alone and with nothing in it."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import boto3
import botocore.config

ROLE = "arn:aws:iam::000000000000:role/TrainyardLocal"
BUCKET = "bench"


class Server:
    """A running server: its clients, and what the kernel knows of its memory."""

    def __init__(self, url, process):
        self.url, self.process = url, process
        self.session = boto3.session.Session("bench", "bench", region_name="us-east-1")

    def client(self, service):
        config = botocore.config.Config(retries={"max_attempts": 1}, read_timeout=300, max_pool_connections=32)
        return self.session.client(service, endpoint_url=self.url, config=config)

    def peak_mib(self):
        """The most memory that the process has ever held."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(it for it in status.splitlines() if it.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024


@contextlib.contextmanager
def running(command_for):
    """Starts a server on a free port; `command_for(port, folder)` says how."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="trainyard-bench-") as folder:
        with open(Path(folder) / "server.log", "wb") as log:
            process = subprocess.Popen(command_for(port, folder), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        server = Server(f"http://127.0.0.1:{port}", process)
        try:
            wait_for(server, Path(folder) / "server.log")
            server.client("s3").create_bucket(Bucket=BUCKET)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(server, log):
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", int(server.url.rsplit(":", 1)[1])), timeout=1).close()
            return
        except OSError:
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{server.process.args} does not answer:\n{log.read_text()}") from None
            time.sleep(0.05)


def endpoint(*options):
    start = [os.environ["TRAINYARD_BIN"], "local", *options]
    return running(lambda port, folder: [*start, "--addr", f"127.0.0.1:{port}", "--data", f"{folder}/data"])


def peer():
    program = str(Path(sys.executable).parent / "moto_server")
    return running(lambda port, _: [sys.executable, program, "-H", "127.0.0.1", "-p", str(port)])
