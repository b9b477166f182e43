"""CloudWatch Logs as users of Trainyard ask it: a job's log by pattern, and groups and streams of their own."""

import time
import uuid

import botocore.exceptions
import pytest

import jobs


@pytest.fixture
def stream(aws):
    """A group and stream of the test's own, with 25 lines a second apart."""
    logs = aws("logs")
    names = {"logGroupName": f"/tests/{uuid.uuid4().hex[:8]}", "logStreamName": "a/b c"}
    logs.create_log_group(logGroupName=names["logGroupName"], tags={"team": "vision"})
    logs.create_log_stream(**names)
    start = int(time.time() * 1000) - 60_000
    events = [{"timestamp": start + 1000 * n, "message": f"line {n}"} for n in range(25)]
    logs.put_log_events(logEvents=events, **names)
    yield names
    logs.delete_log_group(logGroupName=names["logGroupName"])


def messages(page):
    return [it["message"] for it in page["events"]]


def pages(aws, stream, direction, **more):
    """Pages until the token stands still, as AWS wants it."""
    token = None
    while True:
        page = aws("logs").get_log_events(**stream, limit=10, **({"nextToken": token} if token else {}), **more)
        assert page["nextForwardToken"] and page["nextBackwardToken"]
        if page[direction] == token:
            assert page["events"] == []
            return
        yield messages(page)
        token = page[direction]


def test_a_stream_is_read_to_the_end_in_both_directions(aws, stream):
    lines = [f"line {n}" for n in range(25)]
    forward = list(pages(aws, stream, "nextForwardToken", startFromHead=True))
    assert sum(forward, []) == lines
    backward = list(pages(aws, stream, "nextBackwardToken"))
    assert sum(reversed(backward), []) == lines


def test_filtered_events_come_in_pages_across_streams(aws, stream):
    logs = aws("logs")
    other = {**stream, "logStreamName": "other"}
    logs.create_log_stream(**other)
    logs.put_log_events(logEvents=[{"timestamp": int(time.time() * 1000), "message": "line of other"}], **other)
    found = logs.get_paginator("filter_log_events").paginate(
        logGroupName=stream["logGroupName"], filterPattern='line -"line 3"', PaginationConfig={"PageSize": 7}
    )
    found = [it for page in found for it in page["events"]]
    assert [it["message"] for it in found] == [f"line {n}" for n in range(25) if n != 3] + ["line of other"]
    assert len({it["eventId"] for it in found}) == 25
    assert found[-1]["logStreamName"] == "other"


@pytest.mark.parametrize(
    "pattern, wanted",
    [
        ("loss", ["epoch=1 loss=0.5", '{"level": "info", "loss": 0.25}']),
        ("?ERROR ?Warn", ["ERROR disk full", "Warn: slow"]),
        ('"disk full"', ["ERROR disk full"]),
        ('{ $.level = "info" && $.loss < 0.3 }', ['{"level": "info", "loss": 0.25}']),
        ("{ $.tags[0] = b* || $.level NOT EXISTS }", ['{"tags": ["big"]}']),
        ("[level = ERROR, what, state]", ["ERROR disk full"]),
        ("[..., last = loss=*]", ["epoch=1 loss=0.5"]),
        ("%epoch=[0-9]+%", ["epoch=1 loss=0.5"]),
    ],
)
def test_filter_patterns(aws, stream, pattern, wanted):
    own = {**stream, "logStreamName": "patterns"}
    aws("logs").create_log_stream(**own)
    texts = [
        "epoch=1 loss=0.5",
        '{"level": "info", "loss": 0.25}',
        "ERROR disk full",
        "Warn: slow",
        '{"tags": ["big"]}',
    ]
    now = int(time.time() * 1000)
    aws("logs").put_log_events(logEvents=[{"timestamp": now, "message": text} for text in texts], **own)
    page = aws("logs").filter_log_events(
        logGroupName=own["logGroupName"], logStreamNames=["patterns"], filterPattern=pattern
    )
    assert messages(page) == wanted and "nextToken" not in page


def test_a_jobs_log_is_filtered_and_cannot_be_deleted(aws, completed):
    logs, name = aws("logs"), completed["TrainingJobName"]
    page = logs.filter_log_events(
        logGroupName=jobs.LOG_GROUP, logStreamNamePrefix=f"{name}/", filterPattern='"epoch=2 "'
    )
    assert len(page["events"]) == 1 and "loss=0.5" in page["events"][0]["message"]
    described = logs.describe_log_streams(logGroupName=jobs.LOG_GROUP, logStreamNamePrefix=f"{name}/")
    assert "nextToken" not in described  # SDK v2 asks on while there is one
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        logs.delete_log_stream(
            logGroupName=jobs.LOG_GROUP, logStreamName=described["logStreams"][0]["logStreamName"]
        )
    assert refused.value.response["Error"]["Code"] == "OperationAbortedException"


def test_groups_and_streams_come_in_pages_with_their_settings(aws, stream):
    logs, group = aws("logs"), stream["logGroupName"]
    for n in range(6):
        logs.create_log_stream(logGroupName=group, logStreamName=f"s{n}")
    found = logs.get_paginator("describe_log_streams").paginate(
        logGroupName=group, descending=True, PaginationConfig={"PageSize": 2}
    )
    names = [it["logStreamName"] for page in found for it in page["logStreams"]]
    assert names == ["s5", "s4", "s3", "s2", "s1", "s0", "a/b c"]
    logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    (described,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert described["retentionInDays"] == 30
    logs.tag_resource(resourceArn=described["logGroupArn"], tags={"cost": "7"})
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"team": "vision", "cost": "7"}
    logs.delete_retention_policy(logGroupName=group)
    (described,) = logs.describe_log_groups(logGroupNamePattern=group[3:])["logGroups"]
    assert "retentionInDays" not in described
