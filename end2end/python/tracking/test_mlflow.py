"""The unmodified `mlflow` client tracks in Trainyard: what a training script and its author do."""

import json
import math
import urllib.error
import urllib.request

import mlflow
import pytest
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException, RestException


def call(server, path, body=None, headers=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(server.url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read() or b"{}")
    except urllib.error.HTTPError as failure:
        return failure.code, json.loads(failure.read())


def test_the_ordinary_script(client):
    mlflow.set_experiment("an ordinary script")
    with mlflow.start_run(run_name="first", tags={"team": "vision"}) as run:
        mlflow.log_params({"lr": 0.1, "layers": 3})
        for step in range(5):
            mlflow.log_metrics({"loss": 1 / (step + 1), "accuracy": step / 5}, step=step)
        mlflow.set_tag("stage", "try")
        mlflow.log_text("hello", "notes/hello.txt")
        mlflow.log_dict({"a": [1, 2]}, "config.json")
    seen = client.get_run(run.info.run_id)
    assert seen.info.status == "FINISHED" and seen.info.end_time >= seen.info.start_time
    assert seen.info.run_name == "first"
    assert seen.data.params == {"lr": "0.1", "layers": "3"}
    assert seen.data.metrics == {"loss": 0.2, "accuracy": 0.8}
    assert seen.data.tags["team"] == "vision" and seen.data.tags["stage"] == "try"
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(it.step, it.value) for it in history] == [(step, 1 / (step + 1)) for step in range(5)]
    assert [(it.path, it.is_dir, it.file_size) for it in client.list_artifacts(run.info.run_id)] == [
        ("config.json", False, 29),
        ("notes", True, None),
    ]
    assert mlflow.artifacts.load_text(f"{seen.info.artifact_uri}/notes/hello.txt") == "hello"
    assert mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/config.json") == {"a": [1, 2]}


def test_a_script_that_fails_leaves_a_failed_run(client, experiment):
    mlflow.set_experiment(experiment_id=experiment)
    with pytest.raises(ZeroDivisionError):
        with mlflow.start_run(experiment_id=experiment) as run:
            1 / 0
    assert client.get_run(run.info.run_id).info.status == "FAILED"
    with mlflow.start_run(run_id=run.info.run_id):
        with mlflow.start_run(nested=True, experiment_id=experiment) as child:
            pass
    assert child.data.tags["mlflow.parentRunId"] == run.info.run_id


def test_every_double_comes_back_and_the_same_point_is_stored_once(client, experiment):
    run = client.create_run(experiment).info.run_id
    values = [0.1 + 0.2, -1e-300, 5e-324, 1.7976931348623157e308, math.nan, math.inf, -math.inf]
    metrics = [Metric("m", value, 1000 + step, step - 3) for step, value in enumerate(values)]
    for _ in range(2):
        client.log_batch(run, metrics=metrics)
    history = client.get_metric_history(run, "m")
    assert [(it.timestamp, it.step) for it in history] == [(1000 + step, step - 3) for step in range(7)]
    assert [it.value for it in history[:4]] == values[:4] and math.isnan(history[4].value)
    # MLflow's own databases hold no infinities.
    assert [it.value for it in history[5:]] == [1.7976931348623157e308, -1.7976931348623157e308]


def test_a_full_batch_and_a_history_in_pages(client, experiment):
    run = client.create_run(experiment).info.run_id
    for start in range(0, 3_000, 1_000):
        client.log_batch(run, metrics=[Metric("m", step / 7, step, step) for step in range(start, start + 1_000)])
    history = client.get_metric_history(run, "m")
    assert [it.value for it in history] == [step / 7 for step in range(3_000)]
    with pytest.raises(MlflowException, match="at most 1000 metrics"):
        client._tracking_client.store.log_batch(run, [Metric("m", 1, 1, step) for step in range(1_001)], [], [])


def test_params_do_not_change(client, experiment):
    run = client.create_run(experiment).info.run_id
    client.log_param(run, "lr", 1)
    client.log_param(run, "lr", 1)
    with pytest.raises(MlflowException, match="Changing param values is not allowed"):
        client.log_param(run, "lr", 2)
    with pytest.raises(MlflowException, match="Duplicate parameter keys have been submitted"):
        client.log_batch(run, params=[Param("a", "1"), Param("a", "2")])
    client.log_batch(run, params=[Param("long", "x" * 7_000)], tags=[RunTag("t", "y" * 9_000)])
    seen = client.get_run(run).data
    assert len(seen.params["long"]) == 6_000 and len(seen.tags["t"]) == 8_000
    assert "a" not in seen.params


def test_experiments(client, experiment):
    name = client.get_experiment(experiment).name
    with pytest.raises(RestException, match="already exists") as refused:
        client.create_experiment(name)
    assert refused.value.error_code == "RESOURCE_ALREADY_EXISTS"
    client.set_experiment_tag(experiment, "owner", "ada")
    client.rename_experiment(experiment, f"{name} renamed")
    seen = client.get_experiment_by_name(f"{name} renamed")
    assert seen.experiment_id == experiment and seen.tags == {"owner": "ada"}
    assert client.get_experiment("0").name == "Default"
    assert client.get_experiment_by_name("no such") is None
    run = client.create_run(experiment).info.run_id
    client.delete_experiment(experiment)
    assert client.get_run(run).info.lifecycle_stage == "deleted"
    with pytest.raises(MlflowException, match="must be in the 'active' state"):
        client.create_run(experiment)
    client.restore_experiment(experiment)
    assert client.get_run(run).info.lifecycle_stage == "active"
    found = client.search_experiments(filter_string=f"name = '{name} renamed'", view_type=ViewType.ALL)
    assert [it.experiment_id for it in found] == [experiment]


def test_runs_are_found(client, experiment):
    for number in range(5):
        run = client.create_run(experiment, start_time=number + 1, run_name=f"run {number}").info.run_id
        client.log_metric(run, "loss", 5 - number, step=0)
        client.log_param(run, "lr", "0.1" if number < 3 else "0.2")
    client.set_tag(run, "best", "yes")
    client.delete_run(client.create_run(experiment, run_name="gone").info.run_id)

    def names(filter_string="", **more):
        return [it.info.run_name for it in client.search_runs([experiment], filter_string, **more)]

    assert names() == ["run 4", "run 3", "run 2", "run 1", "run 0"]
    assert names("metrics.loss < 3 and params.lr = '0.2'") == ["run 4", "run 3"]
    assert names("tags.best = 'yes'") == ["run 4"]
    assert names("attributes.run_name LIKE '%2'", order_by=["metrics.loss"]) == ["run 2"]
    assert names(order_by=["params.lr DESC", "metrics.loss ASC"]) == ["run 4", "run 3", "run 2", "run 1", "run 0"]
    assert names(run_view_type=ViewType.DELETED_ONLY) == ["gone"]
    page = client.search_runs([experiment], max_results=3)
    rest = client.search_runs([experiment], max_results=3, page_token=page.token)
    assert [it.info.run_name for it in [*page, *rest]] == names() and not rest.token
    for wrong in ["metrics.loss < 3 OR params.lr = '1'", "METRICS.x > 1", "lifecycle_stage = 'active'", "metrics.x > 'a'"]:
        with pytest.raises(MlflowException, match="Invalid|Expected"):
            names(wrong)


def test_datasets_are_inputs(client, server, experiment):
    run = client.create_run(experiment).info.run_id
    dataset = {"name": "wine", "digest": "d1", "source_type": "local", "source": "{}", "profile": "{}"}
    body = {"run_id": run, "datasets": [{"dataset": dataset, "tags": [{"key": "mlflow.data.context", "value": "train"}]}]}
    for _ in range(2):
        assert call(server, "/api/2.0/mlflow/runs/log-inputs", body) == (200, {})
    (seen,) = client.get_run(run).inputs.dataset_inputs
    assert (seen.dataset.name, seen.tags[0].value) == ("wine", "train")
    summaries = [{"experiment_id": experiment, "name": "wine", "digest": "d1", "context": "train"}]
    for path in ["/api/2.0mlflow", "/ajax-api/2.0/mlflow"]:
        status, found = call(server, f"{path}/experiments/search-datasets", {"experiment_ids": [experiment]})
        assert (status, found) == (200, {"dataset_summaries": summaries})
    assert len(client.search_runs([experiment], "dataset.name = 'wine'")) == 1


def test_histories_of_many_runs(client, server, experiment):
    runs = [client.create_run(experiment).info.run_id for _ in range(2)]
    for run in runs:
        client.log_batch(run, metrics=[Metric("m", step, step, step) for step in range(10)])
    query = "&".join(f"run_ids={run}" for run in runs)
    for path in ["/api/2.0/mlflow", "/ajax-api/2.0/mlflow", "/api/2.11/mlflow"]:
        path = f"{path}/metrics/get-history-bulk-interval?{query}&metric_key=m&max_results=5"
        _, found = call(server, path)
        assert [(it["run_id"], it["step"]) for it in found["metrics"]] == [
            (run, step) for run in runs for step in (0, 2, 4, 6, 9)
        ]
    query = "&".join(f"run_id={run}" for run in runs)
    _, found = call(server, f"/ajax-api/2.0/mlflow/metrics/get-history-bulk?{query}&metric_key=m")
    assert [it["run_id"] for it in found["metrics"]] == sorted(runs * 10)


def test_artifacts_of_all_kinds(client, server, experiment, tmp_path):
    (tmp_path / "model").mkdir()
    large = bytes(range(256)) * 80_000
    (tmp_path / "model" / "weights.bin").write_bytes(large)
    (tmp_path / "model" / "empty").write_bytes(b"")
    (tmp_path / "a+b ü%20.txt").write_text("odd")
    run = client.create_run(experiment).info.run_id
    client.log_artifacts(run, str(tmp_path / "model"), "model")
    client.log_artifact(run, str(tmp_path / "a+b ü%20.txt"))
    assert [it.path for it in client.list_artifacts(run, "model")] == ["model/empty", "model/weights.bin"]
    folder = client.download_artifacts(run, "model", str(tmp_path))
    assert open(f"{folder}/weights.bin", "rb").read() == large
    assert client.list_artifacts(run, "model/weights.bin") == []
    status, found = call(server, f"/api/2.0/mlflow/artifacts/list?run_id={run}&path=model")
    assert status == 200 and [it["path"] for it in found["files"]] == ["model/empty", "model/weights.bin"]
    with urllib.request.urlopen(f"{server.url}/get-artifact?run_id={run}&path=model/weights.bin") as answer:
        assert answer.read() == large
        assert answer.headers["Content-Disposition"].startswith("attachment")
    status, refused = call(server, f"/api/2.0/mlflow/artifacts/list?run_id={run}&path=..")
    assert (status, refused["message"]) == (400, "Invalid path")
    for path in ["%2e%2e/x", "a/%252e%252e/%252e%252e/x"]:
        status, refused = call(server, f"/api/2.0/mlflow-artifacts/artifacts/{path}", {}, method="PUT")
        assert (status, refused["message"]) == (400, "Invalid path"), path
    status, _ = call(server, f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run}/artifacts/model", method="DELETE")
    assert status == 200 and client.list_artifacts(run, "model") == []


def test_what_is_wrong_is_said_as_mlflow_says_it(server, client, experiment):
    run = client.create_run(experiment).info.run_id
    path = "/api/2.0/mlflow/runs/log-metric"
    good = {"run_id": run, "key": "m", "value": 1, "timestamp": 1}
    for change, expected in [
        ({"run_id": 31}, "Invalid value 31 for parameter 'run_id' supplied"),
        ({"step": "foo"}, 'Invalid value "foo" for parameter \'step\' supplied'),
        ({"timestamp": None}, "Missing value for required parameter 'timestamp'"),
        ({"key": "a$b"}, "Names may only contain alphanumerics"),
        ({"run_id": "none"}, "Run with id=none not found"),
    ]:
        status, refused = call(server, path, {**good, **change})
        assert status in (400, 404) and expected in refused["message"], refused
    status, refused = call(server, path, {**good, "key": "../x"})
    assert refused == {
        "error_code": "INVALID_PARAMETER_VALUE",
        "message": 'Invalid value "../x" for parameter \'name\' supplied: Names may be treated as files in certain cases,'
        " and must not resolve to other names when treated as such. This name would resolve to '../x'",
        "sqlstate": "KAM00",
        "error_class": "INVALID_PARAMETER_VALUE",
    }
    for unknown in ["/api/2.0/mlflow/foo", "/api/3.0/mlflow/traces/search"]:
        status, refused = call(server, unknown, {})
        assert (status, refused["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    status, refused = call(server, path, good, {"Content-Type": "text/plain"})
    assert status == 400 and "Content-Type" in refused["message"]


def test_a_browser_on_another_site_changes_nothing(server, client, experiment):
    path, body = "/api/2.0/mlflow/experiments/delete", {"experiment_id": experiment}
    for headers in [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]:
        status, refused = call(server, path, body, headers)
        assert (status, refused["error_code"]) == (403, "PERMISSION_DENIED")
    status, _ = call(server, "/api/2.0/mlflow/experiments/get?experiment_id=0", headers={"Host": "evil.example"})
    assert status == 421
    assert client.get_experiment(experiment).lifecycle_stage == "active"


def test_logged_models(client, experiment):
    run = client.create_run(experiment).info.run_id
    model = client.create_logged_model(experiment, "m1", source_run_id=run, params={"a": "1"}, tags={"t": "x"})
    assert model.status == "PENDING" and model.artifact_location.endswith(f"models/{model.model_id}/artifacts")
    client.log_metric(run, "acc", 0.5, model_id=model.model_id, step=1)
    client.set_logged_model_tags(model.model_id, {"u": "y"})
    client.delete_logged_model_tag(model.model_id, "t")
    client.log_model_params(model.model_id, {f"p{number}": str(number) for number in range(150)})
    seen = client.finalize_logged_model(model.model_id, "READY")
    assert seen.status == "READY" and seen.tags == {"u": "y"} and len(seen.params) == 151
    assert [(it.key, it.value, it.run_id) for it in seen.metrics] == [("acc", 0.5, run)]
    found = client.search_logged_models([experiment], "metrics.acc > 0.4 AND params.a = '1'")
    assert [it.model_id for it in found] == [model.model_id]
    assert not client.search_logged_models([experiment], "metrics.acc > 0.6")
    client.delete_logged_model(model.model_id)
    with pytest.raises(MlflowException, match="not found"):
        client.get_logged_model(model.model_id)
