"""Hyperparameter tuning jobs through unmodified boto3, over a script with a known optimum."""

import uuid

import pytest

import conftest
import jobs

# Least at x = 2 with kind b. More epochs say the same again.
PARABOLA = """
import os, time
x, kind = float(os.environ["SM_HP_X"]), os.environ["SM_HP_KIND"]
for epoch in range(int(os.environ.get("SM_HP_EPOCHS", "1"))):
    print(f"loss={(x - 2) ** 2 + (kind != 'b'):.6f}", flush=True)
    time.sleep(float(os.environ.get("PAUSE", "0")))
"""
OVER = ("Completed", "Stopped", "Failed")


def create(aws, jobs_at_most=6, parallel=2, environment=None, fixed=None, **config):
    name = f"tune-{uuid.uuid4().hex[:12]}"
    key = f"sources/{name}/sourcedir.tar.gz"
    aws("s3").put_object(Bucket=jobs.BUCKET, Key=key, Body=jobs.archive(**{"train.py": PARABOLA}))
    ranges = {
        "ContinuousParameterRanges": [{"Name": "x", "MinValue": "-5", "MaxValue": "5", "ScalingType": "Linear"}],
        "CategoricalParameterRanges": [{"Name": "kind", "Values": ["a", "b"]}],
    }
    aws("sagemaker").create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "train:loss"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": jobs_at_most, "MaxParallelTrainingJobs": parallel},
            "ParameterRanges": ranges,
            "RandomSeed": 7,
            **config,
        },
        TrainingJobDefinition={
            "AlgorithmSpecification": {
                "TrainingImage": jobs.IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [jobs.LOSS],
            },
            "RoleArn": jobs.ROLE,
            "OutputDataConfig": {"S3OutputPath": f"s3://{jobs.BUCKET}/runs"},
            "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "StaticHyperParameters": {
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": f"s3://{jobs.BUCKET}/{key}",
                **(fixed or {}),
            },
            "Environment": environment or {},
        },
    )
    return name


def described(aws, name):
    return aws("sagemaker").describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)


def finished(aws, name):
    def over():
        job = described(aws, name)
        return job if job["HyperParameterTuningJobStatus"] in OVER else None

    return jobs.wait(f"{name} to be over", over, seconds=120)


def children(aws, name, **more):
    pages = aws("sagemaker").get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
    found = pages.paginate(HyperParameterTuningJobName=name, PaginationConfig={"PageSize": 2}, **more)
    return [it for page in found for it in page["TrainingJobSummaries"]]


def value(child):
    return child["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]


def test_bayesian_search_reports_the_best_of_its_jobs(aws):
    name = create(aws, jobs_at_most=7, parallel=2, Strategy="Bayesian")
    job = finished(aws, name)
    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    assert job["TrainingJobStatusCounters"]["Completed"] == 7
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 7, "Pending": 0, "Failed": 0}
    by_value = children(aws, name, SortBy="FinalObjectiveMetricValue")
    assert [value(it) for it in by_value] == sorted(value(it) for it in by_value)
    for it in by_value:
        chosen = it["TunedHyperParameters"]
        expected = (float(chosen["x"]) - 2) ** 2 + (chosen["kind"] != "b")
        assert value(it) == pytest.approx(expected, abs=1e-5)
    assert job["BestTrainingJob"]["TrainingJobName"] == by_value[0]["TrainingJobName"]


def test_a_target_ends_the_search(aws):
    name = create(
        aws, jobs_at_most=50, parallel=1, TuningJobCompletionCriteria={"TargetObjectiveMetricValue": 1000.0}
    )
    job = finished(aws, name)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert sum(job["TrainingJobStatusCounters"].values()) == 1


def test_hyperband_stops_the_worse_ones(aws):
    name = create(
        aws,
        jobs_at_most=4,
        parallel=4,
        Strategy="Hyperband",
        StrategyConfig={"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 200}},
        fixed={"epochs": "100"},
        environment={"PAUSE": "0.1"},
    )
    job = finished(aws, name)
    counters = job["TrainingJobStatusCounters"]
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert counters["Stopped"] >= 2 and counters["Completed"] >= 1, counters
    assert job["BestTrainingJob"]["TrainingJobStatus"] == "Completed", "the best is never stopped"


def test_a_killed_endpoint_goes_on_and_starts_nothing_twice(tmp_path):
    first = conftest.start(tmp_path)
    aws = conftest.client_for(first.url)
    name = create(aws, jobs_at_most=4, parallel=1, environment={"PAUSE": "0.3"}, fixed={"epochs": "3"})
    jobs.wait("two training jobs", lambda: len(children(aws, name)) >= 2)
    before = {it["TrainingJobName"]: it["TunedHyperParameters"] for it in children(aws, name)}
    first.kill()
    second = conftest.start(tmp_path)
    try:
        aws = conftest.client_for(second.url)
        job = finished(aws, name)
        assert job["HyperParameterTuningJobStatus"] == "Completed"
        assert job["TrainingJobStatusCounters"]["Completed"] == 4
        after = {it["TrainingJobName"]: it["TunedHyperParameters"] for it in children(aws, name)}
        assert before.items() <= after.items() and len(after) == 4
        listed = aws("sagemaker").list_training_jobs(NameContains=name, MaxResults=100)["TrainingJobSummaries"]
        assert {it["TrainingJobName"] for it in listed} == set(after)
    finally:
        second.end()
