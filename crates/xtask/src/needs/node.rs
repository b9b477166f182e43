//! Packages from the npm registry, pinned by lock files: the WASM optimiser and Playwright.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use crate::{places::Places, say, shell, stamp};

/// `wasm-opt`, or nothing on a machine without Node: the client then works the same and is about twice as large.
pub(crate) fn wasm_opt(places: &Places) -> anyhow::Result<Option<PathBuf>> {
    if shell::which("npm").is_none() || shell::which("node").is_none() {
        say::note(
            "Node with npm is not installed: going on without `wasm-opt`. The client works, but is about twice as \
             large to download.",
        );
        return Ok(None);
    }
    // Installed beside the build and not in the clone: it is 100 MB and belongs to no source.
    let folder = places.cache.join("npm");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for name in ["package.json", "package-lock.json", ".npmrc"] {
        let from = places.root.join("crates/xtask/npm").join(name);
        fs::copy(&from, folder.join(name)).with_context(|| format!("cannot copy {}", from.display()))?;
    }
    install(&folder, "Installing the WASM optimiser (npm package binaryen)")?;
    Ok(Some(folder.join("node_modules/.bin/wasm-opt")))
}

/// Playwright, in `end2end/node_modules`; it drives the installed Chromium and downloads no browser.
pub(crate) fn playwright(places: &Places) -> anyhow::Result<()> {
    if shell::which("npm").is_none() || shell::which("node").is_none() {
        bail!(
            "the browser tests need Node 20 or later with npm: install them (Debian, Ubuntu: `apt-get install nodejs npm`)"
        );
    }
    install(&places.end2end(), "Installing Playwright (npm package @playwright/test)")
}

/// `npm ci`, unless these very lock file and packages are in place.
fn install(folder: &Path, what: &str) -> anyhow::Result<()> {
    let modules = folder.join("node_modules");
    let stamp = modules.join(".trainyard-stamp");
    let inputs = stamp::Inputs::new("npm ci")
        .file(&folder.join("package.json"))?
        .file(&folder.join("package-lock.json"))?
        .finish();
    if stamp::is_done(&stamp, &inputs, &[&modules]) {
        return Ok(());
    }
    say::step(what);
    let mut command = shell::command("npm");
    command.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    shell::run(command.current_dir(folder).args(["ci", "--no-fund", "--no-audit", "--loglevel=error"]))?;
    stamp::mark_done(&stamp, &inputs)
}
