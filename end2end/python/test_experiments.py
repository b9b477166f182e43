"""Experiments and their metrics through unmodified boto3."""

import datetime
import uuid

import botocore.exceptions
import pytest

import jobs


@pytest.fixture
def experiment(aws):
    """An experiment with one trial: (experiment, trial)."""
    name = f"boto3-{uuid.uuid4().hex[:12]}"
    sagemaker = aws("sagemaker")
    sagemaker.create_experiment(ExperimentName=name)
    sagemaker.create_trial(TrialName=f"{name}-trial", ExperimentName=name)
    return name, f"{name}-trial"


def test_a_job_logs_into_the_trial_it_was_started_in(aws, experiment):
    name, trial = experiment
    sagemaker = aws("sagemaker")
    job = jobs.create(
        aws, hyperparameters={"epochs": "3"}, ExperimentConfig={"ExperimentName": name, "TrialName": trial}
    )
    assert jobs.finished(aws, job)["TrainingJobStatus"] == "Completed"
    component = sagemaker.describe_trial_component(TrialComponentName=f"{job}-aws-training-job")
    assert component["Status"]["PrimaryStatus"] == "Completed"
    assert component["Parameters"]["epochs"] == {"NumberValue": 3.0}
    assert component["OutputArtifacts"]["SageMaker.ModelArtifact"]["Value"].endswith(f"/{job}/output/model.tar.gz")
    (metric,) = component["Metrics"]
    assert (metric["MetricName"], metric["Count"], metric["Max"]) == ("train:loss", 3, 1.0)
    assert metric["Last"] == pytest.approx(1 / 3, abs=1e-6)

    listed = sagemaker.list_trial_components(SourceArn=component["Source"]["SourceArn"])["TrialComponentSummaries"]
    assert [it["TrialComponentName"] for it in listed] == [component["TrialComponentName"]]
    # The job's own metrics have the order in which they were printed as their steps.
    query = {"MetricName": "train:loss", "MetricStat": "Last", "Period": "IterationNumber", "XAxisType": "IterationNumber"}
    arns = [component["TrialComponentArn"], component["Source"]["SourceArn"]]
    answer = aws("sagemaker-metrics").batch_get_metrics(MetricQueries=[{**query, "ResourceArn": arn} for arn in arns])
    for result in answer["MetricQueryResults"]:
        assert (result["Status"], result["XAxisValues"]) == ("Complete", [0, 1, 2])
        assert result["MetricValues"] == pytest.approx([1, 1 / 2, 1 / 3], abs=1e-6)


def test_metrics_that_are_put_are_summarised(aws):
    name = f"boto3-{uuid.uuid4().hex[:12]}"
    sagemaker, metrics = aws("sagemaker"), aws("sagemaker-metrics")
    sagemaker.create_trial_component(TrialComponentName=name)
    now = datetime.datetime.now(datetime.timezone.utc)
    data = [{"MetricName": "f1", "Timestamp": now, "Step": step, "Value": float(step)} for step in range(5)]
    assert metrics.batch_put_metrics(TrialComponentName=name, MetricData=data)["Errors"] == []
    (metric,) = sagemaker.describe_trial_component(TrialComponentName=name)["Metrics"]
    assert (metric["Count"], metric["Min"], metric["Max"], metric["Avg"], metric["Last"]) == (5, 0, 4, 2, 4)


def test_an_experiment_with_trials_is_not_deleted(aws, experiment):
    name, trial = experiment
    sagemaker = aws("sagemaker")
    with pytest.raises(botocore.exceptions.ClientError, match="cannot be deleted"):
        sagemaker.delete_experiment(ExperimentName=name)
    sagemaker.delete_trial(TrialName=trial)
    sagemaker.delete_experiment(ExperimentName=name)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_experiment(ExperimentName=name)
