//! What DescribeTrainingJob and Search answer beyond what CreateTrainingJob was called with.

use serde_json::{Map, Value};

/// Members of an answer that are not members of the request, and what clients add to an answer.
const ANSWER_ONLY: [&str; 25] = [
    "TrainingJobArn",
    "TuningJobArn",
    "LabelingJobArn",
    "AutoMLJobArn",
    "ModelArtifacts",
    "TrainingJobStatus",
    "SecondaryStatus",
    "FailureReason",
    "WarmPoolStatus",
    "CreationTime",
    "TrainingStartTime",
    "TrainingEndTime",
    "LastModifiedTime",
    "SecondaryStatusTransitions",
    "FinalMetricDataList",
    "TrainingTimeInSeconds",
    "BillableTimeInSeconds",
    "BillableTokenCount",
    "DebugRuleEvaluationStatuses",
    "ProfilerRuleEvaluationStatuses",
    "ProfilingStatus",
    "MlflowDetails",
    "ProgressInfo",
    "OutputModelPackageArn",
    "ResponseMetadata",
];

/// Of `ResourceConfig`: which of the instance preferences was taken.
const SELECTED: [&str; 2] = ["SelectedInstanceType", "SelectedInstanceCount"];

pub fn is_answer_only(member: &str) -> bool {
    ANSWER_ONLY.contains(&member)
}

/// The request in an answer, and the names of the members that are not of it. Members that nobody knows stay.
pub fn request_of_answer(answer: Map<String, Value>) -> (Map<String, Value>, Vec<String>) {
    let (only, mut request): (Map<_, _>, Map<_, _>) = answer.into_iter().partition(|(name, _)| is_answer_only(name));
    let mut left_out: Vec<String> = only.into_iter().map(|(name, _)| name).collect();
    if let Some(resources) = request.get_mut("ResourceConfig").and_then(Value::as_object_mut) {
        let selected = SELECTED.into_iter().filter(|it| resources.remove(*it).is_some());
        left_out.extend(selected.map(|it| format!("ResourceConfig.{it}")));
    }
    (request, left_out)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_request_of_an_answer_has_nothing_of_the_answer() {
        let answer = json!({
            "TrainingJobName": "a",
            "TrainingJobStatus": "Completed",
            "NewMember": 1,
            "ResourceConfig": { "InstancePreferences": [], "SelectedInstanceType": "ml.m5.large" },
        });
        let (request, left_out) = request_of_answer(answer.as_object().cloned().expect("an object"));
        let wanted = json!({ "TrainingJobName": "a", "NewMember": 1, "ResourceConfig": { "InstancePreferences": [] } });
        assert_eq!(Value::Object(request), wanted);
        assert_eq!(left_out, ["TrainingJobStatus", "ResourceConfig.SelectedInstanceType"]);
    }
}
