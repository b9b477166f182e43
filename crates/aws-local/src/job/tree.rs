//! Walks folders that a job wrote, without ever leaving them.
//!
//! A job may swap a folder for a link to anywhere while we look, so nothing below the root is opened by path: every step
//! is an `openat` of one name with `O_NOFOLLOW`. FIFOs and devices are never opened for good. Deeper than
//! [`MAX_DEPTH`] nothing is visited.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::stat::Mode;

const MAX_DEPTH: usize = 64;

/// Something found below a root.
pub(super) enum Node {
    Folder,
    /// A regular file, open for reading.
    File(File, Metadata),
    /// A symbolic link and where it points.
    Link(PathBuf),
    /// A socket, FIFO, device, or something that cannot be opened.
    Other,
}

/// Visits everything below `root` (a trusted path whose last name is not followed if it is a link), parents first,
/// names sorted. A missing root has nothing below it.
pub(super) fn walk(root: &Path, visit: &mut dyn FnMut(&Path, Node) -> io::Result<()>) -> io::Result<()> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let folder = match nix::fcntl::open(root, flags, Mode::empty()) {
        Ok(folder) => folder,
        Err(nix::errno::Errno::ENOENT | nix::errno::Errno::ELOOP | nix::errno::Errno::ENOTDIR) => return Ok(()),
        Err(errno) => return Err(errno.into()),
    };
    walk_folder(&folder, Path::new(""), 0, visit)
}

fn walk_folder(
    folder: &OwnedFd,
    relative: &Path,
    depth: usize,
    visit: &mut dyn FnMut(&Path, Node) -> io::Result<()>,
) -> io::Result<()> {
    let listing = fs::read_dir(format!("/proc/self/fd/{}", folder.as_raw_fd()))?;
    let mut names: Vec<_> = listing.filter_map(|entry| entry.ok().map(|entry| entry.file_name())).collect();
    names.sort();
    for name in names {
        let path = relative.join(&name);
        match open_entry(folder, &name) {
            Entry::Folder(inner) => {
                visit(&path, Node::Folder)?;
                if depth < MAX_DEPTH {
                    walk_folder(&inner, &path, depth + 1, visit)?;
                }
            }
            Entry::Node(node) => visit(&path, node)?,
            Entry::Gone => {}
        }
    }
    Ok(())
}

enum Entry {
    Folder(OwnedFd),
    Node(Node),
    Gone,
}

fn open_entry(folder: &OwnedFd, name: &OsStr) -> Entry {
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    match openat(folder, name, flags, Mode::empty()) {
        Ok(opened) => {
            let file = File::from(opened);
            match file.metadata() {
                Ok(metadata) if metadata.is_dir() => Entry::Folder(file.into()),
                Ok(metadata) if metadata.is_file() => Entry::Node(Node::File(file, metadata)),
                _ => Entry::Node(Node::Other),
            }
        }
        Err(nix::errno::Errno::ENOENT) => Entry::Gone,
        Err(nix::errno::Errno::ELOOP) => match readlinkat(folder, name) {
            Ok(target) => Entry::Node(Node::Link(PathBuf::from(target))),
            Err(_) => Entry::Gone,
        },
        Err(_) => Entry::Node(Node::Other),
    }
}

/// Opens a regular file below a root for reading, following no link on the way.
pub(super) fn open_file(root: &Path, relative: &Path) -> Option<File> {
    let folder_flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut folder = nix::fcntl::open(root, folder_flags, Mode::empty()).ok()?;
    let name = relative.file_name()?;
    for part in relative.parent()?.components() {
        folder = openat(&folder, part.as_os_str(), folder_flags, Mode::empty()).ok()?;
    }
    match open_entry(&folder, name) {
        Entry::Node(Node::File(file, _)) => Some(file),
        _ => None,
    }
}

/// Bytes that files below a root take on disk.
pub(super) fn disk_bytes(root: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0_u64;
    let _ = walk(root, &mut |_, node| {
        if let Node::File(_, metadata) = node {
            bytes = bytes.saturating_add(metadata.blocks().saturating_mul(512));
        }
        Ok(())
    });
    bytes
}

/// Removes a folder that a job wrote, whatever modes and depths it left there. Failing is harmless: only space is lost.
pub(super) fn remove(root: &Path) {
    match fs::remove_dir_all(root) {
        Ok(()) => return,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(_) => {}
    }
    // Folders without permission, or deeper than the number of open files allows: the tools of the system cope.
    for (tool, argument) in [("chmod", "-R"), ("rm", "-rf")] {
        let mut command = Command::new(tool);
        command.arg(argument);
        if tool == "chmod" {
            command.arg("u+rwX");
        }
        let _ = command.arg("--").arg(root).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::{Node, walk};

    #[test]
    fn links_are_named_and_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        std::fs::create_dir(root.join("sub")).expect("created");
        std::fs::write(root.join("sub/file"), "x").expect("written");
        symlink("/etc", root.join("etc")).expect("linked");
        nix::unistd::mkfifo(&root.join("fifo"), nix::sys::stat::Mode::S_IRWXU).expect("made");
        let mut seen = Vec::new();
        walk(root, &mut |path, node| {
            let kind = match node {
                Node::Folder => "folder",
                Node::File(..) => "file",
                Node::Link(_) => "link",
                Node::Other => "other",
            };
            seen.push((path.display().to_string(), kind));
            Ok(())
        })
        .expect("walked");
        let wanted = [("etc", "link"), ("fifo", "other"), ("sub", "folder"), ("sub/file", "file")];
        assert_eq!(seen, wanted.map(|(path, kind)| (path.to_owned(), kind)));
        // A root that is itself a link has nothing below it.
        symlink("/etc", root.join("root")).expect("linked");
        walk(&root.join("root"), &mut |_, _| panic!("followed")).expect("walked");
    }
}
