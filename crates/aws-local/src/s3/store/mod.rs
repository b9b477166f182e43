//! The buckets as folders: an object is the plain file `<root>/<bucket>/<key>`, so that jobs, people and tools read it
//! without HTTP.
//!
//! | beside the buckets | holds |
//! |---|---|
//! | `.attributes/<bucket>/` | what S3 keeps about an object besides its bytes |
//! | `.aside/<bucket>/` | objects whose key cannot be a path: `a` beside `a/b`, `a//b`, very long names |
//! | `.uploads/<id>/` | parts of uploads that are not complete |
//! | `.incoming/`, `.outgoing/` | bytes on their way in, from callers and from jobs |
//!
//! Invariants: a key is in one place only; bytes and attributes appear together, whole and durable, by one rename (the
//! attributes carry the file's stamp in their name and are written before it); no link is followed; no path is made
//! from a key whose parts were not checked.

mod attributes;
mod place;
pub(crate) mod uploads;
mod walk;

pub(crate) use attributes::{Attributes, Sum};
pub(crate) use walk::{Listed, Query};

use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::{clock, durable};

/// Commits of this process take turns: what a condition looked at is still so when the object appears.
static COMMIT: Mutex<()> = Mutex::new(());

/// A put may find its folder removed by a delete this often before it gives up.
const RETRIES: usize = 20;

#[derive(Debug, Clone)]
pub(crate) struct Store {
    root: PathBuf,
    incoming: &'static str,
}

/// What is known about a bucket.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Bucket {
    pub(crate) created_at_ms: i64,
    pub(crate) location: Option<String>,
    #[serde(default)]
    pub(crate) tags: Vec<(String, String)>,
}

/// An object that is there.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
    pub(crate) attributes: Attributes,
}

impl Store {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root, incoming: ".incoming" }
    }

    /// For the jobs, which outlive a server: what they are writing is not its to tidy away.
    pub(crate) fn of_jobs(root: PathBuf) -> Self {
        Self { root, incoming: ".outgoing" }
    }

    pub(crate) fn bucket_exists(&self, bucket: &str) -> bool {
        s3s::path::check_bucket_name(bucket)
            && fs::symlink_metadata(self.root.join(bucket)).is_ok_and(|found| found.is_dir())
    }

    /// False when the bucket was there before.
    pub(crate) fn bucket_create(&self, bucket: &str, location: Option<String>) -> io::Result<bool> {
        let _turn = COMMIT.lock().unwrap_or_else(PoisonError::into_inner);
        if self.bucket_exists(bucket) {
            return Ok(false);
        }
        let about = Bucket { created_at_ms: clock::now_ms(), location, tags: Vec::new() };
        durable::write(&self.bucket_path(bucket), &about)?;
        fs::create_dir(self.root.join(bucket))?;
        durable::sync_folder(&self.root)?;
        Ok(true)
    }

    pub(crate) fn bucket(&self, bucket: &str) -> Bucket {
        let mut about: Bucket = durable::read(&self.bucket_path(bucket)).unwrap_or_default();
        if about.created_at_ms == 0 {
            // Made before the server, by hand or by a start-up.
            let made = fs::metadata(self.root.join(bucket)).and_then(|found| found.created().or(found.modified()));
            about.created_at_ms = made.map_or(0, millis);
        }
        about
    }

    pub(crate) fn bucket_annotate(&self, bucket: &str, change: impl FnOnce(&mut Bucket)) -> io::Result<()> {
        let _turn = COMMIT.lock().unwrap_or_else(PoisonError::into_inner);
        let mut about = self.bucket(bucket);
        change(&mut about);
        durable::write(&self.bucket_path(bucket), &about)
    }

    fn bucket_path(&self, bucket: &str) -> PathBuf {
        self.root.join(".attributes").join(bucket).join("bucket.json")
    }

    pub(crate) fn buckets(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.root)?.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut buckets: Vec<String> = names.filter(|name| self.bucket_exists(name)).collect();
        buckets.sort();
        Ok(buckets)
    }

    /// False when it holds objects.
    pub(crate) fn bucket_remove(&self, bucket: &str) -> io::Result<bool> {
        let _turn = COMMIT.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.list(bucket, &Query { limit: 1, ..Query::default() })?.0.is_empty() {
            return Ok(false);
        }
        // Only empty folders are left in it.
        fs::remove_dir_all(self.root.join(bucket))?;
        for beside in [".attributes", ".aside"] {
            let _ = fs::remove_dir_all(self.root.join(beside).join(bucket));
        }
        durable::sync_folder(&self.root)?;
        Ok(true)
    }

    /// The object of exactly this key.
    pub(crate) fn find(&self, bucket: &str, key: &str) -> Option<Stored> {
        let (path, found) = self.locate(bucket, key)?;
        let attributes = self.attributes(bucket, key, &found);
        Some(Stored {
            size: found.len(),
            modified: found.modified().unwrap_or(SystemTime::UNIX_EPOCH),
            path,
            attributes,
        })
    }

    /// The file of exactly this key.
    pub(crate) fn file(&self, bucket: &str, key: &str) -> Option<PathBuf> {
        self.locate(bucket, key).map(|(path, _)| path)
    }

    fn locate(&self, bucket: &str, key: &str) -> Option<(PathBuf, Metadata)> {
        if !s3s::path::check_bucket_name(bucket) {
            return None;
        }
        let aside = place::aside(&self.root, bucket, key);
        if let Ok(found) = fs::symlink_metadata(&aside)
            && found.is_file()
        {
            return Some((aside, found));
        }
        place::find(&self.root.join(bucket), key)
    }

    /// A file for bytes that become an object or a part. Dropped, it leaves nothing behind.
    pub(crate) fn incoming(&self) -> io::Result<NamedTempFile> {
        let folder = self.root.join(self.incoming);
        fs::create_dir_all(&folder)?;
        NamedTempFile::new_in(folder)
    }

    /// Puts the bytes in their place, unless `check` refuses when it sees what is there. Without an entity tag they get one.
    pub(crate) fn publish<E: From<io::Error>>(
        &self,
        bucket: &str,
        bytes: NamedTempFile,
        attributes: &Attributes,
        check: impl FnOnce(Option<&Stored>) -> Result<(), E>,
    ) -> Result<Stored, E> {
        let key = attributes.key.as_str();
        bytes.as_file().sync_data()?;
        let _turn = COMMIT.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.bucket_exists(bucket) {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("the bucket {bucket} does not exist")).into());
        }
        let before = self.find(bucket, key);
        check(before.as_ref())?;
        let stale = self.locate(bucket, key).map(|(_, found)| self.attributes_path(bucket, key, &found));
        let found = bytes.as_file().metadata()?;
        let fresh = self.attributes_path(bucket, key, &found);
        let mut attributes = attributes.clone();
        if attributes.etag.is_empty() {
            attributes.etag = attributes::unknown(key, &found).etag;
        }
        durable::write(&fresh, &attributes)?;
        let path = self.settle(bucket, key, bytes, before.map(|stored| stored.path))?;
        if let Some(stale) = stale.filter(|stale| *stale != fresh) {
            let _ = fs::remove_file(stale);
        }
        let modified = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        Ok(Stored { path, size: found.len(), modified, attributes })
    }

    /// By one rename: where the object was, else where its key says, else aside.
    fn settle(&self, bucket: &str, key: &str, bytes: NamedTempFile, before: Option<PathBuf>) -> io::Result<PathBuf> {
        let aside = place::aside(&self.root, bucket, key);
        let bytes = bytes.into_temp_path();
        let mut target = before;
        for _ in 0..RETRIES {
            let path = match target.take() {
                Some(path) => path,
                None => place::make(&self.root.join(bucket), key)?.unwrap_or_else(|| aside.clone()),
            };
            let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
            if path == aside {
                fs::create_dir_all(folder)?;
            }
            match fs::rename(&bytes, &path) {
                Ok(()) => {
                    durable::sync_folder(folder)?;
                    return Ok(path);
                }
                // Objects lie below this name; an empty folder is what a delete left.
                Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                    if fs::remove_dir(&path).is_err() {
                        target = Some(aside.clone());
                    }
                }
                // A delete took the folder away.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other(format!("the folder of {bucket}/{key} was removed again and again")))
    }

    /// Removes an object if it is there and `check` has nothing against it.
    pub(crate) fn remove<E: From<io::Error>>(
        &self,
        bucket: &str,
        key: &str,
        check: impl FnOnce(Option<&Stored>) -> Result<(), E>,
    ) -> Result<(), E> {
        let _turn = COMMIT.lock().unwrap_or_else(PoisonError::into_inner);
        check(self.find(bucket, key).as_ref())?;
        let Some((path, found)) = self.locate(bucket, key) else { return Ok(()) };
        fs::remove_file(&path)?;
        let _ = fs::remove_file(self.attributes_path(bucket, key, &found));
        place::prune(&self.root.join(bucket), &path);
        if let Some(folder) = path.parent().filter(|folder| folder.is_dir()) {
            durable::sync_folder(folder)?;
        }
        Ok(())
    }

    /// Changes what is known about an object, not its bytes. `None`: it is not there.
    pub(crate) fn annotate(
        &self,
        bucket: &str,
        key: &str,
        change: impl FnOnce(&mut Attributes),
    ) -> io::Result<Option<()>> {
        let _turn = COMMIT.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, found)) = self.locate(bucket, key) else { return Ok(None) };
        let mut attributes = self.attributes(bucket, key, &found);
        change(&mut attributes);
        durable::write(&self.attributes_path(bucket, key, &found), &attributes).map(Some)
    }

    fn attributes_path(&self, bucket: &str, key: &str, found: &Metadata) -> PathBuf {
        attributes::path(&self.root.join(".attributes").join(bucket), key, found)
    }

    fn attributes(&self, bucket: &str, key: &str, found: &Metadata) -> Attributes {
        attributes::read(&self.attributes_path(bucket, key, found), key, found)
    }
}

/// Opens an object's file. What replaces it later does not change what is read.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

pub(crate) fn millis(at: SystemTime) -> i64 {
    at.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
