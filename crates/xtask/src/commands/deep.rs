//! `cargo x test --deep`: test suites that others wrote for AWS and for their own imitation of it, against the endpoint,
//! and two tests of our own that fetch too much for every day: `torchrun` over two hosts, and random requests to MLflow's
//! own server and to ours.
//!
//! Nothing of them is in this repository: they are fetched at one pinned version, or taken from a folder that an
//! environment variable names. What they cannot pass stands in `end2end/python/upstream/expected_failures`, each with
//! its reason; a failure that is not listed fails, and so does a listed one that passes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use crate::{
    commands::build,
    needs::python::{BOTO3, MLFLOW_SERVER, MOTO, SDK_V3},
    places::Places,
    say, shell,
};

/// The version in `end2end/python/upstream/moto/requirements.txt`.
const MOTO_SOURCE: &str = "moto==5.2.5";
const MOTO_FOLDER: &str = "moto-5.2.5";
const SAGEMAKER_REPOSITORY: &str = "https://github.com/aws/sagemaker-python-sdk.git";
const SAGEMAKER_COMMIT: &str = "a24812666d258d9d19c9a82d0c9385ca0bd3ba01";

const MOTO_FILES: [&str; 22] = [
    "test_sagemaker/test_sagemaker_training.py",
    "test_sagemaker/test_sagemaker_search.py",
    "test_sagemaker/test_sagemaker_experiment.py",
    "test_sagemaker/test_sagemaker_trial.py",
    "test_sagemaker/test_sagemaker_trial_component.py",
    "test_sagemakermetrics/test_sagemakermetrics.py",
    "test_sts/test_sts.py",
    "test_cloudwatch/test_cloudwatch.py",
    "test_cloudwatch/test_cloudwatch_expressions.py",
    "test_logs/test_logs.py",
    "test_logs/test_logs_filter_log_events.py",
    "test_logs/test_logs_tags.py",
    "test_s3/test_s3.py",
    "test_s3/test_s3_multipart.py",
    "test_s3/test_s3_copyobject.py",
    "test_s3/test_s3_conditionals.py",
    "test_s3/test_s3_tagging.py",
    "test_s3/test_s3_list_objects.py",
    "test_s3/test_s3_content_encoding.py",
    "test_s3/test_s3_metadata.py",
    "test_s3/test_s3_presigned_url.py",
    "test_sagemaker/test_sagemaker_hyper_parameter_tuning_job.py",
];

const SAGEMAKER_FILES: [&str; 2] =
    ["tests/integ/train/shallow/test_model_trainer.py", "tests/integ/train/test_model_trainer.py"];

/// Those that look at what is offered; `expected_failures` says which of their tests do not.
const MLFLOW_FILES: [&str; 3] = ["test_rest_tracking.py", "test_mlflow_artifacts.py", "test_model_registry.py"];
const MLFLOW_TAG: &str = "v3.17.2";

/// `TRAINYARD_BIN` names a binary to test instead of the one that is built here.
pub(crate) fn run(places: &Places, pytest_args: &[String]) -> anyhow::Result<()> {
    say::step("Tests of others. What this fetches, once, into the cache of tools:");
    say::note(&format!(
        "- from PyPI: moto with its tests ({MOTO_SOURCE}, 9 MB) and an environment for it; the SageMaker SDK v3;\n\
         \x20 MLflow with its server, 900 MB\n\
         - with git: AWS's tests of the SDK v3 ({SAGEMAKER_REPOSITORY} at {})\n\
         Each run: the endpoint installs PyTorch from PyPI for AWS's image, twice, 2 to 3 GB to fetch and 5 GB on disk\n\
         while it is used; a pip index of your own (PIP_INDEX_URL) or PyTorch's CPU index (PIP_EXTRA_INDEX_URL) spare it.\n\
         TRAINYARD_UPSTREAM_MOTO=DIR and TRAINYARD_UPSTREAM_SAGEMAKER=DIR name folders that are used instead.\n\
         TRAINYARD_UPSTREAM_MLFLOW=DIR names a checkout of MLflow at {MLFLOW_TAG}, whose packages have no tests: without\n\
         it MLflow's own tests are left out.",
        &SAGEMAKER_COMMIT[..12]
    ));
    let boto3 = BOTO3.prepare(places)?;
    let moto = MOTO.prepare(places)?;
    let sdk = SDK_V3.prepare(places)?;
    let mlflow = MLFLOW_SERVER.prepare(places)?;
    let moto_tests = moto_source(places, &moto)?;
    let sagemaker_tests = sagemaker_source(places)?;
    let binary = match std::env::var_os("TRAINYARD_BIN") {
        Some(binary) => PathBuf::from(binary),
        None => build::run_with_tests(places)?,
    };

    let suite = |interpreter: &Path, folder: &Path, endpoint_per: &str| {
        let mut command = shell::command(interpreter);
        command.current_dir(folder).env("TRAINYARD_BIN", &binary);
        command.env("PYTHONPATH", places.end2end().join("python/upstream"));
        command.args(["-B", "-m", "pytest", "-p", "endpoint_plugin", "-p", "no:cacheprovider", "--quiet", "--tb=line"]);
        command.args(["--rootdir", "."]).arg(format!("--endpoint-per={endpoint_per}"));
        command
    };
    say::step("AWS's own tests of the SageMaker SDK v3, role validation included");
    let mut aws = suite(&sdk, &sagemaker_tests.join("sagemaker-train"), "session");
    let aws = shell::run(aws.args(SAGEMAKER_FILES).args(pytest_args));
    say::step("moto's tests, each with an endpoint of its own");
    let mut peer = suite(&moto, &moto_tests, "test");
    peer.args(MOTO_FILES.map(|file| format!("tests/{file}")));
    let peer = shell::run(peer.args(pytest_args));
    let mlflows = mlflow_tests(places, &mlflow, &binary, pytest_args);
    // Arguments are for the suites of others.
    let is_all = pytest_args.is_empty();
    let alike = if is_all { mlflow_alike(places, &mlflow, &binary) } else { Ok(()) };
    let ours = if is_all { torchrun(places, &boto3, &binary) } else { Ok(()) };
    if let Some(failure) = [aws, peer, mlflows, alike, ours].into_iter().find_map(Result::err) {
        return Err(failure.context("a test did not end as `expected_failures` says"));
    }
    say::step("test --deep: everything ended as expected");
    Ok(())
}

/// With only the fixtures replaced that start MLflow's server.
fn mlflow_tests(places: &Places, interpreter: &Path, binary: &Path, pytest_args: &[String]) -> anyhow::Result<()> {
    let Some(checkout) = std::env::var_os("TRAINYARD_UPSTREAM_MLFLOW") else {
        say::note(&format!(
            "MLflow's own tests are left out: TRAINYARD_UPSTREAM_MLFLOW names no checkout of \
             https://github.com/mlflow/mlflow at {MLFLOW_TAG}"
        ));
        return Ok(());
    };
    say::step("MLflow's own tests of its REST API");
    let mut command = shell::command(interpreter);
    command.current_dir(&checkout).env("TRAINYARD_BIN", binary);
    command.env("PYTHONPATH", places.end2end().join("python/upstream"));
    // -P and append: the installed MLflow is tested with, not the checkout's, which lacks what is built.
    command.args(["-P", "-B", "-m", "pytest", "-p", "mlflow_plugin", "-p", "no:cacheprovider", "--import-mode=append"]);
    command.args(["--rootdir", ".", "--quiet", "--tb=line", "--disable-warnings"]);
    command.args(MLFLOW_FILES.map(|file| format!("tests/tracking/{file}")));
    shell::run(command.args(pytest_args))
}

fn mlflow_alike(places: &Places, interpreter: &Path, binary: &Path) -> anyhow::Result<()> {
    say::step("The same random requests to MLflow's own server and to Trainyard");
    let mut command = shell::command(interpreter);
    command.current_dir(places.end2end().join("python/tracking"));
    command.env("TRAINYARD_BIN", binary).env("TRAINYARD_DEEP", "1");
    shell::run(command.args(["-B", "-m", "pytest", "-p", "no:cacheprovider", "--quiet", "deep"]))
}

fn torchrun(places: &Places, interpreter: &Path, binary: &Path) -> anyhow::Result<()> {
    say::step("Two hosts train as one with torchrun, in what stands for AWS's PyTorch image");
    let mut command = shell::command(interpreter);
    command.current_dir(places.end2end().join("python")).env("TRAINYARD_BIN", binary).env("TRAINYARD_DEEP", "1");
    shell::run(command.args(["-B", "-m", "pytest", "-p", "no:cacheprovider", "--quiet", "deep/test_torchrun.py"]))
}

fn moto_source(places: &Places, interpreter: &Path) -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("TRAINYARD_UPSTREAM_MOTO") {
        return Ok(folder.into());
    }
    let upstream = places.cache.join("upstream");
    let source = upstream.join(MOTO_FOLDER);
    if source.join("tests").exists() {
        return Ok(source);
    }
    fs::create_dir_all(&upstream).with_context(|| format!("cannot create {}", upstream.display()))?;
    say::step("Fetching moto's tests from its source package");
    let mut pip = shell::command(interpreter);
    pip.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary", ":all:"]);
    shell::run(pip.arg("--dest").arg(&upstream).arg(MOTO_SOURCE))?;
    let mut unpack = shell::command(interpreter);
    unpack.args(["-m", "tarfile", "-e"]).arg(upstream.join(format!("{MOTO_FOLDER}.tar.gz"))).arg(&upstream);
    shell::run(&mut unpack)?;
    Ok(source)
}

fn sagemaker_source(places: &Places) -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("TRAINYARD_UPSTREAM_SAGEMAKER") {
        return Ok(folder.into());
    }
    if shell::which("git").is_none() {
        bail!("git is missing: AWS's tests are fetched with it (or set TRAINYARD_UPSTREAM_SAGEMAKER to a clone)");
    }
    let folder = places.cache.join("upstream/sagemaker-python-sdk");
    let git = || {
        let mut command = shell::command("git");
        command.arg("-C").arg(&folder);
        command
    };
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let head = shell::output(git().args(["rev-parse", "HEAD"]))?;
    if folder.join(".git").exists() && String::from_utf8_lossy(&head.stdout).trim() == SAGEMAKER_COMMIT {
        return Ok(folder);
    }
    say::step("Fetching AWS's tests of the SageMaker SDK v3");
    shell::run(git().args(["init", "--quiet"]))?;
    shell::run(git().args(["fetch", "--quiet", "--depth=1", SAGEMAKER_REPOSITORY, SAGEMAKER_COMMIT]))
        .context("without access to it, set TRAINYARD_UPSTREAM_SAGEMAKER to a clone")?;
    shell::run(git().args(["checkout", "--quiet", "--detach", "FETCH_HEAD"]))?;
    Ok(folder)
}
