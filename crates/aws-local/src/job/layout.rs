//! Where things lie below the data folder, and which names may become part of a path.
//!
//! ```text
//! DATA/jobs/<name>/job.json request.json engine.json tags.json   written once by the server (tags: by the server only)
//!                  journal.jsonl metrics.jsonl logs/ written by the supervisor only
//!                  lock supervisor.json              who the supervisor is, see `lock`
//!                  stop interrupt                    wishes, written by the server
//!                  update.json pool.json reuses.json see `change` and `warm_pool`; written by the server
//!                  containers.jsonl                  containers that a crash could leave
//!                  hosts/<attempt>/<algo-n>/         what a host sees as /opt/ml and /tmp; gone when the job is over
//! DATA/envs/<hash>/                                  Python environments of images and requirements.txt files
//! DATA/s3/<bucket>/<key>                             the S3 store
//! ```
//! Invariant: a [`JobDir`] made from a name is always exactly one level below `DATA/jobs`.

use std::path::{Path, PathBuf};

/// Begins the name of a folder that is being made; no job has such a name.
pub(super) const NEW: &str = ".new-";
/// Begins the name of a folder that is being deleted.
pub(super) const GONE: &str = ".gone-";

/// True for a name that SageMaker accepts: letters, digits and inner hyphens, at most 63 of them.
pub(super) fn is_job_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    !bytes.is_empty()
        && bytes.len() <= 63
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
        && bytes.first() != Some(&b'-')
        && bytes.last() != Some(&b'-')
}

/// The data folder of the engine.
#[derive(Debug, Clone)]
pub(super) struct DataDir {
    pub(super) root: PathBuf,
}

impl DataDir {
    pub(super) fn jobs(&self) -> PathBuf {
        self.root.join("jobs")
    }

    pub(super) fn envs(&self) -> PathBuf {
        self.root.join("envs")
    }

    pub(super) fn s3(&self) -> PathBuf {
        self.root.join("s3")
    }

    /// The folder of a job; `None` when the name is not one that SageMaker accepts.
    pub(super) fn job(&self, name: &str) -> Option<JobDir> {
        is_job_name(name).then(|| JobDir { path: self.jobs().join(name) })
    }
}

/// The folder of one job.
#[derive(Debug, Clone)]
pub(super) struct JobDir {
    pub(super) path: PathBuf,
}

impl JobDir {
    pub(super) fn new(path: &Path) -> JobDir {
        JobDir { path: path.to_owned() }
    }

    /// The data folder that this job belongs to (`DATA/jobs/<name>` is two levels below).
    pub(super) fn data(&self) -> Option<DataDir> {
        let root = self.path.parent()?.parent()?;
        Some(DataDir { root: root.to_owned() })
    }

    pub(super) fn head(&self) -> PathBuf {
        self.path.join("job.json")
    }

    pub(super) fn request(&self) -> PathBuf {
        self.path.join("request.json")
    }

    /// The settings under which the job is run, see `EngineSettings`.
    pub(super) fn engine(&self) -> PathBuf {
        self.path.join("engine.json")
    }

    pub(super) fn tags(&self) -> PathBuf {
        self.path.join("tags.json")
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    pub(super) fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    pub(super) fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    pub(super) fn log(&self, stream_file: &str) -> PathBuf {
        self.logs().join(format!("{stream_file}.jsonl"))
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// Containers of the job: JSON lines of [`super::recover::Contained`].
    pub(super) fn containers(&self) -> PathBuf {
        self.path.join("containers.jsonl")
    }

    pub(super) fn supervisor(&self) -> PathBuf {
        self.path.join("supervisor.json")
    }

    pub(super) fn stop(&self) -> PathBuf {
        self.path.join("stop")
    }

    pub(super) fn interrupt(&self) -> PathBuf {
        self.path.join("interrupt")
    }

    pub(super) fn update(&self) -> PathBuf {
        self.path.join("update.json")
    }

    pub(super) fn pool(&self) -> PathBuf {
        self.path.join("pool.json")
    }

    pub(super) fn reuses(&self) -> PathBuf {
        self.path.join("reuses.json")
    }

    pub(super) fn hosts(&self) -> PathBuf {
        self.path.join("hosts")
    }
}

#[cfg(test)]
mod tests {
    use super::is_job_name;

    #[test]
    fn only_sagemaker_names_become_folders() {
        assert!(is_job_name("a"));
        assert!(is_job_name("iris-2026-01-01-X"));
        assert!(is_job_name(&"a".repeat(63)));
        for bad in ["", "-a", "a-", "..", "a/b", "a.b", "a b", "\u{e9}", &"a".repeat(64)] {
            assert!(!is_job_name(bad), "{bad}");
        }
    }
}
