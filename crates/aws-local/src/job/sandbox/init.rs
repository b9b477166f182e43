//! Process 1 of the namespace (or, without namespaces, a reaper): lays the place out, runs the command, takes orders.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, CpuSet, sched_getaffinity, sched_setaffinity, unshare};
use nix::sys::prctl::{set_child_subreaper, set_no_new_privs, set_pdeathsig};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, sethostname};

use super::super::IsolationLevel;
use super::{Network, Report, Spec, TERMINATE, door, mounts, network, read_spec};

pub(super) fn run(spec_file: &Path) -> Result<ExitCode, String> {
    let spec = read_spec(spec_file)?;
    // The socket to the supervisor is our stdin; the command gets another one.
    let stdin = io::stdin().as_fd().try_clone_to_owned().map_err(|error| error.to_string())?;
    let mut supervisor = File::from(stdin);
    match serve(&spec, &mut supervisor) {
        Ok(report) => {
            if spec.isolation == IsolationLevel::Plain {
                kill_descendants();
            }
            send(&mut supervisor, &report);
            Ok(ExitCode::SUCCESS)
        }
        Err(message) => {
            send(&mut supervisor, &Report::Trouble(message));
            Ok(ExitCode::FAILURE)
        }
    }
}

fn send(supervisor: &mut File, report: &Report) {
    if let Ok(mut line) = serde_json::to_vec(report) {
        line.push(b'\n');
        let _ = supervisor.write_all(&line);
    }
}

fn serve(spec: &Spec, supervisor: &mut File) -> Result<Report, String> {
    match spec.isolation {
        IsolationLevel::Namespaces => enter(spec)?,
        IsolationLevel::Plain => {
            set_child_subreaper(true).map_err(|errno| format!("cannot adopt the job's processes: {errno}"))?;
        }
    }
    setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(|errno| format!("cannot forbid core dumps: {errno}"))?;
    bind_to_cores(spec)?;
    set_no_new_privs().map_err(|errno| format!("cannot give up privileges: {errno}"))?;
    let (program, arguments) = spec.command.split_first().ok_or("there is no command to run")?;
    let spawned = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(&spec.environment)
        .current_dir(&spec.working_dir)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn();
    let child = match spawned {
        Ok(child) => child,
        Err(error) => {
            // The job's own fault, so it belongs into the job's log; 127 is what a shell would say.
            let _ = writeln!(io::stderr(), "cannot start {}: {error}", Path::new(program).display());
            return Ok(Report::Ended { code: Some(127), signal: None });
        }
    };
    let main = Pid::from_raw(i32::try_from(child.id()).map_err(|error| error.to_string())?);

    // Only now, because the command would inherit the mask. An end that came before is found by the first `reap`.
    let mut children = SigSet::empty();
    children.add(Signal::SIGCHLD);
    children.thread_block().map_err(|errno| format!("cannot wait for signals: {errno}"))?;
    let signals = SignalFd::with_flags(&children, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
        .map_err(|errno| format!("cannot wait for signals: {errno}"))?;

    loop {
        if let Some(report) = reap(main)? {
            return Ok(report);
        }
        let mut fds =
            [PollFd::new(supervisor.as_fd(), PollFlags::POLLIN), PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(format!("cannot wait for the job: {errno}")),
        }
        let order_is_there = fds[0].any().unwrap_or(false);
        while matches!(signals.read_signal(), Ok(Some(_))) {}
        if order_is_there {
            let mut order = [0];
            match supervisor.read(&mut order) {
                Ok(1) if order[0] == TERMINATE => {
                    let _ = kill(main, Signal::SIGTERM);
                }
                Ok(1) => {}
                // The supervisor is gone, or wants all of this to end now.
                _ => return Ok(Report::Ended { code: None, signal: Some(Signal::SIGKILL as i32) }),
            }
        }
    }
}

/// Binds this process, and so the command, to as many cores as it may use. Which ones follows from its folder, so that
/// hosts spread over the machine. A courtesy between jobs: a program could bind itself anew.
fn bind_to_cores(spec: &Spec) -> Result<(), String> {
    let Some(wanted) = spec.cores.and_then(|cores| usize::try_from(cores).ok()) else { return Ok(()) };
    let say = |errno: Errno| format!("cannot bind the job to {wanted} cores: {errno}");
    let allowed = sched_getaffinity(Pid::from_raw(0)).map_err(say)?;
    let cores: Vec<usize> = (0..CpuSet::count()).filter(|core| allowed.is_set(*core).unwrap_or(false)).collect();
    let first: usize = spec.opt_ml.as_os_str().as_encoded_bytes().iter().map(|byte| usize::from(*byte)).sum();
    let mut chosen = CpuSet::new();
    for core in cores.iter().cycle().skip(first % cores.len().max(1)).take(wanted.min(cores.len())) {
        chosen.set(*core).map_err(say)?;
    }
    sched_setaffinity(Pid::from_raw(0), &chosen).map_err(say)
}

/// Takes note of every child that ended; the report if the command itself did.
fn reap(main: Pid) -> Result<Option<Report>, String> {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) if pid == main => {
                return Ok(Some(Report::Ended { code: Some(code), signal: None }));
            }
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == main => {
                return Ok(Some(Report::Ended { code: None, signal: Some(signal as i32) }));
            }
            Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(None),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(format!("cannot wait for the job: {errno}")),
        }
    }
}

fn enter(spec: &Spec) -> Result<(), String> {
    set_pdeathsig(Signal::SIGKILL).map_err(|errno| format!("cannot tie the sandbox to its door: {errno}"))?;
    sethostname(&spec.hostname).map_err(|errno| format!("cannot set the host name: {errno}"))?;
    if spec.network == Network::Own
        && let Err(message) = network::loopback_up()
    {
        // Best effort: one host can train without it.
        let _ = writeln!(io::stderr(), "EnableNetworkIsolation: there is no loopback interface either ({message})");
    }
    let user = mounts::outer_user().map_err(|error| format!("cannot tell who runs this: {error}"))?;
    mounts::lay_out(spec)?;
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|errno| format!("cannot give up power over the mounts: {errno}"))?;
    door::map_user(user.uid, 0, user.gid, 0).map_err(|error| format!("cannot map the user back: {error}"))
}

/// Without a process namespace: kills everything that descends from this process, until nothing is left.
fn kill_descendants() {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        let descendants = descendants_of(own);
        if descendants.is_empty() {
            return;
        }
        for pid in descendants {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        while matches!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Ok(status) if status != WaitStatus::StillAlive) {}
        thread::sleep(Duration::from_millis(5));
    }
}

fn descendants_of(root: i32) -> Vec<i32> {
    let Ok(processes) = procfs::process::all_processes() else { return Vec::new() };
    let parents: Vec<(i32, i32)> =
        processes.flatten().filter_map(|process| process.stat().ok()).map(|stat| (stat.pid, stat.ppid)).collect();
    let mut known = HashSet::from([root]);
    loop {
        let before = known.len();
        for (pid, parent) in &parents {
            if known.contains(parent) {
                known.insert(*pid);
            }
        }
        if known.len() == before {
            known.remove(&root);
            return known.into_iter().collect();
        }
    }
}
