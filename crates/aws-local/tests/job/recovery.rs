//! The server and the supervisor may die at any time.

use std::fs;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::bench::{Bench, Test, request};

pub(crate) const TESTS: &[Test] = &[
    ("recovery::a_job_goes_on_through_a_restart_of_the_server", a_job_goes_on_through_a_restart_of_the_server),
    ("recovery::a_killed_supervisor_is_a_truthful_failure", a_killed_supervisor_is_a_truthful_failure),
    (
        "recovery::a_killed_supervisor_of_plain_processes_leaves_none",
        a_killed_supervisor_of_plain_processes_leaves_none,
    ),
    ("recovery::a_job_that_was_accepted_and_never_begun_is_begun", a_job_that_was_accepted_and_never_begun_is_begun),
    ("recovery::a_supervisor_that_is_told_to_end_says_so", a_supervisor_that_is_told_to_end_says_so),
];

const TICKER: &str = r#"
import subprocess, time, os
subprocess.Popen(["sleep", "1000"], start_new_session=True)
for tick in range(1000):
    print(f"tick={tick}")
    if os.path.exists("/opt/ml/checkpoints/enough"):
        break
    time.sleep(0.05)
"#;

/// Processes whose environment holds this text.
pub(crate) fn processes_marked(mark: &str) -> Vec<i32> {
    let listing = fs::read_dir("/proc").expect("listed");
    listing
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok())
        .filter(|pid| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            String::from_utf8_lossy(&environment).contains(mark)
        })
        .collect()
}

pub(crate) fn supervisor(dir: &Path) -> Pid {
    let text = fs::read_to_string(dir.join("supervisor.json")).expect("a supervisor");
    let value: Value = serde_json::from_str(&text).expect("JSON");
    Pid::from_raw(i32::try_from(value["pid"].as_i64().expect("a pid")).expect("a pid"))
}

fn a_job_goes_on_through_a_restart_of_the_server() {
    let mut bench = Bench::new();
    bench.script("survivor", TICKER, |_| {});
    bench.printed("survivor", "tick=3");
    bench.reopen();
    assert_eq!(bench.get("survivor").status, "InProgress");
    let seen = bench.log("survivor").lines().count();
    bench.wait("survivor", "more ticks", |_| bench.log("survivor").lines().count() > seen + 5);
    bench.host.stop("survivor").expect("stopping");
    let job = bench.end("survivor");
    assert_eq!(job.status, "Stopped");
    // No tick is missing or doubled.
    let ticks: Vec<usize> =
        bench.log("survivor").lines().filter_map(|line| line.strip_prefix("tick=")?.parse().ok()).collect();
    assert_eq!(ticks, (0..ticks.len()).collect::<Vec<_>>());
    bench.reopen();
    assert_eq!(bench.get("survivor"), job);
}

fn a_killed_supervisor_is_a_truthful_failure() {
    let mut bench = Bench::new();
    bench.script("orphan", TICKER, |_| {});
    bench.printed("orphan", "tick=3");
    let dir = bench.job_dir("orphan");
    kill(supervisor(&dir), Signal::SIGKILL).expect("killed");
    let job = bench.end("orphan");
    assert_eq!(job.status, "Failed");
    let reason = job.failure_reason.clone().expect("a reason");
    assert!(reason.starts_with("InternalServerError: ") && reason.contains("supervised"), "{reason}");
    assert!(job.training_seconds.is_some() && job.ended_at_ms.is_some(), "{job:#?}");
    bench.wait("orphan", "the end of its processes", |_| processes_marked(&dir.display().to_string()).is_empty());
    assert!(!dir.join("hosts").exists());
    bench.reopen();
    assert_eq!(bench.get("orphan"), job);
}

fn a_killed_supervisor_of_plain_processes_leaves_none() {
    let bench = Bench::with(|config| config.use_namespaces = false);
    bench.script("plain-orphan", TICKER, |_| {});
    bench.printed("plain-orphan", "tick=3");
    let dir = bench.job_dir("plain-orphan");
    kill(supervisor(&dir), Signal::SIGKILL).expect("killed");
    assert_eq!(bench.end("plain-orphan").status, "Failed");
    bench.wait("plain-orphan", "the end of its processes", |_| processes_marked(&dir.display().to_string()).is_empty());
}

fn a_job_that_was_accepted_and_never_begun_is_begun() {
    // A server that dies between accepting a job and starting its supervisor: made by a program that does nothing.
    let mut bench = Bench::new();
    let idle = bench.data.path().join("idle");
    std::os::unix::fs::symlink("/bin/true", &idle).expect("linked");
    bench.put_source("sources/x.tar.gz", &[("train.py", "print('begun')\n")]);
    let other = Bench::with(|config| config.program = "/bin/true".into());
    other.put_source("sources/x.tar.gz", &[("train.py", "print('begun')\n")]);
    other.start("late", request("sources/x.tar.gz", |_| {}));
    assert_eq!(other.get("late").secondary_status, "Starting");
    fs::rename(other.job_dir("late"), bench.job_dir("late")).expect("moved");
    bench.reopen();
    let job = bench.end("late");
    assert_eq!(job.status, "Completed", "{job:#?}\n{}", bench.log("late"));
    assert!(bench.log("late").contains("begun"));
    // The other server's view of it ends here.
    fs::rename(bench.job_dir("late"), other.job_dir("late")).expect("moved back");
}

fn a_supervisor_that_is_told_to_end_says_so() {
    let bench = Bench::new();
    bench.script("shutdown", TICKER, |_| {});
    bench.printed("shutdown", "tick=1");
    kill(supervisor(&bench.job_dir("shutdown")), Signal::SIGTERM).expect("told");
    let job = bench.end("shutdown");
    assert_eq!(job.status, "Failed");
    assert!(job.failure_reason.expect("a reason").contains("told to end"));
}
