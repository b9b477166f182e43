"""Unmodified boto3 against the endpoint: what a user's script sees."""

import io
import json
import tarfile
from datetime import timedelta

import botocore.exceptions
import pytest

import jobs


def error_code(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


class TestTrainingJob:
    def test_it_is_described_with_what_it_was_created_with(self, completed):
        assert completed["HyperParameters"]["epochs"] == "5"
        assert completed["RoleArn"] == jobs.ROLE
        assert completed["AlgorithmSpecification"]["TrainingImage"] == jobs.IMAGE
        assert completed["AlgorithmSpecification"]["MetricDefinitions"] == [jobs.LOSS]
        assert completed["ResourceConfig"]["InstanceType"] == "ml.m5.xlarge"
        assert completed["TrainingJobArn"].endswith(f":training-job/{completed['TrainingJobName']}")

    def test_its_seconds_are_those_of_the_clock(self, completed):
        interval = (completed["TrainingEndTime"] - completed["TrainingStartTime"]).total_seconds()
        assert abs(completed["TrainingTimeInSeconds"] - interval) <= 1
        assert completed["TrainingTimeInSeconds"] >= 6, "five epochs of 1.2 s"
        assert completed["BillableTimeInSeconds"] == completed["TrainingTimeInSeconds"], "not a spot job"

    def test_its_secondary_statuses_follow_each_other(self, completed):
        transitions = completed["SecondaryStatusTransitions"]
        statuses = [it["Status"] for it in transitions]
        assert statuses[0] == "Starting"
        assert statuses[-1] == "Completed"
        assert statuses.index("Downloading") < statuses.index("Training") < statuses.index("Uploading")
        for earlier, later in zip(transitions, transitions[1:]):
            assert earlier["StartTime"] <= earlier["EndTime"] <= later["StartTime"] + timedelta(milliseconds=1)
        assert all("StatusMessage" in it for it in transitions), "the SDK reads it unconditionally"

    def test_its_final_metric_is_the_last_printed(self, completed):
        metrics = {it["MetricName"]: it["Value"] for it in completed["FinalMetricDataList"]}
        assert metrics == {"train:loss": pytest.approx(0.2, abs=1e-6)}

    def test_its_model_is_in_the_bucket(self, aws, completed):
        uri = completed["ModelArtifacts"]["S3ModelArtifacts"]
        assert uri == f"s3://{jobs.BUCKET}/runs/{completed['TrainingJobName']}/output/model.tar.gz"
        body = aws("s3").get_object(Bucket=jobs.BUCKET, Key=uri.split("/", 3)[3])["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as tar:
            entry = next(it for it in tar.getmembers() if it.name.removeprefix("./") == "model.json")
            assert json.load(tar.extractfile(entry)) == {"epochs": 5}

    def test_it_is_listed_and_found(self, aws, completed):
        name = completed["TrainingJobName"]
        sagemaker = aws("sagemaker")
        listed = sagemaker.list_training_jobs(NameContains=name)["TrainingJobSummaries"]
        assert [it["TrainingJobName"] for it in listed] == [name]
        filters = [{"Name": "TrainingJobName", "Operator": "Equals", "Value": name}]
        found = sagemaker.search(Resource="TrainingJob", SearchExpression={"Filters": filters})["Results"]
        assert [it["TrainingJob"]["TrainingJobName"] for it in found] == [name]
        assert found[0]["TrainingJob"]["Tags"] == [{"Key": "team", "Value": "vision"}]

    def test_its_tags_can_be_added_to(self, aws, completed):
        arn = completed["TrainingJobArn"]
        aws("sagemaker").add_tags(ResourceArn=arn, Tags=[{"Key": "cost-centre", "Value": "7"}])
        tags = {it["Key"]: it["Value"] for it in aws("sagemaker").list_tags(ResourceArn=arn)["Tags"]}
        assert tags["cost-centre"] == "7" and tags["team"] == "vision"

    def test_the_sdks_waiter_ends(self, aws, completed):
        waiter = aws("sagemaker").get_waiter("training_job_completed_or_stopped")
        waiter.wait(TrainingJobName=completed["TrainingJobName"], WaiterConfig={"Delay": 1, "MaxAttempts": 5})


class TestEndings:
    def test_a_traceback_is_the_reason_of_failure(self, aws):
        name = jobs.create(aws, script="raise ValueError('the data set is empty')\n")
        job = jobs.finished(aws, name)
        assert job["TrainingJobStatus"] == "Failed"
        assert job["FailureReason"].startswith("AlgorithmError")
        assert "the data set is empty" in job["FailureReason"]
        assert len(job["FailureReason"]) <= 1024

    def test_a_stopped_job_may_save_its_model(self, aws):
        script = (
            "import os, signal, sys, time\n"
            "def stop(*_):\n"
            "    open(os.path.join(os.environ['SM_MODEL_DIR'], 'half.txt'), 'w').write('half')\n"
            "    sys.exit(0)\n"
            "signal.signal(signal.SIGTERM, stop)\n"
            "print('ready', flush=True)\n"
            "while True: time.sleep(0.1)\n"
        )
        name = jobs.create(aws, script=script)
        jobs.training(aws, name)
        aws("sagemaker").stop_training_job(TrainingJobName=name)
        job = jobs.finished(aws, name)
        assert job["TrainingJobStatus"] == "Stopped"
        assert "Stopping" in [it["Status"] for it in job["SecondaryStatusTransitions"]]
        key = job["ModelArtifacts"]["S3ModelArtifacts"].split("/", 3)[3]
        body = aws("s3").get_object(Bucket=jobs.BUCKET, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as tar:
            assert "half.txt" in [it.name.removeprefix("./") for it in tar.getmembers()]

    def test_a_job_that_runs_too_long_is_ended(self, aws):
        script = "import time\nprint('loss=1', flush=True)\nwhile True: time.sleep(0.1)\n"
        name = jobs.create(aws, script=script, StoppingCondition={"MaxRuntimeInSeconds": 2})
        job = jobs.finished(aws, name)
        assert job["TrainingJobStatus"] == "Stopped"
        assert job["SecondaryStatus"] == "MaxRuntimeExceeded"

    def test_an_interrupted_spot_job_goes_on_from_its_checkpoint(self, aws):
        script = (
            "import os, time\n"
            "path = '/opt/ml/checkpoints/epoch'\n"
            "if not os.path.isdir('/opt/ml/checkpoints'): path = os.environ['SM_CHECKPOINT_DIR'] + '/epoch'\n"
            "start = int(open(path).read()) if os.path.exists(path) else 0\n"
            "print(f'started at {start}', flush=True)\n"
            "for epoch in range(start, 8):\n"
            "    time.sleep(0.5)\n"
            "    print(f'loss={8 - epoch}', flush=True)\n"
            "    open(path, 'w').write(str(epoch + 1))\n"
        )
        name = jobs.create(
            aws,
            script=script,
            EnableManagedSpotTraining=True,
            StoppingCondition={"MaxRuntimeInSeconds": 300, "MaxWaitTimeInSeconds": 600},
            CheckpointConfig={"S3Uri": f"s3://{jobs.BUCKET}/runs/spot/checkpoints"},
            Environment={"TRAINYARD_LOCAL_SPOT_INTERRUPT_AFTER_SECONDS": "2"},
        )
        job = jobs.finished(aws, name, seconds=150)
        assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
        statuses = [it["Status"] for it in job["SecondaryStatusTransitions"]]
        assert statuses.count("Interrupted") == 1 and statuses.count("Training") == 2, statuses
        texts = all_lines(aws, name)
        starts = [int(it.split()[-1]) for it in texts if it.startswith("started at")]
        assert len(starts) == 2 and starts[0] == 0 and starts[1] > 0, texts
        # Waits for capacity are training time that is not billed; both figures are whole seconds of finer clocks.
        waits = [it for it in job["SecondaryStatusTransitions"] if it["Status"] in ("Interrupted", "Starting", "Pending")]
        spans = [(it["EndTime"] - max(it["StartTime"], job["TrainingStartTime"])).total_seconds() for it in waits]
        waited = sum(max(span, 0) for span in spans)
        working = job["TrainingTimeInSeconds"] - waited
        assert job["BillableTimeInSeconds"] == pytest.approx(working * 0.3, abs=1)


def all_lines(aws, name):
    streams = aws("logs").describe_log_streams(logGroupName=jobs.LOG_GROUP, logStreamNamePrefix=f"{name}/")
    return [line for it in streams["logStreams"] for line in jobs.lines(aws, it["logStreamName"])]


class TestLogs:
    def test_every_line_is_there_in_order(self, aws, completed):
        epochs = [line for line in all_lines(aws, completed["TrainingJobName"]) if line.startswith("epoch=")]
        assert epochs == [f"epoch={epoch} loss={1 / epoch:.6f}" for epoch in range(1, 6)]

    def test_a_stream_belongs_to_a_host(self, aws, completed):
        name = completed["TrainingJobName"]
        answer = aws("logs").describe_log_streams(logGroupName=jobs.LOG_GROUP, logStreamNamePrefix=f"{name}/")
        (stream,) = answer["logStreams"]
        assert stream["logStreamName"].startswith(f"{name}/algo-1-")
        assert "nextToken" not in answer, "the SDK would loop for ever"

    def test_lines_can_be_searched(self, aws, completed):
        found = aws("logs").filter_log_events(
            logGroupName=jobs.LOG_GROUP,
            logStreamNamePrefix=f"{completed['TrainingJobName']}/",
            filterPattern='"epoch=3"',
        )["events"]
        assert [it["message"] for it in found] == ["epoch=3 loss=0.333333"]


class TestCloudWatch:
    def data(self, aws, completed, name, dimension, stat):
        start, end = completed["TrainingStartTime"], completed["TrainingEndTime"]
        metric = {"Namespace": jobs.NAMESPACE, "MetricName": name, "Dimensions": [dimension]}
        (result,) = aws("cloudwatch").get_metric_data(
            MetricDataQueries=[{"Id": "m1", "MetricStat": {"Metric": metric, "Period": 1, "Stat": stat}}],
            StartTime=start - timedelta(seconds=60),
            EndTime=end + timedelta(seconds=60),
            ScanBy="TimestampAscending",
        )["MetricDataResults"]
        return result["Values"]

    def test_the_metric_of_the_script_is_there(self, aws, completed):
        dimension = {"Name": "TrainingJobName", "Value": completed["TrainingJobName"]}
        values = self.data(aws, completed, "train:loss", dimension, "Minimum")
        assert values[-1] == pytest.approx(0.2, abs=1e-6)
        assert len(values) >= 3 and values == sorted(values, reverse=True)

    def test_the_instance_was_measured(self, aws, completed):
        dimension = {"Name": "Host", "Value": f"{completed['TrainingJobName']}/algo-1"}
        for name in ("CPUUtilization", "MemoryUtilization", "DiskUtilization"):
            values = self.data(aws, completed, name, dimension, "Average")
            assert values and all(value >= 0 for value in values), name

    def test_statistics_answer_the_older_call(self, aws, completed):
        points = aws("cloudwatch").get_metric_statistics(
            Namespace=jobs.NAMESPACE,
            MetricName="train:loss",
            Dimensions=[{"Name": "TrainingJobName", "Value": completed["TrainingJobName"]}],
            StartTime=completed["TrainingStartTime"] - timedelta(seconds=60),
            EndTime=completed["TrainingEndTime"] + timedelta(seconds=60),
            Period=60,
            Statistics=["Minimum", "Maximum", "SampleCount"],
        )["Datapoints"]
        assert min(it["Minimum"] for it in points) == pytest.approx(0.2, abs=1e-6)
        assert max(it["Maximum"] for it in points) == pytest.approx(1.0, abs=1e-6)
        assert sum(it["SampleCount"] for it in points) == 5

    def test_metrics_can_be_listed_and_put(self, aws, completed):
        dimension = {"Name": "TrainingJobName", "Value": completed["TrainingJobName"]}
        listed = aws("cloudwatch").list_metrics(Namespace=jobs.NAMESPACE, Dimensions=[dimension])["Metrics"]
        assert "train:loss" in [it["MetricName"] for it in listed]
        aws("cloudwatch").put_metric_data(Namespace="mine", MetricData=[{"MetricName": "orders", "Value": 3.5}])
        assert [it["MetricName"] for it in aws("cloudwatch").list_metrics(Namespace="mine")["Metrics"]] == ["orders"]


class TestBuckets:
    def test_objects_keep_their_bytes(self, aws):
        s3 = aws("s3")
        body = bytes(range(256)) * 1000
        s3.put_object(Bucket=jobs.BUCKET, Key="own/a b/ü.bin", Body=body)
        assert s3.get_object(Bucket=jobs.BUCKET, Key="own/a b/ü.bin")["Body"].read() == body
        assert s3.head_object(Bucket=jobs.BUCKET, Key="own/a b/ü.bin")["ContentLength"] == len(body)
        keys = [it["Key"] for it in s3.list_objects_v2(Bucket=jobs.BUCKET, Prefix="own/")["Contents"]]
        assert keys == ["own/a b/ü.bin"]
        s3.delete_object(Bucket=jobs.BUCKET, Key="own/a b/ü.bin")
        assert error_code(s3.get_object, Bucket=jobs.BUCKET, Key="own/a b/ü.bin") == "NoSuchKey"

    def test_large_files_go_up_in_parts(self, aws, tmp_path):
        # boto3 splits from 8 MB on.
        body = b"0123456789abcdef" * (600 * 1024)
        (tmp_path / "large").write_bytes(body)
        aws("s3").upload_file(str(tmp_path / "large"), jobs.BUCKET, "own/large")
        aws("s3").download_file(jobs.BUCKET, "own/large", str(tmp_path / "back"))
        assert (tmp_path / "back").read_bytes() == body

    def test_the_caller_has_a_name(self, aws):
        assert aws("sts").get_caller_identity()["Account"] == "000000000000"


class TestRefusals:
    def test_an_unknown_job_is_a_validation_error(self, aws):
        code = error_code(aws("sagemaker").describe_training_job, TrainingJobName="no-such-job")
        assert code == "ValidationException", "the SDK's waiter looks for this code"

    def test_a_name_can_be_used_once(self, aws, completed):
        with pytest.raises(aws("sagemaker").exceptions.ResourceInUse):
            jobs.create(aws, name=completed["TrainingJobName"])

    def test_what_sagemaker_refuses_is_refused(self, aws):
        def refused(**request):
            with pytest.raises(botocore.exceptions.ClientError) as caught:
                jobs.create(aws, **request)
            return caught.value.response["Error"]["Code"]

        before = aws("sagemaker").list_training_jobs(MaxResults=100)["TrainingJobSummaries"]
        instance = {"InstanceType": "ml.imaginary.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}
        assert refused(ResourceConfig=instance) == "ValidationException"
        assert refused(name="not_a_name") == "ValidationException"
        assert refused(EnableManagedSpotTraining=True) == "ValidationException"
        assert refused(hyperparameters={"long": "x" * 2501}) == "ValidationException"
        after = aws("sagemaker").list_training_jobs(MaxResults=100)["TrainingJobSummaries"]
        assert len(after) == len(before), "nothing was created"

    def test_a_missing_log_stream_is_named(self, aws, completed):
        code = error_code(aws("logs").get_log_events, logGroupName=jobs.LOG_GROUP, logStreamName="no/such-stream")
        assert code == "ResourceNotFoundException"

    def test_a_missing_bucket_is_named(self, aws):
        assert error_code(aws("s3").list_objects_v2, Bucket="no-such-bucket") == "NoSuchBucket"
