//! `cargo x run --dev`: rebuilds and restarts on every change of a source file.
//!
//! A build that fails leaves the running server alone, so the page keeps working while the mistake is being mended.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use anyhow::Context;
use notify::{Event, RecursiveMode, Watcher};

use crate::{
    cargo::Mode,
    commands::{build, run::address},
    places::Places,
    say, shell,
};

/// The folders whose files are inputs of the build.
const WATCHED: [&str; 6] = ["app", "crates", "frontend", "migrations", "server", "style"];

/// Editors write a file in several steps: wait until it has been quiet for so long.
const QUIET: Duration = Duration::from_millis(150);

/// The server ends within ten seconds of SIGTERM; later than that something is wrong with it.
const STOP_WITHIN: Duration = Duration::from_secs(12);

pub(crate) fn run(places: &Places, serve_args: &[String]) -> anyhow::Result<()> {
    let (sender, changes) = channel();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.is_ok_and(|it| it.kind.is_modify() || it.kind.is_create() || it.kind.is_remove()) {
            // The receiver lives as long as the program.
            let _ = sender.send(());
        }
    })?;
    for folder in WATCHED.map(|it| places.root.join(it)).iter().filter(|it| it.exists()) {
        watcher
            .watch(folder, RecursiveMode::Recursive)
            .with_context(|| format!("cannot watch {}", folder.display()))?;
    }
    let mut server: Option<Child> = None;
    loop {
        match build::run(places, Mode::Dev) {
            Ok(binary) => {
                if let Some(old) = server.take() {
                    stop(old)?;
                }
                say::step(&format!(
                    "Starting Trainyard at http://{} (rebuilt on change; Ctrl-C ends it)",
                    address(serve_args)
                ));
                server = Some(start(&binary, serve_args)?);
            }
            Err(err) => say::note(&format!("{err:#}\nWaiting for the next change.")),
        }
        wait_for_change(&changes)?;
    }
}

fn start(binary: &Path, serve_args: &[String]) -> anyhow::Result<Child> {
    let mut command = shell::command(binary);
    command.arg("serve").args(serve_args).stdin(Stdio::null());
    command.spawn().with_context(|| format!("{} could not be started", binary.display()))
}

/// Asks first; a server that does not answer is killed, so that the port is free.
fn stop(mut server: Child) -> anyhow::Result<()> {
    say::step("Stopping the old server");
    let asked = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().is_ok_and(|it| it.success());
    let deadline = Instant::now() + STOP_WITHIN;
    while asked && Instant::now() < deadline {
        if server.try_wait()?.is_some() {
            return Ok(());
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    // An error here means that it has ended by itself.
    let _ = server.kill();
    server.wait()?;
    Ok(())
}

/// Returns after a change that was followed by a quiet moment.
fn wait_for_change(changes: &Receiver<()>) -> anyhow::Result<()> {
    changes.recv().context("the watcher has ended")?;
    loop {
        match changes.recv_timeout(QUIET) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => return Ok(()),
            Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the watcher has ended"),
        }
    }
}
