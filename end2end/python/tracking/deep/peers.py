"""MLflow's own server and Trainyard side by side, and their answers in one spelling."""

import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest
from conftest import Server, free_port, trainyard, wait_for


class Peer:
    """One of the two servers, with its own ids for what both have."""

    def __init__(self, url):
        self.url = url
        self.ids = {}

    def real(self, value):
        """`@run3` as this server knows it."""
        if isinstance(value, dict):
            return {key: self.real(it) for key, it in value.items()}
        if isinstance(value, list):
            return [self.real(it) for it in value]
        if isinstance(value, str) and value.startswith("@"):
            return self.ids.get(value, value.strip("@"))
        return value

    def call(self, method, path, body):
        body = self.real(body)
        url, data = f"{self.url}{self.real_path(path)}", None
        if method == "GET":
            query = urllib.parse.urlencode({key: it for key, it in body.items() if it is not None}, doseq=True)
            url = f"{url}?{query}" if query else url
        else:
            data = json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, self.read(answer)
        except urllib.error.HTTPError as failure:
            return failure.code, self.read(failure)

    @staticmethod
    def read(answer):
        text = answer.read()
        try:
            return json.loads(text or b"{}")
        except ValueError:
            return {"no JSON": text.decode(errors="replace")}

    def real_path(self, path):
        return "/".join(self.real(part) for part in path.split("/"))

    def normal(self, answer):
        """The answer with labels for ids, without times, lists of keys in one order."""
        text = json.dumps(answer, ensure_ascii=False)
        for label, real in sorted(self.ids.items(), key=lambda it: -len(it[1])):
            if len(real) > 10:
                text = text.replace(real, label)
        return self.plain(json.loads(text), is_inner=False)

    def plain(self, value, is_inner=True):
        if isinstance(value, list):
            value = [self.plain(it) for it in value]
            is_keyed = value and all(isinstance(it, dict) and "key" in it and "timestamp" not in it for it in value)
            return sorted(value, key=lambda it: json.dumps(it, sort_keys=True)) if is_keyed else value
        if isinstance(value, dict):
            gone = {"creation_time", "last_update_time", "creation_timestamp_ms", "last_updated_timestamp_ms", "workspace"}
            gone |= {"creation_timestamp", "last_updated_timestamp"}
            value = {key: self.plain(it) for key, it in value.items() if key not in gone}
            # A run's and a model's metrics and datasets come in any order, and models by their ids, which each server
            # makes up.
            unordered = {"model_outputs", "dataset_summaries"} | ({"metrics"} if is_inner else set())
            for name in unordered & value.keys():
                value[name] = sorted(value[name], key=lambda it: json.dumps(it, sort_keys=True))
            # Theirs leaves them out here and there, and clients read both alike.
            value = {key: it for key, it in value.items() if (key, it) not in (("outputs", {}), ("description", ""))}
            # Theirs has the aliases of a version in other answers only.
            for version in value.get("latest_versions", ()):
                version.pop("aliases", None)
            if "message" in value:
                # A database's own words behind MLflow's.
                value["message"] = re.sub(r" Error: \((raised|sqlite3\.IntegrityError).*", "", value["message"], flags=re.DOTALL)
                # Python shows sets in any order.
                value["message"] = re.sub(r"\{[^{}]*\}|\[[^\[\]]*\]", lambda it: "".join(sorted(it.group())), value["message"])
            return value
        return value


@pytest.fixture(scope="module")
def peers(tmp_path_factory):
    theirs_at, ours_at = tmp_path_factory.mktemp("mlflow"), tmp_path_factory.mktemp("trainyard")
    port = free_port()
    program = os.path.join(os.path.dirname(os.sys.executable), "mlflow")
    command = [program, "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{theirs_at}/db.sqlite", "--artifacts-destination", str(theirs_at / "a")]
    theirs = Server(command, f"http://127.0.0.1:{port}", theirs_at, {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"})
    wait_for(f"{theirs.url}/health", theirs.process, theirs.log)
    ours = trainyard(ours_at)
    yield Peer(theirs.url), Peer(ours.url)
    ours.stop()
    theirs.stop()
