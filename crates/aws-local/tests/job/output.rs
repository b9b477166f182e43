//! Floods, endless lines, binary: what a job prints harms nobody.

use serde_json::json;

use crate::bench::{Bench, Test};
use crate::images::SKLEARN;

pub(crate) const TESTS: &[Test] = &[
    ("output::a_flood_is_bounded_and_its_metrics_are_kept", a_flood_is_bounded_and_its_metrics_are_kept),
    ("output::long_lines_and_binary_become_events", long_lines_and_binary_become_events),
    ("output::pages_of_a_log_fit_together", pages_of_a_log_fit_together),
];

fn a_flood_is_bounded_and_its_metrics_are_kept() {
    let bench = Bench::with(|config| config.log_bytes_max = 1024 * 1024);
    let script = r#"
import sys
for block in range(300):
    sys.stdout.write("".join(f"flood {block} {line}\n" for line in range(1000)))
print("loss=0.25")
"#;
    bench.script("flood", script, |request| {
        request["AlgorithmSpecification"]["MetricDefinitions"] = json!([{"Name": "loss", "Regex": "loss=([0-9.]+)"}]);
    });
    let job = bench.end("flood");
    assert_eq!(job.status, "Completed", "{job:#?}");
    assert_eq!(job.final_metrics.iter().map(|metric| metric.1).collect::<Vec<_>>(), [0.25]);
    let on_disk: u64 = std::fs::read_dir(bench.job_dir("flood").join("logs"))
        .expect("listed")
        .map(|entry| entry.expect("listed").metadata().expect("a file").len())
        .sum();
    assert!(on_disk < 2 * 1024 * 1024, "{on_disk}");
    let log = bench.log("flood");
    let kept = log.lines().filter(|line| line.starts_with("flood ")).count();
    assert!(kept > 10_000, "{kept}");
    let dropped = 300_000 + 1 - kept;
    assert!(log.contains("the log limit of 1 MB is reached"), "no first notice");
    assert!(log.contains(&format!("{dropped} further lines (")), "{}", log.lines().last().unwrap_or_default());
}

fn long_lines_and_binary_become_events() {
    let bench = Bench::new();
    let script = r#"
import os, sys
print("a" * (1024 * 1024) + " end")
sys.stdout.flush()
os.write(1, bytes(range(256)) * 8 + b"\n")
os.write(2, b"\x1b[31mred\x1b[0m \x00 nul\n")
print("after loss=1")
"#;
    bench.script("odd", script, |request| {
        request["AlgorithmSpecification"]["MetricDefinitions"] = json!([{"Name": "loss", "Regex": "loss=([0-9.]+)"}]);
    });
    let job = bench.end("odd");
    assert_eq!(job.status, "Completed", "{job:#?}");
    let stream = &bench.host.log_streams("odd")[0].name;
    let read = bench.host.log_read(stream, 0, 10_000, usize::MAX);
    assert!(read.events.iter().all(|event| event.message.len() <= 262_118), "too long for CloudWatch");
    let letters: usize = read.events.iter().map(|event| event.message.matches('a').count()).sum();
    assert!(letters >= 1024 * 1024, "{letters}");
    let log = bench.log("odd");
    for text in ["longer than 256 KB", "\u{1b}[31mred\u{1b}[0m \0 nul", "after loss=1", "\u{fffd}"] {
        assert!(log.contains(text), "{text:?} is missing");
    }
    assert_eq!(job.final_metrics.len(), 1);
}

fn pages_of_a_log_fit_together() {
    let bench = Bench::new();
    bench.script("pages", "for n in range(2000): print('line', n)\n", |request| {
        // A known image: there is nothing to be noted in the log.
        request["AlgorithmSpecification"]["TrainingImage"] = json!(SKLEARN);
    });
    bench.end("pages");
    let stream = bench.host.log_streams("pages").remove(0);
    assert_eq!(stream.event_count, 2000);
    let page = bench.host.log_read(&stream.name, 700, 10, usize::MAX);
    let messages: Vec<&str> = page.events.iter().map(|event| event.message.as_str()).collect();
    assert_eq!(messages.first(), Some(&"line 700"));
    assert_eq!((messages.len(), page.next, page.total), (10, 710, 2000));
    let small = bench.host.log_read(&stream.name, 0, 1000, 1);
    assert_eq!((small.events.len(), small.next), (1, 1));
    let beyond = bench.host.log_read(&stream.name, 5000, 10, 1000);
    assert_eq!((beyond.events.len(), beyond.next, beyond.total), (0, 2000, 2000));
    for unknown in ["pages/../../x", "pages/", "none/algo-1-1", "pages"] {
        assert_eq!(bench.host.log_read(unknown, 0, 10, 1000).total, 0, "{unknown}");
    }
}
