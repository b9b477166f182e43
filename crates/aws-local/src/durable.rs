//! Small JSON files that are whole at any moment: written aside, synced, renamed, and the folder synced.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What is written survives a crash once this returns. The folder must exist and have one writer per file.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let aside = path.with_extension("json.new");
    let mut file = File::create(&aside)?;
    file.write_all(&serde_json::to_vec(value).map_err(io::Error::other)?)?;
    file.sync_data()?;
    fs::rename(&aside, path)?;
    sync_folder(path)
}

/// Removes a file for good; one that is gone already is no error.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
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

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
