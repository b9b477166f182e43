"""Trains with the ModelTrainer of the SageMaker SDK v3, as its documentation shows it: `client.py DATA SOURCE FOLDER`.

The last line that it prints is JSON: the job's name. The log of the job comes before it, streamed by the SDK.
"""

import json
import logging
import sys

from sagemaker.core.helper.session_helper import Session
from sagemaker.core.training.configs import Compute, InputData, SourceCode
from sagemaker.train.model_trainer import ModelTrainer

# The SDK hands the log to a logger and leaves it to the application to show it.
logging.basicConfig(level=logging.INFO, format="%(message)s")
data, source, folder = sys.argv[1:]
session = Session()
trainer = ModelTrainer(
    training_image="763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0.0-cpu-py310",
    source_code=SourceCode(source_dir=source, entry_script="train.py"),
    compute=Compute(instance_type="ml.m5.large", instance_count=1),
    hyperparameters={"epochs": 3},
    base_job_name="sdk-v3",
    role="arn:aws:iam::000000000000:role/TrainyardLocal",
    sagemaker_session=session,
)
trainer.train(input_data_config=[InputData(channel_name="train", data_source=data)], wait=True, logs=True)
job = trainer._latest_training_job
bucket, key = job.model_artifacts.s3_model_artifacts.removeprefix("s3://").split("/", 1)
session.boto_session.client("s3").download_file(bucket, key, f"{folder}/model.tar.gz")
print(json.dumps({"job": job.training_job_name}))
