//! A network of a job's own: a loopback interface and nothing else.
//!
//! Hosts of one isolated job must reach each other, so they share one network namespace. A process of its own
//! (`local-sandbox network`) makes it, with the user namespace that has power over it, and keeps it until its stdin ends;
//! the doors of the hosts join both.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use nix::sched::{CloneFlags, setns};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;

use super::door::unshare_as_root;

/// A network that hosts can join. Dropping it ends its process; hosts that joined keep the network.
pub(crate) struct SharedNetwork {
    child: Child,
}

impl SharedNetwork {
    /// Must be called on the supervisor's main thread: the process dies with the thread that started it.
    pub(crate) fn start(program: &Path) -> io::Result<SharedNetwork> {
        let mut child = Command::new(program)
            .args(["local-sandbox", "network"])
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut stdout = child.stdout.take();
        let network = SharedNetwork { child };
        let mut ready = [0];
        match stdout.as_mut().map(|stdout| stdout.read(&mut ready)) {
            Some(Ok(1)) => Ok(network),
            _ => Err(io::Error::other("a network namespace could not be made")),
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for SharedNetwork {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The process that keeps the network.
pub(super) fn run() -> Result<ExitCode, String> {
    set_pdeathsig(Signal::SIGKILL).map_err(|errno| format!("cannot tie the network to its supervisor: {errno}"))?;
    unshare_as_root(CloneFlags::CLONE_NEWNET)?;
    loopback_up()?;
    io::stdout().write_all(b".").and_then(|()| io::stdout().flush()).map_err(|error| error.to_string())?;
    let _ = io::stdin().read_to_end(&mut Vec::new());
    Ok(ExitCode::SUCCESS)
}

/// Enters the namespaces of the process that keeps the network.
pub(super) fn join(pid: u32) -> io::Result<()> {
    let user = File::open(format!("/proc/{pid}/ns/user"))?;
    let network = File::open(format!("/proc/{pid}/ns/net"))?;
    setns(user, CloneFlags::CLONE_NEWUSER)?;
    setns(network, CloneFlags::CLONE_NEWNET)?;
    Ok(())
}

/// Brings the loopback interface of a new network namespace up, with the system's `ip`.
pub(super) fn loopback_up() -> Result<(), String> {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let output = Command::new("ip").args(["link", "set", "lo", "up"]).env("PATH", path).output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(format!("ip cannot be run: {error}")),
    }
}
