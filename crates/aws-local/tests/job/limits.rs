//! What a host may take, and what becomes of a job that takes more.

use aws_local::job::IsolationLevel;
use serde_json::json;

use crate::bench::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("limits::too_much_memory_is_exit_code_137", too_much_memory_is_exit_code_137),
    ("limits::a_full_disk_is_a_client_error", a_full_disk_is_a_client_error),
    ("limits::a_job_is_bound_to_its_cores", a_job_is_bound_to_its_cores),
];

fn too_much_memory_is_exit_code_137() {
    let bench = Bench::with(|config| config.job_memory_mib = Some(150));
    // Shared pages count once: two processes with the same 90 MiB are within the limit.
    let script = r#"
import os, time
kept = bytearray(os.urandom(1)) * (90 << 20)
child = os.fork()
if child == 0:
    time.sleep(1)
    os._exit(0)
os.waitpid(child, 0)
print("shared", flush=True)
more = bytearray(os.urandom(1)) * (200 << 20)
time.sleep(600)
"#;
    bench.script("hungry", script, |_| {});
    let job = bench.end("hungry");
    let reason = job.failure_reason.clone().expect("a reason");
    assert_eq!(job.status, "Failed");
    assert!(reason.starts_with("AlgorithmError: ") && reason.contains("ExitCode 137"), "{reason}");
    assert!(reason.contains("OutOfMemory") && reason.contains("150 MiB are allowed"), "{reason}");
    assert!(bench.log("hungry").contains("shared"), "{}", bench.log("hungry"));
}

fn a_full_disk_is_a_client_error() {
    let bench = Bench::with(|config| config.job_disk_mib = Some(20));
    let script = r#"
import os, time
with open("/tmp/fill", "wb") as file:
    file.write(b"x" * (30 << 20))
    file.flush()
    os.fsync(file.fileno())
print("written", flush=True)
time.sleep(600)
"#;
    bench.script("full", &script.replace("/tmp/fill", "/opt/ml/model/fill"), |_| {});
    if bench.host.isolation().level == IsolationLevel::Plain {
        return;
    }
    let job = bench.end("full");
    let reason = job.failure_reason.clone().expect("a reason");
    assert!(reason.starts_with("ClientError: No space left on device"), "{reason}");
    assert!(reason.contains("20 MiB are allowed (VolumeSizeInGB)"), "{reason}");
    assert_eq!(job.model_artifact, None);
}

fn a_job_is_bound_to_its_cores() {
    let bench = Bench::with(|config| config.job_cpus = Some(1));
    bench.script("bound", "import os\nprint('cores', len(os.sched_getaffinity(0)))\n", |request| {
        request["Environment"] = json!({});
    });
    assert_eq!(bench.end("bound").status, "Completed");
    assert!(bench.log("bound").contains("cores 1\n"), "{}", bench.log("bound"));
}
