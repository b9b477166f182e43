//! The CreateTrainingJob request that a spec makes, its canonical text and its fingerprint.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{JobSpec, fields::is_tag_text, tag};
use crate::{
    ids::{JobName, RunId},
    job_draft::SCRIPT_PARAMETERS,
};

impl JobSpec {
    /// The request in SageMaker's own JSON, keys sorted, without the fingerprint tag (which is made from it).
    /// `source_uri` is the S3 URI of the script's archive, when there is a script.
    pub fn to_request(&self, run_id: &RunId, job_name: &JobName, source_uri: &str) -> Value {
        let mut request = self.request.as_value().clone();
        request["TrainingJobName"] = json!(job_name.as_str());
        if let Some(script) = &self.script {
            let [program, directory] = SCRIPT_PARAMETERS;
            request["HyperParameters"][program] = json!(script.entry_point);
            request["HyperParameters"][directory] = json!(script.uri.as_deref().unwrap_or(source_uri));
        }
        let mut tags = request["Tags"].as_array().cloned().unwrap_or_default();
        tags.push(json!({ "Key": tag::RUN_ID, "Value": run_id.as_str() }));
        if is_tag_text(self.experiment.as_str()) {
            tags.push(json!({ "Key": tag::EXPERIMENT, "Value": self.experiment.as_str() }));
        }
        if let Some(parent) = &self.parent {
            tags.push(json!({ "Key": tag::PARENT, "Value": parent.as_str() }));
        }
        if let Some(sweep) = &self.sweep {
            tags.push(json!({ "Key": tag::SWEEP, "Value": sweep.as_str() }));
        }
        if let Some(git) = &self.git {
            tags.push(json!({ "Key": tag::SOURCE, "Value": git.to_string() }));
        }
        request["Tags"] = Value::Array(tags);
        if self.has_default_checkpoints {
            let uri = format!("{}/{}/checkpoints", self.request.output_path(), job_name.as_str());
            request["CheckpointConfig"]["S3Uri"] = json!(uri);
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

/// The request as it is recorded and sent: canonical, with the tag of its own fingerprint; and that fingerprint.
pub fn sealed(mut request: Value) -> (Value, String) {
    if let Some(tags) = request.get_mut("Tags").and_then(Value::as_array_mut) {
        tags.retain(|it| it["Key"] != tag::FINGERPRINT);
    }
    let own = fingerprint(&request);
    if let Some(tags) = request.get_mut("Tags").and_then(Value::as_array_mut) {
        tags.push(json!({ "Key": tag::FINGERPRINT, "Value": own }));
    }
    (canonical(&request), own)
}

/// SHA-256 of the canonical text of a request, in hex.
pub fn fingerprint(request: &Value) -> String {
    hex::encode(Sha256::digest(canonical(request).to_string().as_bytes()))
}
