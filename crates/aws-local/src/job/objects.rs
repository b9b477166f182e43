//! The objects as the jobs see them: named by `s3://` URIs, read and written as files of the S3 [`Store`].
//!
//! Invariant: a URI is checked when it is parsed; where its object lies, and that it appears whole, is the store's.

use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use tempfile::NamedTempFile;

use crate::s3::store::{Attributes, Query, Store};

/// `s3://bucket/key`; the key may be empty or end with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct S3Uri {
    pub(super) bucket: String,
    pub(super) key: String,
}

impl S3Uri {
    /// Parses and checks; the message says what is wrong, in SageMaker's words where they are known.
    pub(super) fn parse(text: &str) -> Result<S3Uri, String> {
        let rest = text.strip_prefix("s3://").ok_or_else(|| format!("{text:?} is not an S3 URI (s3://bucket/key)"))?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        let bucket_is_good = (3..=63).contains(&bucket.len())
            && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
            && !bucket.starts_with(['.', '-'])
            && !bucket.contains("..");
        if !bucket_is_good {
            return Err(format!("{bucket:?} in {text:?} is not a bucket name"));
        }
        if key.contains("//") {
            return Err(format!("S3 key: {text} has an illegal char sub-sequence '//' in it"));
        }
        if key.split('/').any(|part| part == "." || part == "..") || key.contains('\0') || key.starts_with('/') {
            return Err(format!("the key of {text:?} has a part that this engine does not store"));
        }
        Ok(S3Uri { bucket: bucket.to_owned(), key: key.to_owned() })
    }

    /// The URI with `/part` added to its key.
    pub(super) fn join(&self, part: &str) -> S3Uri {
        let key = match self.key.trim_end_matches('/') {
            "" => part.to_owned(),
            key => format!("{key}/{part}"),
        };
        S3Uri { bucket: self.bucket.clone(), key }
    }
}

impl std::fmt::Display for S3Uri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// An object below a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it goes below the folder of its channel.
    pub(super) relative: PathBuf,
    pub(super) path: PathBuf,
}

/// The store.
#[derive(Debug, Clone)]
pub(super) struct Objects {
    store: Store,
}

impl Objects {
    pub(super) fn new(root: PathBuf) -> Objects {
        Objects { store: Store::of_jobs(root) }
    }

    pub(super) fn bucket_exists(&self, uri: &S3Uri) -> bool {
        self.store.bucket_exists(&uri.bucket)
    }

    /// The file of exactly this key.
    pub(super) fn file(&self, uri: &S3Uri) -> Option<PathBuf> {
        self.store.file(&uri.bucket, &uri.key)
    }

    /// Objects whose key begins with the URI's key, sorted: the object itself, what lies in the folder of that name,
    /// or else what begins with the last name of the key.
    pub(super) fn list(&self, uri: &S3Uri) -> io::Result<Vec<Found>> {
        if let Some(path) = self.file(uri) {
            let relative = PathBuf::from(uri.key.rsplit('/').next().unwrap_or_default());
            return Ok(vec![Found { relative, path }]);
        }
        if !self.bucket_exists(uri) {
            return Ok(Vec::new());
        }
        let folder = match uri.key.trim_end_matches('/') {
            "" => String::new(),
            key => format!("{key}/"),
        };
        let mut found = self.below(&uri.bucket, &folder, folder.len())?;
        if found.is_empty() && !uri.key.ends_with('/') {
            let parent = uri.key.rfind('/').map_or(0, |slash| slash + 1);
            found = self.below(&uri.bucket, &uri.key, parent)?;
        }
        found.sort_by(|a, b| a.relative.cmp(&b.relative));
        Ok(found)
    }

    /// Objects with this prefix, named by what follows the first `cut` bytes. A key that is no path below a folder has no
    /// place in a channel.
    fn below(&self, bucket: &str, prefix: &str, cut: usize) -> io::Result<Vec<Found>> {
        let query = Query { prefix: prefix.to_owned(), limit: usize::MAX, ..Query::default() };
        let (listed, _) = self.store.list(bucket, &query)?;
        let found = listed.iter().filter_map(|listed| {
            let key = listed.text();
            let relative = key.get(cut..).filter(|relative| !relative.is_empty() && !relative.ends_with('/'))?;
            let plain = Path::new(relative).components().all(|part| matches!(part, Component::Normal(_)));
            let path = self.store.file(bucket, key).filter(|_| plain)?;
            Some(Found { relative: PathBuf::from(relative), path })
        });
        Ok(found.collect())
    }

    /// A new object: write to its file, then `publish`.
    pub(super) fn create(&self, uri: &S3Uri) -> io::Result<NewObject> {
        if uri.key.is_empty() || uri.key.ends_with('/') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{uri} names no object")));
        }
        let bytes = self.store.incoming()?;
        Ok(NewObject { store: self.store.clone(), uri: uri.clone(), file: bytes.as_file().try_clone()?, bytes })
    }

    /// Removes an object if it is there.
    pub(super) fn remove(&self, uri: &S3Uri) -> io::Result<()> {
        self.store.remove(&uri.bucket, &uri.key, |_| Ok(()))
    }
}

/// An object that is being written. Dropped unpublished, it leaves nothing behind.
pub(super) struct NewObject {
    store: Store,
    uri: S3Uri,
    pub(super) file: File,
    bytes: NamedTempFile,
}

impl NewObject {
    /// Puts the object in its place.
    pub(super) fn publish(self) -> io::Result<()> {
        let attributes = Attributes { key: self.uri.key, ..Attributes::default() };
        self.store.publish(&self.uri.bucket, self.bytes, &attributes, |_| Ok::<_, io::Error>(())).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{Objects, S3Uri};

    #[test]
    fn hostile_uris_are_refused() {
        for bad in ["s3://../x", "s3://b", "s3://bucket/../x", "s3://bucket/a/../../x", "s3://bucket//x", "http://x/y"]
        {
            assert!(S3Uri::parse(bad).is_err(), "{bad}");
        }
        let uri = S3Uri::parse("s3://bucket/a/b.txt").expect("good");
        assert_eq!((uri.bucket.as_str(), uri.key.as_str()), ("bucket", "a/b.txt"));
        assert_eq!(S3Uri::parse("s3://bucket/out/").expect("good").join("x").to_string(), "s3://bucket/out/x");
    }

    #[test]
    fn objects_are_listed_by_prefix_and_published_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let objects = Objects::new(folder.path().to_owned());
        std::fs::create_dir(folder.path().join("bucket")).expect("created");
        for key in ["in/part-1", "in/part-2", "in/deep/x", "other"] {
            let mut object = objects.create(&S3Uri::parse(&format!("s3://bucket/{key}")).expect("good")).expect("new");
            object.file.write_all(key.as_bytes()).expect("written");
            object.publish().expect("published");
        }
        let names = |uri: &str| -> Vec<String> {
            let found = objects.list(&S3Uri::parse(uri).expect("good")).expect("listed");
            found.iter().map(|object| object.relative.display().to_string()).collect()
        };
        assert_eq!(names("s3://bucket/in"), ["deep/x", "part-1", "part-2"]);
        assert_eq!(names("s3://bucket/in/"), ["deep/x", "part-1", "part-2"]);
        assert_eq!(names("s3://bucket/in/part-"), ["part-1", "part-2"]);
        assert_eq!(names("s3://bucket/other"), ["other"]);
        assert_eq!(names("s3://bucket/none").len(), 0);
        std::os::unix::fs::symlink("/", folder.path().join("bucket/out")).expect("linked");
        let escape = objects.create(&S3Uri::parse("s3://bucket/out/tmp/x").expect("good")).expect("new");
        assert!(escape.publish().is_err());
    }
}
