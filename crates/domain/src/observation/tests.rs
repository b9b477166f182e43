use serde_json::json;

use super::*;

/// What DescribeTrainingJob answers for a finished spot job (shape of the API reference, epoch seconds as on the wire).
fn describe() -> Value {
    json!({
        "TrainingJobName": "wine-quality-01jd5z0q6v8x2n4t7r9c3b1m5k",
        "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/wine-quality-01jd5z0q6v8x2n4t7r9c3b1m5k",
        "ModelArtifacts": { "S3ModelArtifacts": "s3://trainyard/runs/wine/output/model.tar.gz" },
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "HyperParameters": { "epochs": "10", "sagemaker_program": "train.py" },
        "AlgorithmSpecification": {
            "TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{ "Name": "train:loss", "Regex": "loss=([0-9.]+)" }],
            "EnableSageMakerMetricsTimeSeries": true,
        },
        "RoleArn": "arn:aws:iam::123456789012:role/SageMakerTraining",
        "OutputDataConfig": { "S3OutputPath": "s3://trainyard/runs", "KmsKeyId": "" },
        "ResourceConfig": { "InstanceType": "ml.m5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 30 },
        "StoppingCondition": { "MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200 },
        "EnableManagedSpotTraining": true,
        "CreationTime": 1_795_449_900.123,
        "TrainingStartTime": 1_795_449_960.0,
        "TrainingEndTime": 1_795_450_160.5,
        "LastModifiedTime": 1_795_450_161.25,
        "SecondaryStatusTransitions": [
            { "Status": "Starting", "StartTime": 1_795_449_900.5, "EndTime": 1_795_449_960.0, "StatusMessage": "Preparing the instances for training" },
            { "Status": "Training", "StartTime": 1_795_449_960.0, "EndTime": 1_795_450_150.0, "StatusMessage": "Training in-progress" },
            { "Status": "Completed", "StartTime": 1_795_450_150.0, "EndTime": 1_795_450_160.5, "StatusMessage": "Training job completed" },
        ],
        "FinalMetricDataList": [{ "MetricName": "train:loss", "Value": 0.125, "Timestamp": 1_795_450_140.0 }],
        "TrainingTimeInSeconds": 200,
        "BillableTimeInSeconds": 60,
        "ProfilingStatus": "Disabled",
    })
}

#[test]
fn a_describe_answer() {
    let seen = JobObservation::parse(&describe()).expect("a whole answer");
    assert_eq!(seen.status, TrainingJobStatus::Completed);
    assert_eq!(seen.created_at.unix_micros(), 1_795_449_900_123_000);
    assert_eq!(seen.started_at.map(Timestamp::unix_micros), Some(1_795_449_960_000_000));
    assert_eq!((seen.training_seconds, seen.billable_seconds), (Some(200), Some(60)));
    assert_eq!(seen.model_artifact.as_deref(), Some("s3://trainyard/runs/wine/output/model.tar.gz"));
    assert_eq!(seen.transitions.len(), 3);
    assert_eq!(seen.transitions[1].message, "Training in-progress");
    assert_eq!(seen.final_metrics, [FinalMetric { name: "train:loss".to_owned(), value: 0.125 }]);
    assert_eq!(
        (seen.instance_type().as_deref(), seen.instance_count(), seen.is_spot()),
        (Some("ml.m5.xlarge"), 2, true)
    );
    assert_eq!(seen.hyperparameters().get("epochs").map(String::as_str), Some("10"));
    assert_eq!((seen.tags.as_ref(), seen.run_id()), (None, None), "Describe has no tags");
    let mut diverged = describe();
    diverged["FinalMetricDataList"][0]["Value"] = json!("-Infinity");
    let metrics = JobObservation::parse(&diverged).expect("a whole answer").final_metrics;
    assert_eq!(metrics[0].value.to_bits(), f64::NEG_INFINITY.to_bits());
    assert_eq!(seen.experiment().as_str(), "imported");
}

#[test]
fn the_request_is_what_was_sent_and_nothing_else() {
    let request = JobObservation::parse(&describe()).expect("a whole answer").request;
    let members: Vec<&String> = request.as_object().expect("an object").keys().collect();
    let sent = [
        "AlgorithmSpecification",
        "EnableManagedSpotTraining",
        "HyperParameters",
        "OutputDataConfig",
        "ResourceConfig",
        "RoleArn",
        "StoppingCondition",
        "TrainingJobName",
    ];
    assert_eq!(members, sent, "canonical: in this order");
}

#[test]
fn a_search_record_has_tags() {
    let mut record = describe();
    record["Tags"] = json!([
        { "Key": "trainyard:run-id", "Value": "01JD5Z0Q6V8X2N4T7R9C3B1M5K" },
        { "Key": "trainyard:experiment", "Value": "Wine quality" },
        { "Key": "broken" },
    ]);
    record["ExperimentConfig"] = json!({ "ExperimentName": "other" });
    let seen = JobObservation::parse(&record).expect("a whole record");
    assert_eq!(seen.run_id(), RunId::parse("01JD5Z0Q6V8X2N4T7R9C3B1M5K").ok());
    assert_eq!(seen.experiment().as_str(), "Wine quality");
    assert_eq!(seen.tags.as_ref().map(BTreeMap::len), Some(2), "a tag without a value is none");
    assert!(seen.request.get("Tags").is_none(), "tags are kept apart");
    record["Tags"] = json!([]);
    assert_eq!(JobObservation::parse(&record).expect("a whole record").experiment().as_str(), "other");
}

#[test]
fn a_job_that_has_just_been_created() {
    let answer = json!({
        "TrainingJobName": "a", "TrainingJobArn": "arn", "TrainingJobStatus": "InProgress", "CreationTime": 1.5,
        "FailureReason": null, "TrainingStartTime": null,
    });
    let seen = JobObservation::parse(&answer).expect("enough");
    assert_eq!((seen.secondary_status.as_str(), seen.started_at, seen.failure_reason.as_deref()), ("", None, None));
    assert_eq!((seen.training_seconds, seen.billable_seconds, seen.model_artifact.as_deref()), (None, None, None));
    assert_eq!(seen.last_modified_at, seen.created_at);
    assert_eq!((seen.instance_type(), seen.instance_count(), seen.is_spot()), (None, 1, false));
    assert!(seen.transitions.is_empty() && seen.final_metrics.is_empty());
}

#[test]
fn what_aws_adds_later_is_kept() {
    let mut answer = describe();
    answer["TrainingJobStatus"] = json!("Hibernating");
    answer["SecondaryStatus"] = json!("MaxWaitTimeExceeded");
    answer["NewRequestMember"] = json!({ "A": 1 });
    let seen = JobObservation::parse(&answer).expect("a whole answer");
    assert_eq!(seen.status, TrainingJobStatus::Other("Hibernating".to_owned()));
    assert!(!seen.status.is_terminal());
    assert_eq!(seen.secondary_status, "MaxWaitTimeExceeded");
    assert_eq!(seen.request["NewRequestMember"]["A"], 1);
}

#[test]
fn an_answer_without_its_identity_is_refused_by_name() {
    for member in ["TrainingJobName", "TrainingJobArn", "TrainingJobStatus", "CreationTime"] {
        let mut answer = describe();
        answer.as_object_mut().expect("an object").remove(member);
        let error = JobObservation::parse(&answer).expect_err("incomplete");
        assert!(error.to_string().contains(member), "{error}");
    }
    for wrong in [json!(null), json!([]), json!("text")] {
        assert!(JobObservation::parse(&wrong).is_err());
    }
}

#[test]
fn members_of_a_wrong_type_are_absent_not_zero() {
    let mut answer = describe();
    answer["TrainingTimeInSeconds"] = json!("200");
    answer["BillableTimeInSeconds"] = json!(-1);
    answer["SecondaryStatusTransitions"] = json!({ "Status": "x" });
    answer["FinalMetricDataList"] = json!([{ "MetricName": "loss" }, 7]);
    let seen = JobObservation::parse(&answer).expect("the rest is whole");
    assert_eq!((seen.training_seconds, seen.billable_seconds), (None, None));
    assert!(seen.transitions.is_empty() && seen.final_metrics.is_empty());
}
