//! Docker or Podman on this machine: a client alone is not enough, it must reach a working engine.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// An engine that hangs is not one that works.
const PATIENCE: Duration = Duration::from_secs(10);

/// A container engine that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engine {
    /// The client.
    pub program: PathBuf,
    pub kind: EngineKind,
}

/// The two clients take the same commands; users are mapped in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EngineKind {
    Docker,
    Podman,
}

impl Engine {
    /// Looks for a working engine: Docker first, then Podman, in the folders of `path` (as in `PATH`).
    pub fn find(path: &std::ffi::OsStr) -> Option<Engine> {
        [("docker", EngineKind::Docker), ("podman", EngineKind::Podman)].into_iter().find_map(|(name, kind)| {
            let program = std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| file.is_file())?;
            // The server's version is known only to a client that reached it; Podman is its own server.
            answers(&program, &["version", "--format", "{{.Server.Version}}"]).then_some(Engine { program, kind })
        })
    }
}

/// True if the command ends well in time.
fn answers(program: &Path, arguments: &[&str]) -> bool {
    let spawned =
        Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = spawned else { return false };
    let deadline = Instant::now() + PATIENCE;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(10)),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                return false;
            }
        }
    }
}
