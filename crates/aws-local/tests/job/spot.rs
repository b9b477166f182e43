//! Managed spot: interruptions, checkpoints, the discount, the wait limit.

use serde_json::json;

use crate::bench::{Bench, Test, course};

pub(crate) const TESTS: &[Test] = &[
    ("spot::an_interrupted_job_resumes_from_its_checkpoint", an_interrupted_job_resumes_from_its_checkpoint),
    ("spot::max_wait_ends_a_job", max_wait_ends_a_job),
    ("spot::only_spot_jobs_are_interrupted", only_spot_jobs_are_interrupted),
];

/// Counts to ten, one step at a time, from where the checkpoint says.
const COUNTER: &str = r#"
import os, time
path = "/opt/ml/checkpoints/step"
step = int(open(path).read()) if os.path.exists(path) else 0
print(f"begin at {step}")
while step < 10:
    time.sleep(0.3)
    step += 1
    print(f"step={step}")
    with open(path + ".new", "w") as file:
        file.write(str(step))
    os.rename(path + ".new", path)
open("/opt/ml/model/steps", "w").write(str(step))
"#;

fn an_interrupted_job_resumes_from_its_checkpoint() {
    let bench = Bench::new();
    bench.script("spot", COUNTER, |request| {
        request["EnableManagedSpotTraining"] = json!(true);
        request["StoppingCondition"] = json!({"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600});
        request["CheckpointConfig"] = json!({"S3Uri": "s3://trainyard/checkpoints/spot"});
        request["Environment"] = json!({"TRAINYARD_LOCAL_SPOT_INTERRUPT_AFTER_SECONDS": "1.5"});
        request["AlgorithmSpecification"]["MetricDefinitions"] = json!([{"Name": "step", "Regex": "step=([0-9]+)"}]);
    });
    let job = bench.end("spot");
    assert_eq!(job.status, "Completed", "{job:#?}\n{}", bench.log("spot"));
    assert_eq!(
        course(&job),
        [
            "Starting",
            "Downloading",
            "Training",
            "Interrupted",
            "Starting",
            "Downloading",
            "Training",
            "Uploading",
            "Completed"
        ]
    );
    let begins: Vec<u32> =
        bench.log("spot").lines().filter_map(|line| line.strip_prefix("begin at ")?.parse().ok()).collect();
    assert_eq!(begins.len(), 2, "{begins:?}");
    assert!(begins[0] == 0 && begins[1] > 0, "{begins:?}");
    assert_eq!(bench.host.log_streams("spot").len(), 2);
    assert_eq!(std::fs::read_to_string(bench.s3("checkpoints/spot/step")).expect("a checkpoint"), "10");
    assert_eq!(bench.archived("runs/spot/output/model.tar.gz", "steps").as_deref(), Some("10"));
    let steps: Vec<f64> =
        bench.metrics("spot").iter().filter(|sample| sample.metric == "step").map(|sample| sample.value).collect();
    assert_eq!(steps.last(), Some(&10.0));
    let training = job.training_seconds.expect("seconds");
    assert_eq!(job.billable_seconds, Some(((training * 30 + 50) / 100).max(1)));
}

fn max_wait_ends_a_job() {
    let bench = Bench::new();
    bench.script("waits", "import time\nwhile True: time.sleep(0.05)\n", |request| {
        request["EnableManagedSpotTraining"] = json!(true);
        request["StoppingCondition"] = json!({"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 2});
    });
    let job = bench.end("waits");
    assert_eq!((job.status.as_str(), job.secondary_status.as_str()), ("Stopped", "MaxWaitTimeExceeded"), "{job:#?}");
}

fn only_spot_jobs_are_interrupted() {
    let bench = Bench::with(|config| config.spot_interruptions_per_hour = 1e9);
    bench.script("on-demand", "import time\ntime.sleep(1)\n", |request| {
        request["Environment"] = json!({"TRAINYARD_LOCAL_SPOT_INTERRUPT_AFTER_SECONDS": "0"});
    });
    let job = bench.end("on-demand");
    assert_eq!(course(&job), ["Starting", "Downloading", "Training", "Uploading", "Completed"]);
}
