//! Python environments in the cache of tools, each made from the pinned packages of one `requirements.txt`.
//!
//! One environment per client, because they cannot share one: both major versions of the SageMaker SDK are the package
//! `sagemaker`, and the AWS CLI and boto3 each want a botocore of their own. The tests find an environment by the same
//! rule as `Environment::interpreter`.

use std::path::PathBuf;

use anyhow::bail;

use super::debian;
use crate::{places::Places, say, shell, stamp};

/// An environment: what it is called and which packages are in it.
pub(crate) struct Environment {
    name: &'static str,
    /// What the person at the terminal reads.
    holds: &'static str,
    /// The folder of its `requirements.txt` below `end2end/python`.
    folder: &'static str,
    /// Whether the list names every package. pip then resolves nothing, and packages that only unused features of an
    /// SDK need (pyarrow, scipy, mlflow: most of its size) stay away.
    is_complete: bool,
}

/// boto3 and pytest: what runs the tests, and the samples.
pub(crate) const BOTO3: Environment =
    Environment { name: "boto3", holds: "boto3 and pytest", folder: "", is_complete: false };
pub(crate) const AWS_CLI: Environment =
    Environment { name: "aws-cli", holds: "the AWS CLI", folder: "clients/aws_cli", is_complete: false };
pub(crate) const SDK_V2: Environment =
    Environment { name: "sdk-v2", holds: "the SageMaker SDK v2", folder: "clients/sdk_v2", is_complete: true };
pub(crate) const SDK_V3: Environment =
    Environment { name: "sdk-v3", holds: "the SageMaker SDK v3", folder: "clients/sdk_v3", is_complete: true };
/// MLflow's client, and pytest: the tests of the tracking server run in it.
pub(crate) const MLFLOW: Environment =
    Environment { name: "mlflow", holds: "MLflow's client and pytest", folder: "clients/mlflow", is_complete: false };
/// MLflow with its server, to compare with.
pub(crate) const MLFLOW_SERVER: Environment = Environment {
    name: "mlflow-server",
    holds: "MLflow with its server",
    folder: "upstream/mlflow",
    is_complete: false,
};
/// A peer to measure against, and the owner of test files that run against the endpoint.
pub(crate) const MOTO: Environment =
    Environment { name: "moto", holds: "moto and its server", folder: "upstream/moto", is_complete: false };

impl Environment {
    /// Makes the environment unless it is there with these very packages; returns its interpreter.
    pub(crate) fn prepare(&self, places: &Places) -> anyhow::Result<PathBuf> {
        let requirements = places.end2end().join("python").join(self.folder).join("requirements.txt");
        let folder = places.cache.join(format!("python-{}", self.name));
        let interpreter = folder.join("bin/python");
        let stamp = folder.join("trainyard-stamp");
        let inputs = stamp::Inputs::new("venv 2").file(&requirements)?.finish();
        if stamp::is_done(&stamp, &inputs, &[&interpreter]) {
            return Ok(interpreter);
        }
        let system = system_python()?;
        say::step(&format!("Making a Python environment with {}", self.holds));
        shell::run(shell::command(&system).args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut pip = shell::command(&interpreter);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]);
        if self.is_complete {
            pip.arg("--no-deps");
        }
        shell::run(pip.arg("--requirement").arg(&requirements))?;
        stamp::mark_done(&stamp, &inputs)?;
        Ok(interpreter)
    }
}

fn system_python() -> anyhow::Result<PathBuf> {
    let Some(system) = shell::which("python3") else {
        bail!(
            "python3 is missing: the training samples and the boto3 tests run in it (Debian: `apt-get install python3`)"
        );
    };
    // Debian leaves pip's bootstrap out of its python3 package.
    if !shell::output(shell::command(&system).args(["-c", "import ensurepip, venv"]))?.status.success() {
        debian::install("Python's venv module", &["python3-venv"])?;
    }
    Ok(system)
}
