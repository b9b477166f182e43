//! Archives and scripts that mean harm.

use serde_json::json;

use aws_local::job::IsolationLevel;

use crate::bench::{Bench, Test, request};
use crate::recovery::processes_marked;

pub(crate) const TESTS: &[Test] = &[
    ("hostile::archives_that_lead_outside_are_refused", archives_that_lead_outside_are_refused),
    ("hostile::forks_do_not_outlive_the_job", forks_do_not_outlive_the_job),
    ("hostile::the_machine_is_read_only_and_secrets_are_hidden", the_machine_is_read_only_and_secrets_are_hidden),
    ("hostile::an_isolated_job_has_no_network", an_isolated_job_has_no_network),
    ("hostile::links_in_the_model_do_not_take_files_along", links_in_the_model_do_not_take_files_along),
];

/// One entry, written without the library's own checks.
fn archive(name: &str, kind: tar::EntryType, link: &str, size: usize) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    let field = &mut header.as_old_mut().name;
    field[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o777);
    header.set_size(size as u64);
    header.set_cksum();
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    tar.append(&header, std::io::Read::take(std::io::repeat(b'x'), size as u64)).expect("appended");
    tar.into_inner().expect("a tar").finish().expect("gzip")
}

fn archives_that_lead_outside_are_refused() {
    let bench = Bench::with(|config| config.source_bytes_max = 1_000_000);
    let cases = [
        ("dots", archive("../../evil", tar::EntryType::Regular, "", 3), "leads out"),
        ("absolute", archive("/opt/ml/model/evil", tar::EntryType::Regular, "", 3), "leads out"),
        ("symlink", archive("train.py", tar::EntryType::Symlink, "/etc/passwd", 0), "link"),
        ("hardlink", archive("train.py", tar::EntryType::Link, "/etc/passwd", 0), "link"),
        ("fifo", archive("train.py", tar::EntryType::Fifo, "", 0), "link or a device"),
        ("bomb", archive("train.py", tar::EntryType::Regular, "", 5_000_000), "more than 1000000 bytes"),
        ("cut", archive("train.py", tar::EntryType::Regular, "", 500_000)[..400].to_vec(), "not a readable"),
    ];
    for (name, bytes, _) in &cases {
        let key = format!("sources/{name}.tar.gz");
        bench.put(&key, bytes);
        bench.start(name, request(&key, |_| {}));
    }
    for (name, _, word) in &cases {
        let job = bench.end(name);
        let reason = job.failure_reason.unwrap_or_default();
        assert!(
            reason.starts_with("ClientError: the source archive was refused") && reason.contains(word),
            "{name}: {reason}"
        );
        assert_eq!(job.model_artifact, None);
    }
}

fn forks_do_not_outlive_the_job() {
    let bench = Bench::new();
    let script = r#"
import os, signal, time
for _ in range(50):
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for _ in range(3): os.fork()
        while True: time.sleep(1)
print("forked")
"#;
    bench.script("forks", script, |_| {});
    let job = bench.end("forks");
    assert_eq!(job.status, "Completed", "{job:#?}");
    let mark = bench.job_dir("forks").display().to_string();
    assert_eq!(processes_marked(&mark), Vec::<i32>::new());
}

fn the_machine_is_read_only_and_secrets_are_hidden() {
    let bench = Bench::new();
    assert_eq!(bench.host.isolation().level, IsolationLevel::Namespaces, "{}", bench.host.isolation().sentence);
    let data = bench.data.path().display().to_string();
    let home = std::env::var("HOME").expect("a home");
    let script = r#"
import os, sys
def can_write(folder):
    try:
        open(folder + "/trainyard-test", "w").close()
        return True
    except OSError:
        return False
print("write", [f for f in ["/", "/usr", "/etc", "/var", "/opt/ml/model", "/tmp", "/dev/shm"] if can_write(f)])
print("data", os.path.exists(os.environ["DATA"] + "/jobs"))
home = os.environ["REAL_HOME"]
print("home", [n for n in (os.listdir(home) if os.path.isdir(home) else []) if n in (".ssh", ".aws", ".cargo", ".bashrc")])
print("disks", [n for n in os.listdir("/dev") if n.startswith(("sd", "vd", "nvme", "mem", "kmsg"))])
print("pids", sorted(int(n) for n in os.listdir("/proc") if n.isdigit()))
print("kernel", [f for f in ["/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"] if os.access(f, os.W_OK)])
print("mount", os.system("mount -t tmpfs none /usr 2>/dev/null") == 0, os.system("umount /opt/ml 2>/dev/null") == 0)
"#;
    bench.script("prober", script, |request| {
        request["Environment"] = json!({"DATA": data, "REAL_HOME": home});
    });
    let job = bench.end("prober");
    let log = bench.log("prober");
    assert_eq!(job.status, "Completed", "{job:#?}\n{log}");
    for line in [
        "write ['/opt/ml/model', '/tmp', '/dev/shm']",
        "data False",
        "home []",
        "disks []",
        "kernel []",
        "mount False False",
    ] {
        assert!(log.lines().any(|said| said == line), "{line:?} is not in\n{log}");
    }
    let pids = log.lines().find_map(|line| line.strip_prefix("pids ")).expect("pids");
    assert!(pids.split(',').count() <= 3, "{pids}");
}

fn links_in_the_model_do_not_take_files_along() {
    let bench = Bench::new();
    let script = r#"
import os, shutil
os.symlink("/etc/passwd", "/opt/ml/model/stolen")
open("/opt/ml/model/mine", "w").write("ok")
shutil.rmtree("/opt/ml/output/data")
os.symlink("/etc", "/opt/ml/output/data")
os.symlink("/etc/passwd", "/opt/ml/output/failure")
os.mkdir("/opt/ml/model/locked"); os.chmod("/opt/ml/model/locked", 0)
"#;
    bench.script("links", script, |_| {});
    let job = bench.end("links");
    assert_eq!(job.status, "Completed", "{job:#?}\n{}", bench.log("links"));
    assert_eq!(bench.archived("runs/links/output/model.tar.gz", "mine").as_deref(), Some("ok"));
    assert_eq!(bench.archived("runs/links/output/model.tar.gz", "stolen"), None);
    assert!(!bench.s3("runs/links/output/output.tar.gz").exists());
}

fn an_isolated_job_has_no_network() {
    let bench = Bench::new();
    let script = "import socket\nprint('interfaces', [name for _, name in socket.if_nameindex()])\n";
    bench.script("isolated", script, |request| request["EnableNetworkIsolation"] = json!(true));
    assert_eq!(bench.end("isolated").status, "Completed");
    assert!(bench.log("isolated").contains("interfaces ['lo']"), "{}", bench.log("isolated"));
}
