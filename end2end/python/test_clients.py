"""The AWS CLI and both major versions of the SageMaker SDK, unmodified: each trains, waits, streams the log and fetches
the model. They find the endpoint by environment variables and by the SDK's own configuration file, by nothing else.

One alone: `python -m pytest test_clients.py -k v3` (or `v2`, or `aws_cli`); `cargo x test` makes the environments.
"""

import json
import os
import tarfile
from pathlib import Path

import pytest

import jobs
from programs import program, run

CLIENTS = Path(__file__).parent / "clients"

@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "points.csv").write_text("1,2\n3,4\n")
    return folder


@pytest.fixture
def source(tmp_path):
    """The SDKs pack a whole folder, so it holds the script alone."""
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "train.py").write_bytes((CLIENTS / "train.py").read_bytes())
    return folder


def assert_trained(aws, name, printed, archive):
    """The log was streamed, the model is the script's, and the job says the same."""
    for epoch in (1, 2, 3):
        assert f"epoch={epoch} loss={1 / epoch:.6f}" in printed, printed
    with tarfile.open(archive, mode="r:gz") as tar:
        entry = next(it for it in tar.getmembers() if it.name.removeprefix("./") == "model.json")
        assert json.load(tar.extractfile(entry)) == {"epochs": 3, "files": ["points.csv"]}
    job = aws("sagemaker").describe_training_job(TrainingJobName=name)
    assert job["TrainingJobStatus"] == "Completed"
    assert job["HyperParameters"]["epochs"].strip('"') == "3"


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_sdk(version, aws, tools, environment, data, source, tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    interpreter = program(tools, f"sdk-{version}", "python")
    script = CLIENTS / f"sdk_{version}" / "client.py"
    done = run([interpreter, str(script), str(data), str(source), str(model)], environment, tmp_path)
    name = json.loads(done.stdout.splitlines()[-1])["job"]
    # Version 2 prints the log, version 3 logs it.
    assert_trained(aws, name, done.stdout + done.stderr, model / "model.tar.gz")


def test_aws_cli(aws, tools, environment, data, source, tmp_path):
    # Through the interpreter: the script's first line names the folder in which the environment was made.
    cli = [program(tools, "aws-cli", "python"), program(tools, "aws-cli", "aws")]

    def call(*arguments):
        return run([*cli, *arguments], environment, tmp_path).stdout

    prefix = f"s3://{jobs.BUCKET}/clients/aws-cli"
    with tarfile.open(tmp_path / "sourcedir.tar.gz", mode="w:gz") as tar:
        tar.add(source / "train.py", arcname="train.py")
    call("s3", "cp", "sourcedir.tar.gz", f"{prefix}/sourcedir.tar.gz")
    call("s3", "sync", str(data), f"{prefix}/data/")
    name = f"aws-cli-{os.getpid()}"
    channel = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{prefix}/data/"}}
    request = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": jobs.IMAGE, "TrainingInputMode": "File"},
        "RoleArn": jobs.ROLE,
        "InputDataConfig": [{"ChannelName": "train", "DataSource": channel}],
        "OutputDataConfig": {"S3OutputPath": f"{prefix}/runs"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "HyperParameters": {
            "epochs": "3",
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f"{prefix}/sourcedir.tar.gz",
        },
    }
    (tmp_path / "request.json").write_text(json.dumps(request))
    call("sagemaker", "create-training-job", "--cli-input-json", "file://request.json")
    # The CLI's own waiter asks every two minutes: it is called when it has nothing to wait for.
    jobs.finished(aws, name)
    call("sagemaker", "wait", "training-job-completed-or-stopped", "--training-job-name", name)
    log = ["logs", "filter-log-events", "--log-group-name", jobs.LOG_GROUP, "--log-stream-name-prefix", f"{name}/"]
    printed = call(*log, "--output", "text", "--query", "events[].message")
    query = "ModelArtifacts.S3ModelArtifacts"
    describe = ["sagemaker", "describe-training-job", "--training-job-name", name]
    uri = call(*describe, "--output", "text", "--query", query).strip()
    call("s3", "cp", uri, "model.tar.gz")
    assert_trained(aws, name, printed, tmp_path / "model.tar.gz")
