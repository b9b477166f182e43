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
    // Search does not have it.
    described.insert("ProfilingStatus".to_owned(), profiling(&described).into());
    Ok(Value::Object(described))
}

/// A profiler is asked for by its configuration, which may also switch it off.
fn profiling(described: &Map<String, Value>) -> &'static str {
    let config = described.get("ProfilerConfig");
    let is_on = config.is_some_and(|config| field::boolean(config, "DisableProfiler") != Some(true));
    if is_on { "Enabled" } else { "Disabled" }
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
    if let Some(Value::Object(resources)) = record.get_mut("ResourceConfig")
        && job.started_at_ms.is_some()
        && let Some((kind, count)) = selected(resources)
    {
        resources.insert("SelectedInstanceType".to_owned(), kind);
        resources.insert("SelectedInstanceCount".to_owned(), count);
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

/// What a job with `InstancePreferences` runs on: the first, because here every type is to be had.
fn selected(resources: &Map<String, Value>) -> Option<(Value, Value)> {
    let first = resources.get("InstancePreferences")?.get(0)?;
    let count = first.get("InstanceCount").or_else(|| resources.get("InstanceCount"));
    Some((first.get("InstanceType")?.clone(), count.cloned().unwrap_or(json!(1))))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_preference_is_selected_with_its_own_count_or_that_of_all() {
        let of = |resources: Value| selected(resources.as_object().unwrap_or(&Map::new()));
        let types = json!([{ "InstanceType": "ml.g5.xlarge" }, { "InstanceType": "ml.g6.xlarge" }]);
        let selected = of(json!({ "InstancePreferences": types, "InstanceCount": 2 }));
        assert_eq!(selected, Some((json!("ml.g5.xlarge"), json!(2))));
        let own = of(json!({ "InstancePreferences": [{ "InstanceType": "ml.g5.xlarge", "InstanceCount": 3 }] }));
        assert_eq!(own, Some((json!("ml.g5.xlarge"), json!(3))));
        assert_eq!(of(json!({ "InstanceType": "ml.g5.xlarge", "InstanceCount": 1 })), None);
    }

    #[test]
    fn a_profiler_is_on_when_it_is_configured_and_not_switched_off() {
        let of = |described: Value| profiling(described.as_object().unwrap_or(&Map::new()));
        assert_eq!(of(json!({})), "Disabled");
        assert_eq!(of(json!({ "ProfilerConfig": { "S3OutputPath": "s3://b/p" } })), "Enabled");
        assert_eq!(of(json!({ "ProfilerConfig": { "DisableProfiler": true } })), "Disabled");
    }
}
