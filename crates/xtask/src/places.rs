//! Where things are: the clone, the target folder, and the cache of tools that outlives both.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde::Deserialize;

use crate::{cargo::Mode, shell};

/// Absolute paths, found once at the start.
pub(crate) struct Places {
    /// The root of the clone.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, wherever the environment or the configuration put it.
    pub(crate) target: PathBuf,
    /// Tools that are not part of a build: the Python environment, cargo-deny. `TRAINYARD_CACHE`, else in the target.
    pub(crate) cache: PathBuf,
}

impl Places {
    pub(crate) fn find() -> anyhow::Result<Self> {
        #[derive(Deserialize)]
        struct Metadata {
            workspace_root: PathBuf,
            target_directory: PathBuf,
        }
        let mut command = shell::command(cargo_program());
        command.args(["metadata", "--format-version", "1", "--no-deps"]);
        // The manifest of this crate names the clone, from whatever folder `cargo x` was called.
        if let Some(folder) = env::var_os("CARGO_MANIFEST_DIR") {
            command.current_dir(folder);
        }
        let text = shell::stdout(&mut command)?;
        let metadata: Metadata = serde_json::from_str(&text).context("`cargo metadata` printed something else")?;
        let cache = match env::var_os("TRAINYARD_CACHE") {
            Some(folder) => std::path::absolute(folder)?,
            None => metadata.target_directory.join("tools"),
        };
        Ok(Self { root: metadata.workspace_root, target: metadata.target_directory, cache })
    }

    /// The finished site: `manifest.json` and `pkg/`. The two modes keep apart, so that neither spoils the other.
    pub(crate) fn site(&self, mode: Mode) -> PathBuf {
        self.target.join(match mode {
            Mode::Release => "site",
            Mode::Dev => "site-dev",
        })
    }

    /// Intermediate results of the site: wasm-bindgen's and wasm-opt's output, stamps.
    pub(crate) fn work(&self, mode: Mode) -> PathBuf {
        self.target.join("site-work").join(mode.name())
    }

    /// The client has a target folder of its own: cargo may then build it while another cargo builds the server.
    pub(crate) fn client_target(&self) -> PathBuf {
        self.target.join("front")
    }

    pub(crate) fn server_binary(&self, mode: Mode) -> PathBuf {
        let name = format!("trainyard{}", env::consts::EXE_SUFFIX);
        self.target.join(mode.cargo_folder()).join(name)
    }

    /// The program that renders jobs for other tools: an example of `domain`, which `cargo test` builds.
    pub(crate) fn share_example(&self, mode: Mode) -> PathBuf {
        let name = format!("share{}", env::consts::EXE_SUFFIX);
        self.target.join(mode.cargo_folder()).join("examples").join(name)
    }

    pub(crate) fn end2end(&self) -> PathBuf {
        self.root.join("end2end")
    }

    /// A path as it is shown: relative to the clone where it is inside.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

/// The cargo that started us, else the one on `PATH`.
pub(crate) fn cargo_program() -> std::ffi::OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
