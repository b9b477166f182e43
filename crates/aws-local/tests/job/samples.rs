//! The samples that the product ships, and `requirements.txt`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::bench::{Bench, Test, request};

pub(crate) const TESTS: &[Test] = &[
    ("samples::iris_learns_and_is_the_same_after_an_interruption", iris_learns_and_is_the_same_after_an_interruption),
    ("samples::the_failing_one_fails_with_its_traceback", the_failing_one_fails_with_its_traceback),
    ("samples::requirements_are_installed_once", requirements_are_installed_once),
    ("samples::requirements_that_do_not_exist_fail_the_job", requirements_that_do_not_exist_fail_the_job),
];

fn folder(name: &str) -> PathBuf {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate lies");
    Path::new(&folder).join("../../end2end/jobs").join(name)
}

/// Uploads a sample and gives the request that its form makes, with changed hyperparameters.
fn sample(bench: &Bench, name: &str, changes: &[(&str, &str)]) -> Value {
    let key = format!("sources/{name}.tar.gz");
    let files: Vec<(String, String)> = fs::read_dir(folder(name))
        .expect("a sample")
        .map(|entry| entry.expect("listed").path())
        .filter(|path| path.is_file() && !path.ends_with("sample.json"))
        .map(|path| {
            let file = path.file_name().expect("a name").to_string_lossy().into_owned();
            (file, fs::read_to_string(&path).expect("text"))
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    bench.put_source(&key, &files);
    let text = fs::read_to_string(folder(name).join("sample.json")).expect("a description");
    let own = serde_json::from_str::<Value>(&text).expect("JSON")["request"].take();
    request(&key, |request| {
        for (name, value) in own["HyperParameters"].as_object().expect("hyperparameters") {
            request["HyperParameters"][name] = value.clone();
        }
        for (name, value) in changes {
            request["HyperParameters"][*name] = json!(value);
        }
        let definitions = &own["AlgorithmSpecification"]["MetricDefinitions"];
        request["AlgorithmSpecification"]["MetricDefinitions"] =
            if definitions.is_null() { json!([]) } else { definitions.clone() };
    })
}

fn iris_learns_and_is_the_same_after_an_interruption() {
    let bench = Bench::new();
    let straight = sample(&bench, "iris-stdlib", &[("epochs", "20"), ("epoch-seconds", "0")]);
    bench.start("straight", straight);
    let mut spot = sample(&bench, "iris-stdlib", &[("epochs", "20"), ("epoch-seconds", "0.1")]);
    spot["EnableManagedSpotTraining"] = json!(true);
    spot["StoppingCondition"] = json!({"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600});
    spot["CheckpointConfig"] = json!({"S3Uri": "s3://trainyard/checkpoints/iris"});
    spot["Environment"] = json!({"TRAINYARD_LOCAL_SPOT_INTERRUPT_AFTER_SECONDS": "1"});
    bench.start("interrupted", spot);

    let job = bench.end("straight");
    assert_eq!(job.status, "Completed", "{job:#?}\n{}", bench.log("straight"));
    let last = |name: &str| job.final_metrics.iter().find(|metric| metric.0 == name).expect(name).1;
    assert!(last("train:loss") < 0.2, "{:?}", job.final_metrics);
    assert!(last("validation:accuracy") > 0.9, "{:?}", job.final_metrics);
    let model = bench.archived("runs/straight/output/model.tar.gz", "model.json").expect("a model");
    assert!(bench.archived("runs/straight/output/output.tar.gz", "metrics.json").is_some());

    let job = bench.end("interrupted");
    let log = bench.log("interrupted");
    assert_eq!(job.status, "Completed", "{job:#?}\n{log}");
    assert!(log.contains("resumed from the checkpoint of epoch"), "{log}");
    let resumed = bench.archived("runs/interrupted/output/model.tar.gz", "model.json").expect("a model");
    assert_eq!(resumed, model, "an interruption changed the model");
}

fn the_failing_one_fails_with_its_traceback() {
    let bench = Bench::new();
    bench.start("failing", sample(&bench, "failing", &[("epoch-seconds", "0")]));
    let job = bench.end("failing");
    assert_eq!(job.status, "Failed");
    let reason = job.failure_reason.expect("a reason");
    assert!(reason.contains("DivergedError: the loss is 1.24e+10 after epoch 8"), "{reason}");
    let losses = bench.metrics("failing").into_iter().filter(|sample| sample.metric == "train:loss");
    assert_eq!(losses.count(), 8);
}

/// A package made here, so that no index is asked.
fn requirements_are_installed_once() {
    let bench = Bench::new();
    let wheel = "trainyard_sample_package-1.0-py3-none-any.whl";
    let source = bench.data.path().join("source");
    fs::create_dir(&source).expect("created");
    let make = r#"
import sys, zipfile
info = "trainyard_sample_package-1.0.dist-info/"
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("trainyard_sample_package.py", "ANSWER = 42\n")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: trainyard-sample-package\nVersion: 1.0\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr(info + "RECORD", "")
"#;
    let made = Command::new("python3").args(["-c", make]).arg(source.join(wheel)).status().expect("python3");
    assert!(made.success());
    let script = "import sys, trainyard_sample_package\nprint('answer', trainyard_sample_package.ANSWER, sys.prefix)\n";
    fs::write(source.join("train.py"), script).expect("written");
    // pip finds the package beside the requirements, as it would find it in an index.
    let with_links = "--no-index\n--find-links .\ntrainyard-sample-package==1.0\n";
    fs::write(source.join("requirements.txt"), with_links).expect("written");
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    tar.append_dir_all("", &source).expect("packed");
    bench.put("sources/r.tar.gz", &tar.into_inner().expect("a tar").finish().expect("gzip"));

    for name in ["first", "second"] {
        bench.start(name, request("sources/r.tar.gz", |_| {}));
    }
    for name in ["first", "second"] {
        let job = bench.end(name);
        let log = bench.log(name);
        assert_eq!(job.status, "Completed", "{job:#?}\n{log}");
        assert!(log.lines().any(|line| line.starts_with("answer 42 ") && line.contains("/envs/")), "{log}");
    }
    let installs = ["first", "second"].iter().filter(|name| bench.log(name).contains("Successfully installed")).count();
    assert_eq!(installs, 1, "both jobs installed the same requirements");
}

fn requirements_that_do_not_exist_fail_the_job() {
    let bench = Bench::new();
    let requirements = "--no-index\ntrainyard-no-such-package==1.0\n";
    bench.put_source("sources/n.tar.gz", &[("train.py", "print('never')\n"), ("requirements.txt", requirements)]);
    bench.start("no-such-package", request("sources/n.tar.gz", |_| {}));
    let job = bench.end("no-such-package");
    let reason = job.failure_reason.expect("a reason");
    assert!(reason.starts_with("AlgorithmError: InstallRequirementsError:\nExitCode 1"), "{reason}");
    assert!(reason.contains("trainyard-no-such-package"), "{reason}");
    assert!(!bench.log("no-such-package").contains("never"));
}
