//! Measures the hosts of a job: CPU, memory and disk, as SageMaker's agent does on an instance.
//!
//! `CPUUtilization` is percent of one core, so that a host that keeps two cores busy shows 200. `MemoryUtilization` is the
//! resident memory of the host's processes in percent of this machine's (shared pages count once per process).
//! `DiskUtilization` is what `/opt/ml` and `/tmp` of the host take, in percent of `VolumeSizeInGB`.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use procfs::Current;
use procfs::process::{Process, all_processes};

use super::clock::now_ms;
use super::output::MetricSink;
use super::tree::disk_bytes;

/// A disk that takes long to look through is looked at less often: this share of the time at most.
const DISK_SHARE: u32 = 20;

/// A host to measure.
pub(super) struct Subject {
    pub(super) host: String,
    /// All processes of the host descend from this one.
    pub(super) pid: i32,
    pub(super) folders: Vec<PathBuf>,
    pub(super) volume_bytes: u64,
}

/// A thread that measures from time to time.
pub(super) struct SamplerThread {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<()>,
}

impl SamplerThread {
    pub(super) fn start(subjects: Vec<Subject>, period: Duration, sink: Arc<MetricSink>) -> io::Result<SamplerThread> {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new().name("sampler".to_owned()).spawn(move || {
            let mut states: Vec<State> = subjects.into_iter().map(State::new).collect();
            while stopped.recv_timeout(period) == Err(RecvTimeoutError::Timeout) {
                let children = children_of_all();
                for state in &mut states {
                    state.sample(&children, &sink);
                }
                sink.flush();
            }
        })?;
        Ok(SamplerThread { stop, thread })
    }

    pub(super) fn finish(self) {
        drop(self.stop);
        let _ = self.thread.join();
    }
}

struct State {
    subject: Subject,
    cpu: Option<(Instant, u64)>,
    disk: Option<f64>,
    disk_due: Instant,
}

/// Process ids by parent.
pub(super) type Children = HashMap<i32, Vec<i32>>;

pub(super) fn children_of_all() -> Children {
    let mut children = Children::new();
    if let Ok(processes) = all_processes() {
        for stat in processes.flatten().filter_map(|process| process.stat().ok()) {
            children.entry(stat.ppid).or_default().push(stat.pid);
        }
    }
    children
}

/// A process and all that descend from it.
pub(super) fn descendants(children: &Children, root: i32) -> Vec<i32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(pid) = found.get(next).copied() {
        found.extend(children.get(&pid).into_iter().flatten());
        next += 1;
    }
    found
}

impl State {
    fn new(subject: Subject) -> State {
        State { subject, cpu: None, disk: None, disk_due: Instant::now() }
    }

    fn sample(&mut self, children: &Children, sink: &MetricSink) {
        let at_ms = now_ms();
        let now = Instant::now();
        let (ticks, resident_bytes) = self.processes(children);
        if ticks == 0 && resident_bytes == 0 {
            return; // the host has ended
        }
        let host = &self.subject.host;
        if let Some((before, ticks_before)) = self.cpu.replace((now, ticks)) {
            let seconds = now.duration_since(before).as_secs_f64().max(0.001);
            let used = ticks.saturating_sub(ticks_before) as f64 / procfs::ticks_per_second() as f64;
            sink.instance(host, "CPUUtilization", at_ms, rounded(used / seconds * 100.0));
        }
        if let Ok(memory) = procfs::Meminfo::current() {
            let share = resident_bytes as f64 / memory.mem_total.max(1) as f64 * 100.0;
            sink.instance(host, "MemoryUtilization", at_ms, rounded(share));
        }
        if now >= self.disk_due {
            let bytes: u64 = self.subject.folders.iter().map(|folder| disk_bytes(folder)).sum();
            self.disk = Some(rounded(bytes as f64 / self.subject.volume_bytes.max(1) as f64 * 100.0));
            self.disk_due = now + now.elapsed() * DISK_SHARE;
        }
        if let Some(disk) = self.disk {
            sink.instance(host, "DiskUtilization", at_ms, disk);
        }
    }

    /// CPU ticks used so far (those of ended children are in their parents' counts) and resident bytes.
    fn processes(&self, children: &Children) -> (u64, u64) {
        let (mut ticks, mut resident) = (0_u64, 0_u64);
        for pid in descendants(children, self.subject.pid) {
            let Ok(stat) = Process::new(pid).and_then(|process| process.stat()) else { continue };
            let of_children = u64::try_from(stat.cutime + stat.cstime).unwrap_or(0);
            ticks += stat.utime + stat.stime + of_children;
            resident += stat.rss * procfs::page_size();
        }
        (ticks, resident)
    }
}

/// Six decimals: disk shares are tiny numbers.
fn rounded(percent: f64) -> f64 {
    (percent * 1e6).round() / 1e6
}
