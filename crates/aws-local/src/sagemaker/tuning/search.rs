//! Tuning jobs as Search answers them: what Describe says, with the tags.

use std::sync::Arc;

use serde_json::Value;

use super::describe::record;
use crate::sagemaker::search::{Kind, Record};
use crate::sagemaker::tags;
use crate::services::Services;

pub(in crate::sagemaker) const TUNING_JOB: Kind = Kind {
    resource: "HyperParameterTuningJob",
    member: "HyperParameterTuningJob",
    properties: &[
        "BestTrainingJob",
        "ConsumedResources",
        "CreationTime",
        "FailureReason",
        "HyperParameterTuningEndTime",
        "HyperParameterTuningJobArn",
        "HyperParameterTuningJobConfig",
        "HyperParameterTuningJobName",
        "HyperParameterTuningJobStatus",
        "LastModifiedTime",
        "ObjectiveStatusCounters",
        "OverallBestTrainingJob",
        "Tags",
        "TrainingJobDefinition",
        "TrainingJobDefinitions",
        "TrainingJobStatusCounters",
        "TuningJobCompletionDetails",
        "WarmStartConfig",
    ],
    records,
};

fn records(services: &Services) -> Vec<Record> {
    let made = services.tuning.list().into_iter().filter_map(|job| {
        let mut members = record(services, &job).ok()?;
        members.remove("Autotune");
        members.insert("Tags".to_owned(), tags::tag_list(&services.tags.get(&job.arn)));
        Some(Record { name: job.name, members: Arc::new(Value::Object(members)) })
    });
    made.collect()
}
