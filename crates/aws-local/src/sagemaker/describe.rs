//! DescribeTrainingJob, and the full record of a job that Search answers too.

use serde_json::{Map, Value, json};

use super::job;
use crate::clock::seconds;
use crate::field;
use crate::job::JobRecord;
use crate::services::Services;
use crate::wire::ApiResult;

/// Members of the request that Describe does not repeat.
const NOT_ECHOED: [&str; 2] = ["Tags", "SessionChainingConfig"];

pub(super) fn describe_training_job(services: &Services, input: &Value) -> ApiResult {
    let name = field::text(input, "TrainingJobName").unwrap_or_default();
    let mut described = record(&job(services, name)?);
    if let Some(pool) = warm_pool(services, name) {
        described.insert("WarmPoolStatus".to_owned(), pool);
    }
    Ok(Value::Object(described))
}

/// `WarmPoolStatus` of a job that asked for a pool.
pub(super) fn warm_pool(services: &Services, name: &str) -> Option<Value> {
    let pool = services.jobs.warm_pool(name)?;
    Some(field::object([
        ("Status", Some(pool.status.into())),
        ("ResourceRetainedBillableTimeInSeconds", pool.retained_billable_seconds.map(Value::from)),
        ("ReusedByJob", pool.reused_by.map(Value::from)),
    ]))
}

/// All that Describe says about a job. Absent members are left out: a time that has not come is not zero.
pub(super) fn record(job: &JobRecord) -> Map<String, Value> {
    let mut record = Map::new();
    if let Some(request) = job.request.as_object() {
        record.extend(
            request
                .iter()
                .filter(|(name, _)| !NOT_ECHOED.contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), value.clone())),
        );
    }
    for flag in ["EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining"] {
        record.entry(flag).or_insert(Value::Bool(false));
    }
    if let Some(Value::Object(stopping)) = record.get_mut("StoppingCondition") {
        stopping.entry("MaxRuntimeInSeconds").or_insert(json!(86_400));
    }
    if let Some(Value::Object(algorithm)) = record.get_mut("AlgorithmSpecification") {
        let has_metrics = algorithm.contains_key("MetricDefinitions");
        algorithm.entry("EnableSageMakerMetricsTimeSeries").or_insert(Value::Bool(has_metrics));
    }
    let mut put = |name: &str, value: Value| record.insert(name.to_owned(), value);
    put("TrainingJobName", job.name.clone().into());
    put("TrainingJobArn", job.arn.clone().into());
    put("TrainingJobStatus", job.status.clone().into());
    put("SecondaryStatus", job.secondary_status.clone().into());
    put("CreationTime", json!(seconds(job.created_at_ms)));
    put("LastModifiedTime", json!(seconds(job.last_modified_ms)));
    put("SecondaryStatusTransitions", transitions(job));
    if !job.final_metrics.is_empty() {
        put("FinalMetricDataList", job.final_metrics.iter().map(final_metric).collect());
    }
    let optional = [
        // The model calls it required, yet AWS leaves it out of jobs that have not uploaded anything.
        ("ModelArtifacts", job.model_artifact.as_ref().map(|uri| json!({ "S3ModelArtifacts": uri }))),
        (
            "FailureReason",
            job.failure_reason.as_ref().map(|reason| reason.chars().take(1024).collect::<String>().into()),
        ),
        ("TrainingStartTime", job.started_at_ms.map(|at| json!(seconds(at)))),
        ("TrainingEndTime", job.ended_at_ms.map(|at| json!(seconds(at)))),
        ("TrainingTimeInSeconds", job.training_seconds.map(Value::from)),
        ("BillableTimeInSeconds", job.billable_seconds.map(Value::from)),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            put(name, value);
        }
    }
    record
}

/// Every entry has a message: SDK v2 reads it without asking whether it is there.
fn transitions(job: &JobRecord) -> Value {
    let entry = |transition: &crate::job::JobTransition| {
        field::object([
            ("Status", Some(transition.status.clone().into())),
            ("StartTime", Some(json!(seconds(transition.started_at_ms)))),
            ("EndTime", transition.ended_at_ms.map(|at| json!(seconds(at)))),
            ("StatusMessage", Some(transition.message.clone().into())),
        ])
    };
    job.transitions.iter().map(entry).collect()
}

fn final_metric((name, value, at_ms): &(String, f64, i64)) -> Value {
    // JSON has no NaN: the protocol sends it as text.
    let value = match value {
        value if value.is_nan() => json!("NaN"),
        value if value.is_infinite() => json!(if *value > 0.0 { "Infinity" } else { "-Infinity" }),
        value => json!(value),
    };
    json!({ "MetricName": name, "Value": value, "Timestamp": seconds(*at_ms) })
}
