"""`sagemaker.experiments.Run` of the SDK v2, unmodified: what it logs is what the API answers.

The SDK is too heavy for the tests of every change: without it (`pip install 'sagemaker<3'`) this file is skipped.
"""

import uuid

import pytest

import jobs

experiments = pytest.importorskip("sagemaker.experiments", reason="needs pip install 'sagemaker<3'")


@pytest.fixture
def session(aws, endpoint, monkeypatch):
    import boto3
    import sagemaker

    # The SDK makes a client for metrics by itself.
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return sagemaker.Session(
        boto3.session.Session("test", "test", region_name="us-east-1"),
        sagemaker_client=aws("sagemaker"),
        sagemaker_metrics_client=aws("sagemaker-metrics"),
        default_bucket=jobs.BUCKET,
    )


def test_parameters_and_metrics_of_a_run(aws, session):
    experiment, run_name = f"sdk-{uuid.uuid4().hex[:12]}", "first"
    with experiments.Run(experiment_name=experiment, run_name=run_name, sagemaker_session=session) as run:
        run.log_parameters({"lr": 0.1, "optimizer": "adam"})
        for step in range(25):
            run.log_metric("loss", 1 / (step + 1), step=step)
    with experiments.load_run(experiment_name=experiment, run_name=run_name, sagemaker_session=session) as run:
        run.log_parameter("resumed", "yes")

    sagemaker = aws("sagemaker")
    (trial,) = sagemaker.list_trials(ExperimentName=experiment)["TrialSummaries"]
    assert trial["TrialName"].startswith("Default-Run-Group-")
    (summary,) = sagemaker.list_trial_components(TrialName=trial["TrialName"])["TrialComponentSummaries"]
    component = sagemaker.describe_trial_component(TrialComponentName=summary["TrialComponentName"])
    assert component["Status"]["PrimaryStatus"] == "Completed"
    assert component["Parameters"]["lr"] == {"NumberValue": 0.1}
    assert component["Parameters"]["optimizer"] == {"StringValue": "adam"}
    assert component["Parameters"]["resumed"] == {"StringValue": "yes"}
    (metric,) = component["Metrics"]
    assert (metric["MetricName"], metric["Count"], metric["Max"]) == ("loss", 25, 1.0)
    query = {
        "MetricName": "loss",
        "ResourceArn": component["TrialComponentArn"],
        "MetricStat": "Last",
        "Period": "IterationNumber",
        "XAxisType": "IterationNumber",
    }
    (result,) = aws("sagemaker-metrics").batch_get_metrics(MetricQueries=[query])["MetricQueryResults"]
    assert result["XAxisValues"] == list(range(25))
    assert result["MetricValues"] == pytest.approx([1 / (step + 1) for step in range(25)])
