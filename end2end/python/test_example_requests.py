"""The example requests of AWS's pages and notebooks fit the API model: types and required members by botocore's own
validator, and what it leaves to the service, enums, lengths and patterns, by the model's text."""

import json
import re
from pathlib import Path

import botocore.session
import pytest
from botocore.validate import ParamValidator

REQUESTS = Path(__file__).resolve().parents[1] / "fixtures" / "requests"
FILES = sorted(REQUESTS.glob("*.json"))
SHAPE = botocore.session.get_session().get_service_model("sagemaker").operation_model("CreateTrainingJob").input_shape

# Members that no example has: the jobs without instances, and what only those and managed MLflow use.
UNSEEN = {"MlflowConfig", "ModelPackageConfig", "ServerlessJobConfig"}

# Classes of Unicode that Python's `re` does not know, as far as the examples need them.
CLASSES = {r"\p{L}": "a-zA-Z", r"\p{Z}": " ", r"\p{N}": "0-9", r"\p{Alnum}": "a-zA-Z0-9"}


def problems(shape, value, path="request"):
    """What the service would refuse and botocore lets pass: (where, what) for each."""
    if shape.type_name == "structure":
        for name, member in value.items():
            yield from problems(shape.members[name], member, f"{path}.{name}")
    elif shape.type_name == "list":
        for index, member in enumerate(value):
            yield from problems(shape.member, member, f"{path}[{index}]")
    elif shape.type_name == "map":
        for key, member in value.items():
            yield from problems(shape.key, key, f"{path}.keys")
            yield from problems(shape.value, member, f"{path}.{key}")
    # A string's limits are on its length, a number's on itself.
    size = value if shape.type_name in ("integer", "long", "float", "double") else None
    if shape.type_name in ("string", "list", "map"):
        size = len(value)
    if size is not None and not shape.metadata.get("min", size) <= size <= shape.metadata.get("max", size):
        yield path, f"{size} is out of range"
    if shape.type_name == "string":
        if shape.enum and value not in shape.enum:
            yield path, f"{value} is none of {shape.enum}"
        pattern = shape.metadata.get("pattern", "")
        for unknown, known in CLASSES.items():
            pattern = pattern.replace(unknown, known)
        if pattern and not re.fullmatch(pattern, value, re.DOTALL):
            yield path, f"{value!r} does not match {pattern}"


def report(request):
    """All complaints, botocore's first; what it refuses cannot be looked at further."""
    found = ParamValidator().validate(request, SHAPE).generate_report()
    return [found] if found else [f"{where}: {what}" for where, what in problems(SHAPE, request)]


def read(name):
    return json.loads((REQUESTS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_request_fits_the_model(file):
    assert report(read(file.stem)) == []


def test_the_examples_use_every_member_of_the_request():
    assert len(FILES) >= 20
    used = set().union(*(read(file.stem) for file in FILES))
    assert set(SHAPE.members) - used == UNSEEN


def test_every_example_has_its_source():
    table = (REQUESTS / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w-]+)\.json` \|.*\]\(https://\S+\) \|", table, re.MULTILINE)
    assert sorted(rows) == [file.stem for file in FILES]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda it: it.pop("RoleArn"), "Missing required parameter in input: \"RoleArn\""),
        (lambda it: it.update(Entrypoint="x"), "Unknown parameter in input: \"Entrypoint\""),
        (lambda it: it["HyperParameters"].update(eta=0.2), "Invalid type for parameter HyperParameters.eta"),
        (lambda it: it["ResourceConfig"].update(InstanceType="ml.m5.small"), "ResourceConfig.InstanceType"),
        (lambda it: it["InputDataConfig"][0].update(ChannelName="my channel"), "'my channel' does not match"),
        (lambda it: it["StoppingCondition"].update(MaxRuntimeInSeconds=0), "MaxRuntimeInSeconds"),
        (lambda it: it.update(TrainingJobName="x" * 64), "TrainingJobName: 64 is out of range"),
    ],
)
def test_a_spoiled_request_is_told(change, complaint):
    request = read("xgboost-regression")
    change(request)
    assert len(report(request)) >= 1
    assert complaint in "\n".join(report(request))
