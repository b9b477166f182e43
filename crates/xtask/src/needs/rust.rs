//! Tools of the Rust world: the WASM target and cargo-deny.

use std::{fs, path::PathBuf};

use anyhow::{Context, bail};

use crate::{
    cargo::{self, WASM_TARGET},
    places::{Places, cargo_program},
    say, shell,
};

/// The version that `deny.toml` was written for.
const CARGO_DENY_VERSION: &str = "0.20.2";

/// The standard library for the browser: through rustup, else whatever the distribution installed.
pub(crate) fn wasm_target(places: &Places) -> anyhow::Result<()> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let folder = shell::stdout(shell::command(rustc).current_dir(&places.root).args([
        "--print",
        "target-libdir",
        "--target",
        WASM_TARGET,
    ]))?;
    let is_there = |folder: &str| {
        fs::read_dir(folder.trim()).is_ok_and(|mut files| {
            files.any(|file| file.is_ok_and(|it| it.file_name().to_string_lossy().starts_with("libstd-")))
        })
    };
    if is_there(&folder) {
        return Ok(());
    }
    if shell::which("rustup").is_none() {
        bail!(
            "the Rust target {WASM_TARGET} is missing, and so is rustup, which could add it: install rustup from \
             https://rustup.rs, or your distribution's package of the target (Debian: libstd-rust-dev-wasm32)"
        );
    }
    say::step("Adding the Rust target for the browser");
    shell::run(shell::command("rustup").current_dir(&places.root).args(["target", "add", WASM_TARGET]))
}

/// cargo-deny at its pinned version, kept in the cache of tools; the one on `PATH` when it is the same.
pub(crate) fn cargo_deny(places: &Places) -> anyhow::Result<PathBuf> {
    let name = format!("cargo-deny{}", std::env::consts::EXE_SUFFIX);
    let installed = places.cache.join("cargo").join("bin").join(name);
    let candidates = std::iter::once(installed.clone()).chain(shell::which("cargo-deny"));
    for candidate in candidates.filter(|it| it.exists()) {
        let version = shell::stdout(shell::command(&candidate).arg("--version"))?;
        if version.split_whitespace().nth(1) == Some(CARGO_DENY_VERSION) {
            return Ok(candidate);
        }
    }
    say::step("Installing cargo-deny (some minutes, once)");
    let mut command = shell::command(cargo_program());
    command.args(["install", "cargo-deny", "--locked", "--version", CARGO_DENY_VERSION]);
    command.arg("--root").arg(places.cache.join("cargo"));
    // Its build is as large as a small server: keep the objects apart and throw them away afterwards.
    let objects = cargo::install_target(places);
    shell::run(command.env("CARGO_TARGET_DIR", &objects))?;
    fs::remove_dir_all(&objects).with_context(|| format!("cannot remove {}", objects.display()))?;
    Ok(installed)
}
