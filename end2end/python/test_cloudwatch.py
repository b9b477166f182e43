"""CloudWatch as users of Trainyard ask it: searches, math, percentiles and pages, through boto3 and by plain HTTP."""

import datetime
import gzip
import urllib.error
import urllib.parse
import urllib.request
import uuid

import botocore.exceptions
import pytest

import jobs

START = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)


def minute(ago):
    return START - datetime.timedelta(minutes=ago)


def soon():
    """The end of a window that holds what happened until now, however long ago `START` was."""
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=2)


@pytest.fixture
def namespace(aws):
    """Ten minutes of two metrics: `errors` 1, 2, .. 10 towards the past, and `calls`, always 20."""
    name = f"app/{uuid.uuid4().hex[:8]}"
    data = [
        {"MetricName": metric, "Timestamp": minute(ago), "Value": value, "Dimensions": [{"Name": "host", "Value": "a"}]}
        for ago in range(1, 11)
        for metric, value in (("errors", ago), ("calls", 20))
    ]
    aws("cloudwatch").put_metric_data(Namespace=name, MetricData=data)
    return name


def stat(id, namespace, metric, stat="Sum", period=60, **more):
    dimensions = [{"Name": "host", "Value": "a"}]
    metric = {"Namespace": namespace, "MetricName": metric, "Dimensions": dimensions}
    return {"Id": id, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}, **more}


def data(aws, *queries, **more):
    """All pages of GetMetricData, joined by id and label."""
    pages = aws("cloudwatch").get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=minute(60), EndTime=soon(), **more
    )
    results = {}
    for page in pages:
        for it in page["MetricDataResults"]:
            results.setdefault((it["Id"], it["Label"]), []).extend(it["Values"])
    return results


def form(endpoint, compressed=False, **fields):
    body = urllib.parse.urlencode({"Version": "2010-08-01", **fields}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if compressed:
        body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
    with urllib.request.urlopen(urllib.request.Request(endpoint, body, headers)) as answer:
        assert answer.headers["Content-Type"] == "text/xml"
        return answer.read().decode()


def test_a_label_names_the_statistic_where_there_are_several(aws, namespace):
    found = data(aws, stat("sum", namespace, "calls"), stat("most", namespace, "calls", "Maximum", Label="mine"))
    assert set(found) == {("sum", "calls Sum"), ("most", "mine")}
    assert set(data(aws, stat("sum", namespace, "calls"))) == {("sum", "calls")}


def test_search_finds_a_jobs_curves_and_its_hosts(aws, completed):
    name = completed["TrainingJobName"]
    schema = jobs.NAMESPACE
    found = data(
        aws,
        {
            "Id": "loss",
            "Expression": f"""SEARCH('{{{schema},TrainingJobName}} TrainingJobName="{name}"', 'Minimum', 60)""",
        },
        {"Id": "host", "Expression": f"""SEARCH('{{{schema},Host}} "{name}/algo-"', 'Average', 60)"""},
    )
    assert min(found["loss", "train:loss"]) == pytest.approx(0.2)
    assert {label for id, label in found if id == "host"} >= {"CPUUtilization", "MemoryUtilization"}


def test_math_over_two_metrics(aws, namespace):
    found = data(
        aws,
        stat("errors", namespace, "errors", ReturnData=False),
        stat("calls", namespace, "calls", ReturnData=False),
        {"Id": "rate", "Expression": "100 * errors / calls", "Label": "error rate"},
        {"Id": "left", "Expression": "calls - (errors + AVG(errors))"},
        ScanBy="TimestampDescending",
    )
    assert found == {
        ("rate", "error rate"): [5.0 * n for n in range(1, 11)],
        ("left", "left"): [20 - n - 5.5 for n in range(1, 11)],
    }


def test_pages_end_and_miss_nothing_in_both_directions(aws, namespace):
    queries = [stat("e", namespace, "errors"), stat("c", namespace, "calls")]
    for scan, wanted in (("TimestampDescending", range(1, 11)), ("TimestampAscending", range(10, 0, -1))):
        found = data(aws, *queries, ScanBy=scan, MaxDatapoints=3)
        assert found == {("e", "errors"): list(wanted), ("c", "calls"): [20.0] * 10}


def test_percentiles(aws, namespace):
    found = data(aws, *(stat(f"p{n}", namespace, "errors", f"p{n}", period=86_400) for n in (50, 90, 99)))
    values = {id: values for (id, _), values in found.items()}
    if len(values["p50"]) == 1:  # the ten minutes may lie on both sides of midnight
        assert (values["p50"], values["p90"]) == ([5.5], [pytest.approx(9.1)])
    answer = aws("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName="errors",
        Dimensions=[{"Name": "host", "Value": "a"}],
        StartTime=minute(3),
        EndTime=minute(2),
        Period=60,
        ExtendedStatistics=["p99.9"],
    )
    assert [it["ExtendedStatistics"] for it in answer["Datapoints"]] == [{"p99.9": 3.0}]


def test_forms_and_gzip(aws, endpoint, namespace):
    put = {
        "Action": "PutMetricData",
        "Namespace": namespace,
        "MetricData.member.1.MetricName": "sizes",
        "MetricData.member.1.Unit": "Bytes",
        "MetricData.member.1.Values.member.1": "1",
        "MetricData.member.1.Values.member.2": "5",
        "MetricData.member.1.Counts.member.1": "3",
        "MetricData.member.1.Counts.member.2": "1",
    }
    assert "<PutMetricDataResponse" in form(endpoint, compressed=True, **put)
    read = {
        "Action": "GetMetricStatistics",
        "Namespace": namespace,
        "MetricName": "sizes",
        "StartTime": minute(60).isoformat(),
        "EndTime": soon().isoformat(),
        "Period": "60",
    }
    xml = form(endpoint, **read, **{"Statistics.member.1": "Sum", "Statistics.member.2": "SampleCount"})
    assert "<Sum>8.0</Sum><SampleCount>4.0</SampleCount>" in xml and "<Unit>Bytes</Unit>" in xml
    assert "<entry><key>p50</key><value>1.0</value></entry>" in form(
        endpoint, **read, **{"ExtendedStatistics.member.1": "p50"}
    )
    query = urllib.parse.urlencode({"Action": "ListMetrics", "Version": "2010-08-01", "Namespace": namespace})
    with urllib.request.urlopen(f"{endpoint}/?{query}") as answer:
        assert answer.read().decode().count("<MetricName>") == 3


def test_what_is_not_provided_says_so_in_its_own_protocol(aws, endpoint):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        aws("cloudwatch").describe_alarms()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(urllib.error.HTTPError) as refused:
        form(endpoint, Action="DescribeAlarms")
    assert b"<Code>InvalidAction</Code>" in refused.value.read()
