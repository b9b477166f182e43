//! Jobs that are ended: on request, by force, by their limits.

use std::time::{Duration, Instant};

use aws_local::job::JobError;
use serde_json::json;

use crate::bench::{Bench, Test, course};

pub(crate) const TESTS: &[Test] = &[
    ("stop::sigterm_lets_a_job_end_in_order", sigterm_lets_a_job_end_in_order),
    ("stop::who_ignores_sigterm_is_killed_after_the_grace", who_ignores_sigterm_is_killed_after_the_grace),
    ("stop::max_runtime_ends_a_job", max_runtime_ends_a_job),
    ("stop::a_stop_before_training_is_a_stop", a_stop_before_training_is_a_stop),
];

fn sigterm_lets_a_job_end_in_order() {
    let bench = Bench::with(|config| config.stop_grace_seconds = 60);
    let script = r#"
import signal, sys, time
def term(*_):
    print("got SIGTERM")
    open("/opt/ml/model/partial", "w").write("so far")
    sys.exit(0)
signal.signal(signal.SIGTERM, term)
print("ready")
while True: time.sleep(0.05)
"#;
    bench.script("stopped", script, |_| {});
    bench.printed("stopped", "ready");
    let begun = Instant::now();
    bench.host.stop("stopped").expect("stopping");
    let at_once = bench.get("stopped");
    assert!(matches!(at_once.status.as_str(), "Stopping" | "Stopped"), "{at_once:#?}");
    assert!(matches!(bench.host.stop("stopped"), Err(JobError::NotRunning { .. })));
    let job = bench.end("stopped");
    assert!(begun.elapsed() < Duration::from_mins(1), "only the end of the grace ended it");
    assert_eq!((job.status.as_str(), job.secondary_status.as_str()), ("Stopped", "Stopped"));
    assert_eq!(course(&job), ["Starting", "Downloading", "Training", "Stopping", "Stopped"]);
    assert!(bench.log("stopped").contains("got SIGTERM"), "{job:#?}\n{}", bench.log("stopped"));
    assert_eq!(bench.archived("runs/stopped/output/model.tar.gz", "partial").as_deref(), Some("so far"));
    assert_eq!(job.failure_reason, None);
}

fn who_ignores_sigterm_is_killed_after_the_grace() {
    let bench = Bench::with(|config| config.stop_grace_seconds = 1);
    let script = r#"
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("/opt/ml/model/partial", "w").write("so far")
print("ready")
while True: time.sleep(0.05)
"#;
    bench.script("stubborn", script, |_| {});
    bench.printed("stubborn", "ready");
    let begun = Instant::now();
    bench.host.stop("stubborn").expect("stopping");
    let job = bench.end("stubborn");
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(job.status, "Stopped", "{job:#?}");
    assert_eq!(bench.archived("runs/stubborn/output/model.tar.gz", "partial").as_deref(), Some("so far"));
}

fn max_runtime_ends_a_job() {
    let bench = Bench::new();
    let script = "import time\nwhile True: time.sleep(0.05)\n";
    bench.script("too-long", script, |request| request["StoppingCondition"] = json!({"MaxRuntimeInSeconds": 2}));
    let job = bench.end("too-long");
    assert_eq!((job.status.as_str(), job.secondary_status.as_str()), ("Stopped", "MaxRuntimeExceeded"));
    assert!(job.training_seconds >= Some(2), "{job:#?}");
}

fn a_stop_before_training_is_a_stop() {
    let bench = Bench::new();
    // The source is unpacked in the sandbox; a stop that is there from the start comes before it.
    bench.script("early", "import time\ntime.sleep(600)\n", |_| {});
    bench.host.stop("early").expect("stopping");
    let job = bench.end("early");
    assert_eq!(job.status, "Stopped", "{job:#?}");
    assert!(!course(&job).contains(&"Completed"));
}
