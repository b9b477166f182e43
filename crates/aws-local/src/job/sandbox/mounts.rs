//! The file system that a job sees.
//!
//! Order matters: everything that shall be shown is opened first (a mount may cover the way to it), then folders are
//! covered, then what was opened is bound into place through `/proc/self/fd`, then all the rest is made read-only, and
//! the new `/proc` comes last. Mounts that existed before keep the flags that the kernel locks in a user namespace.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::Mode;

use super::Spec;

/// Devices that a job may use; the last ones only where they exist.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
const DEVICE_STARTS: [&str; 3] = ["nvidia", "dri", "kfd"];
/// Sockets of container engines: whoever can write to one owns the machine.
const SOCKETS: [&str; 3] = ["/run/docker.sock", "/run/podman/podman.sock", "/run/containerd/containerd.sock"];

/// Who runs this, as seen outside of the namespace.
pub(super) struct OuterUser {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

pub(super) fn outer_user() -> io::Result<OuterUser> {
    let outside = |file: &str| -> io::Result<u32> {
        let map = fs::read_to_string(file)?;
        let id = map.split_whitespace().nth(1).and_then(|id| id.parse().ok());
        id.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("{file} is {map:?}")))
    };
    Ok(OuterUser { uid: outside("/proc/self/uid_map")?, gid: outside("/proc/self/gid_map")? })
}

/// Something to bind somewhere.
struct Source {
    opened: OwnedFd,
    target: PathBuf,
    is_folder: bool,
}

impl Source {
    fn open(path: &Path, target: &Path) -> Result<Source, String> {
        let opened = open(path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
            .map_err(|errno| format!("cannot open {}: {errno}", path.display()))?;
        let is_folder = path.is_dir();
        Ok(Source { opened, target: target.to_owned(), is_folder })
    }

    fn bind(&self) -> Result<(), String> {
        let from = PathBuf::from(format!("/proc/self/fd/{}", self.opened.as_raw_fd()));
        let say = |error: io::Error| format!("cannot show {}: {error}", self.target.display());
        if self.is_folder {
            fs::create_dir_all(&self.target).map_err(say)?;
        } else if !self.target.exists() {
            if let Some(parent) = self.target.parent() {
                fs::create_dir_all(parent).map_err(say)?;
            }
            File::create(&self.target).map_err(say)?;
        }
        mount(Some(&from), &self.target, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
            .map_err(|errno| say(errno.into()))
    }
}

/// Makes a mount namespace and lays it out.
pub(super) fn lay_out(spec: &Spec) -> Result<(), String> {
    unshare(CloneFlags::CLONE_NEWNS).map_err(|errno| format!("cannot make a mount namespace: {errno}"))?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .map_err(|errno| format!("cannot keep mounts private: {errno}"))?;

    let mut sources = Vec::new();
    let mut links = Vec::new();
    for entry in fs::read_dir("/opt").map_err(|error| format!("cannot list /opt: {error}"))?.flatten() {
        let path = entry.path();
        if entry.file_name() == "ml" {
            continue;
        }
        match fs::read_link(&path) {
            Ok(target) => links.push((target, path)),
            // What cannot be opened is not shown.
            Err(_) => sources.extend(Source::open(&path, &path)),
        }
    }
    sources.push(Source::open(&spec.opt_ml, Path::new("/opt/ml"))?);
    for below in &spec.read_only {
        sources.push(Source::open(&spec.opt_ml.join(below), &Path::new("/opt/ml").join(below))?);
    }
    for folder in ["/tmp", "/var/tmp"].map(Path::new) {
        if folder.is_dir() && !folder.is_symlink() {
            sources.push(Source::open(&spec.tmp, folder)?);
        }
    }
    if let (Some(file), Ok(target)) = (&spec.hosts_file, Path::new("/etc/hosts").canonicalize()) {
        sources.push(Source::open(file, &target)?);
    }
    for socket in SOCKETS.map(Path::new) {
        if socket.exists() {
            sources.push(Source::open(Path::new("/dev/null"), socket)?);
        }
    }
    let covers: Vec<&Path> =
        spec.hide.iter().map(PathBuf::as_path).chain(["/tmp", "/var/tmp"].map(Path::new)).collect();
    for shown in &spec.show {
        // What nothing covers is seen anyway.
        if shown.writable || covers.iter().any(|cover| shown.path.starts_with(cover)) {
            sources.push(Source::open(&shown.path, &shown.path)?);
        }
    }
    let devices = open_devices()?;

    cover(Path::new("/opt"), "mode=755,size=64m")?;
    let mut covered: Vec<&Path> = vec![Path::new("/opt")];
    let mut hidden: Vec<&PathBuf> = spec.hide.iter().filter(|path| path.as_path() != Path::new("/")).collect();
    hidden.sort();
    for path in hidden {
        if path.is_dir() && !covered.iter().any(|cover| path.starts_with(cover)) {
            cover(path, "mode=755,size=64m")?;
            covered.push(path);
        }
    }
    for (target, link) in links {
        let _ = std::os::unix::fs::symlink(target, link);
    }
    // /tmp first: shown folders may lie below it.
    sources.sort_by_key(|source| source.target.components().count());
    for source in &sources {
        source.bind()?;
    }
    make_dev(&devices)?;
    seal(spec)?;
    // Where a container engine masks parts of /proc, the kernel refuses a new one; then the old one stays, and process
    // numbers in it are the machine's.
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    if mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>).is_ok() && has_own_process_limit() {
        // Best effort: a job that forks without end runs out of numbers before the machine does.
        let _ = fs::write("/proc/sys/kernel/pid_max", PROCESSES_MAX.to_string());
    }
    protect_kernel()
}

/// Process numbers that one host may use, threads included.
const PROCESSES_MAX: u32 = 32_768;

/// Since Linux 6.14 each process namespace has a `pid_max` of its own; before, the file means the whole machine.
fn has_own_process_limit() -> bool {
    let Ok(name) = nix::sys::utsname::uname() else { return false };
    let release = name.release().to_string_lossy().into_owned();
    let mut numbers = release.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (6, 14)
}

/// The kernel's settings under `/proc` belong to the machine's root, which is who the job is when root runs it.
fn protect_kernel() -> Result<(), String> {
    for path in ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs"].map(Path::new) {
        if !path.exists() {
            continue;
        }
        let say = |errno: Errno| format!("cannot make {} read-only: {errno}", path.display());
        mount(Some(path), path, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>).map_err(say)?;
        let flags = MsFlags::MS_REMOUNT
            | MsFlags::MS_BIND
            | MsFlags::MS_RDONLY
            | MsFlags::MS_NOSUID
            | MsFlags::MS_NODEV
            | MsFlags::MS_NOEXEC;
        mount(None::<&str>, path, None::<&str>, flags, None::<&str>).map_err(say)?;
    }
    Ok(())
}

fn cover(path: &Path, options: &str) -> Result<(), String> {
    mount(Some("tmpfs"), path, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some(options))
        .map_err(|errno| format!("cannot cover {}: {errno}", path.display()))
}

fn open_devices() -> Result<Vec<Source>, String> {
    let mut names: Vec<OsString> = DEVICES.iter().map(OsString::from).collect();
    if let Ok(listing) = fs::read_dir("/dev") {
        names.extend(
            listing
                .flatten()
                .map(|entry| entry.file_name())
                .filter(|name| DEVICE_STARTS.iter().any(|start| name.to_string_lossy().starts_with(start))),
        );
    }
    names
        .iter()
        .map(|name| Path::new("/dev").join(name))
        .filter(|path| path.exists())
        .map(|path| Source::open(&path, &path))
        .collect()
}

/// A `/dev` with the harmless devices, the GPUs, terminals and shared memory of its own.
fn make_dev(devices: &[Source]) -> Result<(), String> {
    cover(Path::new("/dev"), "mode=755,size=1m")?;
    for device in devices {
        device.bind()?;
    }
    for (link, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ] {
        let _ = std::os::unix::fs::symlink(target, Path::new("/dev").join(link));
    }
    fs::create_dir("/dev/shm").map_err(|error| format!("cannot make /dev/shm: {error}"))?;
    cover(Path::new("/dev/shm"), "mode=1777")?;
    // Terminals are a comfort; without them nothing else fails.
    if fs::create_dir("/dev/pts").is_ok() {
        let options = Some("newinstance,ptmxmode=0666,mode=620");
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
        let _ = mount(Some("devpts"), "/dev/pts", Some("devpts"), flags, options);
        let _ = std::os::unix::fs::symlink("pts/ptmx", "/dev/ptmx");
    }
    Ok(())
}

/// Makes every mount read-only, except those that are the job's own.
fn seal(spec: &Spec) -> Result<(), String> {
    let mut writable: HashSet<PathBuf> = ["/opt", "/opt/ml", "/tmp", "/var/tmp"].map(PathBuf::from).into();
    writable.extend(spec.show.iter().filter(|shown| shown.writable).map(|shown| shown.path.clone()));
    let table = fs::read("/proc/self/mountinfo").map_err(|error| format!("cannot list the mounts: {error}"))?;
    for line in table.split(|b| *b == b'\n') {
        let mut fields = line.split(|b| *b == b' ');
        let (Some(point), Some(options)) = (fields.nth(4), fields.next()) else { continue };
        let point = unescape(point);
        if writable.contains(&point) || point.starts_with("/dev") || point.starts_with("/proc") {
            continue;
        }
        let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | kept_flags(options);
        match mount(None::<&str>, &point, None::<&str>, flags, None::<&str>) {
            Ok(()) => {}
            // A mount below something that we covered cannot be reached: neither by us nor by the job.
            Err(Errno::EINVAL | Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES) if point != Path::new("/") => {}
            Err(errno) => return Err(format!("cannot make {} read-only: {errno}", point.display())),
        }
    }
    Ok(())
}

fn kept_flags(options: &[u8]) -> MsFlags {
    let mut flags = MsFlags::empty();
    for option in options.split(|b| *b == b',') {
        flags |= match option {
            b"nosuid" => MsFlags::MS_NOSUID,
            b"nodev" => MsFlags::MS_NODEV,
            b"noexec" => MsFlags::MS_NOEXEC,
            b"noatime" => MsFlags::MS_NOATIME,
            b"nodiratime" => MsFlags::MS_NODIRATIME,
            b"relatime" => MsFlags::MS_RELATIME,
            _ => MsFlags::empty(),
        };
    }
    flags
}

/// Mount points in `/proc/self/mountinfo` have space, tab, newline and backslash as octal escapes.
fn unescape(point: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(point.len());
    let mut rest = point;
    while let Some((first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|_| *first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            bytes.push(byte);
            rest = &after[3..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    #[test]
    fn mount_points_are_unescaped() {
        assert_eq!(super::unescape(br"/a\040b\134c\9"), PathBuf::from(r"/a b\c\9"));
    }
}
