//! Where a key lies: the path that it spells, if it spells one.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// The longest name of a file on Linux and macOS.
const MAX_NAME: usize = 255;

/// The parts of a key that can be a path; a key of S3 has at most 1,024 bytes.
fn parts(key: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = key.split('/').collect();
    let plain = |part: &&str| !part.is_empty() && *part != "." && *part != ".." && part.len() <= MAX_NAME;
    (parts.iter().all(plain) && !key.contains('\0')).then_some(parts)
}

/// The place of a key that cannot have its own, by the key's hash.
pub(super) fn aside(root: &Path, bucket: &str, key: &str) -> PathBuf {
    root.join(".aside").join(bucket).join(hex::encode(Sha256::digest(key)))
}

/// The file that the key spells, reached through folders alone.
pub(super) fn find(bucket: &Path, key: &str) -> Option<(PathBuf, Metadata)> {
    let parts = parts(key)?;
    let (name, folders) = parts.split_last()?;
    let mut path = bucket.to_owned();
    for folder in folders {
        path.push(folder);
        if !fs::symlink_metadata(&path).ok()?.is_dir() {
            return None;
        }
    }
    path.push(name);
    let found = fs::symlink_metadata(&path).ok()?;
    found.is_file().then_some((path, found))
}

/// The path that the key spells, its folders made; `None` when an object is where a folder must be.
pub(super) fn make(bucket: &Path, key: &str) -> io::Result<Option<PathBuf>> {
    let Some(parts) = parts(key) else { return Ok(None) };
    let Some((name, folders)) = parts.split_last() else { return Ok(None) };
    let mut path = bucket.to_owned();
    for folder in folders {
        path.push(folder);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => {}
            Ok(found) if found.is_file() => return Ok(None),
            Ok(_) => {
                let message = format!("{} leads out of the store", path.display());
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
            }
            Err(_) => match fs::create_dir(&path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            },
        }
    }
    path.push(name);
    Ok(Some(path))
}

/// Takes away folders that a removed object leaves empty.
pub(super) fn prune(bucket: &Path, removed: &Path) {
    let mut folder = removed.parent();
    while let Some(path) = folder.filter(|path| path.starts_with(bucket) && *path != bucket) {
        if fs::remove_dir(path).is_err() {
            break;
        }
        folder = path.parent();
    }
}
