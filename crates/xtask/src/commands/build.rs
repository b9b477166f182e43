//! `cargo x build`: the site, then the server binary that carries it.
//!
//! Tests enable a few more features of shared dependencies. Whoever builds once for users and once for tests compiles
//! the AWS SDKs twice, so the commands that test ask for `run_with_tests` and never for both.

use std::path::PathBuf;

use crate::{
    cargo::{self, Mode},
    places::Places,
    say, shell, site,
};

/// For users: the binary alone. Returns where it is.
pub(crate) fn run(places: &Places, mode: Mode) -> anyhow::Result<PathBuf> {
    site::build(places, mode)?;
    say::step(match mode {
        Mode::Release => {
            "Compiling the server with the site inside (the first time takes minutes: the AWS SDKs are large)"
        }
        Mode::Dev => "Compiling the server (debug; it reads the site from its folder)",
    });
    shell::run(cargo::native(places, "build", mode).args(["--bin", "trainyard"]))?;
    Ok(binary(places, mode))
}

/// For tests: the release binary together with every Rust test, in one resolution of features.
pub(crate) fn run_with_tests(places: &Places) -> anyhow::Result<PathBuf> {
    site::build(places, Mode::Release)?;
    say::step("Compiling the server with the site inside, and the Rust tests (the first time takes minutes)");
    shell::run(cargo::native(places, "test", Mode::Release).arg("--no-run"))?;
    Ok(binary(places, Mode::Release))
}

fn binary(places: &Places, mode: Mode) -> PathBuf {
    let binary = places.server_binary(mode);
    say::note(&format!("the binary: {}", places.shown(&binary)));
    binary
}
