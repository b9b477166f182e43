"""The calls that both servers answer, each timed alone: how many a second, one after another on one connection."""

import datetime
import time

from .servers import BUCKET, ROLE

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
NAMESPACE = "bench"
BODY = bytes(64 * 1024)


def request(name, source):
    """A job that fits both servers: the endpoint queues and runs it, its peer says at once that it is over."""
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/runs"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "HyperParameters": {"sagemaker_program": "train.py", "sagemaker_submit_directory": source},
    }


def rates(server, source, count):
    """Calls a second by name of operation. Jobs are created last: on the endpoint they begin to run."""
    s3, cloudwatch, sagemaker = (server.client(it) for it in ("s3", "cloudwatch", "sagemaker"))
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    found = {}

    def timed(name, call, times=count):
        call(0)
        begun = time.perf_counter()
        for number in range(1, times + 1):
            call(number)
        found[name] = times / (time.perf_counter() - begun)

    timed("PutObject, 64 KiB", lambda n: s3.put_object(Bucket=BUCKET, Key=f"objects/{n}", Body=BODY))
    timed("GetObject, 64 KiB", lambda n: s3.get_object(Bucket=BUCKET, Key=f"objects/{n}")["Body"].read())
    timed(
        "PutMetricData",
        lambda n: cloudwatch.put_metric_data(
            Namespace=NAMESPACE,
            MetricData=[{"MetricName": "loss", "Value": n, "Timestamp": now - datetime.timedelta(seconds=n)}],
        ),
    )
    metric = {"Metric": {"Namespace": NAMESPACE, "MetricName": "loss"}, "Period": 60, "Stat": "Average"}
    timed(
        "GetMetricData",
        lambda _: cloudwatch.get_metric_data(
            MetricDataQueries=[{"Id": "m", "MetricStat": metric}],
            StartTime=now - datetime.timedelta(hours=1),
            EndTime=now + datetime.timedelta(minutes=1),
        ),
    )
    # Few: each of them really runs.
    timed("CreateTrainingJob", lambda n: sagemaker.create_training_job(**request(f"rate-{n}", source)), times=10)
    wait_until_over(sagemaker)
    timed("DescribeTrainingJob", lambda _: sagemaker.describe_training_job(TrainingJobName="rate-1"))
    timed("ListTrainingJobs", lambda _: sagemaker.list_training_jobs(MaxResults=10))
    filters = [{"Name": "TrainingJobName", "Operator": "Equals", "Value": "rate-1"}]
    timed("Search", lambda _: sagemaker.search(Resource="TrainingJob", SearchExpression={"Filters": filters}))
    return found


def wait_until_over(sagemaker, seconds=300):
    """Until nothing runs or waits to run. As at AWS a page is cut before its jobs are sorted out by their status, so all
    pages are read."""
    deadline = time.monotonic() + seconds
    listing = sagemaker.get_paginator("list_training_jobs")
    pages = lambda: listing.paginate(StatusEquals="InProgress", PaginationConfig={"PageSize": 100})
    while any(page["TrainingJobSummaries"] for page in pages()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"jobs still run after {seconds} s")
        time.sleep(0.1)
