//! Runs a command in a place of its own: what stands between a training script and this machine.
//!
//! Three processes of this binary, all through the hidden subcommand `local-sandbox`:
//! 1. the *door* (`door`) makes user, process, IPC and host-name namespaces and starts
//! 2. the *init* (`init`), process 1 of the new namespace: it lays out the file system (`mounts`), takes one more user
//!    namespace, so that the command has no power over the mounts, and starts
//! 3. the command. When it ends, init ends, and the kernel kills every process that is left in the namespace.
//!
//! Without namespaces (`IsolationLevel::Plain`) the init runs alone and kills what descends from the command.
//!
//! The supervisor (`client`) holds the other end of a socket that is init's stdin: it sends single bytes and reads JSON
//! lines. When the supervisor dies, init reads the end of the socket and everything ends.
//!
//! What the command sees: the machine read-only; its own `/opt/ml`, `/tmp`, `/dev`, `/proc`, host name and
//! `/etc/hosts`; the rest of `/opt`; neither the engine's data folder nor the user's home. No new privileges through
//! set-uid programs, no core dumps. The network is this machine's, unless the job asks for network
//! isolation: then a host has a loopback interface alone, which the hosts of one job share (`network`).

mod client;
mod door;
mod init;
mod mounts;
mod network;
mod probe;
mod unpack;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use nix::sys::signal::SigSet;
use serde::{Deserialize, Serialize};

use super::IsolationLevel;

pub(super) use client::{Exit, Sandbox};
pub(super) use network::SharedNetwork;
pub use probe::isolation_probe;
pub(super) use unpack::REFUSED;

/// What to run and where. Written to a file that door and init read; it may hold the job's environment, so the file
/// lies in the job's own folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Spec {
    pub(super) isolation: IsolationLevel,
    pub(super) hostname: String,
    /// Seen as `/opt/ml`.
    pub(super) opt_ml: PathBuf,
    /// Seen as `/tmp` and `/var/tmp`.
    pub(super) tmp: PathBuf,
    /// Seen as `/etc/hosts`.
    pub(super) hosts_file: Option<PathBuf>,
    /// Folders that appear empty.
    pub(super) hide: Vec<PathBuf>,
    /// Folders that are seen where they are, even inside hidden ones.
    pub(super) show: Vec<Shown>,
    pub(super) network: Network,
    /// Folders below `/opt/ml` that cannot be written.
    pub(super) read_only: Vec<PathBuf>,
    /// How many of this machine's cores the command is bound to; all when absent.
    pub(super) cores: Option<u32>,
    pub(super) command: Vec<OsString>,
    pub(super) environment: BTreeMap<String, String>,
    /// As the command sees it.
    pub(super) working_dir: PathBuf,
}

/// The network that the command is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Network {
    /// This machine's.
    Machine,
    /// One of its own: a loopback interface and nothing else.
    Own,
    /// That of a [`SharedNetwork`], whose process this is.
    Shared(u32),
}

/// A folder that the command may see.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Shown {
    pub(super) path: PathBuf,
    pub(super) writable: bool,
}

/// What init tells the supervisor.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Report {
    /// The place could not be made, or the command could not be started.
    Trouble(String),
    /// The command ended by itself or by a signal.
    Ended { code: Option<i32>, signal: Option<i32> },
}

/// The supervisor's bytes to init.
const TERMINATE: u8 = b'T';

/// The hidden subcommand `local-sandbox <door|init> <spec file>`, `local-sandbox network` or `local-sandbox unpack ...`; to be called before any
/// thread is started.
pub fn sandbox(args: &[OsString]) -> ExitCode {
    // The supervisor waits for its signals with a mask, which would be inherited: a job must get its SIGTERM.
    if let Err(errno) = SigSet::empty().thread_set_mask() {
        let _ = writeln!(std::io::stderr(), "cannot clear the signal mask: {errno}");
        return ExitCode::FAILURE;
    }
    let result = match args {
        [verb, spec] if verb == "door" => door::run(Path::new(spec)),
        [verb] if verb == "network" => network::run(),
        [verb, spec] if verb == "init" => init::run(Path::new(spec)),
        [verb, archive, folder, bytes_max] if verb == "unpack" => {
            unpack::run(Path::new(archive), Path::new(folder), &bytes_max.to_string_lossy())
        }
        _ => Err("local-sandbox is an internal subcommand".to_owned()),
    };
    match result {
        Ok(code) => code,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "{message}");
            ExitCode::FAILURE
        }
    }
}

fn read_spec(path: &Path) -> Result<Spec, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("cannot understand {}: {error}", path.display()))
}

/// The program file of this process, valid even after the file was replaced and inside any mount namespace.
pub(super) const THIS_PROGRAM: &str = "/proc/self/exe";
