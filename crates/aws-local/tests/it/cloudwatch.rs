//! Metrics in CBOR, JSON and forms: what one client puts, every other reads.

use std::time::{SystemTime, UNIX_EPOCH};

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{TestEndpoint, member, read_cbor};

#[expect(clippy::disallowed_methods, reason = "the endpoint refuses samples that are not of its own time")]
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 60 * 60
}

/// As forms carry times.
fn iso(seconds: u64) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).unwrap()).unwrap();
    at.format(&time::format_description::well_known::Rfc3339).unwrap()
}

fn query(id: &str, metric: &str, stat: &str) -> Value {
    json!({ "Id": id, "MetricStat": { "Period": 60, "Stat": stat, "Metric": {
        "Namespace": "app", "MetricName": metric, "Dimensions": [{ "Name": "host", "Value": "a" }] } } })
}

fn datum(metric: &str, at: u64, value: f64) -> Value {
    json!({ "MetricName": metric, "Timestamp": at, "Value": value, "Unit": "Percent",
        "Dimensions": [{ "Name": "host", "Value": "a" }] })
}

async fn json10(endpoint: &TestEndpoint, operation: &str, input: &Value) -> (u16, Value, Option<String>) {
    let response = endpoint
        .request(Method::POST, "/")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("GraniteServiceVersion20100801.{operation}"))
        .header("x-amzn-query-mode", "true")
        .body(input.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.0");
    let query_error = response.headers().get("x-amzn-query-error").map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), serde_json::from_slice(&response.bytes().await.unwrap()).unwrap(), query_error)
}

#[tokio::test]
async fn samples_put_in_cbor_are_read_in_every_protocol_and_after_a_restart() {
    let endpoint = TestEndpoint::start().await;
    let now = now();
    let data = json!({ "Namespace": "app", "MetricData": [
        datum("load", now - 120, 10.0), datum("load", now - 90, 20.0), datum("load", now - 60, 5.5), datum("heat", now - 60, 1.0)] });
    assert_eq!(endpoint.cbor("PutMetricData", &data).await.status(), 200);

    let endpoint = TestEndpoint::start_in(endpoint.stop().await).await;
    let input = json!({ "StartTime": now - 600, "EndTime": now, "ScanBy": "TimestampAscending",
        "MetricDataQueries": [query("a", "load", "Average"), query("b", "heat", "SampleCount"), query("c", "none", "Sum")] });
    let answer = read_cbor(endpoint.cbor("GetMetricData", &input).await).await;
    let results = member(&answer, "MetricDataResults").as_array().unwrap();
    let times = member(&results[0], "Timestamps").as_array().unwrap();
    let (tag, first) = times[0].as_tag().unwrap();
    assert_eq!((tag, first.as_float()), (1, Some((now - 120) as f64)));
    let values: Vec<_> =
        member(&results[0], "Values").as_array().unwrap().iter().map(|value| value.as_float().unwrap()).collect();
    assert_eq!(format!("{values:?}"), "[15.0, 5.5]");
    assert_eq!(member(&results[1], "Values").as_array().unwrap().len(), 1);
    assert!(member(&results[2], "Values").as_array().unwrap().is_empty());
    assert_eq!(member(&results[0], "StatusCode").as_text(), Some("Complete"));

    let (status, answer, _) = json10(&endpoint, "GetMetricData", &input).await;
    assert_eq!(status, 200);
    assert_eq!(answer["MetricDataResults"][0]["Values"], json!([15.0, 5.5]));
    assert_eq!(answer["MetricDataResults"][0]["Timestamps"], json!([(now - 120) as f64, (now - 60) as f64]));

    let form = format!(
        "Action=GetMetricStatistics&Version=2010-08-01&Namespace=app&MetricName=load&Period=60&StartTime={}&EndTime={}\
         &Statistics.member.1=Sum&Statistics.member.2=Maximum&Dimensions.member.1.Name=host&Dimensions.member.1.Value=a",
        iso(now - 60),
        iso(now)
    );
    let response = endpoint
        .request(Method::POST, "/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let xml = response.text().await.unwrap();
    assert!(xml.contains("<Sum>5.5</Sum><Maximum>5.5</Maximum>"), "{xml}");

    let (_, answer, _) = json10(
        &endpoint,
        "GetMetricStatistics",
        &json!({ "Namespace": "app", "MetricName": "load", "Period": 3600,
        "StartTime": now - 7200, "EndTime": now + 3600, "Statistics": ["Sum", "Minimum", "SampleCount"],
        "Dimensions": [{ "Name": "host", "Value": "a" }] }),
    )
    .await;
    let sum: f64 = answer["Datapoints"].as_array().unwrap().iter().map(|point| point["Sum"].as_f64().unwrap()).sum();
    assert_eq!(format!("{sum}"), "35.5");
    assert_eq!(answer["Datapoints"][0]["Unit"], "Percent");

    let (_, answer, _) =
        json10(&endpoint, "ListMetrics", &json!({ "Namespace": "app", "Dimensions": [{ "Name": "host" }] })).await;
    let names: Vec<_> =
        answer["Metrics"].as_array().unwrap().iter().map(|metric| metric["MetricName"].clone()).collect();
    assert_eq!(names, ["heat", "load"]);
}

#[tokio::test]
async fn data_comes_in_pages_of_datapoints_without_gap_or_repeat() {
    let endpoint = TestEndpoint::start().await;
    let now = now();
    let data: Vec<_> =
        (1..=7).flat_map(|n| [datum("x", now - n * 60, n as f64), datum("y", now - n * 60, -(n as f64))]).collect();
    json10(&endpoint, "PutMetricData", &json!({ "Namespace": "app", "MetricData": data })).await;
    for scan in ["TimestampAscending", "TimestampDescending"] {
        let mut input = json!({ "StartTime": now - 3600, "EndTime": now, "ScanBy": scan, "MaxDatapoints": 3,
            "MetricDataQueries": [query("x", "x", "Sum"), query("y", "y", "Sum")] });
        let (mut x, mut y, mut pages) = (Vec::new(), Vec::new(), 0);
        loop {
            let (_, answer, _) = json10(&endpoint, "GetMetricData", &input).await;
            pages += 1;
            for result in answer["MetricDataResults"].as_array().unwrap() {
                let list = if result["Id"] == "x" { &mut x } else { &mut y };
                list.extend(result["Values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as i64));
            }
            match answer.get("NextToken") {
                Some(token) => input["NextToken"] = token.clone(),
                None => break,
            }
        }
        if scan == "TimestampAscending" {
            x.reverse();
            y.reverse();
        }
        assert_eq!((x, y), ((1..=7).collect(), (1..=7).map(|n| -n).collect()), "{scan}");
        assert!(pages >= 5, "{pages}");
    }
}

#[tokio::test]
async fn wrong_requests_say_why_in_both_spellings_of_the_code() {
    let endpoint = TestEndpoint::start().await;
    let now = now();
    let put = |datum: Value| json!({ "Namespace": "app", "MetricData": [datum] });
    let cases = [
        ("PutMetricData", put(json!({ "MetricName": "m", "Value": "NaN" })), "InvalidParameterValue"),
        ("PutMetricData", put(json!({ "MetricName": "m", "Value": 1, "Unit": "Furlong" })), "InvalidParameterValue"),
        (
            "PutMetricData",
            put(json!({ "MetricName": "m", "Value": 1, "Timestamp": 1_000_000 })),
            "InvalidParameterValue",
        ),
        ("PutMetricData", put(json!({ "MetricName": "m" })), "InvalidParameterCombination"),
        ("PutMetricData", json!({ "MetricData": [] }), "MissingParameter"),
        ("GetMetricData", json!({ "StartTime": now, "EndTime": now, "MetricDataQueries": [] }), "ValidationError"),
        (
            "GetMetricData",
            json!({ "StartTime": now - 60, "EndTime": now,
            "MetricDataQueries": [{ "Id": "e", "Expression": "a+b" }] }),
            "ValidationError",
        ),
        (
            "GetMetricStatistics",
            json!({ "Namespace": "app", "MetricName": "m", "Period": 60, "StartTime": now - 86_460,
            "EndTime": now, "Statistics": ["Sum"] }),
            "InvalidParameterCombination",
        ),
    ];
    for (operation, input, code) in cases {
        let (status, answer, query_error) = json10(&endpoint, operation, &input).await;
        assert_eq!(status, 400, "{operation} {input}");
        assert_eq!(query_error.unwrap(), format!("{code};Sender"), "{operation} {input}");
        assert!(answer["message"].as_str().is_some_and(|message| !message.is_empty()));
    }
    let cbor = endpoint.cbor("GetMetricData", &json!({})).await;
    assert_eq!(cbor.status(), 400);
    let answer = read_cbor(cbor).await;
    assert_eq!(member(&answer, "__type").as_text(), Some("com.amazonaws.cloudwatch#MissingRequiredParameterException"));
}

#[tokio::test]
async fn searches_math_and_percentiles_are_computed_over_what_was_put() {
    let endpoint = TestEndpoint::start().await;
    let now = now();
    let data: Vec<_> = (1..=4_u32)
        .map(|n| datum("errors", now - 60 * u64::from(n), f64::from(n)))
        .chain((1..=3_u32).map(|n| datum("calls", now - 60 * u64::from(n), 10.0)))
        .collect();
    assert_eq!(json10(&endpoint, "PutMetricData", &json!({ "Namespace": "app", "MetricData": data })).await.0, 200);
    let mut hidden = query("calls", "calls", "Sum");
    hidden["ReturnData"] = json!(false);
    let input = json!({ "StartTime": now - 600, "EndTime": now, "ScanBy": "TimestampAscending", "MetricDataQueries": [
        query("errors", "errors", "Sum"), hidden,
        { "Id": "rate", "Label": "Error rate", "Expression": "errors / calls * 100" },
        { "Id": "filled", "Expression": "FILL(calls, 0) + TIME_SERIES(1)", "Period": 60 },
        { "Id": "top", "Expression": "MAX(METRICS())" },
        { "Id": "found", "Label": "all", "Expression": "SEARCH('{app,host} MetricName=(errors OR calls)', 'Maximum', 3600)" },
        { "Id": "p", "Expression": "SEARCH('{app,host} errors', 'p50', 3600)" }] });
    let (status, answer, _) = json10(&endpoint, "GetMetricData", &input).await;
    assert_eq!(status, 200, "{answer}");
    let results = answer["MetricDataResults"].as_array().unwrap();
    let values = |id: &str| -> Vec<Value> {
        results.iter().filter(|result| result["Id"] == id).map(|result| result["Values"].clone()).collect()
    };
    assert!(values("calls").is_empty());
    assert_eq!(values("rate"), [json!([30.0, 20.0, 10.0])]);
    assert_eq!(values("filled"), [json!([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 11.0, 11.0, 11.0])]);
    assert_eq!(values("top"), [json!([4.0, 10.0, 10.0, 10.0])]);
    assert_eq!(values("found").len(), 2);
    let labels: Vec<_> =
        results.iter().filter(|result| result["Id"] == "found").map(|result| &result["Label"]).collect();
    assert_eq!(labels, ["all calls", "all errors"]);
    assert!(!values("p").is_empty());

    let circle = json!({ "StartTime": now - 600, "EndTime": now, "MetricDataQueries": [
        { "Id": "a", "Expression": "b" }, { "Id": "b", "Expression": "a" }] });
    let (status, answer, query_error) = json10(&endpoint, "GetMetricData", &circle).await;
    assert_eq!((status, query_error.as_deref()), (400, Some("ValidationError;Sender")));
    assert!(answer["message"].as_str().unwrap().contains("in a circle"), "{answer}");
    let (status, answer, _) = json10(&endpoint, "DescribeAlarms", &json!({})).await;
    assert_eq!((status, answer["__type"].as_str()), (400, Some("UnknownOperationException")));
}
