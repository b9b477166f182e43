//! What the engine says of a job: a DescribeTrainingJob answer, or a `Search` record, parsed once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    ids::{ExperimentName, JobName, RunId},
    job_spec::{canonical, tag},
    run::FinalMetric,
    status::{TrainingJobStatus, Transition},
    time::Timestamp,
    training_job::request_of_answer,
};

/// One look at one job. Times are the engine's; absent is not zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobObservation {
    pub job_name: JobName,
    pub job_arn: String,
    pub status: TrainingJobStatus,
    pub secondary_status: String,
    pub failure_reason: Option<String>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub last_modified_at: Timestamp,
    pub training_seconds: Option<u64>,
    pub billable_seconds: Option<u64>,
    pub model_artifact: Option<String>,
    pub transitions: Vec<Transition>,
    pub final_metrics: Vec<FinalMetric>,
    /// The request's fields out of the answer: what CreateTrainingJob was called with, canonical.
    pub request: Value,
    /// `Search` gives them, Describe does not.
    pub tags: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine's description of a job has no usable {0}")]
pub struct ObservationError(pub &'static str);

impl JobObservation {
    /// Parses the JSON of DescribeTrainingJob, or of `Results[].TrainingJob` of Search.
    pub fn parse(answer: &Value) -> Result<Self, ObservationError> {
        let text = |key| answer.get(key).and_then(Value::as_str);
        let when = |value: Option<&Value>| value.and_then(Value::as_f64).map(Timestamp::from_unix_seconds);
        let members = answer.as_object().ok_or(ObservationError("object"))?;
        let (mut request, _) = request_of_answer(members.clone());
        request.retain(|key, value| key != "Tags" && !value.is_null());
        Ok(Self {
            job_name: text("TrainingJobName")
                .and_then(|it| JobName::parse(it).ok())
                .ok_or(ObservationError("TrainingJobName"))?,
            job_arn: text("TrainingJobArn").ok_or(ObservationError("TrainingJobArn"))?.to_owned(),
            status: TrainingJobStatus::from(
                text("TrainingJobStatus").ok_or(ObservationError("TrainingJobStatus"))?.to_owned(),
            ),
            secondary_status: text("SecondaryStatus").unwrap_or_default().to_owned(),
            failure_reason: text("FailureReason").map(str::to_owned),
            created_at: when(answer.get("CreationTime")).ok_or(ObservationError("CreationTime"))?,
            started_at: when(answer.get("TrainingStartTime")),
            ended_at: when(answer.get("TrainingEndTime")),
            last_modified_at: when(answer.get("LastModifiedTime"))
                .or_else(|| when(answer.get("CreationTime")))
                .ok_or(ObservationError("LastModifiedTime"))?,
            training_seconds: answer.get("TrainingTimeInSeconds").and_then(Value::as_u64),
            billable_seconds: answer.get("BillableTimeInSeconds").and_then(Value::as_u64),
            model_artifact: answer
                .pointer("/ModelArtifacts/S3ModelArtifacts")
                .and_then(Value::as_str)
                .map(str::to_owned),
            transitions: list(answer.get("SecondaryStatusTransitions"))
                .filter_map(|it| {
                    Some(Transition {
                        status: it.get("Status")?.as_str()?.to_owned(),
                        started_at: when(it.get("StartTime"))?,
                        ended_at: when(it.get("EndTime")),
                        message: it.get("StatusMessage").and_then(Value::as_str).unwrap_or_default().to_owned(),
                    })
                })
                .collect(),
            final_metrics: list(answer.get("FinalMetricDataList"))
                .filter_map(|it| {
                    Some(FinalMetric {
                        name: it.get("MetricName")?.as_str()?.to_owned(),
                        value: float(it.get("Value")?)?,
                    })
                })
                .collect(),
            request: canonical(&Value::Object(request)),
            tags: answer.get("Tags").map(|tags| {
                list(Some(tags))
                    .filter_map(|it| Some((it.get("Key")?.as_str()?.to_owned(), it.get("Value")?.as_str()?.to_owned())))
                    .collect()
            }),
        })
    }

    pub fn hyperparameters(&self) -> BTreeMap<String, String> {
        hyperparameters_of(&self.request)
    }

    pub fn instance_type(&self) -> Option<String> {
        self.request.pointer("/ResourceConfig/InstanceType").and_then(Value::as_str).map(str::to_owned)
    }

    pub fn instance_count(&self) -> u32 {
        let count = self.request.pointer("/ResourceConfig/InstanceCount").and_then(Value::as_u64).unwrap_or(1);
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    pub fn is_spot(&self) -> bool {
        self.request.get("EnableManagedSpotTraining").and_then(Value::as_bool).unwrap_or(false)
    }

    /// Our own run id, when the job carries our tag.
    pub fn run_id(&self) -> Option<RunId> {
        self.tags.as_ref()?.get(tag::RUN_ID).and_then(|it| RunId::parse(it).ok())
    }

    /// The experiment of an imported job: our tag, else `ExperimentConfig`, else `imported`.
    pub fn experiment(&self) -> ExperimentName {
        let from_tag = self.tags.as_ref().and_then(|it| it.get(tag::EXPERIMENT)).map(String::as_str);
        let from_config = self.request.pointer("/ExperimentConfig/ExperimentName").and_then(Value::as_str);
        from_tag
            .or(from_config)
            .and_then(|it| ExperimentName::parse(it).ok())
            .or_else(|| ExperimentName::parse("imported").ok())
            .unwrap_or_else(|| unreachable!("`imported` is an experiment name"))
    }
}

/// The hyperparameters of a request, values as sent.
pub fn hyperparameters_of(request: &Value) -> BTreeMap<String, String> {
    request
        .get("HyperParameters")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// The JSON protocols of AWS write what is no JSON number as text.
fn float(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        _ => value.as_f64(),
    }
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests;
