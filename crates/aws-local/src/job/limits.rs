//! The limits of memory and disk of a job's hosts: measured several times a second, because nothing of the kernel that
//! an ordinary user may use counts what all processes of a host take together.
//!
//! Memory is the resident memory of the host's processes. Pages that several of them share are counted once for each
//! at first; only when that is too much, each process is asked for its proportional share. Disk is what `/opt/ml` and
//! `/tmp` of the host take.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use procfs::process::Process;

use super::sampler::{children_of_all, descendants};
use super::tree::disk_bytes;

const PERIOD: Duration = Duration::from_millis(200);
/// A disk that takes long to look through is looked at less often: this share of the time at most.
const DISK_SHARE: u32 = 20;
const MIB: u64 = 1024 * 1024;

/// What a host may take.
#[derive(Debug, Clone)]
pub(super) struct Limited {
    /// All processes of the host descend from this one.
    pub(super) pid: i32,
    pub(super) folders: Vec<PathBuf>,
    pub(super) memory_bytes: Option<u64>,
    pub(super) disk_bytes: u64,
}

/// What a host took too much of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Excess {
    Memory { used_bytes: u64, limit_bytes: u64 },
    Disk { used_bytes: u64, limit_bytes: u64 },
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Excess::Memory { used_bytes, limit_bytes } => {
                write!(f, "OutOfMemory: {} MiB were in use, {} MiB are allowed", used_bytes / MIB, limit_bytes / MIB)
            }
            Excess::Disk { used_bytes, limit_bytes } => write!(
                f,
                "No space left on device: /opt/ml and /tmp hold {} MiB, {} MiB are allowed (VolumeSizeInGB)",
                used_bytes / MIB,
                limit_bytes / MIB
            ),
        }
    }
}

/// The first excess, with the number of its host.
type Found = Arc<Mutex<Option<(usize, Excess)>>>;

/// A thread that measures until it finds an excess.
pub(super) struct LimitThread {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
    found: Found,
}

impl LimitThread {
    pub(super) fn start(hosts: Vec<Limited>) -> io::Result<LimitThread> {
        let (stop, stopped) = mpsc::channel();
        let found = Found::default();
        let finds = Arc::clone(&found);
        let thread = std::thread::Builder::new().name("limits".to_owned()).spawn(move || {
            let mut disk_due = vec![Instant::now(); hosts.len()];
            while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                let excess = hosts.iter().zip(&mut disk_due).enumerate().find_map(|(number, (host, due))| {
                    memory_excess(host).or_else(|| disk_excess(host, due)).map(|excess| (number, excess))
                });
                if excess.is_some() {
                    *finds.lock().unwrap_or_else(PoisonError::into_inner) = excess;
                    return;
                }
            }
        })?;
        Ok(LimitThread { stop, thread, found })
    }

    pub(super) fn found(&self) -> Option<(usize, Excess)> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn finish(self) {
        drop(self.stop);
        let _ = self.thread.join();
    }
}

fn memory_excess(host: &Limited) -> Option<Excess> {
    let limit_bytes = host.memory_bytes?;
    let processes: Vec<Process> =
        descendants(&children_of_all(), host.pid).into_iter().filter_map(|pid| Process::new(pid).ok()).collect();
    let resident = |process: &Process| process.stat().map_or(0, |stat| stat.rss * procfs::page_size());
    if processes.iter().map(resident).sum::<u64>() <= limit_bytes {
        return None;
    }
    let share = |process: &Process| -> Option<u64> {
        let rollup = process.smaps_rollup().ok()?;
        rollup.memory_map_rollup.iter().next()?.extension.map.get("Pss").copied()
    };
    let used_bytes = processes.iter().map(|process| share(process).unwrap_or_else(|| resident(process))).sum();
    (used_bytes > limit_bytes).then_some(Excess::Memory { used_bytes, limit_bytes })
}

fn disk_excess(host: &Limited, due: &mut Instant) -> Option<Excess> {
    let begun = Instant::now();
    if begun < *due {
        return None;
    }
    let used_bytes: u64 = host.folders.iter().map(|folder| disk_bytes(folder)).sum();
    *due = Instant::now() + begun.elapsed() * DISK_SHARE;
    (used_bytes > host.disk_bytes).then_some(Excess::Disk { used_bytes, limit_bytes: host.disk_bytes })
}
