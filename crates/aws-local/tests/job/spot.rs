//! Managed spot: interruptions, checkpoints, the discount, the wait limit.

use aws_local::job::JobError;
use serde_json::json;

use crate::bench::{Bench, Test, course};

pub(crate) const TESTS: &[Test] = &[
    ("spot::an_interrupted_job_resumes_from_its_checkpoint", an_interrupted_job_resumes_from_its_checkpoint),
    ("spot::max_wait_ends_a_job", max_wait_ends_a_job),
    ("spot::only_spot_jobs_are_interrupted", only_spot_jobs_are_interrupted),
    ("spot::a_plan_interrupts_each_attempt_in_its_turn", a_plan_interrupts_each_attempt_in_its_turn),
    ("spot::a_command_interrupts_a_job_that_trains", a_command_interrupts_a_job_that_trains),
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
    let waits =
        job.transitions.iter().skip(1).filter(|entry| matches!(entry.status.as_str(), "Interrupted" | "Starting"));
    let waited: i64 = waits.map(|entry| entry.ended_at_ms.expect("an end") - entry.started_at_ms).sum();
    let span = job.ended_at_ms.expect("an end") - job.started_at_ms.expect("a start");
    let worked = u64::try_from((span - waited + 500) / 1000).expect("positive");
    assert_eq!(job.billable_seconds, Some(((worked * 30 + 50) / 100).max(1)));
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

const ONCE: [&str; 4] = ["Downloading", "Training", "Interrupted", "Starting"];

fn a_plan_interrupts_each_attempt_in_its_turn() {
    let bench = Bench::with(|config| config.spot_interrupt_after_seconds = vec![0.2, 0.1]);
    bench.script("planned", "import time\ntime.sleep(1.5)\n", |request| {
        request["EnableManagedSpotTraining"] = json!(true);
        request["StoppingCondition"] = json!({"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600});
    });
    let job = bench.end("planned");
    let last = ["Downloading", "Training", "Uploading", "Completed"];
    assert_eq!(course(&job), [&["Starting"][..], &ONCE, &ONCE, &last].concat(), "{job:#?}");
}

fn a_command_interrupts_a_job_that_trains() {
    let bench = Bench::with(|config| config.spot_restart_seconds = 3600);
    let script = r#"
import signal, sys, time
def term(*_):
    print("got notice", flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, term)
print("ready", flush=True)
while True: time.sleep(0.05)
"#;
    bench.script("commanded", script, |request| {
        request["EnableManagedSpotTraining"] = json!(true);
        request["StoppingCondition"] = json!({"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600});
    });
    bench.script("steady", script, |_| {});
    bench.printed("commanded", "ready");
    bench.printed("steady", "ready");
    let refused = bench.host.interrupt("steady");
    assert!(matches!(&refused, Err(JobError::NotInterruptible { message }) if message.contains("spot")), "{refused:?}");
    bench.host.interrupt("commanded").expect("interrupted");
    let job = bench.wait("commanded", "the interruption", |job| job.secondary_status == "Interrupted");
    assert_eq!(job.status, "InProgress");
    assert!(bench.log("commanded").contains("got notice"), "{}", bench.log("commanded"));
    let refused = bench.host.interrupt("commanded");
    assert!(
        matches!(&refused, Err(JobError::NotInterruptible { message }) if message.contains("trains")),
        "{refused:?}"
    );
    // A stop does not wait for capacity.
    bench.host.stop("commanded").expect("stopping");
    assert_eq!(bench.end("commanded").status, "Stopped");
}
