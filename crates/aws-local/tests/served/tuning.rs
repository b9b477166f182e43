//! Tuning jobs whose training jobs really run.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::app::TestEndpoint;
use crate::{PATIENCE, request, started_with};

/// The least loss is at x = 2.
const PARABOLA: &str = r#"
import os, time
x = float(os.environ["SM_HP_X"])
print(f"loss={(x - 2) ** 2:.6f}", flush=True)
if os.environ.get("WAIT"):
    time.sleep(600)
"#;

fn tuning(name: &str) -> Value {
    let mut definition = request("unused");
    let members = definition.as_object_mut().unwrap();
    members.remove("TrainingJobName");
    members.remove("Tags");
    let fixed = members.remove("HyperParameters").unwrap();
    members.insert("StaticHyperParameters".to_owned(), fixed);
    json!({
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Grid",
            "HyperParameterTuningJobObjective": { "Type": "Minimize", "MetricName": "loss" },
            "ResourceLimits": { "MaxParallelTrainingJobs": 2 },
            "ParameterRanges": { "CategoricalParameterRanges": [{ "Name": "x", "Values": ["0", "2", "5"] }] },
            "RandomSeed": 1,
        },
        "TrainingJobDefinition": definition,
        "Tags": [{ "Key": "team", "Value": "vision" }],
    })
}

/// Describes the tuning job until it is as wanted; never more training jobs at once than allowed.
async fn wait(endpoint: &TestEndpoint, name: &str, wanted: fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let job =
            endpoint.sagemaker("DescribeHyperParameterTuningJob", json!({ "HyperParameterTuningJobName": name })).await;
        assert!(job["TrainingJobStatusCounters"]["InProgress"].as_u64().unwrap() <= 2, "{job:#}");
        if wanted(&job) {
            return job;
        }
        assert!(Instant::now() < deadline, "the tuning job did not get there: {job:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn children(endpoint: &TestEndpoint, name: &str) -> Vec<Value> {
    let input = json!({ "HyperParameterTuningJobName": name, "SortBy": "FinalObjectiveMetricValue" });
    let listed = endpoint.sagemaker("ListTrainingJobsForHyperParameterTuningJob", input).await;
    listed["TrainingJobSummaries"].as_array().unwrap().clone()
}

pub(crate) async fn a_grid_is_searched_and_a_crash_starts_nothing_twice() {
    let endpoint = started_with(PARABOLA).await;
    endpoint.sagemaker("CreateHyperParameterTuningJob", tuning("grid")).await;
    let (code, _) = endpoint.refused("CreateHyperParameterTuningJob", tuning("grid")).await;
    assert_eq!(code, "ResourceInUse");
    let job = wait(&endpoint, "grid", |job| job["HyperParameterTuningJobStatus"] != "InProgress").await;
    assert_eq!(job["HyperParameterTuningJobStatus"], "Completed", "{job:#}");
    assert_eq!(job["TrainingJobStatusCounters"]["Completed"], 3);
    assert_eq!(job["ObjectiveStatusCounters"], json!({ "Succeeded": 3, "Pending": 0, "Failed": 0 }));
    let best = &job["BestTrainingJob"];
    assert_eq!(best["TunedHyperParameters"], json!({ "x": "2" }));
    assert_eq!(
        best["FinalHyperParameterTuningJobObjectiveMetric"],
        json!({ "Type": "Minimize", "MetricName": "loss", "Value": 0.0 })
    );

    let sorted = children(&endpoint, "grid").await;
    let values: Vec<_> = sorted.iter().map(|child| child["TunedHyperParameters"]["x"].as_str().unwrap()).collect();
    assert_eq!(values, ["2", "0", "5"]);
    let name = best["TrainingJobName"].as_str().unwrap();
    assert!(name.starts_with("grid-002-") && name.len() == "grid-002-".len() + 8, "{name}");
    let child = endpoint.sagemaker("DescribeTrainingJob", json!({ "TrainingJobName": name })).await;
    assert_eq!(child["TuningJobArn"], job["HyperParameterTuningJobArn"]);
    assert_eq!(child["HyperParameters"]["_tuning_objective_metric"], "loss");
    let tags = endpoint.sagemaker("ListTags", json!({ "ResourceArn": child["TrainingJobArn"] })).await;
    assert_eq!(tags["Tags"], json!([{ "Key": "team", "Value": "vision" }]));

    // As after a crash between the start of the last training job and the note of it.
    let names: BTreeSet<_> = sorted.iter().map(|child| child["TrainingJobName"].clone().to_string()).collect();
    let data = endpoint.stop().await;
    let file = data.path().join("tuning/grid.json");
    let mut state: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    state["status"] = json!("InProgress");
    state["ended_at_ms"] = Value::Null;
    state["children"][2]["started"] = json!(false);
    state["children"][2]["end"] = Value::Null;
    fs::write(&file, state.to_string()).unwrap();
    let endpoint = TestEndpoint::start_in(data).await;
    let job = wait(&endpoint, "grid", |job| job["HyperParameterTuningJobStatus"] != "InProgress").await;
    assert_eq!(job["HyperParameterTuningJobStatus"], "Completed", "{job:#}");
    let again: BTreeSet<_> =
        children(&endpoint, "grid").await.iter().map(|child| child["TrainingJobName"].clone().to_string()).collect();
    assert_eq!(again, names);
    let jobs = endpoint.sagemaker("ListTrainingJobs", json!({ "MaxResults": 100 })).await;
    assert_eq!(jobs["TrainingJobSummaries"].as_array().unwrap().len(), 3);
    endpoint.sagemaker("DeleteHyperParameterTuningJob", json!({ "HyperParameterTuningJobName": "grid" })).await;
    let jobs = endpoint.sagemaker("ListTrainingJobs", json!({ "MaxResults": 100 })).await;
    assert_eq!(jobs["TrainingJobSummaries"].as_array().unwrap().len(), 3, "training jobs stay");
    endpoint.stop().await;
}

pub(crate) async fn a_stopped_tuning_job_stops_its_training_jobs() {
    let endpoint = started_with(PARABOLA).await;
    let mut request = tuning("halt");
    request["TrainingJobDefinition"]["Environment"] = json!({ "WAIT": "1" });
    endpoint.sagemaker("CreateHyperParameterTuningJob", request).await;
    wait(&endpoint, "halt", |job| job["TrainingJobStatusCounters"]["InProgress"] == 2).await;
    let (_, message) =
        endpoint.refused("DeleteHyperParameterTuningJob", json!({ "HyperParameterTuningJobName": "halt" })).await;
    assert_eq!(message, "The request was rejected because the hyperparameter tuning job is in status InProgress.");
    endpoint.sagemaker("StopHyperParameterTuningJob", json!({ "HyperParameterTuningJobName": "halt" })).await;
    let job = wait(&endpoint, "halt", |job| job["HyperParameterTuningJobStatus"] == "Stopped").await;
    assert_eq!(job["TrainingJobStatusCounters"]["Stopped"], 2, "{job:#}");
    endpoint.stop().await;
}
