//! Finds out, by trying, which isolation this machine allows.

use std::collections::BTreeMap;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::super::clock::now_ms;
use super::super::{Isolation, IsolationLevel, JobConfig};
use super::{Exit, Network, Sandbox, Spec};

const PATIENCE: Duration = Duration::from_secs(10);

/// Tries a sandbox and says which isolation is in force; takes some tens of milliseconds.
pub fn isolation_probe(config: &JobConfig) -> Isolation {
    if !config.use_namespaces {
        return plain("namespaces are switched off by configuration");
    }
    match try_namespaces(config) {
        Ok(()) => Isolation {
            level: IsolationLevel::Namespaces,
            sentence: "Jobs run in Linux namespaces of their own: each host has its /opt/ml, /tmp, processes and host \
                       name, and sees the rest of this machine read-only, without the home folder."
                .to_owned(),
        },
        Err(reason) => plain(&reason),
    }
}

fn plain(reason: &str) -> Isolation {
    Isolation {
        level: IsolationLevel::Plain,
        sentence: format!(
            "Jobs run as plain processes of this user, not kept apart from this machine ({reason}); scripts must use \
             the SM_* variables, because /opt/ml is not there."
        ),
    }
}

fn try_namespaces(config: &JobConfig) -> Result<(), String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let say = |error: io::Error| error.to_string();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("trainyard-probe-{}-{number}-{}", std::process::id(), now_ms());
    let folder = std::env::temp_dir().join(name);
    // Fails if someone else made it: the folder for temporary files is everyone's.
    DirBuilder::new().mode(0o700).create(&folder).map_err(say)?;
    let clean = Cleaner(folder.clone());
    for part in ["ml", "tmp"] {
        std::fs::create_dir(folder.join(part)).map_err(say)?;
    }
    let spec = Spec {
        isolation: IsolationLevel::Namespaces,
        hostname: "algo-1".to_owned(),
        opt_ml: folder.join("ml"),
        tmp: folder.join("tmp"),
        hosts_file: None,
        hide: Vec::new(),
        show: Vec::new(),
        network: Network::Machine,
        read_only: Vec::new(),
        cores: None,
        command: ["/bin/sh", "-c", "echo seen > /opt/ml/seen"].map(Into::into).to_vec(),
        environment: BTreeMap::new(),
        working_dir: PathBuf::from("/opt/ml"),
    };
    let (mut sandbox, _stdout, mut stderr) =
        Sandbox::start(&spec, &folder.join("spec.json"), &config.program).map_err(say)?;
    let exit = wait(&mut sandbox);
    let said = match &exit {
        Some(Exit::Trouble(message)) => format!("{message} {}", drain(&mut stderr)),
        Some(Exit::Code(0)) if Path::new(&folder.join("ml/seen")).is_file() => return Ok(()),
        Some(exit) => format!("a trial ended with {exit:?}"),
        None => "a trial did not end".to_owned(),
    };
    drop(clean);
    Err(said.trim().to_owned())
}

fn wait(sandbox: &mut Sandbox) -> Option<Exit> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(exit) = sandbox.poll() {
            return Some(exit);
        }
        let left = deadline.checked_duration_since(Instant::now())?;
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let _ = poll(&mut [PollFd::new(sandbox.readiness(), PollFlags::POLLIN)], timeout);
    }
}

fn drain(pipe: &mut std::os::fd::OwnedFd) -> String {
    let Ok(pipe) = pipe.try_clone() else { return String::new() };
    let mut text = String::new();
    let _ = io::Read::read_to_string(&mut io::Read::take(std::fs::File::from(pipe), 2_000), &mut text);
    text.trim().to_owned()
}

struct Cleaner(PathBuf);

impl Drop for Cleaner {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
