#!/usr/bin/env python3
"""Makes image_catalogue.csv and image_registries.csv from a checkout of AWS's Python SDK for SageMaker.

    python3 image_catalogue.py CHECKOUT [COMMIT]

CHECKOUT is a git repository of github.com/aws/sagemaker-python-sdk (bare, mirror or work tree); COMMIT is HEAD unless
named. Needs the standard library and git only. The same commit gives the same bytes. The rules, which are the SDK's own
(`image_uris.retrieve`), are restated here for the training scope:

- tag = version[-processor][-python][-container version], the processor only where the SDK's file lists processors;
- the account of a region comes from the image's registry map. Images that share a map share a group; a group is named
  after the first image, in the order of the catalogue, that uses it.
"""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFIGS = "sagemaker-core/src/sagemaker/core/image_uri_config"

# How many minor versions of a framework are kept, newest first; of each the newest patch.
MINOR_VERSIONS = 8

# Frameworks whose scripts SageMaker runs. MXNet and Chainer are left out: AWS has ended their support.
FRAMEWORKS = ["huggingface", "pytorch", "sklearn", "tensorflow", "xgboost"]

# Built-in algorithms that have a registry, and the processors that train them: the column "Instance class" of
# docs.aws.amazon.com/sagemaker/latest/dg/common-info-all-im-models.html. The SDK's files do not say it.
ALGORITHMS = {
    "blazingtext": ["cpu", "gpu"],
    "factorization-machines": ["cpu", "gpu"],
    "forecasting-deepar": ["cpu", "gpu"],
    "image-classification": ["gpu"],
    "ipinsights": ["cpu", "gpu"],
    "kmeans": ["cpu", "gpu"],
    "knn": ["cpu", "gpu"],
    "lda": ["cpu"],
    "linear-learner": ["cpu", "gpu"],
    "ntm": ["cpu", "gpu"],
    "object-detection": ["gpu"],
    "object2vec": ["cpu", "gpu"],
    "pca": ["cpu", "gpu"],
    "randomcutforest": ["cpu"],
    "semantic-segmentation": ["gpu"],
    "seq2seq": ["gpu"],
    "xgboost": ["cpu", "gpu"],
}

# A type to propose for a processor. Ours, not AWS's; both are in the training enum and have a price.
INSTANCE_HINTS = {"cpu": "ml.m5.xlarge", "gpu": "ml.g5.xlarge"}

# Partitions by the beginning of a region's name, the longest first, as botocore's endpoints.json has them.
DNS_SUFFIXES = [
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("us-iso-", "c2s.ic.gov"),
    ("cn-", "amazonaws.com.cn"),
    ("", "amazonaws.com"),
]

CATALOGUE_HEADER = "kind,name,version,python,processor,repository,tag,registry,instance_hint".split(",")
REGISTRIES_HEADER = "group,region,account,dns_suffix".split(",")


def git(checkout, *arguments):
    return subprocess.run(["git", "-C", checkout, *arguments], check=True, capture_output=True, text=True).stdout


def numbers(version):
    """`1.4-2-py312` is (1, 4, 2, 312): the order of versions."""
    return tuple(int(digits) for digits in re.findall(r"\d+", version))


def newest(versions):
    """The newest patch of each of the last minor versions, oldest first.

    `1.4-2` and `1.4-2-py312` are two images of one patch, for two Pythons: the suffix makes a line of its own. The
    version `1` of XGBoost has no minor part: it is the release of 2018 (0.72), which AWS has deprecated.
    """
    best = {}
    for version in versions:
        match = re.fullmatch(r"(\d+)\.(\d+)[.-](\d+)(-\w+)?", version)
        if match:
            line = (int(match[1]), int(match[2]), match[4] or "")
            if line not in best or numbers(version) > numbers(best[line]):
                best[line] = version
    minors = sorted({line[:2] for line in best})[-MINOR_VERSIONS:]
    return [best[line] for line in sorted(best) if line[:2] in minors]


def builds(name, version, config):
    """(version to show, Hugging Face's base or None, the SDK's entry) for each build of a version."""
    if name == "huggingface":
        bases = [base for base in config if re.fullmatch(r"(pytorch|tensorflow)[\d.]+", base)]
        return [(f"{version}-{base}", base, config[base]) for base in sorted(bases)]
    return [(version, None, config)]


def images(kind, name, scope, wanted):
    """Rows of the catalogue, still with their registry map instead of a group's name."""
    for version in wanted:
        for shown, base, build in builds(name, version, scope["versions"][version]):
            prefix = build.get("tag_prefix", version)
            if base:
                prefix = f"{re.sub('^[a-z]+', '', base)}-transformers{version}"
            listed = scope.get("processors") or build.get("processors")
            for python in build.get("py_versions") or [""]:
                for processor in listed or ["|".join(ALGORITHMS[name])]:
                    container = build.get("container_version", {}).get(processor, "")
                    parts = [prefix, processor if listed else "", python, container]
                    yield {
                        "kind": kind,
                        "name": name,
                        "version": shown,
                        "python": python,
                        "processor": processor,
                        "repository": build["repository"],
                        "tag": "-".join(part for part in parts if part),
                        "registry": build["registries"],
                        "instance_hint": INSTANCE_HINTS[processor.split("|")[0]],
                    }


def read(checkout, commit):
    rows = []
    for kind, names in [("algorithm", sorted(ALGORITHMS)), ("framework", FRAMEWORKS)]:
        for name in names:
            config = json.loads(git(checkout, "show", f"{commit}:{CONFIGS}/{name}.json"))
            scope = config.get("training", config)
            assert "scope" not in config or "training" in config["scope"], f"{name} has no training images"
            wanted = sorted(scope["versions"], key=numbers)
            if name in FRAMEWORKS:
                wanted = newest(wanted)
            rows.extend(images(kind, name, scope, wanted))
    return rows


def group(rows):
    """Puts names of groups into the rows, and gives the groups: name to (region to account)."""
    names, users = {}, {}
    for row in rows:
        users.setdefault(row["name"], set()).add(json.dumps(row["registry"], sort_keys=True))
    for row in rows:
        registry = json.dumps(row["registry"], sort_keys=True)
        alone = len(users[row["name"]]) == 1
        names.setdefault(registry, row["name"] if alone else f"{row['name']}-{row['version']}")
        row["registry"] = names[registry]
    assert len(set(names.values())) == len(names), "two groups of one name"
    return {name: json.loads(registry) for registry, name in names.items()}


def dns_suffix(region):
    return next(suffix for beginning, suffix in DNS_SUFFIXES if region.startswith(beginning))


def write(path, header, rows):
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def main(checkout, commit="HEAD"):
    rows = read(checkout, commit)
    groups = group(rows)
    write(HERE / "image_catalogue.csv", CATALOGUE_HEADER, ([row[key] for key in CATALOGUE_HEADER] for row in rows))
    registries = [
        [name, region, account, dns_suffix(region)]
        for name in sorted(groups)
        for region, account in sorted(groups[name].items())
    ]
    write(HERE / "image_registries.csv", REGISTRIES_HEADER, registries)
    revision, date = git(checkout, "show", "-s", "--format=%H %cs", commit).split()
    print(f"aws/sagemaker-python-sdk {revision} of {date}")
    for kind in ("algorithm", "framework"):
        of_kind = [row for row in rows if row["kind"] == kind]
        print(f"image_catalogue.csv: {len(of_kind)} images of {len({row['name'] for row in of_kind})} {kind}s")
    regions = {region for name, region, account, suffix in registries}
    print(f"image_registries.csv: {len(registries)} rows, {len(groups)} groups, {len(regions)} regions")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
