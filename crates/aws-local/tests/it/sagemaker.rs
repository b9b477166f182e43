//! Training jobs through the API: what is accepted, what is refused and in which words, and how jobs are found again.

use std::fs;

use serde_json::{Value, json};

use crate::app::{TestEndpoint, job};

/// A valid request with one member changed, by JSON pointer; null takes it out.
fn with(pointer: &str, value: Value) -> Value {
    let mut request = job("refused");
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
    let channel = |uri: &str| json!([{ "ChannelName": "train", "DataSource": { "S3DataSource": { "S3DataType": "S3Prefix", "S3Uri": uri } } }]);
    let many: serde_json::Map<_, _> = (0..101).map(|n| (format!("p{n}"), json!("1"))).collect();
    let metrics: Vec<_> = (0..41).map(|n| json!({ "Name": format!("m{n}"), "Regex": "(.)" })).collect();
    let cases = [
        (
            with("/TrainingJobName", json!("x".repeat(64))),
            "'trainingJobName' failed to satisfy constraint: Member must have length less than or equal to 63",
        ),
        (
            with("/TrainingJobName", json!("no_underscore")),
            "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        ),
        (
            with("/ResourceConfig/InstanceType", json!("ml.m5.enormous")),
            "'resourceConfig.instanceType' failed to satisfy constraint: Member must satisfy enum value set: [ml.m4.xlarge",
        ),
        (with("/ResourceConfig/InstanceCount", json!(0)), "InstanceCount must be at least 1"),
        (with("/ResourceConfig", Value::Null), "Value null at 'resourceConfig'"),
        (with("/StoppingCondition", Value::Null), "Value null at 'stoppingCondition'"),
        (with("/AlgorithmSpecification", Value::Null), "Value null at 'algorithmSpecification'"),
        (
            with("/RoleArn", json!("arn:aws:iam::12:role/short")),
            "'roleArn' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:aws",
        ),
        (with("/EnableManagedSpotTraining", json!(true)), "MaxWaitTimeInSeconds must be specified"),
        (
            with("/StoppingCondition/MaxWaitTimeInSeconds", json!(7200)),
            "only be specified when EnableManagedSpotTraining is true",
        ),
        (with("/StoppingCondition/MaxRuntimeInSeconds", json!(2_419_201)), "28 days"),
        (with("/HyperParameters", Value::Object(many)), "Member must have length less than or equal to 100"),
        (
            with("/HyperParameters/long", json!("x".repeat(2501))),
            "Map value must satisfy constraint: [Member must have length less than or equal to 2500]",
        ),
        (
            with("/AlgorithmSpecification/MetricDefinitions", json!(metrics)),
            "Member must have length less than or equal to 40",
        ),
        (
            with("/AlgorithmSpecification/MetricDefinitions", json!([{ "Name": "a", "Regex": "loss=.*" }])),
            "has no capture group",
        ),
        (with("/AlgorithmSpecification/MetricDefinitions", json!([{ "Name": "a", "Regex": "loss=(" }])), "is invalid"),
        (
            with("/AlgorithmSpecification/AlgorithmName", json!("xgboost")),
            "exactly one of TrainingImage and AlgorithmName",
        ),
        (
            with("/InputDataConfig", channel("s3://trainyard/nothing/")),
            "No S3 objects found under S3 URL \"s3://trainyard/nothing/\" given in input data source.",
        ),
        (with("/InputDataConfig", channel("s3://no-such-bucket/x")), "No S3 objects found"),
        (with("/InputDataConfig", channel("s3://trainyard/../jobs")), "No S3 objects found"),
        (
            with("/AlgorithmSpecification/TrainingImageConfig", json!({ "TrainingRepositoryAccessMode": "Vpc" })),
            "requires a VpcConfig",
        ),
        (
            with(
                "/InputDataConfig",
                json!([{ "ChannelName": "train", "InputMode": "FastFile", "DataSource": {
                    "S3DataSource": { "S3DataType": "ManifestFile", "S3Uri": "s3://trainyard/x" } } }]),
            ),
            "must have the S3DataType S3Prefix",
        ),
        (
            with(
                "/InputDataConfig",
                json!([{ "ChannelName": "train", "CompressionType": "Gzip", "DataSource": {
                    "S3DataSource": { "S3DataType": "S3Prefix", "S3Uri": "s3://trainyard/x" } } }]),
            ),
            "CompressionType of the channel \"train\" must be None",
        ),
        (
            with(
                "/InputDataConfig",
                json!([{ "ChannelName": "train", "DataSource": { "S3DataSource": { "S3DataType": "S3Prefix",
                    "S3Uri": "s3://trainyard/x", "InstanceGroupNames": ["none"] } } }]),
            ),
            "is not in InstanceGroups",
        ),
        (with("/Tags", json!([{ "Key": "a", "Value": "1" }, { "Key": "a", "Value": "2" }])), "given more than once"),
    ];
    for (request, part) in cases {
        let (code, message) = endpoint.refused("CreateTrainingJob", request).await;
        assert_eq!(code, "ValidationException", "{message}");
        assert!(message.contains(part), "{message} should say {part}");
    }
    let mut spot = with("/EnableManagedSpotTraining", json!(true));
    spot["StoppingCondition"]["MaxWaitTimeInSeconds"] = json!(3599);
    let (_, message) = endpoint.refused("CreateTrainingJob", spot).await;
    assert!(message.contains("greater than or equal to MaxRuntimeInSeconds"), "{message}");
    assert_eq!(endpoint.sagemaker("ListTrainingJobs", json!({})).await["TrainingJobSummaries"], json!([]));
}

#[tokio::test]
async fn a_created_job_is_described_with_what_was_sent() {
    let endpoint = TestEndpoint::start().await;
    fs::create_dir_all(endpoint.data.path().join("s3/trainyard/data")).unwrap();
    fs::write(endpoint.data.path().join("s3/trainyard/data/iris.csv"), "1,2").unwrap();
    let mut request = job("iris-1");
    request["InputDataConfig"] = json!([{ "ChannelName": "train",
        "DataSource": { "S3DataSource": { "S3DataType": "S3Prefix", "S3Uri": "s3://trainyard/data/ir" } } }]);
    request["FromTheFuture"] = json!(true);
    let created = endpoint.sagemaker("CreateTrainingJob", request.clone()).await;
    assert_eq!(created["TrainingJobArn"], "arn:aws:sagemaker:us-east-1:000000000000:training-job/iris-1");

    let described = endpoint.sagemaker("DescribeTrainingJob", json!({ "TrainingJobName": "iris-1" })).await;
    for member in
        ["HyperParameters", "InputDataConfig", "OutputDataConfig", "ResourceConfig", "StoppingCondition", "RoleArn"]
    {
        assert_eq!(described[member], request[member], "{member}");
    }
    assert!(described.get("Tags").is_none() && described.get("FromTheFuture").is_none());
    assert!(described["CreationTime"].as_f64().unwrap() > 1.7e9);
    let first = &described["SecondaryStatusTransitions"][0];
    assert!(first["StartTime"].is_f64() && first["StatusMessage"].is_string(), "{first}");

    let (code, message) = endpoint.refused("CreateTrainingJob", request).await;
    assert_eq!(code, "ResourceInUse");
    assert!(message.starts_with("Training job names must be unique within an AWS account and region"), "{message}");
}

#[tokio::test]
async fn of_many_creates_of_one_name_one_succeeds() {
    let endpoint = TestEndpoint::start().await;
    let request = job("race");
    let attempts = (0..8).map(|_| endpoint.json("SageMaker", "CreateTrainingJob", &request));
    let outcomes = futures::future::join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|(status, _)| status.is_success()).count(), 1);
    assert!(outcomes.iter().all(|(status, answer)| status.is_success() || answer["__type"] == "ResourceInUse"));
}

#[tokio::test]
async fn unknown_jobs_are_validation_exceptions() {
    let endpoint = TestEndpoint::start().await;
    for operation in ["DescribeTrainingJob", "StopTrainingJob"] {
        let refused = endpoint.refused(operation, json!({ "TrainingJobName": "nothing" })).await;
        assert_eq!(refused, ("ValidationException".to_owned(), "Requested resource not found.".to_owned()));
    }
    let arn = "arn:aws:sagemaker:us-east-1:000000000000:training-job/nothing";
    assert_eq!(endpoint.refused("ListTags", json!({ "ResourceArn": arn })).await.0, "ValidationException");
}

#[tokio::test]
async fn tags_are_merged_and_listed() {
    let endpoint = TestEndpoint::start().await;
    endpoint.create("tagged").await;
    let arn = "arn:aws:sagemaker:us-east-1:000000000000:training-job/tagged";
    let added = json!([{ "Key": "cost", "Value": "low" }, { "Key": "team", "Value": "speech" }]);
    let merged = endpoint.sagemaker("AddTags", json!({ "ResourceArn": arn, "Tags": added })).await;
    assert_eq!(merged["Tags"], added);
    assert_eq!(endpoint.sagemaker("ListTags", json!({ "ResourceArn": arn })).await["Tags"], added);
    endpoint.sagemaker("DeleteTags", json!({ "ResourceArn": arn, "TagKeys": ["team", "absent"] })).await;
    let kept = json!([{ "Key": "cost", "Value": "low" }]);
    assert_eq!(endpoint.sagemaker("ListTags", json!({ "ResourceArn": arn })).await["Tags"], kept);
    let asked = json!({ "Resource": "TrainingJob",
        "SuggestionQuery": { "PropertyNameQuery": { "PropertyNameHint": "Tags." } } });
    let suggested = endpoint.sagemaker("GetSearchSuggestions", asked).await;
    assert_eq!(suggested["PropertyNameSuggestions"], json!([{ "PropertyName": "Tags.cost" }]));
    let many: Vec<_> = (0..50).map(|n| json!({ "Key": format!("k{n}"), "Value": "" })).collect();
    let (_, message) = endpoint.refused("AddTags", json!({ "ResourceArn": arn, "Tags": many })).await;
    assert!(message.contains("at most 50 tags"), "{message}");
}

/// Names of all pages of a list, read to the end.
async fn pages(
    endpoint: &TestEndpoint,
    operation: &str,
    mut input: Value,
    name: fn(&Value) -> Vec<String>,
) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        let page = endpoint.sagemaker(operation, input.clone()).await;
        names.extend(name(&page));
        match page.get("NextToken") {
            Some(token) => input["NextToken"] = token.clone(),
            None => return names,
        }
    }
}

fn summary_names(page: &Value) -> Vec<String> {
    let summaries = page["TrainingJobSummaries"].as_array().unwrap();
    summaries.iter().map(|summary| summary["TrainingJobName"].as_str().unwrap().to_owned()).collect()
}

fn result_names(page: &Value) -> Vec<String> {
    let results = page["Results"].as_array().unwrap();
    results.iter().map(|result| result["TrainingJob"]["TrainingJobName"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn lists_are_sorted_filtered_and_paged() {
    let endpoint = TestEndpoint::start().await;
    for name in ["b-2", "a-1", "c-3", "a-2", "b-1"] {
        endpoint.create(name).await;
    }
    let list = async |input: Value| pages(&endpoint, "ListTrainingJobs", input, summary_names).await;
    assert_eq!(
        list(json!({ "MaxResults": 2, "SortBy": "Name", "SortOrder": "Ascending" })).await,
        ["a-1", "a-2", "b-1", "b-2", "c-3"]
    );
    assert_eq!(
        list(json!({ "MaxResults": 1, "SortBy": "Name", "SortOrder": "Descending", "NameContains": "-2" })).await,
        ["b-2", "a-2"]
    );
    assert_eq!(list(json!({ "MaxResults": 2 })).await.len(), 5);
    assert!(list(json!({ "CreationTimeBefore": 1_000_000_000 })).await.is_empty());
    assert_eq!(
        list(json!({ "CreationTimeAfter": 1_000_000_000, "LastModifiedTimeAfter": 1_000_000_000 })).await.len(),
        5
    );

    // The status is looked at after the page is cut: an empty page with a token, as at AWS.
    let page = endpoint.sagemaker("ListTrainingJobs", json!({ "MaxResults": 2, "StatusEquals": "Completed" })).await;
    assert_eq!(page["TrainingJobSummaries"], json!([]));
    assert!(page["NextToken"].is_string());
    let stale = json!({ "NextToken": page["NextToken"], "SortBy": "Name" });
    assert_eq!(endpoint.refused("ListTrainingJobs", stale).await.0, "ValidationException");
}

#[tokio::test]
async fn searches_find_by_tags_and_parameters_in_pages() {
    let endpoint = TestEndpoint::start().await;
    for (name, epochs) in [("s-1", "5"), ("s-2", "10"), ("s-3", "20")] {
        let mut request = job(name);
        request["HyperParameters"]["epochs"] = json!(epochs);
        endpoint.sagemaker("CreateTrainingJob", request).await;
    }
    let search = async |expression: Value| {
        let input = json!({ "Resource": "TrainingJob", "MaxResults": 1, "SortBy": "TrainingJobName", "SortOrder": "Ascending",
            "SearchExpression": expression });
        pages(&endpoint, "Search", input, result_names).await
    };
    let tag = json!({ "Name": "Tags.team", "Operator": "Equals", "Value": "vision" });
    let epochs =
        |operator: &str, value: &str| json!({ "Name": "HyperParameters.epochs", "Operator": operator, "Value": value });
    assert_eq!(search(json!({ "Filters": [tag, epochs("GreaterThan", "9")] })).await, ["s-2", "s-3"]);
    assert_eq!(
        search(json!({ "Operator": "Or", "Filters": [epochs("Equals", "5"), epochs("In", "20,30")] })).await,
        ["s-1", "s-3"]
    );

    let full = endpoint.sagemaker("Search", json!({ "Resource": "TrainingJob" })).await;
    assert_eq!(full["Results"][0]["TrainingJob"]["Tags"], json!([{ "Key": "team", "Value": "vision" }]));
    let other = endpoint.refused("Search", json!({ "Resource": "Pipeline" })).await;
    assert!(other.1.contains("Pipeline"), "{}", other.1);
    let wrong = json!({ "Resource": "TrainingJob", "SearchExpression": { "Filters": [
        { "Name": "CreationTime", "Operator": "GreaterThan", "Value": "yesterday" }] } });
    assert!(endpoint.refused("Search", wrong).await.1.contains("ISO 8601"));
}

#[tokio::test]
async fn logs_of_a_group_without_streams_are_not_found() {
    let endpoint = TestEndpoint::start().await;
    let group = json!({ "logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamName": "x" });
    for operation in ["DescribeLogStreams", "GetLogEvents", "FilterLogEvents"] {
        let (status, answer) = endpoint.json("Logs_20140328", operation, &group).await;
        assert_eq!((status.as_u16(), &answer["__type"]), (400, &json!("ResourceNotFoundException")), "{operation}");
    }
    let (status, answer) = endpoint.json("Logs_20140328", "DescribeLogGroups", &json!({})).await;
    assert_eq!((status.as_u16(), answer), (200, json!({ "logGroups": [] })));
}

#[tokio::test]
async fn a_key_for_the_volume_is_refused_where_the_instance_has_local_storage() {
    let endpoint = TestEndpoint::start().await;
    let with_key = |kind: &str, name: &str| {
        let mut request = job(name);
        request["ResourceConfig"]["InstanceType"] = kind.into();
        request["ResourceConfig"]["VolumeKmsKeyId"] = "1234abcd-12ab-34cd-56ef-1234567890ab".into();
        request
    };
    for kind in ["ml.g5.xlarge", "ml.p4d.24xlarge", "ml.trn1.2xlarge"] {
        let (code, message) = endpoint.refused("CreateTrainingJob", with_key(kind, "nvme")).await;
        assert_eq!(code, "ValidationException");
        assert!(message.contains("VolumeKmsKeyId") && message.contains(kind), "{message}");
    }
    endpoint.sagemaker("CreateTrainingJob", with_key("ml.m5.large", "ebs")).await;
    let described = endpoint.sagemaker("DescribeTrainingJob", json!({ "TrainingJobName": "ebs" })).await;
    assert_eq!(described["ProfilingStatus"], "Disabled");
}
