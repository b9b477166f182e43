//! Programs that a package manager of the system installs: PostgreSQL, git and Chromium.
//!
//! As root on Debian (a build machine) they are installed; elsewhere the package is named and the person decides.

use std::{
    path::{Path, PathBuf},
    sync::Once,
};

use anyhow::bail;

use crate::{say, shell};

/// The lists of packages are fetched once, and only when something is missing.
static PACKAGE_LISTS: Once = Once::new();

/// Makes sure that `initdb` and `postgres` can be found; the tests start clusters of their own with them.
pub(crate) fn postgresql() -> anyhow::Result<()> {
    if find_postgresql().is_some() {
        return Ok(());
    }
    install("PostgreSQL's programs (initdb, postgres) for the store's tests", &["postgresql"])?;
    if find_postgresql().is_none() {
        bail!("the package postgresql is installed, but `initdb` is neither in /usr/lib/postgresql/*/bin nor on PATH");
    }
    Ok(())
}

/// Trainyard fetches sources with it, and the tests make repositories.
pub(crate) fn git() -> anyhow::Result<()> {
    if shell::which("git").is_some() {
        return Ok(());
    }
    install("git, for sources out of repositories and their tests", &["git"])
}

/// The browser: `TRAINYARD_CHROMIUM`, else the first Chromium or Chrome on `PATH`.
pub(crate) fn chromium() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("TRAINYARD_CHROMIUM") {
        return Ok(path.into());
    }
    let find = || ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(shell::which);
    if let Some(path) = find() {
        return Ok(path);
    }
    install("Chromium for the browser tests", &["chromium", "fonts-dejavu-core"])?;
    match find() {
        Some(path) => Ok(path),
        None => bail!("the package chromium is installed, but no `chromium` is on PATH; set TRAINYARD_CHROMIUM"),
    }
}

/// Installs Debian packages as root, else says what to install.
pub(super) fn install(what: &str, packages: &[&str]) -> anyhow::Result<()> {
    let names = packages.join(" ");
    if shell::which("apt-get").is_none() || !is_root()? {
        bail!("{what}: missing. Install it (Debian, Ubuntu: `sudo apt-get install {names}`) and try again.");
    }
    say::step(&format!("Installing {what}"));
    let mut updated = Ok(());
    PACKAGE_LISTS.call_once(|| updated = shell::run(shell::command("apt-get").args(["update", "--quiet"])));
    updated?;
    let mut command = shell::command("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    shell::run(command.args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(packages))
}

/// Debian keeps each major version in a folder of its own, off `PATH`.
fn find_postgresql() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let folders = versions.map(|it| it.path().join("bin"));
    let on_path = shell::which("initdb").and_then(|it| it.parent().map(Path::to_path_buf));
    folders.chain(on_path).find(|it| it.join("initdb").exists() && it.join("postgres").exists())
}

fn is_root() -> anyhow::Result<bool> {
    Ok(shell::stdout(shell::command("id").arg("-u"))?.trim() == "0")
}
