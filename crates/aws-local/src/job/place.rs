//! Where a host's folders are: on this machine, and as the job sees them.

use std::io;
use std::path::{Path, PathBuf};

use super::IsolationLevel;

/// Folders that SageMaker makes below `/opt/ml` before it starts a container.
const FOLDERS: [&str; 7] =
    ["input/config", "input/data", "model", "output/data", "output/intermediate", "checkpoints", "code"];

/// The folders of one host of one attempt.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// `DATA/jobs/<name>/hosts/<attempt>/<host>`.
    pub(super) root: PathBuf,
    pub(super) isolation: IsolationLevel,
}

impl Place {
    pub(super) fn create(root: PathBuf, isolation: IsolationLevel) -> io::Result<Place> {
        let place = Place { root, isolation };
        for folder in FOLDERS {
            std::fs::create_dir_all(place.ml().join(folder))?;
        }
        std::fs::create_dir_all(place.tmp().join("home"))?;
        Ok(place)
    }

    /// `/opt/ml` on this machine.
    pub(super) fn ml(&self) -> PathBuf {
        self.root.join("ml")
    }

    /// `/tmp` on this machine.
    pub(super) fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    pub(super) fn spec(&self) -> PathBuf {
        self.root.join("spec.json")
    }

    pub(super) fn hosts_file(&self) -> PathBuf {
        self.root.join("hosts")
    }

    /// A path below `/opt/ml`, as the job sees it.
    pub(super) fn seen_ml(&self, below: impl AsRef<Path>) -> PathBuf {
        let root = match self.isolation {
            IsolationLevel::Namespaces => PathBuf::from("/opt/ml"),
            IsolationLevel::Plain => self.ml(),
        };
        // `join("")` would add a slash.
        if below.as_ref().as_os_str().is_empty() { root } else { root.join(below) }
    }

    /// A path below `/tmp`, as the job sees it.
    pub(super) fn seen_tmp(&self, below: &str) -> PathBuf {
        let root = match self.isolation {
            IsolationLevel::Namespaces => PathBuf::from("/tmp"),
            IsolationLevel::Plain => self.tmp(),
        };
        if below.is_empty() { root } else { root.join(below) }
    }
}
