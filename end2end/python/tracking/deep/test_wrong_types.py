"""Every member of every request, once of each wrong type: what MLflow's own server refuses, Trainyard refuses in its words.

What MLflow's server drops without a word or breaks on, Trainyard refuses too, in the words for such members.
"""

import json
import re

from peers import peers  # noqa: F401

WRONG = [31, 2.5, True, None, "", "foo", [], ["x"], [7], {}, {"a": 1}, [{}], [{"key": "k", "value": 4}], [None]]
# Our words for a member that is refused for its type, whatever theirs made of it.
TYPE = re.compile(
    r"Invalid value .* for parameter '(?P<a>[^']+)' supplied:  Hint: Value was of type"
    r"|Missing value for required parameter '(?P<b>[^']+)'"
    r"|Dataset cannot be None"
)
METRIC = {"key": "m", "value": 1.5, "timestamp": 5, "step": 1}
DATASET = {"name": "d", "digest": "1", "source_type": "local", "source": "{}", "schema": "{}", "profile": "{}"}
PAIR = {"key": "k", "value": "v"}


def requests_of(made):
    """(method, path, good body): those that take something away come last."""
    run, model, experiment = {"run_id": made["run"]}, made["model"], {"experiment_id": made["experiment"]}
    name, version = {"name": "rm"}, {"name": "rm", "version": "1"}
    return [
        ("POST", "experiments/create", {"name": "@new", "artifact_location": "s3://b/x", "tags": [PAIR]}),
        ("POST", "experiments/search", {"filter": "name = 'a'", "max_results": 5, "order_by": ["name"], "view_type": 3}),
        ("POST", "experiments/update", {**experiment, "new_name": "@new"}),
        ("POST", "experiments/set-experiment-tag", {**experiment, **PAIR}),
        ("POST", "runs/create", {**experiment, "user_id": "u", "run_name": "r", "start_time": 5, "tags": [PAIR]}),
        ("POST", "runs/update", {**run, "status": "RUNNING", "end_time": 9, "run_name": "x"}),
        ("POST", "runs/log-metric", {**run, **METRIC}),
        ("POST", "runs/log-parameter", {**run, "key": "p", "value": "v"}),
        ("POST", "runs/log-batch", {**run, "metrics": [METRIC], "params": [PAIR], "tags": [PAIR]}),
        ("POST", "runs/set-tag", {**run, **PAIR}),
        ("POST", "runs/log-inputs", {**run, "datasets": [{"dataset": DATASET, "tags": [PAIR]}]}),
        ("POST", "runs/outputs", {**run, "models": [{"model_id": model, "step": 2}]}),
        ("POST", "runs/search", {
            "experiment_ids": [made["experiment"]], "filter": "", "run_view_type": "ALL", "max_results": 5,
            "order_by": ["start_time"],
        }),
        ("POST", "logged-models", {**experiment, "name": "lm", "model_type": "t", "params": [PAIR], "tags": [PAIR]}),
        ("POST", "logged-models/search", {
            "experiment_ids": [made["experiment"]], "filter": "", "max_results": 5,
            "order_by": [{"field_name": "name", "ascending": True}], "datasets": [{"dataset_name": "d"}],
        }),
        ("POST", f"logged-models/{model}/params", {"model_id": model, "params": [PAIR]}),
        ("PATCH", f"logged-models/{model}/tags", {"model_id": model, "tags": [PAIR]}),
        ("PATCH", f"logged-models/{model}", {"model_id": model, "status": "LOGGED_MODEL_READY"}),
        ("POST", "registered-models/create", {"name": "@new", "description": "d", "tags": [PAIR]}),
        ("PATCH", "registered-models/update", {**name, "description": "e"}),
        ("POST", "registered-models/set-tag", {**name, **PAIR}),
        ("POST", "registered-models/alias", {**version, "alias": "best"}),
        ("POST", "model-versions/create", {**name, "source": "s3://b/x", "run_id": made["run"], "tags": [PAIR]}),
        ("PATCH", "model-versions/update", {**version, "description": "e"}),
        ("POST", "model-versions/set-tag", {**version, **PAIR}),
        ("POST", "model-versions/transition-stage", {**version, "stage": "Staging", "archive_existing_versions": False}),
        ("DELETE", "registered-models/delete-tag", {**name, "key": "k"}),
        ("DELETE", "model-versions/delete-tag", {**version, "key": "k"}),
        ("DELETE", "registered-models/alias", {**name, "alias": "best"}),
        ("POST", "experiments/delete-experiment-tag", {**experiment, "key": "k"}),
        ("POST", "runs/delete-tag", {**run, "key": "k"}),
        ("POST", "runs/delete", run),
        ("POST", "runs/restore", run),
        ("POST", "experiments/delete", experiment),
        ("POST", "experiments/restore", experiment),
    ]


def wrong_ones(value, path=()):
    """`value` with one member at a time replaced, or left out."""
    if isinstance(value, dict):
        for name in value:
            rest = {key: it for key, it in value.items() if key != name}
            yield rest
            for wrong in WRONG:
                yield {**value, name: wrong}
            for inner in wrong_ones(value[name]):
                yield {**value, name: inner}
    elif isinstance(value, list) and value:
        for inner in wrong_ones(value[0]):
            yield [inner]


def make(peer):
    call = lambda path, body: peer.call("POST", f"/api/2.0/mlflow/{path}", body)[1]
    experiment = call("experiments/create", {"name": "of wrong types"})["experiment_id"]
    run = call("runs/create", {"experiment_id": experiment, "run_name": "r"})["run"]["info"]["run_id"]
    model = call("logged-models", {"experiment_id": experiment, "name": "m"})["model"]["info"]["model_id"]
    call("registered-models/create", {"name": "rm"})
    call("model-versions/create", {"name": "rm", "source": "s3://b/x"})
    return {"@experiment": experiment, "@run": run, "@model": model}


def test_members_of_a_wrong_type_are_refused_alike(peers):
    theirs, ours = peers
    for peer in peers:
        peer.ids.update(make(peer))
    labels = {"experiment": "@experiment", "run": "@run", "model": "@model"}
    differences, count = [], 0
    for method, path, good in requests_of(labels):
        for body in [good, *wrong_ones(good)]:
            count += 1
            for peer in peers:
                peer.ids["@new"] = f"name {count}"
            (their_status, their_answer), (our_status, our_answer) = [
                (status, peer.normal(answer))
                for peer in peers
                for status, answer in [peer.call(method, f"/api/2.0/mlflow/{path}", body)]
            ]
            message, our_message = their_answer.get("message", ""), our_answer.get("message", "")
            if body is good:
                assert (their_status, our_status) == (200, 200), f"{path}: {their_answer} {our_answer}"
            ours_type, theirs_type = TYPE.match(our_message), TYPE.match(message)
            is_refused = our_status == 400 and ours_type is not None
            if "IntegrityError" in message:
                is_alike = our_status < 500
            elif 400 <= their_status < 500:
                # Theirs says where it looked for a path.
                is_path = message.startswith("Invalid model version source: '/")
                is_alike = our_status == their_status and (is_path or our_message == message)
                # The same member is to blame, or theirs has dropped ours without a word.
                is_alike = is_alike or (is_refused and (theirs_type is None or ours_type[ours_type.lastgroup] == theirs_type[theirs_type.lastgroup]))
            else:
                # Theirs takes tags for models that are not there.
                is_alike = is_refused or our_status in (200, 404)
            if not is_alike:
                told = f"{method} {path} {json.dumps(body)}\ntheirs {their_status}: {message or their_answer}"
                differences.append(f"{told}\nours   {our_status}: {our_message or our_answer}"[:1500])
    assert count > 1_000
    assert not differences, f"{len(differences)} of {count}:\n" + "\n\n".join(differences)
