//! The files of a source while they are checked, held deflated; and the deterministic `tar.gz` made of them.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
};

use flate2::{
    Compression, GzBuilder,
    read::DeflateDecoder,
    write::{DeflateEncoder, GzEncoder},
};
use store::SourceEntry;

use super::{SourceError, SourceLimits, shown};

/// 1980-01-01, the earliest time that a zip made of these files can hold.
const FIXED_MTIME: u64 = 315_532_800;

pub(super) struct PackedFiles {
    pub(super) limits: SourceLimits,
    files: BTreeMap<String, PackedFile>,
    unpacked_bytes: u64,
    /// Files and folders.
    entries: usize,
}

struct PackedFile {
    size_bytes: u64,
    deflated: Vec<u8>,
}

impl PackedFiles {
    pub(super) const fn new(limits: SourceLimits) -> Self {
        Self { limits, files: BTreeMap::new(), unpacked_bytes: 0, entries: 0 }
    }

    /// An error of reading, in the uploader's words.
    pub(super) fn refuse(&self, err: &io::Error) -> SourceError {
        if err.kind() == io::ErrorKind::FileTooLarge {
            return SourceError::TooMuchUnpacked { max_bytes: self.limits.unpacked_bytes };
        }
        SourceError::Corrupt { detail: shown(&err.to_string()) }
    }

    /// Counts an entry of the archive, whatever its kind.
    pub(super) fn count_entry(&mut self) -> Result<(), SourceError> {
        self.entries += 1;
        let max = self.limits.entries;
        if self.entries > max { Err(SourceError::TooManyEntries { max }) } else { Ok(()) }
    }

    /// Reads one file, counting what really comes out.
    pub(super) fn add(&mut self, path: String, reader: impl Read) -> Result<(), SourceError> {
        if self.files.contains_key(&path) {
            return Err(SourceError::Duplicate { path: shown(&path) });
        }
        let room = self.limits.unpacked_bytes - self.unpacked_bytes;
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        let size_bytes = io::copy(&mut reader.take(room + 1), &mut encoder).map_err(|err| self.refuse(&err))?;
        if size_bytes > room {
            return Err(self.refuse(&io::ErrorKind::FileTooLarge.into()));
        }
        let deflated = encoder.finish().map_err(|err| self.refuse(&err))?;
        self.unpacked_bytes += size_bytes;
        self.files.insert(path, PackedFile { size_bytes, deflated });
        Ok(())
    }

    /// Sorted by path; every file has mode 755 (programs in the source stay runnable), owner 0 and the same time.
    pub(super) fn into_tar_gz(self) -> Result<(Vec<SourceEntry>, Vec<u8>), SourceError> {
        self.check_tree()?;
        let failed = |err: io::Error| SourceError::Corrupt { detail: shown(&err.to_string()) };
        let mut archive = TarGz::new();
        let mut entries = Vec::with_capacity(self.files.len());
        for (path, file) in self.files {
            let content = DeflateDecoder::new(file.deflated.as_slice());
            archive.append(&path, file.size_bytes, 0o755, content).map_err(failed)?;
            entries.push(SourceEntry { path, size_bytes: file.size_bytes });
        }
        Ok((entries, archive.finish().map_err(failed)?))
    }

    /// No file may be another file's folder: unpacking such an archive is anybody's guess.
    fn check_tree(&self) -> Result<(), SourceError> {
        if self.files.is_empty() {
            return Err(SourceError::NoFiles);
        }
        for path in self.files.keys() {
            for (slash, _) in path.match_indices('/') {
                if self.files.contains_key(&path[..slash]) {
                    return Err(SourceError::Duplicate { path: shown(&path[..slash]) });
                }
            }
        }
        Ok(())
    }
}

/// A `tar.gz` under construction whose bytes depend on nothing but what is put in: owner 0, one time, regular files.
pub(crate) struct TarGz(tar::Builder<GzEncoder<Vec<u8>>>);

impl TarGz {
    pub(crate) fn new() -> Self {
        Self(tar::Builder::new(GzBuilder::new().mtime(0).write(Vec::new(), Compression::default())))
    }

    pub(crate) fn append(&mut self, path: &str, size_bytes: u64, mode: u32, content: impl Read) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(size_bytes);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(FIXED_MTIME);
        self.0.append_data(&mut header, path, content)
    }

    pub(crate) fn finish(self) -> io::Result<Vec<u8>> {
        let mut gz = self.0.into_inner()?;
        gz.flush()?;
        gz.finish()
    }
}
