//! What stands for a training image: packages, stand-ins of built-in algorithms, containers.
//!
//! The stand-ins install their packages from PyPI, once for all tests here: `bench` of each test has a data folder of
//! its own, so the three algorithms share one test.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use aws_local::image::{ImageMapping, ImageTarget};
use aws_local::job::JobRecord;
use serde_json::{Value, json};

use crate::bench::{Bench, Test, request};

pub(crate) const TESTS: &[Test] = &[
    ("images::built_in_algorithms_train", built_in_algorithms_train),
    ("images::packages_are_installed_only_when_they_are_missed", packages_are_installed_only_when_they_are_missed),
    ("images::requirements_lie_over_the_image", requirements_lie_over_the_image),
    ("images::an_entry_point_has_the_packages_of_its_image", an_entry_point_has_the_packages_of_its_image),
    ("images::an_image_runs_as_a_container", an_image_runs_as_a_container),
    ("images::a_container_ends_with_its_job", a_container_ends_with_its_job),
    ("images::what_has_no_stand_in_is_said", what_has_no_stand_in_is_said),
];

pub(crate) const SKLEARN: &str = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3";
const XGBOOST: &str = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1";
const LINEAR: &str = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1";

/// A request without a script, with CSV channels.
fn algorithm(specification: &Value, hyperparameters: &Value, channels: &[&str]) -> Value {
    let channel = |name: &&str| {
        json!({"ChannelName": name, "ContentType": "text/csv", "DataSource": {"S3DataSource": {
            "S3DataType": "S3Prefix", "S3Uri": format!("s3://trainyard/data/{name}/"),
            "S3DataDistributionType": "FullyReplicated"}}})
    };
    request("", |request| {
        request["AlgorithmSpecification"] = specification.clone();
        request["AlgorithmSpecification"]["TrainingInputMode"] = json!("File");
        request["HyperParameters"] = hyperparameters.clone();
        request["InputDataConfig"] = channels.iter().map(channel).collect();
    })
}

fn last(job: &JobRecord, name: &str) -> f64 {
    let found = job.final_metrics.iter().find(|metric| metric.0 == name);
    found.unwrap_or_else(|| panic!("no {name} in {:?}", job.final_metrics)).1
}

fn completed(bench: &Bench, name: &str) -> JobRecord {
    let job = bench.end(name);
    assert_eq!(job.status, "Completed", "{job:#?}\n{}", bench.log(name));
    let training = job.transitions.iter().find(|transition| transition.status == "Training").expect("trained");
    assert!(training.message.contains("stand-in"), "{training:?}");
    job
}

/// `y = 2a - 3b + 1` on a grid, and three squares of points around (0, 0), (10, 0) and (0, 10).
fn put_data(bench: &Bench) {
    let grid = (0..20).flat_map(|a| (0..20).map(move |b| (f64::from(a) / 10.0, f64::from(b) / 10.0)));
    let line = |(a, b): (f64, f64)| format!("{},{a},{b}\n", 2.0 * a - 3.0 * b + 1.0);
    bench.put("data/train/a.csv", grid.clone().map(line).collect::<String>().as_bytes());
    bench.put("data/validation/a.csv", grid.step_by(7).map(line).collect::<String>().as_bytes());
    let squares = [(0, 0), (10, 0), (0, 10)];
    let corners = [(-1, -1), (-1, 1), (1, -1), (1, 1)];
    let points = squares.iter().flat_map(|(x, y)| corners.iter().map(move |(a, b)| format!("{},{}\n", x + a, y + b)));
    bench.put("data/points/a.csv", points.collect::<String>().as_bytes());
}

/// The figures are those that XGBoost 3.2 gives when it is called directly, and those that follow from the data.
fn built_in_algorithms_train() {
    let bench = Bench::new();
    put_data(&bench);
    let image = |image: &str| json!({"TrainingImage": image, "MetricDefinitions": [{"Name": "mine", "Regex": "(.*)"}]});
    let parameters = json!({"num_round": "3", "max_depth": "\"3\"", "objective": "reg:squarederror"});
    bench.start("xgboost", algorithm(&image(XGBOOST), &parameters, &["train", "validation"]));
    let job = completed(&bench, "xgboost");
    let log = bench.log("xgboost");
    assert!(log.contains("[0]#011train-rmse:") && log.contains("#011validation-rmse:"), "{log}");
    assert!((last(&job, "train:rmse") - 0.911_88).abs() < 2e-5, "{:?}", job.final_metrics);
    assert!(job.final_metrics.iter().all(|metric| metric.0 != "mine"));
    let shown = &job.request["AlgorithmSpecification"]["MetricDefinitions"];
    assert!(shown.as_array().expect("a list").iter().any(|definition| definition["Name"] == "validation:rmse"));
    assert!(job.model_artifact.is_some());

    let parameters = json!({"predictor_type": "regressor", "epochs": "40", "mini_batch_size": "50",
        "early_stopping_patience": "40"});
    bench.start("linear", algorithm(&image(LINEAR), &parameters, &["train", "validation"]));
    let job = completed(&bench, "linear");
    assert!(last(&job, "validation:mse") < 1e-3, "{:?}", job.final_metrics);
    assert!(last(&job, "train:objective_loss:final") < 1e-3, "{:?}", job.final_metrics);

    // By name; each corner is a square root of two from its centre.
    let parameters = json!({"k": "3", "feature_dim": "2"});
    let mut by_name = algorithm(&json!({"AlgorithmName": "kmeans"}), &parameters, &["points"]);
    by_name["InputDataConfig"][0]["ChannelName"] = json!("train");
    bench.start("kmeans", by_name);
    let job = completed(&bench, "kmeans");
    assert!((last(&job, "train:msd") - 2.0).abs() < 1e-9, "{:?}", job.final_metrics);

    bench.start("wrong", algorithm(&image(XGBOOST), &json!({"num_round": "0"}), &["train"]));
    let reason = bench.end("wrong").failure_reason.expect("a reason");
    assert_eq!(reason, "ClientError: Hyperparameter num_round: value 0 not in range [1, +inf]");
}

/// Without an index, so what is tried to be installed is seen by its failure.
fn packages_are_installed_only_when_they_are_missed() {
    let mapping = ImageMapping::new(
        "mine:*",
        ImageTarget::Requirements(vec!["--no-index".to_owned(), "trainyard-no-such-package==1.0".to_owned()]),
    );
    let bench = Bench::with(|config| config.images = vec![mapping.expect("a mapping")]);
    bench.script("bare", "import json, os, train\nprint('ran at once')\n", |request| {
        request["AlgorithmSpecification"]["TrainingImage"] = json!(SKLEARN);
    });
    bench.script("mapped", "print('never')\n", |request| {
        request["AlgorithmSpecification"]["TrainingImage"] = json!("mine:1");
    });
    let job = bench.end("bare");
    let log = bench.log("bare");
    assert_eq!(job.status, "Completed", "{job:#?}\n{log}");
    assert!(log.contains("ran at once") && !log.contains("installing"), "{log}");
    let reason = bench.end("mapped").failure_reason.expect("a reason");
    assert!(reason.starts_with("InternalServerError: the mapping of mine:1 could not be installed"), "{reason}");
    assert!(reason.contains("trainyard-no-such-package"), "{reason}");
}

/// Packages without a network, in `wheels` of a source: each has a module, a module that the other has too, and the
/// program `trainyard-sample`, which prints whose module it sees.
fn make_wheels(source: &Path) {
    fs::create_dir_all(source.join("wheels")).expect("created");
    let make = r#"
import sys, zipfile
for name in ("below", "above"):
    info = f"trainyard_sample_{name}-1.0.dist-info/"
    with zipfile.ZipFile(f"{sys.argv[1]}/trainyard_sample_{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"trainyard_sample_{name}.py", f"WHERE = __file__\n")
        wheel.writestr("trainyard_sample_both.py", f"NAME = '{name}'\ndef main(): print('program sees', NAME)\n")
        wheel.writestr(info + "METADATA", f"Metadata-Version: 2.1\nName: trainyard-sample-{name}\nVersion: 1.0\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(info + "RECORD", "")
        if name == "below":
            wheel.writestr(info + "entry_points.txt", "[console_scripts]\ntrainyard-sample = trainyard_sample_both:main\n")
"#;
    let made = Command::new("python3").args(["-c", make]).arg(source.join("wheels")).status().expect("python3");
    assert!(made.success());
}

/// A bench where `mine:1` is the package below.
fn with_sample_image() -> Bench {
    let lines = ["--no-index", "--find-links wheels", "trainyard-sample-below==1.0"].map(str::to_owned);
    let mapping = ImageMapping::new("mine:*", ImageTarget::Requirements(lines.to_vec())).expect("a mapping");
    Bench::with(|config| config.images = vec![mapping])
}

/// One package stands for the image, one is the source's requirement, and both are seen by the script and by the
/// programs of the image, the requirement first.
fn requirements_lie_over_the_image() {
    let bench = with_sample_image();
    let source = bench.data.path().join("source");
    make_wheels(&source);
    let script = "import subprocess, trainyard_sample_above, trainyard_sample_below, trainyard_sample_both\n\
                  print('seen', trainyard_sample_both.NAME, flush=True)\n\
                  subprocess.run(['trainyard-sample'], check=True)\n";
    fs::write(source.join("train.py"), script).expect("written");
    let requirements = "--no-index\n--find-links wheels\ntrainyard-sample-above==1.0\n";
    fs::write(source.join("requirements.txt"), requirements).expect("written");
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    tar.append_dir_all("", &source).expect("packed");
    bench.put("sources/layers.tar.gz", &tar.into_inner().expect("a tar").finish().expect("gzip"));
    let layers = request("sources/layers.tar.gz", |request| {
        request["AlgorithmSpecification"]["TrainingImage"] = json!("mine:1");
    });
    bench.start("layers", layers);
    let job = bench.end("layers");
    let log = bench.log("layers");
    assert_eq!(job.status, "Completed", "{job:#?}\n{log}");
    assert!(log.contains("seen above") && log.contains("program sees above"), "{log}");
}

/// As version 3 of the SDK does it: the source and its launcher are channels, and the launcher unpacks and installs. The
/// archive is of a user who does not exist in the sandbox.
fn an_entry_point_has_the_packages_of_its_image() {
    let bench = with_sample_image();
    let wheels = bench.data.path().join("made");
    make_wheels(&wheels);
    for wheel in fs::read_dir(wheels.join("wheels")).expect("wheels").flatten() {
        let key = format!("v3/code/wheels/{}", wheel.file_name().to_string_lossy());
        bench.put(&key, &fs::read(wheel.path()).expect("read"));
    }
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    let text = b"import trainyard_sample_below\nprint('unpacked and run')\n";
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    header.set_uid(503);
    tar.append_data(&mut header, "train.py", &text[..]).expect("packed");
    bench.put("v3/code/code.tar", &tar.into_inner().expect("a tar"));
    let launcher = "set -e\ncd /opt/ml/input/data/code\ntar -xf code.tar\npython3 train.py\ntrainyard-sample\n";
    bench.put("v3/sm_drivers/sm_train.sh", launcher.as_bytes());
    let channel = |name: &str| {
        json!({"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix",
            "S3Uri": format!("s3://trainyard/v3/{name}/"), "S3DataDistributionType": "FullyReplicated"}}})
    };
    let entrypoint = request("", |request| {
        request["AlgorithmSpecification"]["TrainingImage"] = json!("mine:1");
        request["AlgorithmSpecification"]["ContainerEntrypoint"] =
            json!(["/bin/sh", "/opt/ml/input/data/sm_drivers/sm_train.sh"]);
        request["HyperParameters"] = json!({});
        request["InputDataConfig"] = json!([channel("code"), channel("sm_drivers")]);
    });
    bench.start("entrypoint", entrypoint);
    let job = bench.end("entrypoint");
    let log = bench.log("entrypoint");
    assert_eq!(job.status, "Completed", "{job:#?}\n{log}");
    assert!(log.contains("unpacked and run") && log.contains("program sees below"), "{log}");
}

/// A client that records its arguments and does what the image would: `train` is shell, with `$ml` for `/opt/ml` and
/// `$file` for the file of the environment.
fn with_docker(train: &str) -> (Bench, PathBuf) {
    let client = tempfile::tempdir().expect("a folder").keep();
    let program = client.join("docker");
    let text = format!(
        r#"#!/bin/sh
echo "$@" >> {0}/calls
case "$1" in version|rm) exit 0 ;; esac
for word in "$@"; do
  case "$word" in
    type=bind,source=*,target=/opt/ml) ml=${{word#type=bind,source=}}; ml=${{ml%,target=/opt/ml}} ;;
    */environment) file=$word ;;
  esac
done
{train}
"#,
        client.display()
    );
    fs::write(&program, text).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("made a program");
    let mapping = ImageMapping::new("contained:*", ImageTarget::Container).expect("a mapping");
    let bench = Bench::with(|config| {
        config.images = vec![mapping];
        config.container_engine = Some(program);
    });
    (bench, client)
}

fn calls(client: &Path) -> String {
    fs::read_to_string(client.join("calls")).unwrap_or_default()
}

fn contained(change: impl FnOnce(&mut Value)) -> Value {
    request("", |request| {
        request["AlgorithmSpecification"]["TrainingImage"] = json!("contained:1");
        request["AlgorithmSpecification"]["MetricDefinitions"] = json!([{"Name": "loss", "Regex": "loss=([0-9.]+)"}]);
        request["HyperParameters"] = json!({"epochs": "3"});
        request["Environment"] = json!({"MINE": "yes", "PATH": "/nowhere"});
        change(request);
    })
}

fn an_image_runs_as_a_container() {
    let (bench, client) = with_docker(
        r#"cat "$ml/input/config/hyperparameters.json"; grep -E '^(MINE|SM_MODEL_DIR)=' "$file"
           echo "epoch=1 loss=0.25"; echo "{}" > "$ml/model/model.json""#,
    );
    bench.start("contained", contained(|_| {}));
    let overridden = contained(|request| {
        request["AlgorithmSpecification"]["ContainerEntrypoint"] = json!(["/bin/bash", "-c"]);
        request["AlgorithmSpecification"]["ContainerArguments"] = json!(["echo 1"]);
        request["EnableNetworkIsolation"] = json!(true);
    });
    bench.start("overridden", overridden);
    let job = bench.end("contained");
    let log = bench.log("contained");
    assert_eq!(job.status, "Completed", "{job:#?}\n{log}");
    for line in [r#"{"epochs":"3"}"#, "MINE=yes", "SM_MODEL_DIR=/opt/ml/model"] {
        assert!(log.contains(line), "{line}: {log}");
    }
    assert_eq!(job.final_metrics[0].1.to_string(), "0.25");
    assert_eq!(bench.archived("runs/contained/output/model.tar.gz", "model.json").as_deref(), Some("{}\n"));
    assert_eq!(bench.end("overridden").status, "Completed", "{}", bench.log("overridden"));
    let calls = calls(&client);
    let run =
        |name: &str| calls.lines().find(|line| line.contains(&format!("run --rm --name trainyard-{name}-algo-1-")));
    let run_contained = run("contained").expect(&calls);
    assert!(run_contained.ends_with(" contained:1 train") && run_contained.contains(" --network host "), "{calls}");
    let run_overridden = run("overridden").expect(&calls);
    assert!(run_overridden.ends_with(" --entrypoint /bin/bash contained:1 -c echo 1"), "{calls}");
    assert!(run_overridden.contains(" --network none "), "{calls}");
}

fn a_container_ends_with_its_job() {
    let (bench, client) = with_docker("trap 'echo told to end; exit 0' TERM; echo begun; while :; do sleep 0.05; done");
    bench.start("stopped", contained(|_| {}));
    bench.printed("stopped", "begun");
    bench.host.stop("stopped").expect("stopped");
    assert_eq!(bench.end("stopped").status, "Stopped");
    assert!(bench.log("stopped").contains("told to end"), "{}", bench.log("stopped"));
    assert!(calls(&client).contains("rm --force trainyard-stopped-algo-1-"), "{}", calls(&client));

    let (bench, _) = with_docker("echo 'docker: no such image' >&2; exit 125");
    bench.start("refused", contained(|_| {}));
    let reason = bench.end("refused").failure_reason.expect("a reason");
    assert_eq!(reason, "ClientError: the container engine could not run contained:1: docker: no such image");
}

fn what_has_no_stand_in_is_said() {
    let bench = Bench::new();
    for (name, image, word) in [
        ("closed", "382416733822.dkr.ecr.us-east-1.amazonaws.com/pca:1", "has no local stand-in"),
        ("unknown", "000000000000.dkr.ecr.us-east-1.amazonaws.com/mine:1", "Start Docker or Podman"),
        ("retired", "763104351884.dkr.ecr.us-east-1.amazonaws.com/mxnet-training:1.9.0-cpu-py38", "PyTorch"),
    ] {
        bench.start(name, algorithm(&json!({"TrainingImage": image}), &json!({}), &[]));
        let reason = bench.end(name).failure_reason.expect("a reason");
        assert!(reason.starts_with("ClientError: ") && reason.contains(word), "{reason}");
    }
}
