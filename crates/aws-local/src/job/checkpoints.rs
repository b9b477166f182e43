//! Keeps `/opt/ml/checkpoints` and the job's checkpoint prefix in S3 the same.
//!
//! Restored before a host starts; then copied outwards whenever a file is new or changed, deletions too; a last time
//! when the host has ended or is interrupted. A file that changes while it is copied is copied again at the next look.
//! Hosts share one prefix, as in SageMaker: their file names must not clash. Folders of other outputs that appear in S3
//! while the job runs (TensorBoard's, the debugger's, intermediate ones) travel the same way, outwards only.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::channels::copy;
use super::objects::{Objects, S3Uri};
use super::tree::{Node, walk};

/// What tells that a file changed: size, modification time in nanoseconds, inode.
type Stamp = (u64, i64, i64, u64);

fn stamp(metadata: &Metadata) -> Stamp {
    (metadata.len(), metadata.mtime(), metadata.mtime_nsec(), metadata.ino())
}

/// The checkpoints of one host.
pub(super) struct Checkpoint {
    folder: PathBuf,
    uri: S3Uri,
    objects: Objects,
    copied: BTreeMap<PathBuf, Stamp>,
}

impl Checkpoint {
    /// Restores what S3 has into the folder.
    pub(super) fn restore(folder: PathBuf, uri: S3Uri, objects: Objects) -> io::Result<Checkpoint> {
        fs::create_dir_all(&folder)?;
        let mut prefix = uri.clone();
        prefix.key = format!("{}/", prefix.key.trim_end_matches('/'));
        let mut copied = BTreeMap::new();
        for object in objects.list(&prefix)? {
            let target = folder.join(&object.relative);
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent)?;
            }
            copy(&object.path, &target)?;
            copied.insert(object.relative, stamp(&fs::metadata(&target)?));
        }
        Ok(Checkpoint { folder, uri, objects, copied })
    }

    /// A folder whose files are only ever copied outwards.
    pub(super) fn outwards(folder: PathBuf, uri: S3Uri, objects: Objects) -> io::Result<Checkpoint> {
        fs::create_dir_all(&folder)?;
        Ok(Checkpoint { folder, uri, objects, copied: BTreeMap::new() })
    }

    /// One look: copies what changed, removes what is gone. The first error is given after everything was tried.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        let mut first_error = None;
        let mut seen = BTreeMap::new();
        let Checkpoint { folder, uri, objects, copied } = self;
        let walked = walk(folder, &mut |path, node| {
            if let Node::File(mut file, metadata) = node {
                let stamp = stamp(&metadata);
                if copied.get(path) == Some(&stamp) {
                    seen.insert(path.to_owned(), stamp);
                } else {
                    match upload(objects, uri, path, &mut file) {
                        Ok(()) => {
                            seen.insert(path.to_owned(), stamp);
                        }
                        Err(error) => first_error = first_error.take().or(Some(error)),
                    }
                }
            }
            Ok(())
        });
        if walked.is_ok() {
            for gone in copied.keys().filter(|path| !seen.contains_key(*path)) {
                if first_error.is_none()
                    && let Some(key) = gone.to_str()
                {
                    let _ = objects.remove(&uri.join(key));
                }
            }
            if first_error.is_none() {
                *copied = seen;
            } else {
                copied.extend(seen);
            }
        }
        first_error.map_or(walked, Err)
    }
}

fn upload(objects: &Objects, uri: &S3Uri, path: &Path, file: &mut File) -> io::Result<()> {
    // A name that is not UTF-8 cannot be a key; such files stay local.
    let Some(key) = path.to_str() else { return Ok(()) };
    let checked = S3Uri::parse(&uri.join(key).to_string()).map_err(io::Error::other)?;
    let mut object = objects.create(&checked)?;
    io::copy(file, &mut object.file)?;
    object.publish()
}

/// A thread that looks at checkpoints from time to time.
pub(super) struct CheckpointThread {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<Vec<io::Result<()>>>,
}

impl CheckpointThread {
    pub(super) fn start(mut checkpoints: Vec<Checkpoint>, period: Duration) -> io::Result<CheckpointThread> {
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::Builder::new().name("checkpoints".to_owned()).spawn(move || {
            while stopped.recv_timeout(period) == Err(RecvTimeoutError::Timeout) {
                for checkpoint in &mut checkpoints {
                    // What fails now is tried again; only the last look decides.
                    let _ = checkpoint.sync();
                }
            }
            checkpoints.iter_mut().map(Checkpoint::sync).collect()
        })?;
        Ok(CheckpointThread { stop, thread })
    }

    /// The hosts have ended: looks a last time.
    pub(super) fn finish(self) -> io::Result<()> {
        drop(self.stop);
        let results = self.thread.join().map_err(|_| io::Error::other("the checkpoint thread died"))?;
        results.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Checkpoint, Objects, S3Uri};

    #[test]
    fn changes_and_deletions_travel_and_come_back() {
        let data = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(data.path().join("s3/bucket")).expect("created");
        let objects = Objects::new(data.path().join("s3"));
        let uri = S3Uri::parse("s3://bucket/checkpoints/job").expect("good");
        let stored = data.path().join("s3/bucket/checkpoints/job");
        let local = data.path().join("local");
        let mut checkpoint = Checkpoint::restore(local.clone(), uri.clone(), objects.clone()).expect("restored");
        fs::create_dir(local.join("sub")).expect("created");
        fs::write(local.join("sub/one"), "1").expect("written");
        fs::write(local.join("two"), "2").expect("written");
        std::os::unix::fs::symlink("/etc/passwd", local.join("link")).expect("linked");
        checkpoint.sync().expect("synced");
        assert_eq!(fs::read_to_string(stored.join("sub/one")).expect("read"), "1");
        assert!(!stored.join("link").exists());
        fs::write(local.join("two"), "two").expect("written");
        fs::remove_file(local.join("sub/one")).expect("removed");
        checkpoint.sync().expect("synced");
        assert_eq!(fs::read_to_string(stored.join("two")).expect("read"), "two");
        assert!(!stored.join("sub/one").exists());
        let again = data.path().join("again");
        Checkpoint::restore(again.clone(), uri, objects).expect("restored");
        assert_eq!(fs::read_to_string(again.join("two")).expect("read"), "two");
    }
}
