//! Who supervises a job: a kernel file lock, and beside it the process for people and for signals.
//!
//! The lock is the truth (the kernel drops it with its holder, whatever killed it). `supervisor.json` holds the process
//! id with its start time, so that an id which another process got later is never taken for the supervisor.

use std::fs::{File, OpenOptions};
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use super::layout::JobDir;

/// The process that supervises (or supervised) a job.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SupervisorId {
    pub(super) pid: i32,
    /// Clock ticks after boot at which it started, from `/proc/<pid>/stat`.
    pub(super) start_time: u64,
    pub(super) boot_id: String,
}

/// Held for as long as its owner may write to the job's folder.
pub(super) struct JobLock {
    _file: Flock<File>,
}

impl JobLock {
    /// Takes the lock if it is free now.
    pub(super) fn try_take(dir: &JobDir) -> io::Result<Option<JobLock>> {
        let file = OpenOptions::new().create(true).append(true).open(dir.lock())?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => Ok(Some(JobLock { _file: file })),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, errno)) => Err(errno.into()),
        }
    }

    /// Takes the lock, waiting a while: a server that looks whether the lock is free holds it for a moment.
    pub(super) fn take(dir: &JobDir, patience: Duration) -> io::Result<Option<JobLock>> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(lock) = JobLock::try_take(dir)? {
                return Ok(Some(lock));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl SupervisorId {
    /// This process.
    pub(super) fn own() -> io::Result<SupervisorId> {
        let stat = procfs::process::Process::myself().and_then(|me| me.stat()).map_err(io::Error::other)?;
        Ok(SupervisorId { pid: stat.pid, start_time: stat.starttime, boot_id: boot_id() })
    }

    pub(super) fn read(dir: &JobDir) -> Option<SupervisorId> {
        let bytes = std::fs::read(dir.supervisor()).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    pub(super) fn write(&self, dir: &JobDir) -> io::Result<()> {
        let bytes = serde_json::to_vec(self).map_err(io::Error::other)?;
        std::fs::write(dir.supervisor(), bytes)
    }

    /// True while exactly this process runs.
    pub(super) fn is_alive(&self) -> bool {
        self.boot_id == boot_id()
            && procfs::process::Process::new(self.pid)
                .and_then(|process| process.stat())
                .is_ok_and(|stat| stat.starttime == self.start_time && stat.state != 'Z')
    }
}

fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}
