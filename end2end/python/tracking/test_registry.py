"""The unmodified `mlflow` client in the registry of models: names, versions, and the artifacts behind them."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

PROMPT = "mlflow.prompt.is_prompt"


@pytest.fixture
def name(client, request):
    """A registered model of the test's own."""
    name = f"{request.node.name} {time.time_ns()}"
    client.create_registered_model(name, {"team": "vision"})
    return name


def register(client, experiment, name):
    """A version whose artifacts are a run's: the run, and the version."""
    run = client.create_run(experiment)
    source = f"{run.info.artifact_uri}/model"
    return run.info.run_id, client.create_model_version(name, source, run_id=run.info.run_id)


def test_models_are_found_and_prompts_are_not(client, name):
    found = lambda text=None: [it.name for it in client.search_registered_models(text) if it.name == name]
    assert found() == found("") == found(f"name = '{name}'") == found("tags.team = 'vision'") == [name]
    client.set_registered_model_tag(name, PROMPT, "true")
    assert found() == found("") == []
    assert found(f"tags.`{PROMPT}` = 'true'") == [name]


def test_the_version_that_changed_last_comes_first(client, experiment, name):
    for _ in range(3):
        register(client, experiment, name)
    time_of = client.get_model_version(name, "3").last_updated_timestamp
    # Versions are ordered by milliseconds.
    while client.update_model_version(name, "2", "seen").last_updated_timestamp == time_of:
        pass
    assert [int(it.version) for it in client.search_model_versions(f"name = '{name}'")] == [2, 3, 1]


def test_a_model_lists_its_versions(client, experiment, name):
    model = client.create_logged_model(experiment)
    for _ in range(2):
        client.create_model_version(name, model.artifact_location, model_id=model.model_id)
    noted = client.get_logged_model(model.model_id).tags["mlflow.modelVersions"]
    assert noted == json.dumps([{"name": name, "version": version} for version in (1, 2)])


def test_artifacts_of_a_version(client, server, experiment, name, tmp_path):
    run, version = register(client, experiment, name)
    for file in ["MLmodel", "plot.png", "page.html", "ü \"x\".bin"]:
        (tmp_path / file).write_text(file)
        client.log_artifact(run, str(tmp_path / file), "model")

    def get(path):
        query = urllib.parse.urlencode({"name": name, "version": version.version, "path": path})
        return urllib.request.urlopen(f"{server.url}/model-versions/get-artifact?{query}", timeout=30)

    for file, kind, shown in [
        ("MLmodel", "text/plain", "attachment; filename=MLmodel"),
        ("plot.png", "image/png", "attachment; filename=plot.png"),
        ("page.html", "application/octet-stream", "attachment; filename=page.html"),
        ("ü \"x\".bin", "application/octet-stream", "attachment; filename=\"_ _x_.bin\"; filename*=UTF-8''%C3%BC%20%22x%22%2Ebin"),
    ]:
        with get(file) as answer:
            assert answer.read().decode() == file
            assert (answer.headers["Content-Type"], answer.headers["Content-Disposition"]) == (kind, shown)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Length"] == str(len(file.encode()))
    for path, status in [("../x", 400), ("none", 404)]:
        with pytest.raises(urllib.error.HTTPError) as refused:
            get(path)
        assert refused.value.code == status and "error_code" in json.loads(refused.value.read())


def test_too_many_runs_are_counted_not_measured(server):
    runs = "&".join(f"run_id=id_{number}" for number in range(1_000))
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{server.url}/ajax-api/2.0/mlflow/metrics/get-history-bulk?metric_key=k&{runs}")
    assert "cannot specify more than 100 run_ids" in json.loads(refused.value.read())["message"]
