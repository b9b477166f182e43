//! Small state files: read whole, replaced whole.
//!
//! Invariant: a file that is seen is complete, whatever ended the process that wrote it: it is written aside, brought to
//! disk, and renamed over the old one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The value in the file; the default when there is no file yet.
pub(crate) fn read<T: DeserializeOwned + Default>(path: &Path) -> io::Result<T> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(error),
    }
}

/// Every `.json` file of a folder, which is created if need be. One that cannot be read is named in the log and left.
pub(crate) fn read_folder<T: DeserializeOwned>(folder: &Path) -> io::Result<Vec<T>> {
    fs::create_dir_all(folder)?;
    let mut values = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        match serde_json::from_slice(&fs::read(&path)?) {
            Ok(value) => values.push(value),
            Err(error) => tracing::warn!(file = %path.display(), %error, "a file of the local endpoint cannot be read"),
        }
    }
    Ok(values)
}

/// Replaces the file; it survives a crash once this returns. Writers of one file must take turns.
pub(crate) fn write<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let mut aside = tempfile::NamedTempFile::new_in(folder)?;
    aside.write_all(&serde_json::to_vec(value).map_err(io::Error::other)?)?;
    aside.as_file().sync_data()?;
    aside.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Removes a file for good; one that is gone already is no error.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => path.parent().map_or(Ok(()), sync_folder),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes names that were added to or taken from a folder last.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
