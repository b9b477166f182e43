"""Asks through boto3 what the test asks through the adapters: the questions are JSON on stdin, the answers on stdout.

Answers are as boto3 parsed them; a time is its epoch seconds, a body its base64, a refusal its code and message.
"""

import base64
import json
import sys
from datetime import datetime, timezone

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

asked = json.load(sys.stdin)
session = boto3.session.Session("local", "local", region_name="us-east-1")
config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"})


def client(service):
    return session.client(service, endpoint_url=asked["endpoint"], config=config)


sagemaker, logs, cloudwatch, s3 = client("sagemaker"), client("logs"), client("cloudwatch"), client("s3")
job, stream, bucket, key = asked["job"], asked["stream"], asked["bucket"], asked["key"]
group = {"logGroupName": asked["group"]}


def refusal(call, **request):
    try:
        call(**request)
    except ClientError as refused:
        return {"code": refused.response["Error"]["Code"], "message": refused.response["Error"]["Message"]}
    raise SystemExit(f"{call} was not refused")


def pages():
    """The stream from its head, two events at a time, until the token stands still."""
    token = None
    while True:
        more = {"nextToken": token} if token else {}
        page = logs.get_log_events(logStreamName=stream, startFromHead=True, limit=2, **group, **more)
        yield {"events": page["events"], "token": page["nextForwardToken"]}
        if page["nextForwardToken"] == token:
            return
        token = page["nextForwardToken"]


def metric():
    dimension = {"Name": "TrainingJobName", "Value": job}
    data = {"Namespace": asked["group"], "MetricName": asked["metric"], "Dimensions": [dimension]}
    query = {"Id": "m", "MetricStat": {"Metric": data, "Period": 1, "Stat": "Average"}}
    start, end = (datetime.fromtimestamp(asked[it], tz=timezone.utc) for it in ("from", "to"))
    asking = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[query], StartTime=start, EndTime=end, ScanBy="TimestampAscending"
    )
    results = [result for page in asking for result in page["MetricDataResults"]]
    return [pair for result in results for pair in zip(result["Timestamps"], result["Values"])]


modified = {"Name": "LastModifiedTime", "Operator": "GreaterThanOrEqualTo", "Value": asked["modified_after"]}
order = {"SortBy": "LastModifiedTime", "SortOrder": "Ascending"}
found = sagemaker.search(Resource="TrainingJob", SearchExpression={"Filters": [modified]}, **order)
described = sagemaker.describe_training_job(TrainingJobName=job)
described.pop("ResponseMetadata")
answers = {
    "describe": described,
    "search": [it["TrainingJob"] for it in found["Results"]],
    "list": sagemaker.list_training_jobs(SortBy="CreationTime", SortOrder="Ascending")["TrainingJobSummaries"],
    "tags": {it["Key"]: it["Value"] for it in sagemaker.list_tags(ResourceArn=described["TrainingJobArn"])["Tags"]},
    "streams": [it["logStreamName"] for it in logs.describe_log_streams(logStreamNamePrefix=f"{job}/", **group)["logStreams"]],
    "pages": list(pages()),
    "tail": logs.get_log_events(logStreamName=stream, startFromHead=False, limit=1, **group)["events"],
    "filtered": logs.filter_log_events(
        logStreamNamePrefix=f"{job}/", filterPattern=asked["pattern"], **group
    )["events"],
    "metric": metric(),
    "head": s3.head_object(Bucket=bucket, Key=key)["ContentLength"],
    "get": s3.get_object(Bucket=bucket, Key=key)["Body"].read(),
    "listed": [[it["Key"], it["Size"], it["ETag"]] for it in s3.list_objects_v2(Bucket=bucket, Prefix=asked["prefix"])["Contents"]],
    "refused": {
        "describe": refusal(sagemaker.describe_training_job, TrainingJobName=asked["nobody"]),
        "stop": refusal(sagemaker.stop_training_job, TrainingJobName=asked["nobody"]),
        "again": refusal(sagemaker.create_training_job, **asked["again"]),
        "wrong": refusal(sagemaker.create_training_job, **asked["wrong"]),
        "head": refusal(s3.head_object, Bucket=bucket, Key="no/such/key"),
        "get": refusal(s3.get_object, Bucket=bucket, Key="no/such/key"),
        "events": refusal(logs.get_log_events, logStreamName="no-such/stream", **group),
    },
}


def plain(value):
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value.timestamp()


json.dump(answers, sys.stdout, default=plain)
