"""Training jobs as a user's own script makes them: an archive in S3, then CreateTrainingJob through boto3."""

import io
import tarfile
import time
import uuid

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
ROLE = "arn:aws:iam::000000000000:role/TrainyardLocal"
BUCKET = "trainyard"
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
NAMESPACE = "/aws/sagemaker/TrainingJobs"
LOSS = {"Name": "train:loss", "Regex": r"loss=([0-9.eE+-]+)"}

# Loss 1/epoch: what the metrics must say is known beforehand.
TRAIN = """
import argparse, json, os, sys, time
parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=3)
parser.add_argument("--pause", type=float, default=0.0)
args = parser.parse_args()
for epoch in range(1, args.epochs + 1):
    print(f"epoch={epoch} loss={1 / epoch:.6f}", flush=True)
    time.sleep(args.pause)
with open(os.path.join(os.environ["SM_MODEL_DIR"], "model.json"), "w") as file:
    json.dump({"epochs": args.epochs}, file)
"""


def archive(**files):
    """A `sourcedir.tar.gz`: `archive(**{"train.py": text})`."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def create(aws, script=TRAIN, name=None, hyperparameters=None, files=None, **request):
    """Uploads the script (or several `files`, with `train.py` among them) and creates the job; members of the request
    can be replaced. Returns the job's name."""
    name = name or f"boto3-{uuid.uuid4().hex[:12]}"
    key = f"sources/{name}/sourcedir.tar.gz"
    aws("s3").put_object(Bucket=BUCKET, Key=key, Body=archive(**(files or {"train.py": script})))
    members = {
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [LOSS],
        },
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/runs"},
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "HyperParameters": {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f"s3://{BUCKET}/{key}",
            **(hyperparameters or {}),
        },
    }
    aws("sagemaker").create_training_job(**{**members, **request})
    return name


def wait(what, probe, seconds=60):
    """Asks until `probe` gives something true; fails with what was awaited."""
    deadline = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.1)


def finished(aws, name, seconds=90):
    """The job's description once it is over."""

    def over():
        job = aws("sagemaker").describe_training_job(TrainingJobName=name)
        return job if job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped") else None

    return wait(f"{name} to be over", over, seconds)


def training(aws, name):
    """Waits until the script has printed its first line."""

    def printed():
        logs = aws("logs")
        try:
            streams = logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{name}/")["logStreams"]
        except logs.exceptions.ResourceNotFoundException:
            return False  # the group is made with the first line of the first job
        return any(lines(aws, it["logStreamName"]) for it in streams)

    wait(f"{name} to print something", printed)


def lines(aws, stream):
    """Every line of a log stream, read page by page as AWS wants it: until the token stands still."""
    texts, token = [], None
    while True:
        more = {"nextToken": token} if token else {}
        page = aws("logs").get_log_events(logGroupName=LOG_GROUP, logStreamName=stream, startFromHead=True, **more)
        texts += [it["message"] for it in page["events"]]
        if page["nextForwardToken"] == token:
            return texts
        token = page["nextForwardToken"]
