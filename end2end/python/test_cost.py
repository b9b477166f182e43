"""Cost Explorer over the jobs that ran here, as boto3 sees it: sums that can be recomputed from DescribeTrainingJob."""

import datetime
import uuid
from decimal import Decimal

import botocore.exceptions
import pytest

import jobs

HOURLY = {"ml.m5.xlarge": Decimal("0.23"), "ml.m5.large": Decimal("0.115")}
TODAY = datetime.datetime.now(datetime.UTC).date()
PERIOD = {"Start": str(TODAY - datetime.timedelta(days=1)), "End": str(TODAY + datetime.timedelta(days=2))}
NANO = Decimal("0.000000001")


@pytest.fixture(scope="module")
def project(aws):
    """A tag value, and the descriptions of the three jobs that have it."""
    value = f"cost-{uuid.uuid4().hex[:8]}"
    tags = [{"Key": "project", "Value": value}]
    kinds = [
        {"ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5}},
        {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 5}},
        {
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
            "EnableManagedSpotTraining": True,
            "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 1200},
            "Tags": [*tags, {"Key": "team", "Value": "vision"}],
        },
    ]
    names = [jobs.create(aws, **{"Tags": tags, **kind}) for kind in kinds]
    return value, [jobs.finished(aws, name) for name in names]


def cost_of(job):
    resources = job["ResourceConfig"]
    seconds = job["BillableTimeInSeconds"] * resources["InstanceCount"]
    return (HOURLY[resources["InstanceType"]] * seconds / 3600).quantize(NANO, "ROUND_DOWN")


def ask(aws, project, operation="get_cost_and_usage", **arguments):
    members = {
        "TimePeriod": PERIOD,
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost", "UsageQuantity"],
        "Filter": {"Tags": {"Key": "project", "Values": [project]}},
    }
    return getattr(aws("ce"), operation)(**{**members, **arguments})


def amounts(answer, metric="UnblendedCost"):
    """Each group's sum over all periods."""
    sums = {}
    for period in answer["ResultsByTime"]:
        for group in period["Groups"]:
            key = tuple(group["Keys"])
            sums[key] = sums.get(key, 0) + Decimal(group["Metrics"][metric]["Amount"])
    return sums


def test_the_sum_over_days_is_what_the_jobs_cost(aws, project):
    value, described = project
    answer = ask(aws, value)
    days = answer["ResultsByTime"]
    assert [day["TimePeriod"]["Start"] for day in days] == [str(TODAY + datetime.timedelta(days=n)) for n in (-1, 0, 1)]
    assert all(day["Estimated"] and day["Groups"] == [] for day in days[1:])
    assert sum(Decimal(day["Total"]["UnblendedCost"]["Amount"]) for day in days) == sum(map(cost_of, described))
    assert {day["Total"]["UnblendedCost"]["Unit"] for day in days} == {"USD"}
    assert days[2]["Total"] == {
        "UnblendedCost": {"Amount": "0", "Unit": "USD"},
        "UsageQuantity": {"Amount": "0", "Unit": "N/A"},
    }


@pytest.mark.parametrize("granularity", ["HOURLY", "MONTHLY"])
def test_other_periods_have_the_same_sum(aws, project, granularity):
    value, described = project
    period = {name: f"{day}T00:00:00Z" for name, day in PERIOD.items()} if granularity == "HOURLY" else PERIOD
    metrics = ["BlendedCost", "AmortizedCost", "NetUnblendedCost", "NetAmortizedCost", "NormalizedUsageAmount"]
    answer = ask(aws, value, TimePeriod=period, Granularity=granularity, Metrics=metrics)
    for metric in metrics[:-1]:
        total = sum(Decimal(it["Total"][metric]["Amount"]) for it in answer["ResultsByTime"])
        assert total == sum(map(cost_of, described)), metric


def test_groups_are_dimensions_and_tags(aws, project):
    value, (single, double, spot) = project
    by_usage = ask(
        aws,
        value,
        GroupBy=[{"Type": "DIMENSION", "Key": "USAGE_TYPE"}, {"Type": "TAG", "Key": "team"}],
    )
    assert amounts(by_usage) == {
        ("USE1-Train:ml.m5.xlarge", "team$"): cost_of(single),
        ("USE1-Train:ml.m5.large", "team$"): cost_of(double),
        ("USE1-TrSpt:ml.m5.large", "team$vision"): cost_of(spot),
    }
    assert all(day["Total"] == {} for day in by_usage["ResultsByTime"])
    hours = Decimal(double["BillableTimeInSeconds"] * 2) / 3600
    key = ("USE1-Train:ml.m5.large", "team$")
    assert amounts(by_usage, "UsageQuantity")[key] == hours.quantize(NANO, "ROUND_DOWN")
    dimensions = {
        "SERVICE": "Amazon SageMaker",
        "REGION": "us-east-1",
        "LINKED_ACCOUNT": "000000000000",
        "OPERATION": "RunInstance",
    }
    for dimension, expected in dimensions.items():
        grouped = ask(aws, value, GroupBy=[{"Type": "DIMENSION", "Key": dimension}])
        assert list(amounts(grouped)) == [(expected,)], dimension


def test_filters_are_combined(aws, project):
    value, (single, double, spot) = project
    mine = {"Tags": {"Key": "project", "Values": [value]}}
    large = {"Dimensions": {"Key": "INSTANCE_TYPE", "Values": ["LARGE"], "MatchOptions": ["ENDS_WITH", "CASE_INSENSITIVE"]}}
    untagged = {"Tags": {"Key": "team", "MatchOptions": ["ABSENT"]}}
    kinds = [
        ({"And": [mine, {"Not": untagged}]}, [spot]),
        ({"And": [mine, untagged, {"Dimensions": {"Key": "INSTANCE_TYPE", "Values": ["ml.m5.large"]}}]}, [double]),
        ({"And": [mine, {"Or": [large, untagged]}]}, [single, double, spot]),
    ]
    for filter, expected in kinds:
        total = sum(Decimal(it["Total"]["UnblendedCost"]["Amount"]) for it in ask(aws, value, Filter=filter)["ResultsByTime"])
        assert total == sum(map(cost_of, expected)), filter


def test_resources_are_the_jobs(aws, project):
    value, described = project
    answer = ask(
        aws, value, "get_cost_and_usage_with_resources", GroupBy=[{"Type": "DIMENSION", "Key": "RESOURCE_ID"}]
    )
    assert amounts(answer) == {(job["TrainingJobArn"],): cost_of(job) for job in described}


def test_a_long_answer_comes_in_pages(aws, project):
    value, described = project
    start = TODAY - datetime.timedelta(days=60)
    period = {"Start": f"{start}T00:00:00Z", "End": f"{TODAY + datetime.timedelta(days=1)}T00:00:00Z"}
    results, more = [], {}
    while True:
        page = ask(aws, value, TimePeriod=period, Granularity="HOURLY", **more)
        results += page["ResultsByTime"]
        if "NextPageToken" not in page:
            break
        more = {"NextPageToken": page["NextPageToken"]}
    assert more and len(results) == 61 * 24
    assert sum(Decimal(it["Total"]["UnblendedCost"]["Amount"]) for it in results) == sum(map(cost_of, described))
    for token in (more["NextPageToken"], "nonsense"):
        with pytest.raises(aws("ce").exceptions.InvalidNextTokenException):
            ask(aws, value, NextPageToken=token)


def test_values_and_tags_are_listed(aws, project):
    value, _ = project
    ce = aws("ce")
    types = ce.get_dimension_values(TimePeriod=PERIOD, Dimension="INSTANCE_TYPE", SearchString="M5.L")
    assert [it["Value"] for it in types["DimensionValues"]] == ["ml.m5.large"]
    assert (types["ReturnSize"], types["TotalSize"]) == (1, 1)
    assert {"project", "team"} <= set(ce.get_tags(TimePeriod=PERIOD)["Tags"])
    assert value in ce.get_tags(TimePeriod=PERIOD, TagKey="project")["Tags"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"TimePeriod": {"Start": "2026-02-02", "End": "2026-02-02"}},
        {"TimePeriod": {"Start": "2020-01-01", "End": "2020-02-02"}},
        {"TimePeriod": {"Start": "soon", "End": "later"}},
        {"Granularity": "YEARLY"},
        {"Metrics": ["Happiness"]},
        {"GroupBy": [{"Type": "DIMENSION", "Key": "RESOURCE_ID"}]},
        {"GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}] * 3},
        {"Filter": {"Dimensions": {"Key": "COLOUR", "Values": ["red"]}}},
        {"Filter": {"And": [{"Tags": {"Key": "a", "Values": ["b"]}}]}},
    ],
)
def test_what_cannot_be_answered_is_refused(aws, project, arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        ask(aws, project[0], **arguments)
    assert caught.value.response["Error"]["Code"] == "ValidationException"


def test_resources_are_kept_for_two_weeks(aws, project):
    month = {"Start": str(TODAY - datetime.timedelta(days=30)), "End": str(TODAY)}
    groups = [{"Type": "DIMENSION", "Key": "RESOURCE_ID"}]
    with pytest.raises(aws("ce").exceptions.DataUnavailableException):
        ask(aws, project[0], "get_cost_and_usage_with_resources", TimePeriod=month, GroupBy=groups)
