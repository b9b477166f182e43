//! Calls of cargo, with the package selections that every command shares.

use std::process::Command;

use crate::{
    places::{Places, cargo_program},
    shell,
};

/// Every native package; `frontend` is WASM only. One selection everywhere: another would unify features differently and
/// compile the AWS SDKs again.
pub(crate) const NATIVE: [&str; 3] = ["--workspace", "--exclude", "frontend"];

/// What runs in the browser.
pub(crate) const CLIENT: [&str; 8] = ["-p", "domain", "-p", "charts", "-p", "app", "-p", "frontend"];

pub(crate) const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// For users and tests, or for the one who is editing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Release,
    Dev,
}

impl Mode {
    pub(crate) fn of_dev_flag(dev: bool) -> Self {
        if dev { Self::Dev } else { Self::Release }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "dev",
        }
    }

    /// The profile of the server, by cargo's name.
    pub(crate) fn server_profile(self) -> &'static str {
        self.name()
    }

    /// The profile of the client: small in release.
    pub(crate) fn client_profile(self) -> &'static str {
        match self {
            Self::Release => "wasm-release",
            Self::Dev => "dev",
        }
    }

    /// Cargo puts the profile `dev` into the folder `debug`.
    pub(crate) fn cargo_folder(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "debug",
        }
    }

    pub(crate) fn client_folder(self) -> &'static str {
        match self {
            Self::Release => "wasm-release",
            Self::Dev => "debug",
        }
    }
}

/// `cargo SUBCOMMAND` in the root of the clone.
pub(crate) fn cargo(places: &Places, subcommand: &str) -> Command {
    let mut command = shell::command(cargo_program());
    command.current_dir(&places.root).arg(subcommand);
    command
}

/// A cargo call on the server's packages: the site's folder is an input of the build, so every call must name the same.
pub(crate) fn native(places: &Places, subcommand: &str, mode: Mode) -> Command {
    let mut command = cargo(places, subcommand);
    command.env("TRAINYARD_SITE_DIR", places.site(mode));
    command.args(NATIVE).args(["--profile", mode.server_profile()]);
    command
}

/// A cargo call on the browser's packages.
pub(crate) fn client(places: &Places, subcommand: &str, mode: Mode) -> Command {
    let mut command = cargo(places, subcommand);
    command.args(["--target", WASM_TARGET, "--profile", mode.client_profile()]);
    command.arg("--target-dir").arg(places.client_target());
    command
}

/// Where `cargo install` compiles a tool before its objects are thrown away.
pub(crate) fn install_target(places: &Places) -> std::path::PathBuf {
    places.cache.join("cargo-install")
}
