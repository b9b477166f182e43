"""One connection of a client that knows what it sends beforehand: what is timed is the server, not the client's JSON."""

import http.client
import json
import socket
import time

HEADERS = {"Content-Type": "application/json"}


class Wire:
    def __init__(self, url):
        self.address = url.removeprefix("http://")
        self.connection = None

    def call(self, method, path, body=None):
        """The parsed answer of a request; `body` is encoded already."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection(self.address, timeout=600)
            self.connection.connect()
            self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Without it Linux keeps an acknowledgement back for 40 ms, and a server without TCP_NODELAY waits for it: a peer
        # would look slow that is not. The kernel forgets the option, so it is set anew.
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        self.connection.request(method, path, body, HEADERS)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.will_close:
            self.connection.close()
            self.connection = None
        assert answer.status == 200, f"{method} {path}: {answer.status} {text[:500]}"
        return text

    def post(self, path, body):
        return json.loads(self.call("POST", f"/api/2.0/mlflow/{path}", json.dumps(body).encode()))

    def get(self, path):
        return json.loads(self.call("GET", f"/api/2.0/mlflow/{path}"))


def seconds(work):
    """How long `work` takes, and what it returns."""
    begin = time.perf_counter()
    found = work()
    return time.perf_counter() - begin, found
