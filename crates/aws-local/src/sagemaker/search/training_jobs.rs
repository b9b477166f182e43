//! Training jobs as Search answers them: what Describe says, less some members, with the tags.
//!
//! Making a record from a job costs far more than filtering it, so records are kept as long as their job is unchanged:
//! the job host answers the same `Arc` until then.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::{Kind, Record};
use crate::job::JobRecord;
use crate::sagemaker::describe;
use crate::sagemaker::tags::tag_list;
use crate::services::Services;

pub(super) const TRAINING_JOB: Kind =
    Kind { resource: "TrainingJob", member: "TrainingJob", properties: &PROPERTIES, records };

/// The members of `TrainingJob` in the API's model. Describe has some more, which are not searched.
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TrainingJob.html>
const PROPERTIES: [&str; 40] = [
    "AlgorithmSpecification",
    "AutoMLJobArn",
    "BillableTimeInSeconds",
    "CheckpointConfig",
    "CreationTime",
    "DebugHookConfig",
    "DebugRuleConfigurations",
    "DebugRuleEvaluationStatuses",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "EnableNetworkIsolation",
    "Environment",
    "ExperimentConfig",
    "FailureReason",
    "FinalMetricDataList",
    "HyperParameters",
    "InputDataConfig",
    "LabelingJobArn",
    "LastModifiedTime",
    "ModelArtifacts",
    "ModelPackageConfig",
    "OutputDataConfig",
    "OutputModelPackageArn",
    "ProfilerConfig",
    "ResourceConfig",
    "RetryStrategy",
    "RoleArn",
    "SecondaryStatus",
    "SecondaryStatusTransitions",
    "StoppingCondition",
    "Tags",
    "TensorBoardOutputConfig",
    "TrainingEndTime",
    "TrainingJobArn",
    "TrainingJobName",
    "TrainingJobStatus",
    "TrainingStartTime",
    "TrainingTimeInSeconds",
    "TuningJobArn",
    "VpcConfig",
];

/// The records made so far.
#[derive(Default)]
pub(crate) struct JobRecords {
    made: Mutex<Made>,
}

/// By job name: the job as it was, and its record.
type Made = HashMap<String, (Arc<JobRecord>, Arc<Value>)>;

fn records(services: &Services) -> Vec<Record> {
    let jobs = services.jobs.list();
    let mut made = services.job_records.made.lock().unwrap_or_else(PoisonError::into_inner);
    // What is not taken over belongs to jobs that are gone.
    let mut before = std::mem::take(&mut *made);
    jobs.into_iter()
        .map(|job| {
            let members = match before.remove(&job.name) {
                Some((same, members)) if Arc::ptr_eq(&same, &job) => members,
                _ => Arc::new(searched(&job)),
            };
            let name = job.name.clone();
            made.insert(name.clone(), (job, Arc::clone(&members)));
            Record { name, members }
        })
        .collect()
}

fn searched(job: &JobRecord) -> Value {
    let mut members = describe::record(job);
    members.retain(|name, _| PROPERTIES.contains(&name.as_str()));
    members.insert("Tags".to_owned(), tag_list(&job.tags));
    Value::Object(members)
}
