//! What a training script may count on: its command line, its environment, and outputs that travel while it runs.

use serde_json::json;

use crate::bench::{Bench, Test, request};

pub(crate) const TESTS: &[Test] = &[
    ("contract::outputs_travel_while_the_job_runs", outputs_travel_while_the_job_runs),
    ("contract::a_package_is_run_as_a_module", a_package_is_run_as_a_module),
    ("contract::the_training_environment_is_the_toolkits", the_training_environment_is_the_toolkits),
    ("contract::a_killed_script_is_said_to_lack_memory", a_killed_script_is_said_to_lack_memory),
];

fn outputs_travel_while_the_job_runs() {
    let bench = Bench::new();
    let script = r#"
import time
for folder in ("tensorboard", "tensors", "intermediate"):
    open(f"/opt/ml/output/{folder}/events", "w").write(folder)
while True: time.sleep(0.05)
"#;
    bench.script("live", script, |request| {
        request["TensorBoardOutputConfig"] = json!({"S3OutputPath": "s3://trainyard/boards"});
        request["DebugHookConfig"] = json!({"S3OutputPath": "s3://trainyard/debug"});
        request["HyperParameters"]["sagemaker_s3_output"] = json!("s3://trainyard/seen");
    });
    let keys = [
        ("boards/live/tensorboard-output/events", "tensorboard"),
        ("debug/live/debug-output/events", "tensors"),
        ("seen/live/output/intermediate/events", "intermediate"),
    ];
    bench.wait("live", "the outputs", |job| {
        assert!(!job.is_terminal(), "{job:#?}\n{}", bench.log("live"));
        keys.iter().all(|(key, _)| bench.s3(key).is_file())
    });
    for (key, text) in keys {
        assert_eq!(std::fs::read_to_string(bench.s3(key)).expect("read"), text);
    }
}

fn a_package_is_run_as_a_module() {
    let bench = Bench::new();
    let files = [
        ("setup.py", ""),
        ("train.py", "import helper, sys\nprint('module', __spec__.name, sys.argv[1:])\n"),
        ("helper.py", ""),
    ];
    bench.put_source("sources/package.tar.gz", &files);
    bench.start(
        "package",
        request("sources/package.tar.gz", |request| {
            request["HyperParameters"]["nothing"] = json!("null");
            request["HyperParameters"]["b"] = json!("{\"y\": 2, \"x\": 1}");
        }),
    );
    let job = bench.end("package");
    assert_eq!(job.status, "Completed", "{job:#?}\n{}", bench.log("package"));
    assert!(
        bench.log("package").contains("module train ['-b', 'x=1,y=2', '--nothing', '']"),
        "{}",
        bench.log("package")
    );
}

fn the_training_environment_is_the_toolkits() {
    let bench = Bench::new();
    bench.put("in/a", b"a");
    let script = r#"
import json, os
env = json.loads(os.environ["SM_TRAINING_ENV"])
assert os.environ["SM_TRAINING_ENV"] == json.dumps(env, sort_keys=True, separators=(",", ":"))
expected = {
    "additional_framework_parameters": {"sagemaker_mpi_enabled": True},
    "channel_input_dirs": {"test": "/opt/ml/input/data/test", "Train-2": "/opt/ml/input/data/Train-2"},
    "distribution_hosts": ["algo-1"], "distribution_instance_groups": ["homogeneousCluster"],
    "framework_module": None, "is_master": True, "master_hostname": "algo-1", "module_name": "train",
    "user_entry_point": "train.py", "job_name": "environment", "log_level": 10, "is_hetero": False,
    "hyperparameters": {"learning-rate": 0.1}, "hosts": ["algo-1"],
}
for name, value in expected.items():
    assert env[name] == value, (name, env[name])
assert env["resource_config"] == json.load(open("/opt/ml/input/config/resourceconfig.json"))
assert env["input_data_config"] == json.load(open("/opt/ml/input/config/inputdataconfig.json"))
assert os.environ["SM_CHANNELS"] == '["Train-2","test"]', os.environ["SM_CHANNELS"]
assert os.environ["SM_FRAMEWORK_MODULE"] == "" and "SM_TOPOLOGY" not in os.environ
assert os.environ["SM_HP_LEARNING-RATE"] == os.environ["SM_HP_LEARNING_RATE"] == "0.1"
"#;
    bench.script("environment", script, |request| {
        let source = json!({"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://trainyard/in/"}});
        request["InputDataConfig"] = json!([
            {"ChannelName": "test", "DataSource": source}, {"ChannelName": "Train-2", "DataSource": source}]);
        for (name, value) in
            [("learning-rate", "0.1"), ("sagemaker_mpi_enabled", "true"), ("sagemaker_container_log_level", "10")]
        {
            request["HyperParameters"][name] = json!(value);
        }
    });
    let job = bench.end("environment");
    assert_eq!(job.status, "Completed", "{job:#?}\n{}", bench.log("environment"));
}

fn a_killed_script_is_said_to_lack_memory() {
    let bench = Bench::new();
    bench.script("killed", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", |_| {});
    let reason = bench.end("killed").failure_reason.expect("a reason");
    assert!(reason.contains("ExitCode 137"), "{reason}");
    assert!(reason.contains("ExtraInfo \"OutOfMemory: Process killed by SIGKILL (signal 9)\""), "{reason}");
}
