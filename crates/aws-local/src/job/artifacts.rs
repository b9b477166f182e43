//! Packs what a job left in `/opt/ml/model` and `/opt/ml/output/data` and puts it into the S3 store.
//!
//! The hosts have ended. Each host's folder goes into the same archive, in the order of the hosts; of two files with one
//! name the first host's is kept. Links that point elsewhere, sockets and devices are left out.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::objects::{Objects, S3Uri};
use super::tree::{Node, walk};

/// What was uploaded.
#[derive(Debug, Default)]
pub(super) struct Packed {
    /// `None` when there was nothing to upload.
    pub(super) uri: Option<String>,
    /// Names that were left out.
    pub(super) left_out: Vec<PathBuf>,
}

/// Packs the folders into one `.tar.gz` object.
pub(super) fn pack(objects: &Objects, folders: &[PathBuf], uri: &S3Uri) -> io::Result<Packed> {
    if folders.iter().all(|folder| is_empty(folder)) {
        return Ok(Packed::default());
    }
    let object = objects.create(uri)?;
    // Level 1: a model is mostly random bits, and the user waits.
    let mut tar = tar::Builder::new(GzEncoder::new(object.file.try_clone()?, Compression::fast()));
    let mut names = HashSet::new();
    let mut left_out = Vec::new();
    for folder in folders {
        walk(folder, &mut |path, node| {
            if !matches!(node, Node::Folder) && !names.insert(path.to_owned()) {
                left_out.push(path.to_owned());
                return Ok(());
            }
            match node {
                Node::Folder => {
                    if names.insert(path.to_owned()) {
                        append(&mut tar, path, tar::EntryType::Directory, 0o755, 0, io::empty())?;
                    }
                }
                Node::File(file, metadata) => {
                    let mode = if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 == 0 {
                        0o644
                    } else {
                        0o755
                    };
                    let size = metadata.len();
                    append(&mut tar, path, tar::EntryType::Regular, mode, size, io::Read::take(file, size))?;
                }
                Node::Link(target) if stays_inside(path, &target) => {
                    let mut header = header(tar::EntryType::Symlink, 0o777, 0);
                    tar.append_link(&mut header, path, &target)?;
                }
                Node::Link(_) | Node::Other => left_out.push(path.to_owned()),
            }
            Ok(())
        })?;
    }
    tar.into_inner()?.finish()?;
    object.publish()?;
    Ok(Packed { uri: Some(uri.to_string()), left_out })
}

/// Copies the folders file by file below a prefix (OutputDataConfig.CompressionType NONE).
pub(super) fn copy_plain(objects: &Objects, folders: &[PathBuf], prefix: &S3Uri) -> io::Result<Packed> {
    let mut packed = Packed::default();
    let mut names = HashSet::new();
    for folder in folders {
        walk(folder, &mut |path, node| {
            match (node, path.to_str()) {
                (Node::Folder, _) => {}
                (Node::File(mut file, _), Some(key)) if names.insert(path.to_owned()) => {
                    let uri = S3Uri::parse(&prefix.join(key).to_string()).map_err(io::Error::other)?;
                    let mut object = objects.create(&uri)?;
                    io::copy(&mut file, &mut object.file)?;
                    object.publish()?;
                    packed.uri.get_or_insert_with(|| format!("{prefix}/"));
                }
                _ => packed.left_out.push(path.to_owned()),
            }
            Ok(())
        })?;
    }
    Ok(packed)
}

fn is_empty(folder: &Path) -> bool {
    let mut empty = true;
    let _ = walk(folder, &mut |_, node| {
        empty &= matches!(node, Node::Folder);
        Ok(())
    });
    empty
}

fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header
}

fn append(
    tar: &mut tar::Builder<GzEncoder<File>>,
    path: &Path,
    kind: tar::EntryType,
    mode: u32,
    size: u64,
    bytes: impl io::Read,
) -> io::Result<()> {
    tar.append_data(&mut header(kind, mode, size), path, bytes)
}

/// A relative link that does not climb out of the archive.
fn stays_inside(path: &Path, target: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for part in target.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::{Objects, S3Uri, pack};

    #[test]
    fn an_archive_holds_the_hosts_files_and_nothing_of_the_machine() {
        let data = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(data.path().join("s3/bucket")).expect("created");
        let objects = Objects::new(data.path().join("s3"));
        let hosts = [data.path().join("one"), data.path().join("two")];
        for (number, host) in hosts.iter().enumerate() {
            fs::create_dir_all(host.join("sub")).expect("created");
            fs::write(host.join("same"), format!("{number}")).expect("written");
            fs::write(host.join("sub").join(format!("own-{number}")), "x").expect("written");
        }
        symlink("same", hosts[0].join("good-link")).expect("linked");
        symlink("/etc/passwd", hosts[0].join("bad-link")).expect("linked");
        symlink("../../../etc/passwd", hosts[0].join("sub/bad-link")).expect("linked");
        let uri = S3Uri::parse("s3://bucket/out/model.tar.gz").expect("good");
        let packed = pack(&objects, &hosts, &uri).expect("packed");
        assert_eq!(packed.uri.as_deref(), Some("s3://bucket/out/model.tar.gz"));
        assert_eq!(packed.left_out.len(), 3, "{:?}", packed.left_out);
        let file = fs::File::open(data.path().join("s3/bucket/out/model.tar.gz")).expect("opened");
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
        let names: Vec<String> = archive
            .entries()
            .expect("read")
            .map(|entry| entry.expect("read").path().expect("a path").display().to_string())
            .collect();
        assert_eq!(names, ["good-link", "same", "sub", "sub/own-0", "sub/own-1"]);
        let nothing = pack(&objects, &[data.path().join("none")], &uri).expect("packed");
        assert_eq!(nothing.uri, None);
    }
}
