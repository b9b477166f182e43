//! Reading hostile archives as streams: tar, as it is or gzipped, entry by entry in raw form, `zip` from memory.

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Read},
};

use flate2::read::{GzDecoder, MultiGzDecoder};
use sha2::{Digest as _, Sha256};
use tar::EntryType;
use zip::{ZipArchive, result::ZipError};

use super::{SourceError, pack::PackedFiles, plain_path, read_capped, shown};

/// Headers and padding around each file: half a KiB, more for long names.
const TAR_OVERHEAD_BYTES: u64 = 4_096;
/// A long name or a pax header above this is no name.
const MAX_NAME_RECORD_BYTES: u64 = 64 * 1024;
/// So much of a script is checked to be text.
pub(super) const SCRIPT_CHECK_BYTES: u64 = 16 * 1024 * 1024;
const CENTRAL_HEADER: &[u8] = b"PK\x01\x02";
const S_IFMT: u32 = 0o170_000;
const S_IFREG: u32 = 0o100_000;
const S_IFDIR: u32 = 0o040_000;
const S_IFLNK: u32 = 0o120_000;

pub(super) fn read_tar_gz(bytes: &[u8], files: &mut PackedFiles) -> Result<(), SourceError> {
    read_tar(MultiGzDecoder::new(bytes), files)
}

/// Raw entries: the `tar` crate would otherwise hold long names of any length in memory.
pub(super) fn read_tar(tar: impl Read, files: &mut PackedFiles) -> Result<(), SourceError> {
    let room = files.limits.unpacked_bytes + files.limits.entries as u64 * TAR_OVERHEAD_BYTES;
    let mut archive = tar::Archive::new(Capped { inner: tar, room });
    let mut long_name: Option<Vec<u8>> = None;
    let mut name_records = 0;
    for entry in archive.entries().map_err(|err| files.refuse(&err))?.raw(true) {
        let mut entry = entry.map_err(|err| files.refuse(&err))?;
        let kind = entry.header().entry_type();
        if matches!(kind, EntryType::GNULongName | EntryType::XHeader | EntryType::XGlobalHeader) {
            // Each entry may have a record or two for its name.
            name_records += 1;
            if name_records > files.limits.entries * 2 {
                return Err(SourceError::TooManyEntries { max: files.limits.entries });
            }
        } else {
            files.count_entry()?;
        }
        match kind {
            EntryType::GNULongName => {
                let mut name = read_capped(&mut entry, MAX_NAME_RECORD_BYTES).map_err(|err| files.refuse(&err))?;
                while name.last() == Some(&0) {
                    name.pop();
                }
                long_name = Some(name);
                continue;
            }
            EntryType::XHeader => {
                let record = read_capped(&mut entry, MAX_NAME_RECORD_BYTES).map_err(|err| files.refuse(&err))?;
                if let Some(path) = pax_path(&record, files)? {
                    long_name = Some(path);
                }
                continue;
            }
            // `git archive` puts the commit's id here; it says nothing about files.
            EntryType::XGlobalHeader => continue,
            _ => {}
        }
        let raw_path = long_name.take().unwrap_or_else(|| entry.header().path_bytes().into_owned());
        let not_a_file = |what| SourceError::NotAFile { path: shown(&String::from_utf8_lossy(&raw_path)), what };
        match kind {
            EntryType::Regular | EntryType::Continuous | EntryType::Directory => {}
            EntryType::Symlink | EntryType::GNULongLink => return Err(not_a_file("a symbolic link")),
            EntryType::Link => return Err(not_a_file("a hard link")),
            EntryType::Char | EntryType::Block | EntryType::Fifo => return Err(not_a_file("a device")),
            _ => return Err(not_a_file("of a special kind")),
        }
        let path = plain_path(&raw_path)?;
        // Old archives mark a folder by a slash alone.
        let is_folder = kind == EntryType::Directory || raw_path.last() == Some(&b'/');
        if let (Some(path), false) = (path, is_folder) {
            files.add(path, &mut entry)?;
        }
    }
    Ok(())
}

/// The path of a pax header, if it has one. Sizes come from the plain header only: one that disagrees is refused.
fn pax_path(record: &[u8], files: &PackedFiles) -> Result<Option<Vec<u8>>, SourceError> {
    let mut path = None;
    for extension in tar::PaxExtensions::new(record) {
        let extension = extension.map_err(|err| files.refuse(&err))?;
        match extension.key_bytes() {
            b"path" => path = Some(extension.value_bytes().to_vec()),
            b"size" => return Err(files.refuse(&io::ErrorKind::FileTooLarge.into())),
            key if key.starts_with(b"GNU.sparse") => {
                return Err(SourceError::Corrupt { detail: "it has sparse files".to_owned() });
            }
            _ => {}
        }
    }
    Ok(path)
}

pub(super) fn read_zip(bytes: &[u8], files: &mut PackedFiles) -> Result<(), SourceError> {
    // Before the directory is read into memory: a small file can list a million entries.
    let max = files.limits.entries;
    let listed = bytes.windows(CENTRAL_HEADER.len()).filter(|it| *it == CENTRAL_HEADER).take(max + 64).count();
    if listed >= max + 64 {
        return Err(SourceError::TooManyEntries { max });
    }
    let broken = |err: ZipError| SourceError::Corrupt { detail: shown(&err.to_string()) };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    for index in 0..archive.len() {
        files.count_entry()?;
        let mut file = archive.by_index(index).map_err(broken)?;
        let raw_path = file.name_raw().to_vec();
        let not_a_file = |what| SourceError::NotAFile { path: shown(&String::from_utf8_lossy(&raw_path)), what };
        match file.unix_mode().unwrap_or(0) & S_IFMT {
            0 | S_IFREG | S_IFDIR => {}
            S_IFLNK => return Err(not_a_file("a symbolic link")),
            _ => return Err(not_a_file("a device")),
        }
        let path = plain_path(&raw_path)?;
        if let (Some(path), false) = (path, file.is_dir()) {
            files.add(path, &mut file)?;
        }
    }
    Ok(())
}

/// The beginning of one file out of an archive that this crate has written itself.
pub(super) fn read_own_entry(tar_gz: &[u8], path: &str) -> Result<Option<Vec<u8>>, SourceError> {
    let own = |err: io::Error| SourceError::Corrupt { detail: shown(&err.to_string()) };
    let mut archive = tar::Archive::new(GzDecoder::new(tar_gz));
    for entry in archive.entries().map_err(own)? {
        let entry = entry.map_err(own)?;
        if entry.path_bytes().as_ref() == path.as_bytes() {
            let mut beginning = Vec::new();
            entry.take(SCRIPT_CHECK_BYTES).read_to_end(&mut beginning).map_err(own)?;
            return Ok(Some(beginning));
        }
    }
    Ok(None)
}

/// One file of a source, as much of it as a comparison needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnFile {
    pub(crate) sha256: [u8; 32],
    /// `None`: larger than what is read of one file, or of all together.
    pub(crate) bytes: Option<Vec<u8>>,
}

/// Every file out of an archive that this crate has written itself. Files of up to `file_bytes` are held, `all_bytes`
/// together; of the others only the hash is.
pub(crate) fn own_files(
    tar_gz: &[u8],
    file_bytes: u64,
    all_bytes: u64,
) -> Result<BTreeMap<String, OwnFile>, SourceError> {
    let own = |err: io::Error| SourceError::Corrupt { detail: shown(&err.to_string()) };
    let mut archive = tar::Archive::new(GzDecoder::new(tar_gz));
    let (mut files, mut room) = (BTreeMap::new(), all_bytes);
    for entry in archive.entries().map_err(own)? {
        let mut entry = entry.map_err(own)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let size_bytes = entry.size();
        let mut hash = Sha256::new();
        let bytes = if size_bytes <= file_bytes.min(room) {
            room -= size_bytes;
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).map_err(own)?;
            hash.update(&bytes);
            Some(bytes)
        } else {
            io::copy(&mut entry, &mut hash).map_err(own)?;
            None
        };
        files.insert(path, OwnFile { sha256: hash.finalize().into(), bytes });
    }
    Ok(files)
}

/// Fails once more than `room` bytes have come out: the decompression bomb's end.
struct Capped<R> {
    inner: R,
    room: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.room = self.room.checked_sub(count as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(count)
    }
}
