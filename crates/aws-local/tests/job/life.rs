//! Jobs that end by themselves: well, badly, and before they begin.

use std::collections::BTreeMap;

use aws_local::job::{IsolationLevel, JobError};
use serde_json::json;

use crate::bench::{Bench, Test, arn, course, request};

pub(crate) const TESTS: &[Test] = &[
    ("life::completes_with_artifacts_metrics_and_a_bill", completes_with_artifacts_metrics_and_a_bill),
    ("life::the_environment_is_the_jobs_own", the_environment_is_the_jobs_own),
    ("life::a_traceback_becomes_the_failure_reason", a_traceback_becomes_the_failure_reason),
    ("life::the_failure_file_comes_first", the_failure_file_comes_first),
    ("life::a_container_entrypoint_runs", a_container_entrypoint_runs),
    ("life::what_cannot_run_fails_with_a_client_error", what_cannot_run_fails_with_a_client_error),
    ("life::a_name_is_used_once", a_name_is_used_once),
    ("life::plain_processes_train_too", plain_processes_train_too),
    ("life::a_shell_script_is_an_entry_point", a_shell_script_is_an_entry_point),
];

fn completes_with_artifacts_metrics_and_a_bill() {
    let bench = Bench::new();
    bench.put("data/train/a.csv", b"1,2\n");
    bench.put("data/train/deep/b.csv", b"3,4\n");
    let script = r#"
import json, os, time
assert open("/opt/ml/input/data/train/deep/b.csv").read() == "3,4\n"
assert os.environ["SM_CHANNEL_TRAIN"] == "/opt/ml/input/data/train"
assert json.load(open("/opt/ml/input/config/hyperparameters.json"))["epochs"] == "3"
busy = time.time() + 2.5
for epoch in range(1, 4):
    print(f"epoch={epoch} train:loss={1 / epoch}")
while time.time() < busy:
    pass
open("/opt/ml/model/model.json", "w").write("{}")
open(os.environ["SM_OUTPUT_DATA_DIR"] + "/curve.csv", "w").write("x")
"#;
    bench.script("complete", script, |request| {
        request["HyperParameters"]["epochs"] = json!("3");
        request["AlgorithmSpecification"]["MetricDefinitions"] =
            json!([{"Name": "train:loss", "Regex": "train:loss=([0-9.]+)"}, {"Name": "bad", "Regex": "(?=x)(.)"}]);
        request["InputDataConfig"] = json!([{"ChannelName": "train", "DataSource": {"S3DataSource": {
            "S3DataType": "S3Prefix", "S3Uri": "s3://trainyard/data/train", "S3DataDistributionType": "FullyReplicated"}}}]);
    });
    let job = bench.end("complete");
    assert_eq!(job.status, "Completed", "{job:#?}\n{}", bench.log("complete"));
    assert_eq!(course(&job), ["Starting", "Downloading", "Training", "Uploading", "Completed"]);
    assert!(
        job.transitions.iter().all(|transition| transition.ended_at_ms.is_some() && !transition.message.is_empty())
    );
    assert_eq!(job.model_artifact.as_deref(), Some("s3://trainyard/runs/complete/output/model.tar.gz"));
    assert_eq!(bench.archived("runs/complete/output/model.tar.gz", "model.json").as_deref(), Some("{}"));
    assert_eq!(bench.archived("runs/complete/output/output.tar.gz", "curve.csv").as_deref(), Some("x"));
    let span = job.ended_at_ms.expect("an end") - job.started_at_ms.expect("a start");
    assert_eq!(job.training_seconds, Some(u64::try_from((span + 500) / 1000).expect("positive")));
    assert_eq!(job.billable_seconds, job.training_seconds);
    let third = 1.0 / 3.0;
    assert_eq!(job.final_metrics.len(), 1);
    assert!(job.final_metrics[0].0 == "train:loss" && (job.final_metrics[0].1 - third).abs() < 1e-12);
    assert_eq!(job.tags["made-by"], "a test");

    let samples = bench.metrics("complete");
    let losses: Vec<f64> =
        samples.iter().filter(|sample| sample.metric == "train:loss").map(|sample| sample.value).collect();
    assert_eq!(losses, [1.0, 0.5, third]);
    for metric in ["CPUUtilization", "MemoryUtilization", "DiskUtilization"] {
        let of_host: Vec<_> = samples.iter().filter(|sample| sample.metric == metric).collect();
        assert!(!of_host.is_empty(), "no {metric}");
        assert_eq!(of_host[0].dimension, ("Host".to_owned(), "complete/algo-1".to_owned()));
        assert!(of_host.iter().any(|sample| sample.value > 0.0), "{of_host:?}");
    }
    let rest = bench.host.metrics_read("complete", 2);
    assert_eq!(rest, samples[2..]);

    let streams = bench.host.log_streams("complete");
    assert_eq!(streams.len(), 1);
    assert!(streams[0].name.starts_with("complete/algo-1-"), "{streams:?}");
    assert!(streams[0].first_event_ms <= streams[0].last_event_ms && streams[0].first_event_ms.is_some());
    let log = bench.log("complete");
    assert!(log.contains("epoch=3 train:loss=0.333"), "{log}");
    assert!(log.contains("metric bad"), "{log}");
    assert!(!bench.job_dir("complete").join("hosts").exists() || bench.get("complete").is_terminal());
}

fn the_environment_is_the_jobs_own() {
    let bench = Bench::new();
    let script = r#"
import json, os, socket, sys
print("ENV", json.dumps(dict(os.environ)))
print("ARGS", json.dumps(sys.argv[1:]))
print("HOST", socket.gethostname())
print("CWD", os.getcwd())
"#;
    bench.script("environment", script, |request| {
        request["Environment"] = json!({"MINE": "yes"});
        request["HyperParameters"]["learning-rate"] = json!("0.10");
        request["HyperParameters"]["e"] = json!("\"a b\"");
    });
    let job = bench.end("environment");
    assert_eq!(job.status, "Completed", "{job:#?}");
    let log = bench.log("environment");
    let said = |mark: &str| log.lines().find_map(|line| line.strip_prefix(mark)).expect(mark).trim().to_owned();
    assert_eq!(said("ARGS"), r#"["-e", "a b", "--learning-rate", "0.1"]"#);
    let variables: BTreeMap<String, String> = serde_json::from_str(&said("ENV")).expect("an environment");
    assert_eq!(variables["MINE"], "yes");
    assert_eq!(variables["SM_HP_LEARNING_RATE"], "0.1");
    assert_eq!(variables["TRAINING_JOB_ARN"], arn("environment"));
    // Whatever else the server has in its environment stays there.
    for name in std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
        let is_given = ["PATH", "HOME", "LANG", "TMPDIR", "AWS_REGION", "AWS_DEFAULT_REGION", "PWD"]
            .contains(&name.as_str())
            || name.starts_with("PYTHON");
        assert!(is_given || !variables.contains_key(&name), "{name} was inherited");
    }
    if bench.host.isolation().level == IsolationLevel::Namespaces {
        assert_eq!(said("HOST"), "algo-1");
        assert_eq!(said("CWD"), "/opt/ml/code");
    }
}

fn a_traceback_becomes_the_failure_reason() {
    let bench = Bench::new();
    let script = "print('before')\ndef deep():\n    raise ValueError('the loss is a cabbage')\ndeep()\n";
    bench.script("traceback", script, |request| request["HyperParameters"]["epochs"] = json!("3"));
    let job = bench.end("traceback");
    assert_eq!((job.status.as_str(), job.secondary_status.as_str()), ("Failed", "Failed"));
    assert_eq!(course(&job), ["Starting", "Downloading", "Training", "Uploading", "Failed"]);
    let reason = job.failure_reason.expect("a reason");
    assert!(
        reason.starts_with("AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage \"Traceback"),
        "{reason}"
    );
    assert!(reason.contains("ValueError: the loss is a cabbage"), "{reason}");
    assert!(reason.contains("train.py --epochs 3"), "{reason}");
    assert_eq!(job.model_artifact, None);
    assert!(job.training_seconds.is_some());
}

fn the_failure_file_comes_first() {
    let bench = Bench::new();
    let script = "open('/opt/ml/output/failure', 'w').write('my reason ' + 'x' * 5000)\nraise SystemExit(3)\n";
    bench.script("failure-file", script, |_| {});
    let reason = bench.end("failure-file").failure_reason.expect("a reason");
    assert!(reason.starts_with("AlgorithmError: my reason xxx"), "{reason}");
    assert_eq!(reason.chars().count(), 1024);
}

fn a_container_entrypoint_runs() {
    let bench = Bench::new();
    bench.put("code/run.sh", b"echo from a channel; echo done > /opt/ml/model/x\n");
    bench.start(
        "entrypoint",
        request("none", |request| {
            request["HyperParameters"] = json!({});
            request["AlgorithmSpecification"]["ContainerEntrypoint"] = json!(["/bin/sh"]);
            request["AlgorithmSpecification"]["ContainerArguments"] =
                json!(["-c", ". /opt/ml/input/data/code/run.sh; cat /opt/ml/input/config/resourceconfig.json"]);
            request["InputDataConfig"] = json!([{"ChannelName": "code", "DataSource": {"S3DataSource": {
                "S3DataType": "S3Prefix", "S3Uri": "s3://trainyard/code/"}}}]);
        }),
    );
    let job = bench.end("entrypoint");
    assert_eq!(job.status, "Completed", "{job:#?}");
    assert!(bench.log("entrypoint").contains("from a channel"));
    assert!(bench.log("entrypoint").contains("\"current_host\":\"algo-1\""));
    assert_eq!(bench.archived("runs/entrypoint/output/model.tar.gz", "x").as_deref(), Some("done\n"));
}

fn what_cannot_run_fails_with_a_client_error() {
    type Change = fn(&mut serde_json::Value);
    let bench = Bench::new();
    bench.put_source("sources/other.tar.gz", &[("other.py", "")]);
    let cases: [(&str, &str, Change); 6] = [
        ("no-script", "ContainerEntrypoint", |request| request["HyperParameters"] = json!({})),
        ("no-archive", "does not exist", |_| {}),
        ("no-program", "which holds: other.py", |request| {
            request["HyperParameters"]["sagemaker_submit_directory"] = json!("s3://trainyard/sources/other.tar.gz");
        }),
        ("no-bucket", "bucket nowhere", |request| {
            request["OutputDataConfig"]["S3OutputPath"] = json!("s3://nowhere/x");
        }),
        ("no-data", "No S3 objects found", |request| {
            request["InputDataConfig"] = json!([{"ChannelName": "train", "DataSource": {"S3DataSource": {
                "S3DataType": "S3Prefix", "S3Uri": "s3://trainyard/none"}}}]);
        }),
        ("not-gzip", "refused", |request| {
            request["HyperParameters"]["sagemaker_submit_directory"] = json!("s3://trainyard/sources/text.tar.gz");
        }),
    ];
    bench.put("sources/text.tar.gz", b"this is no archive at all");
    for (name, _, change) in cases {
        bench.start(name, request("sources/none.tar.gz", change));
    }
    for (name, word, _) in cases {
        let job = bench.end(name);
        let reason = job.failure_reason.clone().unwrap_or_default();
        assert_eq!(job.status, "Failed", "{job:#?}");
        assert!(reason.starts_with("ClientError: ") && reason.contains(word), "{name}: {reason}");
    }
    // A job that never worked has no training time.
    let never = bench.get("no-bucket");
    assert_eq!((never.started_at_ms, never.training_seconds, never.billable_seconds), (None, None, None));
}

fn a_name_is_used_once() {
    let bench = Bench::new();
    let request = request("none", |_| {});
    let tags = BTreeMap::new();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let start = || bench.host.start("same-name", "arn:first", &request, &tags);
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    for outcome in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(matches!(outcome, JobError::NameInUse { arn, .. } if arn == "arn:first"), "{outcome:?}");
    }
    for bad in ["../x", "", "a_b", "-a"] {
        let refused = bench.host.start(bad, "arn", &request, &tags);
        assert!(matches!(refused, Err(JobError::Invalid { .. })), "{refused:?}");
    }
    bench.end("same-name");
    assert!(matches!(bench.host.stop("same-name"), Err(JobError::NotRunning { status }) if status == "Failed"));
    assert!(matches!(bench.host.stop("unknown"), Err(JobError::NotFound { .. })));
    let tags = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    bench.host.tags_set("same-name", &tags).expect("tagged");
    assert_eq!(bench.get("same-name").tags, tags);
}

fn plain_processes_train_too() {
    let bench = Bench::with(|config| config.use_namespaces = false);
    assert_eq!(bench.host.isolation().level, IsolationLevel::Plain);
    let script = r#"
import os, subprocess, sys
assert not os.environ["SM_MODEL_DIR"].startswith("/opt/ml")
open(os.environ["SM_MODEL_DIR"] + "/model", "w").write("trained")
# What is left behind does not live on.
subprocess.Popen(["sleep", "1000"], start_new_session=True)
print("loss=1")
"#;
    bench.script("plain", script, |_| {});
    let job = bench.end("plain");
    assert_eq!(job.status, "Completed", "{job:#?}\n{}", bench.log("plain"));
    assert_eq!(bench.archived("runs/plain/output/model.tar.gz", "model").as_deref(), Some("trained"));
    let mark = bench.job_dir("plain").display().to_string();
    assert!(crate::recovery::processes_marked(&mark).is_empty());
}

fn a_shell_script_is_an_entry_point() {
    let bench = Bench::new();
    bench.put_source("sources/shell.tar.gz", &[("run.sh", "#!/bin/sh\necho \"args: $*\"\nexit 7\n")]);
    bench.start(
        "shell",
        request("sources/shell.tar.gz", |request| {
            request["HyperParameters"]["sagemaker_program"] = json!("run.sh");
            request["HyperParameters"]["name"] = json!("it's");
        }),
    );
    let job = bench.end("shell");
    assert!(bench.log("shell").contains("args: --name it's"), "{}", bench.log("shell"));
    assert!(job.failure_reason.expect("a reason").contains("ExitCode 7"));
}
