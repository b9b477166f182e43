//! Experiments, trials and trial components, and their metrics, through the port.

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestEndpoint, job};

const METRICS_SCOPE: &str =
    "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/sagemaker/aws4_request, SignedHeaders=host, Signature=0";

async fn metrics(endpoint: &TestEndpoint, method: Method, path: &str, input: &Value) -> Value {
    let request = endpoint.request(method, path).header("authorization", METRICS_SCOPE).body(input.to_string());
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

async fn put(endpoint: &TestEndpoint, component: &str, data: Value) -> Value {
    let input = json!({ "TrialComponentName": component, "MetricData": data });
    metrics(endpoint, Method::PUT, "/BatchPutMetrics", &input).await
}

async fn series(endpoint: &TestEndpoint, query: Value) -> Value {
    let input = json!({ "MetricQueries": [query] });
    metrics(endpoint, Method::POST, "/BatchGetMetrics", &input).await["MetricQueryResults"][0].clone()
}

fn arn(kind: &str, name: &str) -> String {
    format!("arn:aws:sagemaker:us-east-1:000000000000:{kind}/{name}")
}

/// Experiment `e` with trial `t` with component `c`.
async fn family(endpoint: &TestEndpoint) {
    endpoint.sagemaker("CreateExperiment", json!({ "ExperimentName": "e", "Description": "first" })).await;
    endpoint.sagemaker("CreateTrial", json!({ "TrialName": "t", "ExperimentName": "e" })).await;
    let component = json!({ "TrialComponentName": "c", "Parameters": { "lr": { "NumberValue": 0.1 } } });
    endpoint.sagemaker("CreateTrialComponent", component).await;
    endpoint.sagemaker("AssociateTrialComponent", json!({ "TrialComponentName": "c", "TrialName": "t" })).await;
}

#[tokio::test]
async fn what_is_in_use_cannot_be_deleted_and_all_of_it_survives_a_restart() {
    let endpoint = TestEndpoint::start().await;
    family(&endpoint).await;
    let endpoint = TestEndpoint::start_in(endpoint.stop().await).await;

    let experiment = endpoint.sagemaker("DescribeExperiment", json!({ "ExperimentName": "e" })).await;
    assert_eq!((&experiment["DisplayName"], &experiment["Description"]), (&json!("e"), &json!("first")));
    let inside = endpoint.sagemaker("ListTrialComponents", json!({ "ExperimentName": "e" })).await;
    assert_eq!(inside["TrialComponentSummaries"][0]["TrialComponentName"], "c");
    let trials = endpoint.sagemaker("ListTrials", json!({ "TrialComponentName": "c" })).await;
    assert_eq!(trials["TrialSummaries"][0]["TrialArn"], arn("experiment-trial", "t"));

    let duplicate = endpoint.refused("CreateExperiment", json!({ "ExperimentName": "e" })).await;
    assert!(duplicate.0 == "ValidationException" && duplicate.1.contains("already exists"), "{duplicate:?}");
    for (operation, input) in [
        ("DeleteExperiment", json!({ "ExperimentName": "e" })),
        ("DeleteTrial", json!({ "TrialName": "t" })),
        ("DeleteTrialComponent", json!({ "TrialComponentName": "c" })),
    ] {
        let (code, message) = endpoint.refused(operation, input).await;
        assert!(code == "ValidationException" && message.contains("cannot be deleted"), "{operation}: {message}");
    }
    endpoint.sagemaker("DisassociateTrialComponent", json!({ "TrialComponentName": "c", "TrialName": "t" })).await;
    endpoint.sagemaker("DeleteTrialComponent", json!({ "TrialComponentName": "c" })).await;
    endpoint.sagemaker("DeleteTrial", json!({ "TrialName": "t" })).await;
    endpoint.sagemaker("DeleteExperiment", json!({ "ExperimentName": "e" })).await;
    let gone = endpoint.refused("DescribeExperiment", json!({ "ExperimentName": "e" })).await;
    assert_eq!(
        gone,
        ("ResourceNotFound".to_owned(), format!("Experiment '{}' does not exist.", arn("experiment", "e")))
    );
    endpoint.stop().await;
}

#[tokio::test]
async fn lists_come_in_pages_in_the_order_asked_for() {
    let endpoint = TestEndpoint::start().await;
    for name in ["b", "a", "c"] {
        endpoint.sagemaker("CreateExperiment", json!({ "ExperimentName": name })).await;
    }
    let mut names = Vec::new();
    let mut input = json!({ "SortBy": "Name", "SortOrder": "Ascending", "MaxResults": 2 });
    loop {
        let page = endpoint.sagemaker("ListExperiments", input.clone()).await;
        let summaries = page["ExperimentSummaries"].as_array().unwrap();
        names.extend(summaries.iter().map(|it| it["ExperimentName"].as_str().unwrap().to_owned()));
        match page.get("NextToken") {
            Some(token) => input["NextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(names, ["a", "b", "c"]);
    input["SortOrder"] = json!("Descending");
    let (_, message) = endpoint.refused("ListExperiments", input).await;
    assert!(message.contains("NextToken"), "{message}");
    endpoint.stop().await;
}

#[tokio::test]
async fn metrics_are_summarised_and_read_back_along_steps_and_time() {
    let endpoint = TestEndpoint::start().await;
    family(&endpoint).await;
    let point =
        |at: f64, step: i64, value: f64| json!({ "MetricName": "loss", "Timestamp": at, "Step": step, "Value": value });
    let answer = put(
        &endpoint,
        "c",
        json!([
            point(1_700_000_000.0, 0, 4.0),
            point(1_700_000_010.0, 1, 2.0),
            { "MetricName": "loss", "Timestamp": 1_700_000_020.0, "Value": "not a number" },
            point(1_700_000_060.0, 2, 0.0),
        ]),
    )
    .await;
    assert_eq!(answer, json!({ "Errors": [{ "Code": "VALIDATION_ERROR", "MetricIndex": 2 }] }));
    let none = put(&endpoint, "nobody", json!([point(1.0, 0, 1.0)])).await;
    assert_eq!(none["Errors"][0]["Code"], "VALIDATION_ERROR");
    let many: Vec<Value> = (0..11).map(|step| point(1.0, step, 1.0)).collect();
    assert!(put(&endpoint, "c", json!(many)).await["message"].as_str().unwrap().contains("less than or equal to 10"));

    // A restart reads the file.
    let endpoint = TestEndpoint::start_in(endpoint.stop().await).await;
    let described = endpoint.sagemaker("DescribeTrialComponent", json!({ "TrialComponentName": "c" })).await;
    let deviation = (8.0_f64 / 3.0).sqrt();
    assert_eq!(
        described["Metrics"],
        json!([{ "MetricName": "loss", "SourceArn": arn("experiment-trial-component", "c"), "TimeStamp": 1_700_000_060.0,
            "Max": 4.0, "Min": 0.0, "Last": 0.0, "Count": 3, "Avg": 2.0, "StdDev": deviation }])
    );
    let query = |stat: &str, period: &str, axis: &str| {
        json!({ "MetricName": "loss", "ResourceArn": arn("experiment-trial-component", "c"), "MetricStat": stat,
            "Period": period, "XAxisType": axis })
    };
    let steps = series(&endpoint, query("Last", "IterationNumber", "IterationNumber")).await;
    assert_eq!((&steps["XAxisValues"], &steps["MetricValues"]), (&json!([0, 1, 2]), &json!([4.0, 2.0, 0.0])));
    let minutes = series(&endpoint, query("Max", "OneMinute", "Timestamp")).await;
    assert_eq!(
        (&minutes["XAxisValues"], &minutes["MetricValues"]),
        (&json!([1_699_999_980, 1_700_000_040]), &json!([4.0, 0.0]))
    );
    let hours = series(&endpoint, query("Count", "OneHour", "IterationNumber")).await;
    assert_eq!((&hours["XAxisValues"], &hours["MetricValues"]), (&json!([2]), &json!([3.0])));
    let mut bounded = query("Avg", "IterationNumber", "IterationNumber");
    bounded["Start"] = json!(1);
    bounded["End"] = json!(1);
    assert_eq!(series(&endpoint, bounded).await["MetricValues"], json!([2.0]));
    let mut unknown = query("Avg", "OneMinute", "Timestamp");
    unknown["ResourceArn"] = arn("experiment-trial-component", "nobody").into();
    assert_eq!(series(&endpoint, unknown).await["Status"], "ValidationError");
    endpoint.stop().await;
}

#[tokio::test]
async fn a_job_in_an_experiment_has_a_component() {
    let endpoint = TestEndpoint::start().await;
    family(&endpoint).await;
    let mut request = job("iris");
    request["ExperimentConfig"] = json!({ "ExperimentName": "e", "TrialName": "nowhere" });
    let (code, _) = endpoint.refused("CreateTrainingJob", request.clone()).await;
    assert_eq!(code, "ResourceNotFound");
    request["ExperimentConfig"] =
        json!({ "ExperimentName": "e", "TrialName": "t", "TrialComponentDisplayName": "shown", "RunName": "c" });
    endpoint.sagemaker("CreateTrainingJob", request.clone()).await;
    let (code, _) = endpoint.refused("CreateTrainingJob", request).await;
    assert_eq!(code, "ResourceInUse");

    let job_arn = arn("training-job", "iris");
    let listed = endpoint.sagemaker("ListTrialComponents", json!({ "SourceArn": job_arn, "SortBy": "Name" })).await;
    let names: Vec<_> =
        listed["TrialComponentSummaries"].as_array().unwrap().iter().map(|it| &it["TrialComponentName"]).collect();
    assert_eq!(names, ["iris-aws-training-job", "c"]);
    let input = json!({ "TrialComponentName": "iris-aws-training-job" });
    let component = endpoint.sagemaker("DescribeTrialComponent", input).await;
    assert_eq!(component["Status"]["PrimaryStatus"], "InProgress");
    assert_eq!(component["DisplayName"], "shown");
    assert_eq!(component["Source"], json!({ "SourceArn": job_arn, "SourceType": "SageMakerTrainingJob" }));
    assert_eq!(component["Parameters"]["lr"], json!({ "NumberValue": 0.1 }));
    assert_eq!(component["Parameters"]["SageMaker.InstanceType"], json!({ "StringValue": "ml.m5.large" }));
    let image = component["InputArtifacts"]["SageMaker.ImageUri"]["Value"].as_str().unwrap();
    assert!(image.contains("sagemaker-scikit-learn"));
    let of_trial = endpoint.sagemaker("ListTrialComponents", json!({ "TrialName": "t" })).await;
    assert_eq!(of_trial["TrialComponentSummaries"].as_array().unwrap().len(), 2);
    endpoint.stop().await;
}

#[tokio::test]
async fn all_three_are_found_and_tagged() {
    let endpoint = TestEndpoint::start().await;
    family(&endpoint).await;
    put(&endpoint, "c", json!([{ "MetricName": "loss", "Timestamp": 1_700_000_000.0, "Value": 0.5 }])).await;
    for (kind, name) in [("experiment", "e"), ("experiment-trial", "t"), ("experiment-trial-component", "c")] {
        let tags = json!([{ "Key": "team", "Value": "vision" }]);
        endpoint.sagemaker("AddTags", json!({ "ResourceArn": arn(kind, name), "Tags": tags })).await;
        assert_eq!(endpoint.sagemaker("ListTags", json!({ "ResourceArn": arn(kind, name) })).await["Tags"], tags);
    }
    let found = async |resource: &str, name: &str, operator: &str, value: &str| {
        let filter = json!({ "Name": name, "Operator": operator, "Value": value });
        let input = json!({ "Resource": resource, "SearchExpression": { "Filters": [filter] } });
        endpoint.sagemaker("Search", input).await["Results"].as_array().unwrap().clone()
    };
    assert_eq!(found("Experiment", "Tags.team", "Equals", "vision").await[0]["Experiment"]["ExperimentName"], "e");
    let trials = found("ExperimentTrial", "ExperimentName", "Equals", "e").await;
    assert_eq!(trials[0]["Trial"]["TrialComponentSummaries"][0]["TrialComponentName"], "c");
    for (name, operator, value) in [
        ("Parents.ExperimentName", "Equals", "e"),
        ("Parameters.lr", "LessThan", "0.2"),
        ("Metrics.loss.Min", "LessThanOrEqualTo", "0.5"),
    ] {
        let components = found("ExperimentTrialComponent", name, operator, value).await;
        assert_eq!(components.len(), 1, "{name}");
        assert_eq!(components[0]["TrialComponent"]["Parents"][0]["TrialName"], "t");
    }
    assert!(found("ExperimentTrialComponent", "Parameters.lr", "GreaterThan", "0.2").await.is_empty());
    endpoint.stop().await;
}
