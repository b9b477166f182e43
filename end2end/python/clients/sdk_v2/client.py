"""Trains with an estimator of the SageMaker SDK v2, as its documentation shows it: `client.py DATA SOURCE FOLDER`.

The last line that it prints is JSON: the job's name. The log of the job comes before it, streamed by the SDK.
"""

import json
import sys

from sagemaker.s3 import S3Downloader
from sagemaker.session import Session
from sagemaker.sklearn import SKLearn

data, source, folder = sys.argv[1:]
session = Session()
channel = session.upload_data(data, key_prefix="clients/sdk-v2")
estimator = SKLearn(
    entry_point="train.py",
    source_dir=source,
    role="arn:aws:iam::000000000000:role/TrainyardLocal",
    framework_version="1.2-1",
    instance_type="ml.m5.large",
    instance_count=1,
    hyperparameters={"epochs": 3},
    metric_definitions=[{"Name": "train:loss", "Regex": r"loss=([0-9.]+)"}],
    base_job_name="sdk-v2",
    sagemaker_session=session,
)
estimator.fit({"train": channel}, wait=True, logs="All")
S3Downloader.download(estimator.model_data, folder, sagemaker_session=session)
print(json.dumps({"job": estimator.latest_training_job.name}))
