"""A job that Trainyard launches and the MLflow client in its script are one record, under one id."""

import json
import time
import urllib.request

import mlflow
import pytest

TRACKED = """
import mlflow

with mlflow.start_run():
    mlflow.log_param("lr", 0.1)
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_text("hello", "note.txt")
    mlflow.set_tag("stage", "try")
"""
# Ends without a word to anyone, as a process that the system kills does.
KILLED = """
import os, mlflow

mlflow.start_run()
mlflow.log_metric("loss", 1.0, step=0)
os._exit(3)
"""
CHOOSING = """
import os

assert "MLFLOW_RUN_ID" not in os.environ

def main():
    import mlflow
    mlflow.set_experiment("mine")
"""
UNTRACKED = """
import os

assert "MLFLOW_TRACKING_URI" not in os.environ and "MLFLOW_RUN_ID" not in os.environ, os.environ
"""


def send(server, path, data=None, content_type="application/json"):
    request = urllib.request.Request(server.url + path, data, {"Content-Type": content_type})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def launch(server, script, **members):
    source = send(server, "/api/v1/sources?file_name=train.py", script.encode(), "application/octet-stream")
    request = {
        "AlgorithmSpecification": {"TrainingInputMode": "File"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        **members,
    }
    body = {"request": request, "experiment": "one record", "entry_point": "train.py"}
    body["source"] = {"sha256": source["sha256"]}
    return send(server, "/api/v1/runs", json.dumps(body).encode())["id"]


def ended(server, run):
    end = time.monotonic() + 120
    while time.monotonic() < end:
        seen = send(server, f"/api/v1/runs/{run}")
        if seen["is_over"]:
            return seen
        # The log answers when something new is in it, or after a while.
        send(server, f"/api/v1/runs/{run}/logs?wait_seconds=2")
    raise AssertionError(f"run {run} does not end: {seen}")


def environment(server, run):
    return send(server, f"/api/v1/runs/{run}/request").get("Environment", {})


def test_a_job_and_its_script_are_one_run(server, client):
    run = launch(server, TRACKED)
    assert environment(server, run) == {"MLFLOW_RUN_ID": run, "MLFLOW_TRACKING_URI": server.url}
    assert ended(server, run)["status"] == "Completed"
    seen = client.get_run(run)
    assert (seen.info.status, seen.data.params, seen.data.metrics) == ("FINISHED", {"lr": "0.1"}, {"loss": 0.2})
    assert seen.data.tags["stage"] == "try" and seen.data.tags["mlflow.source.name"].startswith("one-record-")
    assert client.get_experiment(seen.info.experiment_id).name == "one record"
    assert mlflow.artifacts.load_text(f"runs:/{run}/note.txt") == "hello"
    series = send(server, f"/api/v1/runs/{run}/metrics")["series"]
    (loss,) = [it for it in series if it["name"] == "loss"]
    assert loss["source"] == "mlflow" and [it["value"] for it in loss["points"]] == [1 / step for step in range(1, 6)]


def test_a_script_that_dies_leaves_no_run_behind_that_runs_for_ever(server, client):
    run = launch(server, KILLED)
    assert ended(server, run)["status"] == "Failed"
    info = client.get_run(run).info
    assert info.status == "FAILED" and info.end_time >= info.start_time


def test_a_script_that_chooses_its_own_experiment_is_left_alone(server):
    # With the variables, MLflow's client would refuse to start the run, and the job would fail.
    run = launch(server, CHOOSING)
    assert environment(server, run) == {}
    assert ended(server, run)["status"] == "Completed"


@pytest.mark.parametrize(
    "members",
    [{"EnableNetworkIsolation": True}, {"Environment": {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1"}}],
    ids=["isolated", "declined"],
)
def test_who_does_not_want_it_is_not_told(server, members):
    script = UNTRACKED if "EnableNetworkIsolation" in members else "import os\nassert 'MLFLOW_RUN_ID' not in os.environ\n"
    run = launch(server, script, **members)
    assert environment(server, run) == members.get("Environment", {})
    assert ended(server, run)["status"] == "Completed"


def test_a_job_that_has_said_nothing_is_there_for_who_asks(server, client):
    run = launch(server, "print('nothing')\n")
    ended(server, run)
    seen = client.get_run(run)
    assert (seen.info.status, seen.data.metrics) == ("FINISHED", {})
    uri = seen.info.artifact_uri
    client.log_metric(run, "after", 1.0)
    assert client.get_run(run).info.artifact_uri == uri


def test_the_request_of_a_run_launched_again_names_the_new_run(server):
    first = launch(server, "print('one')\n", Environment={"OMP_NUM_THREADS": "2"})
    request = send(server, f"/api/v1/runs/{first}/request")
    again = {key: value for key, value in request.items() if key not in ("TrainingJobName", "HyperParameters")}
    second = launch(server, "print('two')\n", **again)
    expected = {"OMP_NUM_THREADS": "2", "MLFLOW_RUN_ID": second, "MLFLOW_TRACKING_URI": server.url}
    assert environment(server, second) == expected and second != first
