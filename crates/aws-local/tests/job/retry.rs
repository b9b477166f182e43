//! Attempts after a fault of this machine, and those that the service takes away.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use serde_json::{Value, json};

use crate::bench::{Bench, Test, course};
use crate::recovery::supervisor;

pub(crate) const TESTS: &[Test] = &[
    ("retry::a_killed_supervisor_is_another_attempt", a_killed_supervisor_is_another_attempt),
    ("retry::a_supervisor_that_is_told_to_end_hands_over", a_supervisor_that_is_told_to_end_hands_over),
    ("retry::the_faults_of_a_job_are_not_retried", the_faults_of_a_job_are_not_retried),
    ("retry::the_time_of_all_attempts_counts", the_time_of_all_attempts_counts),
];

const ENDLESS: &str = "import time\nprint('ready', flush=True)\nwhile True: time.sleep(0.05)\n";
const TWICE: [&str; 7] = ["Starting", "Downloading", "Training", "Restarting", "Starting", "Downloading", "Training"];

fn retries(count: u32) -> impl FnOnce(&mut Value) {
    move |request| request["RetryStrategy"] = json!({"MaximumRetryAttempts": count})
}

fn a_killed_supervisor_is_another_attempt() {
    let mut bench = Bench::new();
    bench.script("again", ENDLESS, retries(1));
    bench.printed("again", "ready");
    kill(supervisor(&bench.job_dir("again")), Signal::SIGKILL).expect("killed");
    // The server dies as well: the next one finds out.
    bench.reopen();
    let job = bench.wait("again", "the second attempt", |job| course(job) == TWICE);
    assert_eq!(job.status, "InProgress");
    assert_eq!(bench.host.log_streams("again").len(), 2);
    bench.wait("again", "the second supervisor", |_| bench.job_dir("again").join("supervisor.json").exists());
    kill(supervisor(&bench.job_dir("again")), Signal::SIGKILL).expect("killed");
    let job = bench.end("again");
    assert_eq!(job.status, "Failed", "{job:#?}");
    assert!(job.failure_reason.expect("a reason").starts_with("InternalServerError: "));
}

fn a_supervisor_that_is_told_to_end_hands_over() {
    let bench = Bench::new();
    bench.script("told", ENDLESS, retries(1));
    bench.printed("told", "ready");
    kill(supervisor(&bench.job_dir("told")), Signal::SIGTERM).expect("told");
    bench.wait("told", "the second attempt", |job| course(job) == TWICE);
    bench.host.stop("told").expect("stopping");
    let job = bench.end("told");
    assert_eq!(job.status, "Stopped");
    assert!(job.billable_seconds <= job.training_seconds, "{job:#?}");
}

fn the_faults_of_a_job_are_not_retried() {
    let bench = Bench::new();
    bench.script("own-fault", "raise SystemExit(3)\n", retries(5));
    let job = bench.end("own-fault");
    assert_eq!(course(&job), ["Starting", "Downloading", "Training", "Uploading", "Failed"]);
}

fn the_time_of_all_attempts_counts() {
    let bench = Bench::new();
    bench.script("slow", ENDLESS, |request| {
        retries(1)(request);
        request["StoppingCondition"] = json!({"MaxRuntimeInSeconds": 6});
    });
    bench.printed("slow", "ready");
    let begun = Instant::now();
    bench.wait("slow", "three seconds of training", |_| begun.elapsed() >= Duration::from_secs(3));
    kill(supervisor(&bench.job_dir("slow")), Signal::SIGTERM).expect("told");
    let job = bench.end("slow");
    assert_eq!(job.secondary_status, "MaxRuntimeExceeded", "{job:#?}");
    let span = |number: usize| {
        let training = job.transitions.iter().filter(|entry| entry.status == "Training").nth(number).expect("trained");
        training.ended_at_ms.expect("an end") - training.started_at_ms
    };
    assert!(span(1) < 4500, "the second attempt had only what the first one left: {job:#?}");
}
