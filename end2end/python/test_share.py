"""Jobs that leave Trainyard for other tools: each rendered text is run, unmodified, against the endpoint, and the job
that it makes is the one that was rendered.

`TRAINYARD_SHARE` names the program that renders (`crates/domain/examples/share.rs`); without it, it is built.
"""

import json
import os
import shutil
import subprocess
import sys
import uuid

import pytest

import jobs
from conftest import REPOSITORY
from programs import program, run

SHELLS = [it for it in ("sh", "bash", "dash", "zsh") if shutil.which(it)]

# What would break a shell, a here-document, a string of Python or YAML, or what YAML takes for something else.
HOSTILE = {
    "quotes": """it's "so" ''' \"\"\" `id` """,
    "shell": "$(id) `id` ${HOME} $HOME !! \\",
    "document": "JSON EOF <<'JSON'",
    "escapes": r"a\nb\t\\ \u0041 \x41 %s {0} %{if true} $${x}",
    "unicode": "ä € 😀 ❤️ \u202eright to left\u2069 no\u00a0break",
    "yes": "yes",
    "float": "1e3",
    "octal": "0123",
    "null": "null",
    "time": "12:30:45",
    "date": "2024-01-01",
    "empty": "",
    "blanks": "  two  ",
    "colon": "a: b #c",
}

SCRIPT = """
import json
with open("/opt/ml/input/config/hyperparameters.json") as file:
    print("seen", json.dumps(json.load(file)), flush=True)
"""


@pytest.fixture(scope="session")
def share():
    """`share(format, text)` is what the program prints, and its notes."""
    given = os.environ.get("TRAINYARD_SHARE")
    built = ["cargo", "run", "--quiet", "--package", "domain", "--example", "share", "--"]
    command = [given] if given else built

    def call(what, text):
        done = subprocess.run([*command, what], input=text, cwd=REPOSITORY, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        return done.stdout, done.stderr.splitlines()

    return call


@pytest.fixture
def request_json(aws):
    """A request with most of what a job can say."""
    name = f"share-{uuid.uuid4().hex[:12]}"
    source, data = f"share/{name}/sourcedir.tar.gz", f"share/{name}/data/points.csv"
    aws("s3").put_object(Bucket=jobs.BUCKET, Key=source, Body=jobs.archive(**{"train.py": SCRIPT}))
    aws("s3").put_object(Bucket=jobs.BUCKET, Key=data, Body=b"1,2\n")
    return {
        "TrainingJobName": name,
        "HyperParameters": {
            **HOSTILE,
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f"s3://{jobs.BUCKET}/{source}",
        },
        "AlgorithmSpecification": {
            "TrainingImage": jobs.IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "train:loss", "Regex": r"""loss=([0-9.eE+-]+)\s"?'?"""}],
            "EnableSageMakerMetricsTimeSeries": True,
        },
        "RoleArn": jobs.ROLE,
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": f"s3://{jobs.BUCKET}/share/{name}/data/",
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
                "ContentType": "text/csv",
                "CompressionType": "None",
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{jobs.BUCKET}/runs"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 20},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200},
        "Tags": [{"Key": "team", "Value": "vision"}, {"Key": "note", "Value": "two words: a=b"}],
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": True,
        "CheckpointConfig": {"S3Uri": f"s3://{jobs.BUCKET}/share/{name}/checkpoints"},
        "Environment": {"NOTE": """it's "so" $(id) `id` \\""", "MODE": "on"},
        "RetryStrategy": {"MaximumRetryAttempts": 2},
    }


def text_of(request):
    # Not ASCII only: the program reads what people write.
    return json.dumps(request, ensure_ascii=False)


def by_key(tags):
    return sorted(tags, key=lambda it: it["Key"])


def assert_same(aws, name, request, differs=()):
    """The job is what the request says, but for `differs`, and its script saw the hyperparameters."""
    job = jobs.finished(aws, name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    # Tags have no order of their own.
    described = {**job, "Tags": by_key(aws("sagemaker").list_tags(ResourceArn=job["TrainingJobArn"])["Tags"])}
    expected = {**request, "Tags": by_key(request.get("Tags", []))}
    for member, value in expected.items():
        if member not in differs:
            assert described[member] == value, member
    streams = aws("logs").describe_log_streams(logGroupName=jobs.LOG_GROUP, logStreamNamePrefix=f"{name}/")
    printed = [line for it in streams["logStreams"] for line in jobs.lines(aws, it["logStreamName"])]
    seen = next(json.loads(it.removeprefix("seen ")) for it in printed if it.startswith("seen "))
    assert seen == request["HyperParameters"]


def job_in(printed):
    """The job's name in what a client printed, which ends with its ARN."""
    return printed.rstrip().rstrip('"}\n').rsplit("/", 1)[1]


def test_boto3(share, aws, environment, request_json, tmp_path):
    text, notes = share("boto3", text_of(request_json))
    assert notes == []
    done = run([sys.executable, "-"], environment, tmp_path, input=text)
    assert job_in(done.stdout) == request_json["TrainingJobName"]
    assert_same(aws, request_json["TrainingJobName"], request_json)


@pytest.mark.parametrize("shell", SHELLS)
def test_aws_cli(shell, share, aws, tools, environment, request_json, tmp_path):
    # Through the interpreter: the script's first line names the folder in which the environment was made.
    python, cli = program(tools, "aws-cli", "python"), program(tools, "aws-cli", "aws")
    (tmp_path / "bin").mkdir()
    wrapper = tmp_path / "bin" / "aws"
    wrapper.write_text(f'#!/bin/sh\nexec "{python}" "{cli}" "$@"\n')
    wrapper.chmod(0o755)
    text, notes = share("aws-cli", text_of(request_json))
    assert notes == []
    (tmp_path / "job.sh").write_text(text)
    # A locale without UTF-8: the text must not depend on it.
    surroundings = {**environment, "PATH": f"{tmp_path}/bin:{environment['PATH']}", "LC_ALL": "C"}
    done = run([shell, "job.sh"], surroundings, tmp_path)
    assert job_in(done.stdout) == request_json["TrainingJobName"]
    assert_same(aws, request_json["TrainingJobName"], request_json)


def test_model_trainer(share, aws, tools, environment, request_json, tmp_path):
    text, notes = share("model-trainer", text_of(request_json))
    noted = {it.split("`")[1] for it in notes}
    assert noted == {
        "TrainingJobName",
        "HyperParameters.sagemaker_submit_directory",
        "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries",
    }
    (tmp_path / "job.py").write_text(text)
    done = run([program(tools, "sdk-v3", "python"), "job.py"], environment, tmp_path)
    name = job_in(done.stdout)
    assert name.startswith(request_json["TrainingJobName"] + "-")
    assert_same(aws, name, request_json, differs=("TrainingJobName", "AlgorithmSpecification"))
    algorithm = aws("sagemaker").describe_training_job(TrainingJobName=name)["AlgorithmSpecification"]
    for member in ("TrainingImage", "TrainingInputMode", "MetricDefinitions"):
        assert algorithm[member] == request_json["AlgorithmSpecification"][member]


def test_json(share, aws, request_json):
    text, _ = share("json", text_of(request_json))
    aws("sagemaker").create_training_job(**json.loads(text))
    assert_same(aws, request_json["TrainingJobName"], request_json)


def test_yaml(share, aws, tools, environment, request_json, tmp_path):
    """PyYAML reads YAML 1.1, in which `yes` is true and `12:30:45` a number."""
    text, _ = share("yaml", text_of(request_json))
    load = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin.buffer), sys.stdout)"
    done = run([program(tools, "aws-cli", "python"), "-c", load], environment, tmp_path, input=text)
    assert json.loads(done.stdout) == request_json
    aws("sagemaker").create_training_job(**json.loads(done.stdout))
    assert_same(aws, request_json["TrainingJobName"], request_json)


def test_a_description_comes_back(share, aws, request_json):
    """What DescribeTrainingJob answers, and what Python prints of it, become a request that makes the same job."""
    aws("sagemaker").create_training_job(**request_json)
    job = jobs.finished(aws, request_json["TrainingJobName"])
    wanted = {it: value for it, value in request_json.items() if it != "Tags"}
    for text in (json.dumps(job, default=str), repr(job)):
        again, notes = share("read", text)
        again = json.loads(again)
        assert {it: again[it] for it in wanted} == wanted
        assert any("TrainingJobArn" in it for it in notes)
        again["TrainingJobName"] = f"{request_json['TrainingJobName']}-{uuid.uuid4().hex[:6]}"
        aws("sagemaker").create_training_job(**again)
        assert_same(aws, again["TrainingJobName"], wanted, differs=("TrainingJobName",))


@pytest.mark.parametrize("format", ["json", "yaml", "aws-cli", "boto3"])
def test_what_was_rendered_comes_back(format, share, request_json):
    text, _ = share(format, text_of(request_json))
    again, _ = share("read", text)
    assert json.loads(again) == request_json
