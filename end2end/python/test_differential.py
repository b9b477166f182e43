"""The same questions through boto3 and through the Rust SDKs, which speak different protocols: one parsed answer.

`crates/aws/examples/answers.rs` asks through Rust; `cargo x test` builds it with the tests.
"""

import json
import os
import subprocess
from datetime import datetime
from pathlib import Path

import botocore.exceptions
import pytest

import jobs
from conftest import BINARY

ANSWERS = Path(os.environ.get("TRAINYARD_ANSWERS", Path(BINARY).parent / "examples" / "answers"))


def values(record, *names):
    """Members of an answer in order; what is absent is null, a time is seconds since the epoch."""
    found = (record.get(name) for name in names)
    return [it.timestamp() if isinstance(it, datetime) else it for it in found]


def refusal(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return [error["Code"], error["Message"]]


def tags(record):
    return [[it["Key"], it["Value"]] for it in record.get("Tags", [])]


def of_sagemaker(aws, job):
    sagemaker = aws("sagemaker")
    seen = sagemaker.describe_training_job(TrainingJobName=job)
    plain = [
        "TrainingJobName",
        "TrainingJobStatus",
        "SecondaryStatus",
        "RoleArn",
        "HyperParameters",
        "BillableTimeInSeconds",
        "CreationTime",
        "TrainingEndTime",
    ]
    described = dict(zip(plain, values(seen, *plain)))
    described["S3ModelArtifacts"] = seen["ModelArtifacts"]["S3ModelArtifacts"]
    metric = ("MetricName", "Value", "Timestamp")
    described["FinalMetricDataList"] = [values(it, *metric) for it in seen["FinalMetricDataList"]]
    transition = ("Status", "StartTime", "EndTime", "StatusMessage")
    described["SecondaryStatusTransitions"] = [values(it, *transition) for it in seen["SecondaryStatusTransitions"]]
    listed = sagemaker.list_training_jobs(NameContains=job, MaxResults=10)["TrainingJobSummaries"]
    filters = [{"Name": "TrainingJobName", "Operator": "Equals", "Value": job}]
    found = sagemaker.search(Resource="TrainingJob", SearchExpression={"Filters": filters})["Results"]
    summary = ("TrainingJobName", "TrainingJobArn", "TrainingJobStatus", "LastModifiedTime")
    return {
        "DescribeTrainingJob": described,
        "ListTrainingJobs": [values(it, *summary) for it in listed],
        "Search": [[it["TrainingJob"]["TrainingJobName"], tags(it["TrainingJob"])] for it in found],
        "ListTags": tags(sagemaker.list_tags(ResourceArn=seen["TrainingJobArn"])),
        "DescribeTrainingJob, unknown": refusal(sagemaker.describe_training_job, TrainingJobName="no-such-job"),
        "StopTrainingJob, over": refusal(sagemaker.stop_training_job, TrainingJobName=job),
    }


def of_logs(aws, job):
    logs, group = aws("logs"), jobs.LOG_GROUP
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{job}/")["logStreams"]
    stream = streams[0]["logStreamName"]
    page = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, limit=3)
    pattern = {"logStreamNamePrefix": f"{job}/", "filterPattern": '"epoch=3"'}
    found = logs.filter_log_events(logGroupName=group, **pattern)["events"]
    return {
        "DescribeLogStreams": [values(it, "logStreamName", "firstEventTimestamp", "lastEventTimestamp") for it in streams],
        "GetLogEvents": [[values(it, "timestamp", "message") for it in page["events"]], page["nextForwardToken"]],
        "FilterLogEvents": [values(it, "logStreamName", "timestamp", "message") for it in found],
        "GetLogEvents, unknown": refusal(logs.get_log_events, logGroupName=group, logStreamName="no/such"),
    }


def of_cloudwatch(aws, job, created, ended):
    cloudwatch = aws("cloudwatch")
    series = {"Namespace": jobs.NAMESPACE, "MetricName": "train:loss"}
    dimensions = [{"Name": "TrainingJobName", "Value": job}]
    interval = {"StartTime": int(created) - 60, "EndTime": int(ended) + 60}
    stat = {"Metric": {**series, "Dimensions": dimensions}, "Period": 60, "Stat": "Minimum"}
    data = cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "m1", "MetricStat": stat}], ScanBy="TimestampAscending", **interval
    )
    statistics = cloudwatch.get_metric_statistics(
        **series, **interval, Dimensions=dimensions, Period=3600, Statistics=["Minimum", "SampleCount"]
    )
    listed = cloudwatch.list_metrics(**series)["Metrics"]
    return {
        "GetMetricData": [
            [it["Id"], it["Label"], [time.timestamp() for time in it["Timestamps"]], it["Values"], it["StatusCode"]]
            for it in data["MetricDataResults"]
        ],
        "GetMetricStatistics": [
            statistics["Label"],
            [values(it, "Timestamp", "Minimum", "SampleCount", "Maximum") for it in statistics["Datapoints"]],
        ],
        "ListMetrics": [
            [it["Namespace"], it["MetricName"], [values(pair, "Name", "Value") for pair in it["Dimensions"]]]
            for it in listed
        ],
    }


def of_s3(aws, job):
    s3, bucket, key = aws("s3"), jobs.BUCKET, f"runs/{job}/output/model.tar.gz"
    part = s3.get_object(Bucket=bucket, Key=key, Range="bytes=0-9")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"runs/{job}/")["Contents"]
    return {
        "ListObjectsV2": [values(it, "Key", "Size", "ETag") for it in listed],
        "HeadObject": values(s3.head_object(Bucket=bucket, Key=key), "ContentLength", "ETag", "ContentType"),
        "GetObject, range": [part["ContentRange"], list(part["Body"].read())],
        "GetBucketLocation": s3.get_bucket_location(Bucket=bucket)["LocationConstraint"],
        "GetObject, unknown": refusal(s3.get_object, Bucket=bucket, Key="no/such"),
        "ListObjectsV2, unknown": refusal(s3.list_objects_v2, Bucket="no-such-bucket"),
    }


def rounded(answer):
    """Times and values cross as text or as binary: equal to the microsecond is equal."""
    if isinstance(answer, float):
        return round(answer, 5)
    if isinstance(answer, list):
        return [rounded(it) for it in answer]
    return {name: rounded(it) for name, it in answer.items()} if isinstance(answer, dict) else answer


def test_both_clients_read_the_same(aws, endpoint, completed):
    job = completed["TrainingJobName"]
    described = of_sagemaker(aws, job)
    seen = described["DescribeTrainingJob"]
    ours = {
        **described,
        **of_logs(aws, job),
        **of_cloudwatch(aws, job, seen["CreationTime"], seen["TrainingEndTime"]),
        **of_s3(aws, job),
        "GetCallerIdentity": values(aws("sts").get_caller_identity(), "Account", "Arn", "UserId"),
    }
    assert ANSWERS.exists(), f"{ANSWERS} is missing: `cargo x test` builds it"
    printed = subprocess.run([ANSWERS, endpoint, job, jobs.BUCKET], capture_output=True, text=True, timeout=120)
    assert printed.returncode == 0, printed.stderr
    theirs = json.loads(printed.stdout)
    assert sorted(ours) == sorted(theirs)
    for name in ours:
        assert rounded(ours[name]) == rounded(theirs[name]), name
