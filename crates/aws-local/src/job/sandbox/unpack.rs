//! Unpacks a source archive, from inside the sandbox: `local-sandbox unpack <archive> <folder> <most bytes>`.
//!
//! Only folders and regular files with plain relative names are accepted; one `..`, absolute path, link or device
//! refuses the whole archive. Modes keep their execute bit and nothing else. Exit codes: 0 done, 64 refused (one line on
//! stderr says why), 1 this machine failed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use flate2::read::MultiGzDecoder;

/// The archive is refused.
pub(crate) const REFUSED: u8 = 64;
const ENTRIES_MAX: usize = 100_000;

enum Failure {
    Refused(String),
    Machine(io::Error),
}

pub(super) fn run(archive: &Path, folder: &Path, bytes_max: &str) -> Result<ExitCode, String> {
    let bytes_max: u64 = bytes_max.parse().map_err(|error| format!("not a size: {error}"))?;
    match unpack(archive, folder, bytes_max) {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(Failure::Refused(reason)) => {
            let _ = writeln!(io::stderr(), "{reason}");
            Ok(ExitCode::from(REFUSED))
        }
        Err(Failure::Machine(error)) => Err(error.to_string()),
    }
}

fn unpack(archive: &Path, folder: &Path, bytes_max: u64) -> Result<(), Failure> {
    let mut file = BufReader::new(File::open(archive).map_err(Failure::Machine)?);
    let mut magic = [0; 2];
    let is_gzip = file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
    let file = BufReader::new(File::open(archive).map_err(Failure::Machine)?);
    let bytes: Box<dyn Read> = if is_gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    fs::create_dir_all(folder).map_err(Failure::Machine)?;
    let unreadable = |error: io::Error| Failure::Refused(format!("it is not a readable .tar.gz: {error}"));
    let mut left = bytes_max;
    let mut tar = tar::Archive::new(bytes);
    for (number, entry) in tar.entries().map_err(unreadable)?.enumerate() {
        let mut entry = entry.map_err(unreadable)?;
        if number >= ENTRIES_MAX {
            return Err(Failure::Refused(format!("it has more than {ENTRIES_MAX} entries")));
        }
        if entry.header().entry_type().is_pax_global_extensions() {
            continue; // `git archive` writes one
        }
        let name = entry.path().map_err(unreadable)?.into_owned();
        let kind = entry.header().entry_type();
        let Some(path) = plain(&name) else {
            return Err(Failure::Refused(format!("the entry {} leads out of the archive's folder", name.display())));
        };
        let target = folder.join(&path);
        if kind.is_dir() {
            fs::create_dir_all(&target).map_err(Failure::Machine)?;
            continue;
        }
        if !kind.is_file() {
            return Err(Failure::Refused(format!(
                "the entry {} is a link or a device; only files are accepted",
                name.display()
            )));
        }
        if path.as_os_str().is_empty() {
            return Err(Failure::Refused("it has a file without a name".to_owned()));
        }
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(Failure::Machine)?;
        }
        let executable = entry.header().mode().unwrap_or(0) & 0o100;
        let mode = if executable == 0 { 0o644 } else { 0o755 };
        let options = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&target);
        let mut out = options.map_err(Failure::Machine)?;
        // The header's size is a claim; what comes out of the decompressor is counted.
        let copied = io::copy(&mut (&mut entry).take(left + 1), &mut out).map_err(unreadable)?;
        if copied > left {
            return Err(Failure::Refused(format!("it unpacks to more than {bytes_max} bytes")));
        }
        left -= copied;
    }
    Ok(())
}

/// A relative path without `..`; leading `./` is dropped.
fn plain(name: &Path) -> Option<PathBuf> {
    let mut path = PathBuf::new();
    for component in name.components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}
