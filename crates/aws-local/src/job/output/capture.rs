//! Reads the two pipes of a process in one thread until both end: lines to the log, metrics to the sink.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::super::clock::now_ms;
use super::frame::{Framer, Piece};
use super::{FLUSH_PERIOD, MetricMatcher, MetricSink, SharedLog};

const CHUNK_BYTES: usize = 64 * 1024;
const TAIL_LINES: usize = 200;
const TAIL_LINE_BYTES: usize = 2_000;

/// The end of what a process wrote, for its failure reason.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    pub(crate) stdout: VecDeque<String>,
    pub(crate) stderr: VecDeque<String>,
}

/// A running capture.
pub(crate) struct Capture {
    thread: JoinHandle<Tail>,
    give_up: Arc<AtomicBool>,
}

/// Where the lines go.
#[derive(Clone)]
pub(crate) struct Sinks {
    pub(crate) log: SharedLog,
    pub(crate) matcher: Arc<MetricMatcher>,
    pub(crate) metrics: Arc<MetricSink>,
}

impl Capture {
    /// Begins to read.
    pub(crate) fn start(stdout: OwnedFd, stderr: OwnedFd, sinks: Sinks) -> io::Result<Capture> {
        let give_up = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&give_up);
        let thread = std::thread::Builder::new()
            .name("capture".to_owned())
            .spawn(move || Reader::new(stdout, stderr, sinks).run(&stop))?;
        Ok(Capture { thread, give_up })
    }

    /// The processes have ended: reads what is still in the pipes and ends, even if something unknown holds them open.
    pub(crate) fn finish(self) -> Tail {
        self.give_up.store(true, Ordering::Relaxed);
        self.thread.join().unwrap_or_default()
    }
}

struct Source {
    pipe: Option<File>,
    framer: Framer,
    tail: VecDeque<String>,
}

struct Reader {
    sources: [Source; 2],
    sinks: Sinks,
}

impl Reader {
    fn new(stdout: OwnedFd, stderr: OwnedFd, sinks: Sinks) -> Reader {
        let source =
            |pipe: OwnedFd| Source { pipe: Some(File::from(pipe)), framer: Framer::default(), tail: VecDeque::new() };
        Reader { sources: [source(stdout), source(stderr)], sinks }
    }

    fn run(mut self, give_up: &AtomicBool) -> Tail {
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut flushed = Instant::now();
        while self.sources.iter().any(|source| source.pipe.is_some()) {
            let ready = self.wait();
            for (source, is_ready) in self.sources.iter_mut().zip(ready) {
                if is_ready {
                    source.read(&mut chunk, &self.sinks);
                }
            }
            if flushed.elapsed() >= FLUSH_PERIOD || ready == [false, false] {
                self.sinks.log.lock().flush();
                self.sinks.metrics.flush();
                flushed = Instant::now();
            }
            if ready == [false, false] && give_up.load(Ordering::Relaxed) {
                break;
            }
        }
        for source in &mut self.sources {
            source.finish(&self.sinks);
        }
        self.sinks.log.lock().flush();
        self.sinks.metrics.flush();
        let [stdout, stderr] = self.sources;
        Tail { stdout: stdout.tail, stderr: stderr.tail }
    }

    /// Which pipes have something to read, waiting at most one flush period.
    fn wait(&self) -> [bool; 2] {
        let mut fds = Vec::with_capacity(2);
        let mut which = Vec::with_capacity(2);
        for (number, source) in self.sources.iter().enumerate() {
            if let Some(pipe) = &source.pipe {
                fds.push(PollFd::new(pipe.as_fd(), PollFlags::POLLIN));
                which.push(number);
            }
        }
        let timeout = PollTimeout::try_from(FLUSH_PERIOD).unwrap_or(PollTimeout::ZERO);
        let mut ready = [false; 2];
        if poll(&mut fds, timeout).is_ok_and(|count| count > 0) {
            for (fd, number) in fds.iter().zip(which) {
                ready[number] = fd.any().unwrap_or(true);
            }
        }
        ready
    }
}

impl Source {
    fn read(&mut self, chunk: &mut [u8], sinks: &Sinks) {
        let Some(pipe) = &mut self.pipe else { return };
        match pipe.read(chunk) {
            Ok(0) => self.pipe = None,
            Ok(count) => {
                let at_ms = now_ms();
                let tail = &mut self.tail;
                self.framer.push(&chunk[..count], &mut |line, piece| take_line(line, piece, at_ms, tail, sinks));
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => self.pipe = None,
        }
    }

    fn finish(&mut self, sinks: &Sinks) {
        let at_ms = now_ms();
        let tail = &mut self.tail;
        self.framer.finish(&mut |line, piece| take_line(line, piece, at_ms, tail, sinks));
    }
}

fn take_line(line: &[u8], piece: Piece, at_ms: i64, tail: &mut VecDeque<String>, sinks: &Sinks) {
    let text = String::from_utf8_lossy(line);
    if piece != Piece::Rest {
        for (metric, value) in sinks.matcher.find(&text) {
            sinks.metrics.algorithm(metric, at_ms, value);
        }
    }
    let mut log = sinks.log.lock();
    log.event(at_ms, &text);
    if piece == Piece::Begin {
        log.note_split();
    }
    drop(log);
    if tail.len() >= TAIL_LINES {
        tail.pop_front();
    }
    tail.push_back(text.chars().take(TAIL_LINE_BYTES).collect());
}
