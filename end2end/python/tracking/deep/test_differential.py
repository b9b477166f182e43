"""The same random requests to MLflow's own server and to Trainyard: equal answers, ids and times aside.

Where they differ on purpose, `EXPECTED` says so and why.
"""

import json
import os
import random
import re

import pytest
from peers import peers  # noqa: F401

SEEDS = range(int(os.environ.get("TRAINYARD_MLFLOW_SEEDS", "4")))
STEPS = int(os.environ.get("TRAINYARD_MLFLOW_STEPS", "250"))

# Differences that stay: (what theirs says, our status or one of several, why ours is another).
EXPECTED = [
    (r"Cannot rename a non-active experiment", 400, "clients repeat a request that gets 500, seven times; ours is 400"),
    (r"`order_by` contains duplicate fields", 400, "the same"),
    (r"cannot archive existing model versions", 400, "the same"),
    (r"IntegrityError.* FOREIGN KEY", 400, "a database's own words; ours names the logged model that is not there"),
    (r"IntegrityError.* UNIQUE .*: logged_model_params\.", (200, 400), "the same param again changes nothing, another is refused"),
    (r"IntegrityError.* UNIQUE .*: inputs\.", 200, "the same model is logged again: what a client repeats changes nothing"),
]

PROMPT_TAG = "mlflow.prompt.is_prompt"
NAMES = ["a", "b", "Abc", "a b", "ünï"]
KEYS = ["loss", "acc", "a/b", "x.y", "with space"]
BAD_KEYS = ["a$b", "../x", "a//b", "k" * 251, ""]
NUMBERS = [0, 1, -1, 0.5, 1e-7, 1e22, 3.0, "NaN", "Infinity", "-Infinity", 5e-324, "7", "foo", True, None]
VALUES = ["0.1", "x", "X", "", "it's", 'say "no"', "y" * 7000]
FILTERS = [
    "", "metrics.loss > 0", "metrics.loss != 1", "metrics.`with space` <= 1e3", "params.loss = 'x'", "params.acc LIKE '%'",
    "params.loss ILIKE 'X'", "params.loss LIKE 'X'", "tags.acc != 'x'", "tags.loss IS NULL", "params.acc is not null",
    "attributes.status = 'FINISHED'", "start_time > 5 AND end_time < 1000", "run_name = 'a'", "attributes.run_name LIKE 'A%'",
    "status IN ('a')", "run_id IN ('a', 'b')", "metrics.loss > 'a'", "metrics.loss LIKE 1", "params.loss > '1'", "foo = 'a'",
    "metrics.loss > 0 OR metrics.acc > 0", "NOT metrics.loss > 0", "metrics.loss >", "METRICS.loss > 0", "params.loss = x",
    "tags.acc = 1", "metrics.loss > 0; metrics.acc > 0", "dataset.name = 'd1'", "datasets.context = 'train'", "dataset.x = 'a'",
    "user_id = 'ada'", "metrics.loss > 0 and params.acc != 'q' AND tags.acc != 'x'", "attr.start_time >= 3", "created < 1e3",
    "start_time LIKE 5", "dataset.name > 'x'", "tags.a RLIKE 'x'", "run_id NOT IN ('x')", "metrics.a == 1", "run_name > 'a'",
    "metrics.a IS NULL", "params.loss = 5", "metrics.loss > -1", "metrics.loss>0.5", "attributes.start_time > '5'", "end_time != 0",
    "tags.acc IN ('x')", "params.loss IN ('x')", "status != 'RUNNING'", "status LIKE 'R%'", "run_name IN ('a')",
    "params.`loss` = \"x\"", "params.\"loss\" = 'x'", "metrics.loss = NaN", "()", "lifecycle_stage = 'active'",
    "attribute.foo = 1", "metrics.loss > 0 AND", "AND metrics.loss > 0", "metrics.loss <> 0", "start_time > 1.5",
    "run_id LIKE '%'", "run_id != 'x'", "'a' = 'b'", "tags.`mlflow.runName` = 'a'", "artifact_uri LIKE 'mlflow%'",
]
ORDERS = [
    [], ["metrics.loss"], ["metrics.loss DESC"], ["params.acc ASC", "start_time"], ["tags.acc desc", "metrics.acc"],
    ["run_name DESC"], ["end_time"], ["status", "attributes.start_time ASC"], ["metrics.loss foo"], ["nope"],
    ["dataset.name"], ["metrics.`with space`"], ["Created"], ["metrics.loss", "metrics.loss DESC"],
]
EXPERIMENT_FILTERS = [
    "", "name = 'a'", "name LIKE 'a%'", "name ILIKE 'A%'", "tags.loss = 'x'", "tags.acc != 'x'", "tags.acc IS NULL",
    "attribute.name != 'b'", "creation_time > 0", "experiment_id IN ('0', '1')", "name like 'a'", "metrics.a > 1",
    "name = 'a' OR tags.loss = 'x'", "creation_time LIKE 5", "experiment_id > '1'", "name IN ('a')", "creation_time = 'x'",
    "name > 'a'",
]
MODEL_FILTERS = [
    "", "name = 'rm'", "name like 'r%'", "name ILIKE 'R%'", "name != 'rm'", "name IN ('rm', 'x')", "tags.loss = 'x'",
    "tags.loss != 'x'", "name > 'a'", "tags.loss > 'a'", "foo = 'a'", "x.a = 'a'", "name = 'rm' OR x",
    "tags.`mlflow.prompt.is_prompt` != 'true'", "tags.`mlflow.prompt.is_prompt` = 'true'", "tags.loss LIKE '%'", "name = 5",
    "tags.loss IN ('x')", "tag.`mlflow.prompt.is_prompt` = 'false' AND name LIKE '%'",
]
VERSION_FILTERS = [*MODEL_FILTERS, "version_number > 1", "version_number LIKE 1", "run_id = 'x'", "source_path LIKE 's3%'"]


class Story:
    """Random requests that make sense now and then."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.seed = seed
        self.experiments = ["0"]
        self.runs = ["@none"]
        self.models = ["@none"]
        self.clock = 0

    @property
    def time(self):
        """Of no other run: equal starts are ordered by ids, and each server has its own."""
        return self.seed * STEPS + self.clock

    def pick(self, *choices):
        return self.random.choice(choices)

    def some(self, choices, most=3):
        return self.random.sample(choices, self.random.randint(0, min(most, len(choices))))

    def key(self):
        return self.random.choice(KEYS if self.random.random() < 0.9 else BAD_KEYS)

    def tag(self):
        return {"key": self.key(), "value": self.random.choice(VALUES)}

    def metric(self):
        return {
            "key": self.key(),
            "value": self.random.choice(NUMBERS if self.random.random() < 0.3 else NUMBERS[:7]),
            "timestamp": self.pick(1, 2, 3, 1700000000000, "5"),
            "step": self.pick(0, 1, 2, 3, -4, "6"),
        }

    def step(self):
        self.clock += 1
        experiment, run = self.random.choice(self.experiments), self.random.choice(self.runs)
        return self.pick(
            self.create_experiment, self.create_run, self.create_run, self.log_metric, self.log_metric, self.log_batch,
            self.log_batch, self.log_batch, self.search_runs, self.search_runs, self.search_runs, self.one_run,
            self.experiment_change, self.run_change, self.history, self.model, self.registry,
        )(experiment, run)

    def create_experiment(self, experiment, run):
        name = f"{self.random.choice(NAMES)}{self.pick('', self.seed)}"
        return "POST", "experiments/create", {"name": name, "tags": [self.tag() for _ in range(self.pick(0, 1))]}

    def create_run(self, experiment, run):
        tags = [{"key": key, "value": "x"} for key in self.some(KEYS)]
        experiment = experiment if self.random.random() < 0.9 else self.pick(None, "", "x", "123456")
        body = {"experiment_id": experiment, "start_time": self.time, "run_name": self.random.choice(NAMES), "tags": tags}
        return "POST", "runs/create", {**body, "user_id": self.pick("ada", "", None)}

    def log_metric(self, experiment, run):
        return "POST", "runs/log-metric", {"run_id": run, **self.metric()}

    def log_batch(self, experiment, run):
        metrics = [{**self.metric(), "value": self.random.choice(NUMBERS[:11])} for _ in range(self.pick(0, 1, 5, 20))]
        params = [{"key": key, "value": self.random.choice(VALUES[:4])} for key in self.some(KEYS)]
        return "POST", "runs/log-batch", {"run_id": run, "metrics": metrics, "params": params, "tags": [self.tag()]}

    def search_runs(self, experiment, run):
        body = {"experiment_ids": self.some(self.experiments, 5), "filter": self.random.choice(FILTERS)}
        body |= {"order_by": self.random.choice(ORDERS), "run_view_type": self.pick("ALL", "ACTIVE_ONLY", "DELETED_ONLY")}
        return "POST", "runs/search", {**body, "max_results": self.pick(1000, 1, 3, 0, 50001)}

    def one_run(self, experiment, run):
        return "GET", "runs/get", {"run_id": run}

    def experiment_change(self, experiment, run):
        tag = self.tag()
        search = {"filter": self.random.choice(EXPERIMENT_FILTERS), "view_type": self.pick("ALL", "ACTIVE_ONLY")}
        return self.pick(
            ("GET", "experiments/get", {"experiment_id": experiment}),
            ("GET", "experiments/get-by-name", {"experiment_name": self.random.choice(NAMES)}),
            ("POST", "experiments/delete", {"experiment_id": experiment if experiment != "0" else "77"}),
            ("POST", "experiments/restore", {"experiment_id": experiment}),
            ("POST", "experiments/update", {"experiment_id": experiment, "new_name": f"new {self.clock}"}),
            ("POST", "experiments/set-experiment-tag", {"experiment_id": experiment, **tag}),
            ("POST", "experiments/delete-experiment-tag", {"experiment_id": experiment, "key": tag["key"]}),
            ("POST", "experiments/search", {**search, "max_results": 50, "order_by": self.pick(["experiment_id"], ["name DESC"])}),
            ("POST", "/ajax-api/2.0/mlflow/experiments/search-datasets", {"experiment_ids": self.some(self.experiments)}),
        )

    def run_change(self, experiment, run):
        dataset = {"name": self.pick("d1", "d2"), "digest": "1", "source_type": "local", "source": "{}"}
        tags = [{"key": "mlflow.data.context", "value": self.pick("train", "test")}]
        return self.pick(
            ("POST", "runs/update", {"run_id": run, "status": self.pick("FINISHED", "FAILED"), "end_time": self.time}),
            ("POST", "runs/update", {"run_id": run, "run_name": self.random.choice(NAMES)}),
            ("POST", "runs/delete", {"run_id": run}),
            ("POST", "runs/restore", {"run_id": run}),
            ("POST", "runs/restore", {"run_id": run}),
            ("POST", "runs/set-tag", {"run_id": run, **self.tag()}),
            ("POST", "runs/delete-tag", {"run_id": run, "key": self.key()}),
            ("POST", "runs/log-parameter", {"run_id": run, "key": self.key(), "value": self.random.choice(VALUES)}),
            ("POST", "runs/log-inputs", {"run_id": run, "datasets": [{"dataset": dataset, "tags": tags}]}),
            ("GET", "artifacts/list", {"run_id": run, "path": self.pick(None, "a", "..", "/etc")}),
        )

    def history(self, experiment, run):
        key, token = self.random.choice(KEYS), self.pick(None, "eyJvZmZzZXQiOiAyfQ==", "x", "e30=")
        steps = self.pick({}, {"start_step": 0, "end_step": 2}, {"start_step": 1}, {"start_step": 3, "end_step": 1})
        runs = self.some(self.runs) or [run]
        return self.pick(
            ("GET", "metrics/get-history", {"run_id": run, "metric_key": key, "max_results": self.pick(None, 1, 3, 0), "page_token": token}),
            ("GET", "metrics/get-history-bulk-interval", {"run_ids": runs, "metric_key": key, "max_results": self.pick(1, 3, 2500, 2501), **steps}),
        )

    def model(self, experiment, run):
        model = self.random.choice(self.models)
        search = {"experiment_ids": [experiment], "filter": self.pick("", "metrics.loss > 0", "params.acc = 'x'", "name = 'a'", "x y")}
        return self.pick(
            ("POST", "logged-models", {"experiment_id": experiment, "name": self.pick("a", "b", "a/b"), "source_run_id": run,
             "params": [{"key": key, "value": "x"} for key in self.some(KEYS)], "tags": [{"key": "t", "value": "1"}]}),
            ("GET", f"logged-models/{model}", {}),
            ("PATCH", f"logged-models/{model}", {"model_id": model, "status": self.pick("LOGGED_MODEL_READY", 3)}),
            ("PATCH", f"logged-models/{model}/tags", {"model_id": model, "tags": [{"key": "u", "value": self.pick("1", "2")}]}),
            ("DELETE", f"logged-models/{model}/tags/u", {"model_id": model, "tag_key": "u"}),
            ("POST", "runs/outputs", {"run_id": run, "models": [{"model_id": model, "step": self.pick(1, 1, 2)}]}),
            ("POST", f"logged-models/{model}/params", {"model_id": model, "params": [{"key": self.key(), "value": self.pick("x", "y")}]}),
            ("POST", "runs/log-metric", {"run_id": run, "key": "loss", "value": 0.5, "timestamp": self.clock, "step": 1, "model_id": model}),
            ("POST", "logged-models/search", {**search, "order_by": [{"field_name": "name", "ascending": False}]}),
        )

    def registry(self, experiment, run):
        name, new_name = self.pick("rm", "rm", "rm2", "a/b"), self.pick("rm", "rm2", "rm3")
        named, version, tag = {"name": name}, {"name": name, "version": self.pick("1", "2", "99", "x")}, self.tag()
        search = {"max_results": 50, "order_by": self.pick("name", "name DESC", "nope", None)}
        return self.pick(
            ("POST", "registered-models/create", {**named, "description": self.pick("", "d"), "tags": [tag]}),
            ("GET", "registered-models/get", named),
            ("PATCH", "registered-models/update", {**named, "description": self.pick("", "e")}),
            ("POST", "registered-models/rename", {**named, "new_name": new_name}),
            ("POST", "registered-models/set-tag", {**named, **tag}),
            ("POST", "registered-models/set-tag", {**named, "key": PROMPT_TAG, "value": self.pick("true", "false", "false")}),
            ("DELETE", "registered-models/delete-tag", {**named, "key": self.pick("loss", "a$")}),
            ("GET", "registered-models/search", {"filter": self.random.choice(MODEL_FILTERS), **search}),
            ("POST", "registered-models/alias", {**version, "alias": self.pick("best", "latest", "v1", "a$")}),
            ("GET", "registered-models/alias", {**named, "alias": self.pick("best", "latest")}),
            ("DELETE", "registered-models/alias", {**named, "alias": "best"}),
            ("POST", "model-versions/create", {**named, "source": self.pick("s3://b/x", "/etc", "mlflow-artifacts:/0/x"), "tags": [tag]}),
            ("GET", "model-versions/get", version),
            ("POST", "model-versions/set-tag", {**version, **tag}),
            ("DELETE", "model-versions/delete", version),
            ("POST", "model-versions/transition-stage", {
                **version, "stage": self.pick("Production", "Archived", "x"), "archive_existing_versions": self.pick(True, False),
            }),
            ("GET", "model-versions/search", {"filter": self.random.choice(VERSION_FILTERS), **search}),
        )

    def learn(self, path, answers, peers):
        """What both have made gets one label."""
        label, found = f"@{self.seed}.{self.clock}", None
        if path == "experiments/create":
            found, known = [it["experiment_id"] for it in answers], self.experiments
            label += "e"
        elif path == "runs/create":
            found, known = [it["run"]["info"]["run_id"] for it in answers], self.runs
            label += "r"
        elif path == "logged-models":
            found, known = [it["model"]["info"]["model_id"] for it in answers], self.models
            label += "m"
        if found:
            known.append(label)
            for peer, real in zip(peers, found):
                peer.ids[label] = real


@pytest.mark.parametrize("seed", SEEDS)
def test_both_answer_alike(peers, seed):
    theirs, ours = peers
    story = Story(seed)
    done = 0
    differences = []
    for _ in range(STEPS):
        method, path, body = story.step()
        both = [peer.call(method, path if path.startswith("/") else f"/api/2.0/mlflow/{path}", body) for peer in peers]
        is_created = [status == 200 for status, _ in both]
        if all(is_created):
            story.learn(path, [answer for _, answer in both], peers)
        (their_status, their_answer), (our_status, our_answer) = [
            (status, peer.normal(answer)) for peer, (status, answer) in zip(peers, both)
        ]
        told = f"{method} {path} {json.dumps(body)[:1500]}\ntheirs {their_status}: {their_answer}\nours   {our_status}: {our_answer}"
        expected = [status for pattern, status, _ in EXPECTED if re.search(pattern, str(their_answer.get("message")))]
        if expected:
            if our_status not in (expected[0] if isinstance(expected[0], tuple) else (expected[0],)):
                differences.append(told)
            continue
        if (our_status, our_answer) != (their_status, their_answer):
            differences.append(told)
        done += 1
    assert not differences, "\n\n".join(differences)
    assert done > STEPS / 2
