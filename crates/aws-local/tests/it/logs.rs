//! Log groups and streams that clients make: what is put is read by everybody, and after a restart.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::app::TestEndpoint;

#[expect(clippy::disallowed_methods, reason = "the endpoint refuses events that are not of its own time")]
fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

async fn logs(endpoint: &TestEndpoint, operation: &str, input: Value) -> Value {
    let (status, answer) = endpoint.json("Logs_20140328", operation, &input).await;
    assert_eq!(status, 200, "{operation}: {answer}");
    answer
}

async fn refused(endpoint: &TestEndpoint, operation: &str, input: Value) -> (String, String) {
    let (status, answer) = endpoint.json("Logs_20140328", operation, &input).await;
    assert_eq!(status, 400, "{operation}: {answer}");
    (answer["__type"].as_str().unwrap().to_owned(), answer["message"].as_str().unwrap().to_owned())
}

fn messages(answer: &Value) -> Vec<&str> {
    answer["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_put_is_read_in_order_of_time_and_after_a_restart() {
    let endpoint = TestEndpoint::start().await;
    let now = now_ms();
    logs(&endpoint, "CreateLogGroup", json!({ "logGroupName": "/app/../x", "tags": { "team": "vision" } })).await;
    let stream = json!({ "logGroupName": "/app/../x", "logStreamName": "../../a b" });
    logs(&endpoint, "CreateLogStream", stream.clone()).await;
    let put = |at: u64, messages: &[&str]| {
        let events: Vec<_> = messages.iter().map(|it| json!({ "timestamp": at, "message": it })).collect();
        let mut input = stream.clone();
        input["logEvents"] = json!(events);
        input
    };
    logs(&endpoint, "PutLogEvents", put(now, &["third", r#"{"level":"error"}"#])).await;
    logs(&endpoint, "PutLogEvents", put(now - 1000, &["first", "second"])).await;
    logs(&endpoint, "PutRetentionPolicy", json!({ "logGroupName": "/app/../x", "retentionInDays": 7 })).await;

    let endpoint = TestEndpoint::start_in(endpoint.stop().await).await;
    let mut input = stream.clone();
    input["startFromHead"] = json!(true);
    input["limit"] = json!(3);
    let page = logs(&endpoint, "GetLogEvents", input.clone()).await;
    assert_eq!(messages(&page), ["first", "second", "third"]);
    input["nextToken"] = page["nextForwardToken"].clone();
    let page = logs(&endpoint, "GetLogEvents", input.clone()).await;
    assert_eq!(messages(&page), [r#"{"level":"error"}"#]);
    input["nextToken"] = page["nextForwardToken"].clone();
    let end = logs(&endpoint, "GetLogEvents", input.clone()).await;
    assert_eq!((messages(&end).len(), &end["nextForwardToken"]), (0, &page["nextForwardToken"]));
    let found = logs(
        &endpoint,
        "FilterLogEvents",
        json!({ "logGroupName": "/app/../x", "filterPattern": "{ $.level = \"err*\" }" }),
    )
    .await;
    assert_eq!((messages(&found), found.get("nextToken")), (vec![r#"{"level":"error"}"#], None));
    let groups = logs(&endpoint, "DescribeLogGroups", json!({})).await;
    assert_eq!(groups["logGroups"][0]["retentionInDays"], 7);
    let arn = &groups["logGroups"][0]["logGroupArn"];
    let tags = logs(&endpoint, "ListTagsForResource", json!({ "resourceArn": arn })).await;
    assert_eq!(tags, json!({ "tags": { "team": "vision" } }));

    logs(&endpoint, "DeleteLogStream", stream.clone()).await;
    assert_eq!(refused(&endpoint, "GetLogEvents", stream.clone()).await.0, "ResourceNotFoundException");
    logs(&endpoint, "DeleteLogGroup", json!({ "logGroupName": "/app/../x" })).await;
    let endpoint = TestEndpoint::start_in(endpoint.stop().await).await;
    assert_eq!(logs(&endpoint, "DescribeLogGroups", json!({})).await, json!({ "logGroups": [] }));
}

#[tokio::test]
async fn wrong_requests_say_why() {
    let endpoint = TestEndpoint::start().await;
    let now = now_ms();
    let group = json!({ "logGroupName": "g" });
    logs(&endpoint, "CreateLogGroup", group.clone()).await;
    logs(&endpoint, "CreateLogStream", json!({ "logGroupName": "g", "logStreamName": "s" })).await;
    let put = |events: Value| json!({ "logGroupName": "g", "logStreamName": "s", "logEvents": events });
    let event = |at: u64| json!({ "timestamp": at, "message": "x" });
    let invalid = "InvalidParameterException";
    let huge = "x".repeat(1 << 20);
    for (operation, input, code, part) in [
        ("CreateLogGroup", group, "ResourceAlreadyExistsException", "already exists"),
        ("CreateLogGroup", json!({ "logGroupName": "a b" }), invalid, "regular expression pattern"),
        ("CreateLogStream", json!({ "logGroupName": "g", "logStreamName": "a:b" }), invalid, "[^:*]*"),
        (
            "CreateLogStream",
            json!({ "logGroupName": "h", "logStreamName": "s" }),
            "ResourceNotFoundException",
            "log group",
        ),
        ("PutLogEvents", put(json!([event(now), event(now - 1)])), invalid, "chronological order"),
        ("PutLogEvents", put(json!([event(now - 100_000_000), event(now)])), invalid, "24 hours"),
        (
            "PutLogEvents",
            put(json!([{ "timestamp": now, "message": huge }])),
            invalid,
            "Upload too large: 1048602 bytes",
        ),
        ("PutLogEvents", put(json!([])), invalid, "greater than or equal to 1"),
        ("PutRetentionPolicy", json!({ "logGroupName": "g", "retentionInDays": 2 }), invalid, "enum value set"),
        ("DescribeLogStreams", json!({ "logGroupName": "g", "limit": 51 }), invalid, "less than or equal to 50"),
        (
            "FilterLogEvents",
            json!({ "logGroupName": "g", "filterPattern": "{ $.a" }),
            invalid,
            "Invalid filter pattern",
        ),
        ("StartLiveTail", json!({}), "UnknownOperationException", "StartLiveTail"),
        ("StartQuery", json!({}), "UnknownOperationException", "StartQuery"),
    ] {
        let (found, message) = refused(&endpoint, operation, input).await;
        assert!(found == code && message.contains(part), "{operation}: {found}: {message}");
    }
    let rejected = logs(&endpoint, "PutLogEvents", put(json!([event(0), event(now), event(now + 90_000_000)]))).await;
    let info = json!({ "tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2 });
    assert_eq!(rejected["rejectedLogEventsInfo"], info);
}
