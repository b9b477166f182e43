//! Uploaded sources: one script or an archive becomes one deterministic `tar.gz`, or an error that names the cure.
//!
//! Invariants:
//! - Nothing is ever unpacked to disk here; archives are read as streams, and real bytes are counted while inflating.
//! - What comes out has regular files only: relative UTF-8 paths without `..`, no links, no devices, sorted, with one
//!   owner, mode and time. Equal sources are equal archives and have equal SHA-256, whatever packed them.

mod git;
mod pack;
mod read;

pub use git::GitConfig;
pub(crate) use pack::TarGz;
pub(crate) use read::{OwnFile, own_files};

use std::io::Read as _;

use domain::{job_draft::FieldError, typed_script::TypedScript};
use sha2::{Digest, Sha256};
use store::{NewSource, SourceEntry};

use crate::config::SampleFile;

/// How large a source may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceLimits {
    /// The uploaded file.
    pub upload_bytes: u64,
    /// All files together, as they come out of the archive.
    pub unpacked_bytes: u64,
    /// Files and folders.
    pub entries: usize,
}

impl Default for SourceLimits {
    /// 64 MiB uploaded, 1 GiB unpacked, 10,000 entries.
    fn default() -> Self {
        Self { upload_bytes: 64 * 1024 * 1024, unpacked_bytes: 1024 * 1024 * 1024, entries: 10_000 }
    }
}

const MAX_PATH_CHARS: usize = 512;

/// The form's field that an error belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceField {
    SourceFile,
    EntryPoint,
}

/// Why a source is refused: the rule and the cure. Paths in the text are cut and escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error("the file is empty: choose the script or archive again.")]
    Empty,
    #[error("the file has {size_bytes} bytes and at most {} are allowed: leave data and models out of it and read those from S3.", mib(*max_bytes))]
    TooLarge { size_bytes: u64, max_bytes: u64 },
    #[error(
        "`{name}` is not a source that can be run: upload one `.py` file, or a `.tar.gz`, `.tgz` or `.zip` of the source folder."
    )]
    UnknownType { name: String },
    #[error(
        "`{name}` has characters that a script's name cannot have: rename it to letters, digits and `. _ -`, for example `train.py`."
    )]
    ScriptName { name: String },
    #[error("the script {path} is not UTF-8 text (byte {position} is wrong): save it as UTF-8.")]
    NotUtf8Script { path: String, position: u64 },
    #[error(
        "the archive cannot be read ({detail}): pack the folder again, for example with `tar czf source.tar.gz -C folder .`"
    )]
    Corrupt { detail: String },
    #[error("the archive has no files: pack the folder again with the script in it.")]
    NoFiles,
    #[error("the archive's entry {path} {why}: pack the folder again with plain relative paths.")]
    BadPath { path: String, why: &'static str },
    #[error(
        "the archive's entry {path} is {what}; only regular files and folders are allowed: replace it by the file itself."
    )]
    NotAFile { path: String, what: &'static str },
    #[error("the archive has the file {path} twice: pack the folder again.")]
    Duplicate { path: String },
    #[error("the archive has more than {max} entries: leave out data, virtual environments and `.git`.")]
    TooManyEntries { max: usize },
    #[error("the archive unpacks to more than {}: leave data and models out of it and read those from S3.", mib(*max_bytes))]
    TooMuchUnpacked { max_bytes: u64 },
    #[error("the source has no file `{entry_point}`{suggestion}.")]
    EntryPointMissing { entry_point: String, suggestion: String },
}

impl SourceError {
    pub const fn field(&self) -> SourceField {
        match self {
            Self::EntryPointMissing { .. } => SourceField::EntryPoint,
            _ => SourceField::SourceFile,
        }
    }

    pub(crate) fn to_field_error(&self) -> FieldError {
        let field = match self.field() {
            SourceField::SourceFile => "source_file",
            SourceField::EntryPoint => "entry_point",
        };
        FieldError::new(field, self.to_string())
    }
}

/// Checks an upload and packs it anew. CPU-bound: up to seconds for a large archive.
pub fn source_normalise(file_name: &str, bytes: &[u8], limits: SourceLimits) -> Result<NewSource, SourceError> {
    let file_name = base_name(file_name);
    if bytes.is_empty() {
        return Err(SourceError::Empty);
    }
    let size_bytes = bytes.len() as u64;
    if size_bytes > limits.upload_bytes {
        return Err(SourceError::TooLarge { size_bytes, max_bytes: limits.upload_bytes });
    }
    let lower = file_name.to_ascii_lowercase();
    let ends_with = |suffix: &str| lower.len() > suffix.len() && lower.ends_with(suffix);
    let mut files = pack::PackedFiles::new(limits);
    if ends_with(".py") {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if !file_name.chars().all(is_plain) || file_name.starts_with('-') {
            return Err(SourceError::ScriptName { name: shown(&file_name) });
        }
        check_utf8(&file_name, bytes)?;
        files.add(file_name.clone(), bytes)?;
    } else if ends_with(".tar.gz") || ends_with(".tgz") {
        read::read_tar_gz(bytes, &mut files)?;
    } else if ends_with(".zip") {
        read::read_zip(bytes, &mut files)?;
    } else {
        return Err(SourceError::UnknownType { name: shown(&file_name) });
    }
    finish(file_name, files)
}

/// A tree that `git archive` writes, through the same checks. CPU-bound, and as slow as git.
fn git_normalise(
    file_name: String,
    mut tar: impl std::io::Read,
    limits: SourceLimits,
) -> Result<NewSource, SourceError> {
    let mut files = pack::PackedFiles::new(limits);
    read::read_tar(&mut tar, &mut files)?;
    // The padding at its end: git would see a broken pipe.
    let padding = std::io::copy(&mut tar.take(limits.unpacked_bytes), &mut std::io::sink());
    padding.map_err(|err| files.refuse(&err))?;
    finish(file_name, files)
}

/// A bundled sample's files, through the same checks.
pub(crate) fn sample_normalise(name: &str, files: &[SampleFile]) -> Result<NewSource, SourceError> {
    let mut packed = pack::PackedFiles::new(SourceLimits::default());
    for file in files {
        let path = plain_path(file.path.as_bytes())?.ok_or(SourceError::NoFiles)?;
        packed.add(path, file.bytes.as_ref())?;
    }
    finish(format!("{name}.tar.gz"), packed)
}

fn finish(file_name: String, files: pack::PackedFiles) -> Result<NewSource, SourceError> {
    let (entries, bytes) = files.into_tar_gz()?;
    Ok(NewSource { sha256: hex::encode(Sha256::digest(&bytes)), file_name, entries, bytes })
}

/// The entry point must be a file of the source, and UTF-8 when it is a Python script.
pub(crate) fn check_entry_point(source: &NewSource, entry_point: &str) -> Result<(), SourceError> {
    if !source.entries.iter().any(|it| it.path == entry_point) {
        return Err(SourceError::EntryPointMissing {
            entry_point: shown(entry_point),
            suggestion: suggestion(source, entry_point),
        });
    }
    if !entry_point.to_ascii_lowercase().ends_with(".py") {
        return Ok(());
    }
    match read::read_own_entry(&source.bytes, entry_point)? {
        Some(script) => check_utf8(entry_point, &script),
        None => Ok(()),
    }
}

/// The script of a source that is nothing but one, as the form's editor takes it.
pub(crate) fn only_script(entries: &[SourceEntry], tar_gz: &[u8]) -> Option<TypedScript> {
    let [entry] = entries else { return None };
    if entry.size_bytes > TypedScript::MAX_BYTES as u64 {
        return None;
    }
    let text = String::from_utf8(read::read_own_entry(tar_gz, &entry.path).ok()??).ok()?;
    let script = TypedScript { name: entry.path.clone(), text };
    (script.fault_of_name().is_none() && script.fault_of_text().is_none()).then_some(script)
}

/// A longer script was made by a program.
const MAX_SCRIPT_BYTES: u64 = 512 * 1024;
/// Of all scripts of a source together.
const MAX_SCRIPTS_BYTES: u64 = 8 * 1024 * 1024;

/// The Python scripts of a kept archive, as far as they are text: path and content.
pub(crate) fn source_scripts(tar_gz: &[u8]) -> Result<Vec<(String, String)>, SourceError> {
    let files = read::own_files(tar_gz, MAX_SCRIPT_BYTES, MAX_SCRIPTS_BYTES)?;
    let scripts = files.into_iter().filter(|(path, _)| path.to_ascii_lowercase().ends_with(".py"));
    Ok(scripts.filter_map(|(path, file)| Some((path, String::from_utf8(file.bytes?).ok()?))).collect())
}

/// `; type that path` when the source has the file elsewhere, or names its scripts.
fn suggestion(source: &NewSource, entry_point: &str) -> String {
    let base = entry_point.rsplit('/').next().unwrap_or(entry_point);
    let same_name = source.entries.iter().find(|it| it.path.rsplit('/').next() == Some(base));
    if let Some(entry) = same_name {
        return format!("; it has `{}`: type that path", shown(&entry.path));
    }
    let scripts: Vec<String> = source
        .entries
        .iter()
        .filter(|it| it.path.to_ascii_lowercase().ends_with(".py"))
        .take(3)
        .map(|it| format!("`{}`", shown(&it.path)))
        .collect();
    if scripts.is_empty() {
        "; it has no Python script at all: add one and upload it again".to_owned()
    } else {
        format!("; its scripts are {}: type one of those", scripts.join(", "))
    }
}

/// A cut in the last character (`error_len` is `None`) is allowed when only the beginning was read.
fn check_utf8(path: &str, bytes: &[u8]) -> Result<(), SourceError> {
    match std::str::from_utf8(bytes) {
        Err(err) if err.error_len().is_some() || (bytes.len() as u64) < read::SCRIPT_CHECK_BYTES => {
            Err(SourceError::NotUtf8Script { path: shown(path), position: err.valid_up_to() as u64 })
        }
        _ => Ok(()),
    }
}

/// An entry's path made plain: `./a//b` is `a/b`. `None` for the archive's own root (`./`).
fn plain_path(raw: &[u8]) -> Result<Option<String>, SourceError> {
    let bad = |why| SourceError::BadPath { path: shown(&String::from_utf8_lossy(raw)), why };
    let text = std::str::from_utf8(raw).map_err(|_| bad("has a name that is not UTF-8"))?;
    if text.starts_with('/') || text.get(1..2) == Some(":") {
        return Err(bad("has an absolute path"));
    }
    if text.contains('\\') {
        return Err(bad("has a backslash in its path"));
    }
    if text.chars().any(char::is_control) {
        return Err(bad("has a control character in its path"));
    }
    if text.chars().count() > MAX_PATH_CHARS {
        return Err(bad("has a path of more than 512 characters"));
    }
    let mut parts = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => return Err(bad("leaves the folder with `..`")),
            part => parts.push(part),
        }
    }
    Ok(if parts.is_empty() { None } else { Some(parts.join("/")) })
}

/// The last component of whatever the browser sent as a file name.
fn base_name(file_name: &str) -> String {
    let base = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name).trim();
    base.chars().filter(|c| !c.is_control()).take(255).collect()
}

/// Whole mebibytes for people; bytes below one.
fn mib(bytes: u64) -> String {
    match bytes / (1024 * 1024) {
        0 => format!("{bytes} bytes"),
        mib => format!("{mib} MiB"),
    }
}

/// Hostile text in a message: without control characters, and cut.
fn shown(text: &str) -> String {
    let plain = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut shown: String = text.chars().take(120).map(plain).collect();
    if text.chars().count() > 120 {
        shown.push('…');
    }
    shown
}

/// Reads to the end but never more than `max` bytes.
fn read_capped(reader: impl std::io::Read, max: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        return Err(std::io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}
