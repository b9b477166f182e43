//! JSON of any kind, sent to every JSON operation: answered or refused in the protocol's own form, and never by a 5xx.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::app::{TestEndpoint, job};

/// Requests of each kind of body.
const CASES: usize = 600;

/// Every operation that speaks JSON, with a request that means something to it.
fn operations() -> Vec<(&'static str, &'static str, Value)> {
    let arn = "arn:aws:sagemaker:us-east-1:000000000000:training-job/fuzzed";
    let group = json!({ "logGroupName": "/aws/sagemaker/TrainingJobs", "logStreamName": "s" });
    let dimensions = json!([{ "Name": "Host", "Value": "h" }]);
    let metric = json!({ "Namespace": "n", "MetricName": "m", "Dimensions": dimensions });
    let period = json!({ "Start": "2026-11-01", "End": "2026-11-03" });
    let quota = json!({ "ServiceCode": "sagemaker", "QuotaCode": "L-1", "MaxResults": 10 });
    let search = json!({ "Resource": "TrainingJob", "MaxResults": 5, "SearchExpression": { "Operator": "And",
        "Filters": [{ "Name": "Metrics.loss", "Operator": "GreaterThan", "Value": "0.5" }],
        "SubExpressions": [{ "Filters": [{ "Name": "Tags.team", "Operator": "Exists" }] }] } });
    let tuning = json!({ "HyperParameterTuningJobName": "tuned", "HyperParameterTuningJobConfig": {
        "Strategy": "Random", "ResourceLimits": { "MaxParallelTrainingJobs": 1, "MaxNumberOfTrainingJobs": 2 },
        "ParameterRanges": { "ContinuousParameterRanges": [{ "Name": "lr", "MinValue": "0.1", "MaxValue": "1" }] } } });
    let cost = json!({ "TimePeriod": period, "Granularity": "DAILY", "Metrics": ["UnblendedCost"],
        "GroupBy": [{ "Type": "TAG", "Key": "team" }],
        "Filter": { "And": [{ "Tags": { "Key": "team", "Values": ["a"] } }, { "Not": { "Dimensions": {
            "Key": "USAGE_TYPE", "Values": ["x"], "MatchOptions": ["STARTS_WITH"] } } }] } });
    let logs = |more: &[(&str, Value)]| {
        let mut request = group.as_object().cloned().unwrap_or_default();
        request.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        Value::Object(request)
    };
    let named = |member: &str| json!({ (member): "fuzzed", "DisplayName": "d", "MaxResults": 10 });
    let mut all = vec![
        ("SageMaker", "CreateTrainingJob", job("fuzzed")),
        (
            "SageMaker",
            "UpdateTrainingJob",
            json!({ "TrainingJobName": "fuzzed", "ResourceConfig": { "KeepAlivePeriodInSeconds": 60 } }),
        ),
        (
            "SageMaker",
            "ListTrainingJobs",
            json!({ "MaxResults": 5, "CreationTimeAfter": 1.5, "SortBy": "Name", "NextToken": "x" }),
        ),
        ("SageMaker", "Search", search),
        (
            "SageMaker",
            "GetSearchSuggestions",
            json!({ "Resource": "TrainingJob", "SuggestionQuery": { "PropertyNameQuery": { "PropertyNameHint": "T" } } }),
        ),
        ("SageMaker", "AddTags", json!({ "ResourceArn": arn, "Tags": [{ "Key": "k", "Value": "v" }] })),
        ("SageMaker", "ListTags", json!({ "ResourceArn": arn, "MaxResults": 50 })),
        ("SageMaker", "DeleteTags", json!({ "ResourceArn": arn, "TagKeys": ["k"] })),
        ("SageMaker", "CreateHyperParameterTuningJob", tuning),
        ("SageMaker", "CreateTrial", json!({ "TrialName": "t", "ExperimentName": "fuzzed" })),
        (
            "SageMaker",
            "CreateTrialComponent",
            json!({ "TrialComponentName": "c", "StartTime": 1.0, "Parameters": { "lr": { "NumberValue": 0.1 } } }),
        ),
        (
            "SageMaker",
            "UpdateTrialComponent",
            json!({ "TrialComponentName": "c", "EndTime": 2, "ParametersToRemove": ["lr"] }),
        ),
        ("SageMaker", "AssociateTrialComponent", json!({ "TrialComponentName": "c", "TrialName": "t" })),
        ("SageMaker", "DisassociateTrialComponent", json!({ "TrialComponentName": "c", "TrialName": "t" })),
        ("SageMaker", "ListTrialComponents", json!({ "TrialName": "t", "CreatedAfter": 0, "SortOrder": "Ascending" })),
        (
            "Logs_20140328",
            "PutLogEvents",
            logs(&[("logEvents", json!([{ "timestamp": 1_760_000_000_000_i64, "message": "m" }]))]),
        ),
        (
            "Logs_20140328",
            "GetLogEvents",
            logs(&[("startTime", json!(0)), ("endTime", json!(9)), ("limit", json!(5)), ("nextToken", json!("f/0"))]),
        ),
        (
            "Logs_20140328",
            "FilterLogEvents",
            logs(&[("filterPattern", json!("{ $.a = 1 && $.b IS TRUE }")), ("limit", json!(5))]),
        ),
        ("Logs_20140328", "DescribeLogGroups", json!({ "logGroupNamePrefix": "/", "limit": 5 })),
        ("Logs_20140328", "DescribeLogStreams", logs(&[("orderBy", json!("LastEventTime")), ("limit", json!(5))])),
        ("Logs_20140328", "PutRetentionPolicy", logs(&[("retentionInDays", json!(7))])),
        ("Logs_20140328", "TagLogGroup", logs(&[("tags", json!({ "a": "b" }))])),
        (
            "Logs_20140328",
            "TagResource",
            json!({ "resourceArn": "arn:aws:logs:us-east-1:000000000000:log-group:g", "tags": { "a": "b" } }),
        ),
        (
            "GraniteServiceVersion20100801",
            "PutMetricData",
            json!({ "Namespace": "n", "MetricData": [{ "MetricName": "m", "Value": 1, "Timestamp": 1_760_000_000, "Dimensions": dimensions }] }),
        ),
        (
            "GraniteServiceVersion20100801",
            "GetMetricData",
            json!({ "StartTime": 0, "EndTime": 86_400, "MetricDataQueries": [{ "Id": "a", "Expression": "SUM([b]) / 2" }, { "Id": "b", "MetricStat": { "Metric": metric, "Period": 60, "Stat": "p99.5" } }] }),
        ),
        (
            "GraniteServiceVersion20100801",
            "GetMetricStatistics",
            json!({ "Namespace": "n", "MetricName": "m", "StartTime": 0, "EndTime": 3600, "Period": 60, "Statistics": ["Sum"], "ExtendedStatistics": ["p10"] }),
        ),
        (
            "GraniteServiceVersion20100801",
            "ListMetrics",
            json!({ "Namespace": "n", "Dimensions": dimensions, "NextToken": "x" }),
        ),
        (
            "AWSPriceListService",
            "GetProducts",
            json!({ "ServiceCode": "AmazonSageMaker", "Filters": [{ "Type": "TERM_MATCH", "Field": "regionCode", "Value": "us-east-1" }], "MaxResults": 2, "NextToken": "x" }),
        ),
        ("AWSPriceListService", "DescribeServices", json!({ "ServiceCode": "AmazonSageMaker", "MaxResults": 2 })),
        (
            "AWSPriceListService",
            "GetAttributeValues",
            json!({ "ServiceCode": "AmazonSageMaker", "AttributeName": "vCpu", "MaxResults": 2 }),
        ),
        ("AWSInsightsIndexService", "GetCostAndUsage", cost.clone()),
        ("AWSInsightsIndexService", "GetCostAndUsageWithResources", cost),
        (
            "AWSInsightsIndexService",
            "GetDimensionValues",
            json!({ "TimePeriod": period, "Dimension": "SERVICE", "MaxResults": 3 }),
        ),
        ("AWSInsightsIndexService", "GetTags", json!({ "TimePeriod": period, "TagKey": "team", "NextPageToken": "x" })),
        ("TrainyardLocal", "InterruptTrainingJob", json!({ "TrainingJobName": "fuzzed" })),
    ];
    for (member, names) in [
        ("TrainingJobName", &["DescribeTrainingJob", "StopTrainingJob", "DeleteTrainingJob"][..]),
        (
            "HyperParameterTuningJobName",
            &[
                "DescribeHyperParameterTuningJob",
                "StopHyperParameterTuningJob",
                "DeleteHyperParameterTuningJob",
                "ListTrainingJobsForHyperParameterTuningJob",
                "ListHyperParameterTuningJobs",
            ],
        ),
        (
            "ExperimentName",
            &[
                "CreateExperiment",
                "DescribeExperiment",
                "UpdateExperiment",
                "ListExperiments",
                "DeleteExperiment",
                "ListTrials",
            ],
        ),
        ("TrialName", &["DescribeTrial", "UpdateTrial", "DeleteTrial"]),
        ("TrialComponentName", &["DescribeTrialComponent", "DeleteTrialComponent"]),
    ] {
        all.extend(names.iter().map(|name| ("SageMaker", *name, named(member))));
    }
    let plain = ["CreateLogGroup", "CreateLogStream", "ListTagsLogGroup", "ListTagsForResource", "UntagResource"];
    let gone = ["UntagLogGroup", "DeleteRetentionPolicy", "DeleteLogStream", "DeleteLogGroup"];
    all.extend(plain.iter().chain(&gone).map(|name| ("Logs_20140328", *name, logs(&[("tagKeys", json!(["a"]))]))));
    let quotas = [
        "ListServices",
        "ListServiceQuotas",
        "ListAWSDefaultServiceQuotas",
        "GetServiceQuota",
        "GetAWSDefaultServiceQuota",
    ];
    all.extend(quotas.iter().map(|name| ("ServiceQuotasV20190624", *name, quota.clone())));
    all
}

/// Values that a parser may stumble over.
fn odd() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        prop::sample::select(vec![
            json!(1e308),
            json!(-1e308),
            json!(i64::MIN),
            json!(u64::MAX),
            json!(0.1),
            json!(-0.0)
        ]),
    ];
    let text = prop_oneof![
        ".{0,40}".prop_map(Value::from),
        "[-0-9a-zA-Z:/_.$%+ ]{0,60}".prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "\u{0}",
            "\u{fffe}",
            "NaN",
            "Infinity",
            "9999-12-31T23:59:59Z",
            "-1",
            "../..",
            "s3://",
            "arn:aws:"
        ])
        .prop_map(Value::from),
        (0_usize..70_000).prop_map(|length| "x".repeat(length).into()),
    ];
    let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number, text];
    leaf.prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("[a-zA-Z]{0,8}", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Every place in a value, as a JSON pointer.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            places(member, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| places(item, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

/// The request with some of its places changed.
fn mutated(mut request: Value, changes: Vec<(prop::sample::Index, Option<Value>)>) -> Value {
    for (which, change) in changes {
        let mut all = Vec::new();
        places(&request, "", &mut all);
        let place = &all[which.index(all.len())];
        let Some((parent, last)) = place.rsplit_once('/') else { continue };
        match (change, request.pointer_mut(parent)) {
            (Some(value), _) => request.pointer_mut(place).into_iter().for_each(|target| *target = value.clone()),
            (None, Some(Value::Object(members))) => drop(members.remove(last)),
            (None, Some(Value::Array(items))) => items.extend(items.clone()),
            _ => {}
        }
    }
    request
}

async fn answered(endpoint: &TestEndpoint, target: &str, operation: &str, body: String) {
    let shown: String = body.chars().take(2000).collect();
    let request = endpoint.request(Method::POST, "/").header("content-type", "application/x-amz-json-1.1");
    let response = request.header("x-amz-target", format!("{target}.{operation}")).body(body).send().await.unwrap();
    let status = response.status();
    let answer = response.bytes().await.unwrap();
    let value: Value = serde_json::from_slice(&answer).unwrap_or(Value::Null);
    assert!(status.as_u16() < 500, "{operation} {status}: {value}\n{shown}");
    assert!(value.is_object(), "{operation} {status}: not JSON\n{shown}");
    if !status.is_success() {
        assert!(value["__type"].is_string() && value["message"].is_string(), "{operation}: {value}\n{shown}");
    }
}

fn runner() -> TestRunner {
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(Config::default(), seed)
}

#[tokio::test]
async fn mutations_of_valid_requests_are_answered_or_refused() {
    let endpoint = TestEndpoint::start().await;
    endpoint.create("fuzzed").await;
    let operations = operations();
    for (target, operation, request) in &operations {
        answered(&endpoint, target, operation, request.to_string()).await;
    }
    let changes = prop::collection::vec((any::<prop::sample::Index>(), prop::option::weighted(0.8, odd())), 1..4);
    let strategy = (any::<prop::sample::Index>(), changes);
    let mut runner = runner();
    for _ in 0..CASES {
        let (which, changes) = strategy.new_tree(&mut runner).unwrap().current();
        let (target, operation, request) = &operations[which.index(operations.len())];
        answered(&endpoint, target, operation, mutated(request.clone(), changes).to_string()).await;
    }
}

#[tokio::test]
async fn bodies_of_any_kind_are_answered_or_refused() {
    let endpoint = TestEndpoint::start().await;
    let operations = operations();
    let deep = |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    let empty = Value::Object(Map::new()).to_string();
    for (target, operation, _) in &operations {
        for body in [
            empty.clone(),
            "null".to_owned(),
            "[]".to_owned(),
            "{\"a\":".to_owned(),
            "1e999".to_owned(),
            "{\"Filter\":1e999}".to_owned(),
            deep("[", "]", 100_000),
            deep("{\"Not\":", "}", 100),
            format!(
                "{{\"Filter\":{},\"SearchExpression\":{}}}",
                deep("{\"Not\":", "}", 100),
                deep("{\"SubExpressions\":[", "]}", 50)
            ),
        ] {
            answered(&endpoint, target, operation, body).await;
        }
    }
    let mut runner = runner();
    let strategy = (any::<prop::sample::Index>(), odd());
    for _ in 0..CASES {
        let (which, body) = strategy.new_tree(&mut runner).unwrap().current();
        let (target, operation, _) = &operations[which.index(operations.len())];
        answered(&endpoint, target, operation, body.to_string()).await;
    }
}
