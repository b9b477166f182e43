//! A Python environment with the pinned packages of `end2end/python/requirements.txt`, in the cache of tools.

use std::path::PathBuf;

use anyhow::bail;

use super::debian;
use crate::{places::Places, say, shell, stamp};

/// Returns the environment's interpreter.
pub(crate) fn python_with_boto3(places: &Places) -> anyhow::Result<PathBuf> {
    let requirements = places.end2end().join("python/requirements.txt");
    let folder = places.cache.join("python");
    let interpreter = folder.join("bin/python");
    let stamp = folder.join("trainyard-stamp");
    let inputs = stamp::Inputs::new("venv").file(&requirements)?.finish();
    if stamp::is_done(&stamp, &inputs, &[&interpreter]) {
        return Ok(interpreter);
    }
    let Some(system) = shell::which("python3") else {
        bail!(
            "python3 is missing: the training samples and the boto3 tests run in it (Debian: `apt-get install python3`)"
        );
    };
    say::step("Making a Python environment with boto3 and pytest");
    // Debian leaves pip's bootstrap out of its python3 package.
    if !shell::output(shell::command(&system).args(["-c", "import ensurepip, venv"]))?.status.success() {
        debian::install("Python's venv module", &["python3-venv"])?;
    }
    shell::run(shell::command(&system).args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut pip = shell::command(&interpreter);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&requirements);
    shell::run(&mut pip)?;
    stamp::mark_done(&stamp, &inputs)?;
    Ok(interpreter)
}
