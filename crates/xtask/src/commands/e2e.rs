//! `cargo x e2e`: the browser specs of `end2end/tests` against the release binary.

use std::path::{Path, PathBuf};

use crate::{commands::build, needs, places::Places, say, shell};

pub(crate) fn run(places: &Places, playwright_args: &[String]) -> anyhow::Result<()> {
    let browser = Browser::prepare(places)?;
    let binary = build::run_with_tests(places)?;
    say::step("The browser against the release binary");
    browser.playwright(places, &binary, playwright_args)
}

/// What the specs run with: a browser, and Python with boto3 for the jobs that other clients create.
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) python: PathBuf,
}

impl Browser {
    pub(crate) fn prepare(places: &Places) -> anyhow::Result<Self> {
        needs::playwright(places)?;
        needs::git()?;
        Ok(Self { chromium: needs::chromium()?, python: needs::python::BOTO3.prepare(places)? })
    }

    /// Reports, traces of failures and screenshots go to the target folder.
    pub(crate) fn playwright(&self, places: &Places, binary: &Path, args: &[String]) -> anyhow::Result<()> {
        let mut command = shell::command("node");
        command
            .current_dir(places.end2end())
            .env("TRAINYARD_BIN", binary)
            .env("TRAINYARD_CHROMIUM", &self.chromium)
            .env("TRAINYARD_PYTHON", &self.python)
            .env("TRAINYARD_E2E_OUTPUT", places.target.join("e2e"))
            .args(["node_modules/@playwright/test/cli.js", "test"])
            .args(args);
        shell::run(&mut command)
    }
}
