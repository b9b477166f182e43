//! `--source PATH`: a script or an archive as it is, a folder as a `tar.gz`. The server checks all of it.

use std::{fs, io, path::Path};

use flate2::{Compression, write::GzEncoder};

use super::ClientError;

/// Folders that belong to tools and not to a source.
const LEFT_OUT: [&str; 4] = [".git", "__pycache__", ".venv", "node_modules"];

/// A file to send: its name and its bytes. CPU-bound for a folder.
pub(super) fn source_read(path: &Path) -> Result<(String, Vec<u8>), ClientError> {
    let failed = |source: io::Error| ClientError::File { path: path.to_path_buf(), source };
    let whole = path.canonicalize().map_err(failed)?;
    let name = whole.file_name().map_or_else(|| "source".to_owned(), |it| it.to_string_lossy().into_owned());
    if !whole.is_dir() {
        // As it was called: a link may have another name than its file.
        let given = path.file_name().map_or(name, |it| it.to_string_lossy().into_owned());
        return Ok((given, fs::read(&whole).map_err(failed)?));
    }
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    folder_add(&mut archive, &whole, Path::new("")).map_err(|(path, source)| ClientError::File { path, source })?;
    let bytes = archive.into_inner().and_then(GzEncoder::finish).map_err(failed)?;
    Ok((format!("{name}.tar.gz"), bytes))
}

type Archive = tar::Builder<GzEncoder<Vec<u8>>>;

/// Regular files only; a link is refused by name, because what it points to is not in the folder.
fn folder_add(archive: &mut Archive, folder: &Path, inside: &Path) -> Result<(), (std::path::PathBuf, io::Error)> {
    let failed = |source: io::Error| (folder.to_path_buf(), source);
    let mut entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (name, path) = (entry.file_name(), entry.path());
        if LEFT_OUT.iter().any(|it| name == *it) {
            continue;
        }
        let place = inside.join(&name);
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            folder_add(archive, &path, &place)?;
        } else if kind.is_file() {
            archive.append_path_with_name(&path, &place).map_err(|source| (path, source))?;
        } else {
            let message =
                "it is a link or a device, and a source has regular files only: replace it by the file itself";
            return Err((path, io::Error::new(io::ErrorKind::InvalidInput, message)));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_packed_without_what_belongs_to_tools() {
        let dir = tempfile::tempdir().expect("a folder");
        let source = dir.path().join("wine");
        for (path, text) in [("train.py", "print(1)"), ("lib/data.py", "x = 1"), ("__pycache__/train.pyc", "old")] {
            let path = source.join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
        }
        let (name, bytes) = source_read(&source).expect("packed");
        assert_eq!(name, "wine.tar.gz");
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        let paths = archive.entries().expect("entries").map(|it| it.expect("one").path().expect("a path").into_owned());
        assert_eq!(paths.collect::<Vec<_>>(), [Path::new("lib/data.py"), Path::new("train.py")]);

        std::os::unix::fs::symlink("/etc/passwd", source.join("passwd")).expect("linked");
        let refused = source_read(&source).expect_err("a link").to_string();
        assert!(refused.contains("passwd cannot be read: it is a link"), "{refused}");
        let missing = source_read(&dir.path().join("none.py")).expect_err("missing").to_string();
        assert!(missing.contains("none.py cannot be read"), "{missing}");
    }
}
