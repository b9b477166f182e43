//! The server as a process of its own: for signals, exit codes and what happens after them.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{Client, DEADLINE, program};

pub(crate) struct Server {
    child: Child,
    pub(crate) addr: SocketAddr,
    pub(crate) engine_addr: SocketAddr,
}

/// `trainyard` without the surroundings' settings.
pub(crate) fn trainyard(arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TRAINYARD_")) {
        command.env_remove(name);
    }
    // No configuration file of the person who runs the tests.
    command.env("XDG_CONFIG_HOME", "/nonexistent").env("HOME", "/nonexistent");
    command
}

impl Server {
    pub(crate) fn start(data: &Path) -> Self {
        let data = data.to_str().expect("a plain path");
        let arguments =
            ["serve", "--addr", "127.0.0.1:0", "--aws-addr", "127.0.0.1:0", "--data", data, "--log", "warn"];
        let mut child = trainyard(&arguments).stdout(Stdio::piped()).spawn().expect("trainyard starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut addr_after = |word: &str| {
            let line = lines.by_ref().map_while(Result::ok).find(|it| it.trim_start().starts_with(word));
            let line = line.unwrap_or_else(|| panic!("trainyard ended before it named its {word}"));
            let rest = line.split("http://").nth(1).unwrap_or_default();
            rest.split([' ', ')']).next().and_then(|it| it.parse().ok()).unwrap_or_else(|| panic!("{line}"))
        };
        let (addr, engine_addr) = (addr_after("dashboard"), addr_after("engine"));
        Self { child, addr, engine_addr }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.addr)
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"));
        kill(pid, signal).expect("the process is there");
    }

    /// `kill -9`, and nothing of the process is left.
    pub(crate) fn kill_hard(mut self) {
        self.signal(Signal::SIGKILL);
        self.child.wait().expect("it ended");
    }

    /// How long it took to end, and with what.
    pub(crate) fn wait(&mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        while start.elapsed() < DEADLINE {
            if let Some(status) = self.child.try_wait().expect("its state") {
                return (status, start.elapsed());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("trainyard did not end");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ends by itself, so that its engine can end too; killed only when it does not.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::SIGTERM);
            let until = Instant::now() + Duration::from_secs(12);
            while Instant::now() < until {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Runs `trainyard` to its end: exit code, standard output, standard error.
pub(crate) fn run_to_end(mut command: Command) -> (Option<i32>, String, String) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("trainyard starts");
    let until = Instant::now() + Duration::from_secs(40);
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() > until {
            let _ = child.kill();
            panic!("trainyard was to end by itself and did not");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().expect("its output").read_to_string(&mut out).expect("text");
    child.stderr.take().expect("its errors").read_to_string(&mut err).expect("text");
    (child.wait().expect("its end").code(), out, err)
}
