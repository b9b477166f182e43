//! Tuning jobs through the API: what is refused, and in which words. Those that run are in `tests/served`.

use serde_json::{Value, json};

use crate::app::{TestEndpoint, job};

fn tuning(name: &str) -> Value {
    let mut definition = job("unused");
    let members = definition.as_object_mut().unwrap();
    members.remove("TrainingJobName");
    members.remove("Tags");
    members.remove("HyperParameters");
    definition["StaticHyperParameters"] = json!({ "epochs": "3" });
    json!({
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": { "Type": "Minimize", "MetricName": "loss" },
            "ResourceLimits": { "MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1 },
            "ParameterRanges": { "ContinuousParameterRanges": [{ "Name": "lr", "MinValue": "0.001", "MaxValue": "1" }] },
        },
        "TrainingJobDefinition": definition,
    })
}

fn with(pointer: &str, value: Value) -> Value {
    let mut request = tuning("refused");
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = request.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(name);
    } else {
        parent.insert(name.to_owned(), value);
    }
    request
}

#[tokio::test]
async fn wrong_requests_are_refused_and_nothing_is_created() {
    let endpoint = TestEndpoint::start().await;
    let config = "/HyperParameterTuningJobConfig";
    let at = |member: &str| format!("{config}/{member}");
    let cases = [
        (with("/HyperParameterTuningJobName", json!("x".repeat(33))), "length less than or equal to 32"),
        (
            with("/TrainingJobDefinition", Value::Null),
            "exactly one of TrainingJobDefinition and TrainingJobDefinitions",
        ),
        (with(&at("HyperParameterTuningJobObjective"), Value::Null), "An objective must be specified"),
        (
            with(&at("HyperParameterTuningJobObjective/MetricName"), json!("accuracy")),
            "must be one of the MetricDefinitions",
        ),
        (with(&at("ParameterRanges"), Value::Null), "At least one hyperparameter"),
        (with("/TrainingJobDefinition/StaticHyperParameters", json!({ "lr": "1" })), "only one of the two"),
        (with(&at("Strategy"), json!("Grid")), "CategoricalParameterRanges only"),
        (with(&at("Strategy"), json!("Guess")), "enum value set: [Bayesian, Random, Hyperband, Grid]"),
        (with(&at("ResourceLimits/MaxParallelTrainingJobs"), json!(101)), "at most 100"),
        (with("/TrainingJobDefinition/ResourceConfig/InstanceCount", json!(0)), "InstanceCount must be at least 1"),
        (
            with(
                "/WarmStartConfig",
                json!({ "WarmStartType": "TransferLearning",
                    "ParentHyperParameterTuningJobs": [{ "HyperParameterTuningJobName": "nobody" }] }),
            ),
            "does not exist",
        ),
    ];
    for (request, wanted) in cases {
        let (code, message) = endpoint.refused("CreateHyperParameterTuningJob", request).await;
        assert_eq!(code, "ValidationException", "{message}");
        assert!(message.contains(wanted), "{message:?} does not say {wanted:?}");
    }
    let mut hyperband = with(&at("Strategy"), json!("Hyperband"));
    hyperband["TrainingJobDefinition"]["StaticHyperParameters"] = json!({});
    let (_, message) = endpoint.refused("CreateHyperParameterTuningJob", hyperband).await;
    assert!(message.contains("MaxResource"), "{message}");
    let listed = endpoint.sagemaker("ListHyperParameterTuningJobs", json!({})).await;
    assert_eq!(listed, json!({ "HyperParameterTuningJobSummaries": [] }));
    let jobs = endpoint.sagemaker("ListTrainingJobs", json!({})).await;
    assert_eq!(jobs["TrainingJobSummaries"], json!([]));
    for operation in ["DescribeHyperParameterTuningJob", "StopHyperParameterTuningJob"] {
        let refused = endpoint.refused(operation, json!({ "HyperParameterTuningJobName": "nobody" })).await;
        assert_eq!(refused, ("ResourceNotFound".to_owned(), "Requested resource not found.".to_owned()));
    }
    endpoint.stop().await;
}
