//! `cargo x test`: every test there is, against the binary that users get.
//!
//! One profile for the binary and the Rust tests (release, with overflow checks on), so that the SDKs are compiled once.
//! Every runner runs even if one before it fails; each prints its own counts.

use anyhow::bail;

use crate::{
    cargo::{self, Mode},
    commands::{build, e2e},
    needs::{self, python},
    places::Places,
    say, shell,
};

pub(crate) fn run(places: &Places) -> anyhow::Result<()> {
    // First all that could be missing: a hint after twenty minutes of compiling comes late.
    needs::postgresql()?;
    needs::git()?;
    let browser = e2e::Browser::prepare(places)?;
    for client in [python::AWS_CLI, python::SDK_V2, python::SDK_V3] {
        client.prepare(places)?;
    }
    let mlflow = python::MLFLOW.prepare(places)?;
    let binary = build::run_with_tests(places)?;

    let mut failed = Vec::new();
    let mut runner = |name: &'static str, result: anyhow::Result<()>| {
        if let Err(err) = result {
            say::note(&format!("{name}: {err:#}"));
            failed.push(name);
        }
    };
    say::step("Rust tests, on SQLite and on PostgreSQL");
    let mut tests = cargo::native(places, "test", Mode::Release);
    runner("Rust tests", shell::run(tests.arg("--no-fail-fast").env("TRAINYARD_PYTHON", &browser.python)));
    say::step("boto3, the AWS CLI and both SageMaker SDKs against the endpoint, and jobs rendered for them");
    let mut pytest = shell::command(&browser.python);
    pytest.env("TRAINYARD_BIN", &binary).env("TRAINYARD_TOOLS", &places.cache);
    pytest.env("TRAINYARD_SHARE", places.share_example(Mode::Release));
    pytest.current_dir(places.end2end().join("python"));
    runner("client tests", shell::run(pytest.args(["-B", "-m", "pytest", "-p", "no:cacheprovider", "--quiet"])));
    say::step("MLflow's client against the tracking server");
    let mut pytest = shell::command(&mlflow);
    pytest.env("TRAINYARD_BIN", &binary).current_dir(places.end2end().join("python/tracking"));
    runner("MLflow tests", shell::run(pytest.args(["-B", "-m", "pytest", "-p", "no:cacheprovider", "--quiet"])));
    say::step("The browser against the release binary");
    runner("browser specs", browser.playwright(places, &binary, &[]));

    if !failed.is_empty() {
        bail!("test failed: {}", failed.join("; "));
    }
    say::step("test: everything passed");
    Ok(())
}
