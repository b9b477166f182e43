//! The CreateTrainingJob request that a spec makes, its canonical text and its fingerprint.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{JobSpec, rows::is_tag_text, tag};
use crate::ids::{JobName, RunId};

impl JobSpec {
    /// The request in SageMaker's own JSON, keys sorted, without the fingerprint tag (which is made from it).
    /// `source_uri` is the S3 URI of `sourcedir.tar.gz`.
    pub fn to_request(&self, run_id: &RunId, job_name: &JobName, source_uri: &str) -> Value {
        let mut hyperparameters = self.hyperparameters.clone();
        // Script mode: the framework images' toolkit reads these two.
        hyperparameters.insert("sagemaker_program".to_owned(), self.entry_point.clone());
        hyperparameters.insert("sagemaker_submit_directory".to_owned(), source_uri.to_owned());
        let mut stopping = Map::new();
        stopping.insert("MaxRuntimeInSeconds".to_owned(), json!(self.max_runtime_seconds));
        if let Some(max_wait) = self.max_wait_seconds {
            stopping.insert("MaxWaitTimeInSeconds".to_owned(), json!(max_wait));
        }
        let mut tags: Vec<Value> = self.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        tags.push(json!({ "Key": tag::RUN_ID, "Value": run_id.as_str() }));
        if is_tag_text(self.experiment.as_str()) {
            tags.push(json!({ "Key": tag::EXPERIMENT, "Value": self.experiment.as_str() }));
        }
        let mut request = json!({
            "TrainingJobName": job_name.as_str(),
            "AlgorithmSpecification": {
                "TrainingImage": self.training_image,
                "TrainingInputMode": "File",
                "EnableSageMakerMetricsTimeSeries": !self.metric_definitions.is_empty(),
                "MetricDefinitions": self.metric_definitions.iter()
                    .map(|it| json!({ "Name": it.name(), "Regex": it.regex_text() })).collect::<Vec<_>>(),
            },
            "RoleArn": self.role_arn,
            "OutputDataConfig": { "S3OutputPath": self.output_path },
            "ResourceConfig": {
                "InstanceType": self.instance_type.as_str(),
                "InstanceCount": self.instance_count,
                "VolumeSizeInGB": self.volume_size_gb,
            },
            "StoppingCondition": stopping,
            "HyperParameters": hyperparameters,
            "Environment": self.environment,
            "EnableManagedSpotTraining": self.max_wait_seconds.is_some(),
            "Tags": tags,
        });
        if self.checkpoints {
            request["CheckpointConfig"] =
                json!({ "S3Uri": format!("{}/{}/checkpoints", self.output_path, job_name.as_str()) });
        }
        canonical(&request)
    }
}

/// Objects with their keys sorted, at every depth: equal requests are equal texts.
pub fn canonical(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            Value::Object(sorted.into_iter().map(|(key, value)| (key.clone(), canonical(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(canonical).collect()),
        other => other.clone(),
    }
}

/// SHA-256 of the canonical text of a request, in hex.
pub fn fingerprint(request: &Value) -> String {
    hex::encode(Sha256::digest(canonical(request).to_string().as_bytes()))
}
