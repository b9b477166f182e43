//! The supervisor's end: starts a sandbox, gives it orders, learns how it ended.

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::super::IsolationLevel;
use super::super::output::Tail;
use super::{Report, Spec, TERMINATE};

/// How a sandboxed command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Exit {
    Code(i32),
    Signal(i32),
    /// The sandbox itself failed; the command may never have run.
    Trouble(String),
}

/// A sandbox that was started. Dropping it kills everything inside.
pub(crate) struct Sandbox {
    child: Child,
    control: UnixStream,
    received: Vec<u8>,
}

impl Sandbox {
    /// Starts the spec; its pipes are for a capture. Must be called on the supervisor's main thread: the sandbox dies
    /// with the thread that started it. `program` is this binary.
    pub(crate) fn start(spec: &Spec, spec_file: &Path, program: &Path) -> io::Result<(Sandbox, OwnedFd, OwnedFd)> {
        let bytes = serde_json::to_vec(spec).map_err(io::Error::other)?;
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(spec_file)?;
        file.write_all(&bytes)?;
        let (control, theirs) = UnixStream::pair()?;
        control.set_nonblocking(true)?;
        let verb = match spec.isolation {
            IsolationLevel::Namespaces => "door",
            IsolationLevel::Plain => "init",
        };
        let mut child = Command::new(program)
            .args(["local-sandbox", verb])
            .arg(spec_file)
            .env_clear()
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("a sandbox without pipes"));
        };
        Ok((Sandbox { child, control, received: Vec::new() }, stdout.into(), stderr.into()))
    }

    /// The outermost process; all others descend from it.
    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or(0)
    }

    /// Readable when there is something for [`Sandbox::poll`].
    pub(crate) fn readiness(&self) -> BorrowedFd<'_> {
        self.control.as_fd()
    }

    /// SIGTERM to the command.
    pub(crate) fn terminate(&mut self) {
        let _ = self.control.write_all(&[TERMINATE]);
    }

    /// SIGKILL to everything.
    pub(crate) fn kill(&mut self) {
        let _ = self.control.shutdown(std::net::Shutdown::Write);
    }

    /// How it ended, once it and everything inside has.
    pub(crate) fn poll(&mut self) -> Option<Exit> {
        let mut chunk = [0; 4096];
        let is_closed = loop {
            match self.control.read(&mut chunk) {
                Ok(0) => break true,
                Ok(count) => self.received.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break false,
                Err(_) => break true,
            }
        };
        if !is_closed {
            return None;
        }
        // The socket is closed: the last process that held it is at its end, and with it the namespace.
        let status = self.child.wait();
        let report = self.received.split(|b| *b == b'\n').find_map(|line| serde_json::from_slice(line).ok());
        Some(match report {
            Some(Report::Ended { code: Some(code), .. }) => Exit::Code(code),
            Some(Report::Ended { signal, .. }) => Exit::Signal(signal.unwrap_or(9)),
            Some(Report::Trouble(message)) => Exit::Trouble(message),
            None => Exit::Trouble(match status {
                Ok(status) => format!("the sandbox ended without a word ({status})"),
                Err(error) => format!("the sandbox is lost: {error}"),
            }),
        })
    }

    /// What a sandbox that ended without a report wrote about it.
    pub(crate) fn last_words(tail: &Tail) -> String {
        tail.stderr.back().cloned().unwrap_or_default()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.kill();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
