//! The outer process: makes the namespaces that a process cannot enter itself, and waits for init.

use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{getegid, geteuid};

use super::{Network, THIS_PROGRAM, read_spec};

pub(super) fn run(spec_file: &Path) -> Result<ExitCode, String> {
    let spec = read_spec(spec_file)?;
    // If the supervisor dies, this dies, then init, then all: also when init does not read its socket.
    set_pdeathsig(Signal::SIGKILL).map_err(|errno| format!("cannot tie the sandbox to its supervisor: {errno}"))?;
    let own = CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWUTS;
    match spec.network {
        Network::Machine => unshare_as_root(own)?,
        Network::Own => unshare_as_root(own | CloneFlags::CLONE_NEWNET)?,
        Network::Shared(pid) => {
            super::network::join(pid).map_err(|error| format!("cannot join the network of the job: {error}"))?;
            unshare(own).map_err(|errno| format!("cannot make namespaces: {errno}"))?;
        }
    }
    let mut init = Command::new(THIS_PROGRAM)
        .args(["local-sandbox", "init"])
        .arg(spec_file)
        .spawn()
        .map_err(|error| format!("cannot start in the namespaces: {error}"))?;
    let status = init.wait().map_err(|error| format!("cannot wait for the namespaces to end: {error}"))?;
    match status.signal() {
        Some(signal) => Err(format!("the sandbox was ended by signal {signal}")),
        None if status.success() => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::FAILURE),
    }
}

/// A user namespace, in which we are root, and these others.
pub(super) fn unshare_as_root(flags: CloneFlags) -> Result<(), String> {
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    unshare(flags | CloneFlags::CLONE_NEWUSER).map_err(|errno| format!("cannot make namespaces: {errno}"))?;
    map_user(0, uid, 0, gid).map_err(|error| format!("cannot map the user into the namespace: {error}"))
}

/// In a user namespace that was just made: `inside` is who we are called in it, `outside` who we are called around it.
pub(super) fn map_user(uid_inside: u32, uid_outside: u32, gid_inside: u32, gid_outside: u32) -> io::Result<()> {
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{uid_inside} {uid_outside} 1"))?;
    fs::write("/proc/self/gid_map", format!("{gid_inside} {gid_outside} 1"))
}
