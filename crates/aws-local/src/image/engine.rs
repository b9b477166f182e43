//! Docker or Podman on this machine: a client alone is not enough, it must reach a working engine.

use std::ffi::OsStr;
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
    /// The engine whose client the user named, none with the name `none`; otherwise Docker or else Podman, from the folders of `path` (as in
    /// `PATH`). `None` when it does not work.
    pub fn find(named: Option<&Path>, path: &OsStr) -> Option<Engine> {
        if named.is_some_and(|named| named.as_os_str() == "none") {
            return None;
        }
        if let Some(program) = named {
            let is_podman = program.file_name().is_some_and(|name| name.to_string_lossy().contains("podman"));
            let kind = if is_podman { EngineKind::Podman } else { EngineKind::Docker };
            return Engine { program: program.to_owned(), kind }.working();
        }
        [("docker", EngineKind::Docker), ("podman", EngineKind::Podman)].into_iter().find_map(|(name, kind)| {
            let program = std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| file.is_file())?;
            Engine { program, kind }.working()
        })
    }

    /// The server's version is known only to a client that reached it; Podman is its own server.
    fn working(self) -> Option<Engine> {
        answers(&self.program, &["version", "--format", "{{.Server.Version}}"]).then_some(self)
    }

    /// Ends and removes a container, whatever state it is in.
    pub(crate) fn remove(&self, container: &str) {
        answers(&self.program, &["rm", "--force", container]);
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
