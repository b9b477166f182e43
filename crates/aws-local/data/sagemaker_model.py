"""Writes sagemaker_model.json: the input shapes of the SageMaker operations that the local endpoint answers.

Source: the service model in PyPI's `botocore` 1.44.5 (Apache-2.0), data/sagemaker/2017-07-24/service-2.json.gz.
Run it again, with a newer botocore installed, to follow the API:  python3 sagemaker_model.py
`rust_pattern` is written where the model's Java pattern needs another spelling for the `regex` crate; it accepts the
same strings. Error messages show the model's own pattern.
"""

import gzip
import json
import pathlib

import botocore

OPERATIONS = [
    "CreateTrainingJob", "DescribeTrainingJob", "ListTrainingJobs", "StopTrainingJob", "UpdateTrainingJob",
    "DeleteTrainingJob", "Search", "GetSearchSuggestions", "AddTags", "ListTags", "DeleteTags",
    "CreateExperiment", "DescribeExperiment", "ListExperiments", "UpdateExperiment", "DeleteExperiment",
    "CreateTrial", "DescribeTrial", "ListTrials", "UpdateTrial", "DeleteTrial",
    "CreateTrialComponent", "DescribeTrialComponent", "ListTrialComponents", "UpdateTrialComponent",
    "DeleteTrialComponent", "AssociateTrialComponent", "DisassociateTrialComponent",
    "CreateHyperParameterTuningJob", "DescribeHyperParameterTuningJob", "ListHyperParameterTuningJobs",
    "StopHyperParameterTuningJob", "DeleteHyperParameterTuningJob", "ListTrainingJobsForHyperParameterTuningJob",
]
# No look-behind in `regex`: "may not end with a dash" said forwards.
ALGORITHM_NAME = r"([a-zA-Z0-9]([a-zA-Z0-9-]){0,62})(?<!-)"

model = json.loads(gzip.decompress(
    (pathlib.Path(botocore.__file__).parent / "data/sagemaker/2017-07-24/service-2.json.gz").read_bytes()))
shapes = {}


def rust_pattern(pattern):
    pattern = pattern.replace(r"[\p{Alnum}\-]", r"[[:alnum:]\-]")
    pattern = pattern.replace(r"[\S]{1,2048}", r"\S+")  # the length is checked by `max` already
    return pattern.replace(ALGORITHM_NAME, r"([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9])")


def visit(name):
    if name in shapes:
        return
    source = model["shapes"][name]
    shape = shapes[name] = {"type": source["type"]}
    shape.update({key: source[key] for key in ("min", "max", "pattern", "enum") if key in source})
    if "pattern" in shape and rust_pattern(shape["pattern"]) != shape["pattern"]:
        shape["rust_pattern"] = rust_pattern(shape["pattern"])
    if source["type"] == "structure":
        shape["required"] = source.get("required", [])
        shape["members"] = {member: ref["shape"] for member, ref in source["members"].items()}
    for part in ("member", "key", "value"):
        if part in source:
            shape[part] = source[part]["shape"]
    for child in list(shape.get("members", {}).values()) + [shape[p] for p in ("member", "key", "value") if p in shape]:
        visit(child)


inputs = {operation: model["operations"][operation]["input"]["shape"] for operation in OPERATIONS}
for root in inputs.values():
    visit(root)
out = pathlib.Path(__file__).with_name("sagemaker_model.json")
lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(shape)}" for name, shape in sorted(shapes.items()))
out.write_text('{"source": "botocore %s, sagemaker 2017-07-24",\n"inputs": %s,\n"shapes": {\n%s\n}}\n'
               % (botocore.__version__, json.dumps(inputs), lines))
