//! The data folder: made for this user alone, writable, and used by one process at a time.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

/// Held for the life of the process; the operating system gives the lock back however the process ends.
#[derive(Debug)]
pub(crate) struct DirLock {
    _file: File,
}

#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error("the data folder {} cannot be written: {source}", path.display())]
    NotWritable { path: PathBuf, source: io::Error },
    #[error("the data folder {} is in use by another trainyard process: stop that one, or pass another --data", path.display())]
    InUse { path: PathBuf },
}

/// Creates the folder, tries it, and takes the lock `name` in it.
pub(crate) fn open(path: &Path, name: &str) -> Result<DirLock, DataDirError> {
    let not_writable = |source| DataDirError::NotWritable { path: path.to_path_buf(), source };
    create_private(path).map_err(not_writable)?;
    let file = File::options().create(true).truncate(false).write(true).open(path.join(name)).map_err(not_writable)?;
    match file.try_lock() {
        Ok(()) => Ok(DirLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(DataDirError::InUse { path: path.to_path_buf() }),
        Err(TryLockError::Error(source)) => Err(not_writable(source)),
    }
}

/// Sources, logs and models are nobody else's business.
fn create_private(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_at_a_time() {
        let dir = tempfile::tempdir().expect("a folder");
        let first = open(dir.path(), "x.lock").expect("free");
        assert!(matches!(open(dir.path(), "x.lock"), Err(DataDirError::InUse { .. })));
        drop(first);
        assert!(open(dir.path(), "x.lock").is_ok());
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("file");
        fs::write(&file, "").expect("written");
        let message = open(&file.join("data"), "x.lock").expect_err("not a folder").to_string();
        assert!(message.contains("cannot be written") && message.contains("file/data"), "{message}");
    }
}
