"""The catalogue of training images against the SDK's own `image_uris.retrieve`: the same URI for every image."""

import csv
import json
import subprocess
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[2] / "crates" / "domain" / "data"
CLIENT = Path(__file__).parent / "clients" / "sdk_v2" / "image_uris.py"

# Three partitions, and a region that has no images of some.
REGIONS = ["us-east-1", "cn-north-1", "us-gov-west-1", "ap-southeast-7"]
KINDS = ["algorithm", "framework"]
INSTANCE_TYPES = {"cpu": "ml.m5.xlarge", "gpu": "ml.g5.xlarge"}

# Released after the version of the SDK that the tests have.
NEWER_THAN_THE_SDK = {("huggingface", "5.3.0-pytorch2.9.0"), ("sklearn", "1.4-2-py312"), ("xgboost", "3.2-0")}


def rows(name):
    with (DATA / name).open(newline="", encoding="utf-8") as table:
        return list(csv.DictReader(table))


CATALOGUE = rows("image_catalogue.csv")
REGISTRIES = {(row["group"], row["region"]): row for row in rows("image_registries.csv")}


def uri(image, region):
    registry = REGISTRIES.get((image["registry"], region))
    if registry is None:
        return None
    host = f"{registry['account']}.dkr.ecr.{region}.{registry['dns_suffix']}"
    return f"{host}/{image['repository']}:{image['tag']}"


def request(image, processor, region):
    version, _, base = image["version"].partition("-pytorch")
    wanted = {"framework": image["name"], "region": region, "version": version}
    wanted["instance_type"] = INSTANCE_TYPES[processor]
    return wanted | ({"base_framework_version": f"pytorch{base}"} if base else {})


@pytest.fixture(scope="module")
def sdk(tools):
    interpreter = tools / "python-sdk-v2" / "bin" / "python"
    assert interpreter.exists(), f"{interpreter} is missing: `cargo x test` makes it (TRAINYARD_TOOLS says where)"

    def ask(requests):
        command = [str(interpreter), str(CLIENT)]
        done = subprocess.run(command, input=json.dumps(requests), capture_output=True, text=True, timeout=400)
        assert done.returncode == 0, done.stderr[-6000:]
        return json.loads(done.stdout.splitlines()[-1])

    return ask


def test_every_image_has_the_uri_that_the_sdk_says(sdk):
    asked = [
        (image, processor, region)
        for image in CATALOGUE
        # XGBoost as an algorithm and as a framework is the same image: asked once.
        if (image["kind"], image["name"]) != ("algorithm", "xgboost")
        for processor in image["processor"].split("|")
        for region in REGIONS
    ]
    answers = sdk([request(*it) for it in asked])
    compared = 0
    for (image, processor, region), theirs in zip(asked, answers, strict=True):
        if (image["name"], image["version"]) in NEWER_THAN_THE_SDK:
            assert theirs is None, f"the SDK knows {image['name']} {image['version']} now: compare it"
            continue
        assert uri(image, region) == theirs, (image["name"], image["version"], processor, region)
        compared += theirs is not None
    assert compared >= 200


def test_every_image_can_be_pulled_somewhere_and_every_group_is_used():
    groups = {group for group, _ in REGISTRIES}
    assert {image["registry"] for image in CATALOGUE} == groups
    keys = [(image["kind"], image["name"], image["version"], image["processor"]) for image in CATALOGUE]
    assert len(keys) == len(set(keys))
    xgboost = {kind: {it["tag"] for it in CATALOGUE if (it["kind"], it["name"]) == (kind, "xgboost")} for kind in KINDS}
    assert xgboost["algorithm"] == xgboost["framework"] != set()
