//! The local S3 store as files: `DATA/s3/<bucket>/<key>`, as `s3s-fs` lays it out.
//!
//! Invariant: a path is made only from a bucket name and key parts that were checked here, and written only after the
//! folder that receives it was found to lie below the store. Objects appear whole, by rename.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// Folders of a store are not followed deeper than this.
const MAX_DEPTH: usize = 64;

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
    root: PathBuf,
}

impl Objects {
    pub(super) fn new(root: PathBuf) -> Objects {
        Objects { root }
    }

    pub(super) fn bucket_exists(&self, uri: &S3Uri) -> bool {
        self.root.join(&uri.bucket).is_dir()
    }

    fn path(&self, uri: &S3Uri) -> PathBuf {
        self.root.join(&uri.bucket).join(uri.key.trim_end_matches('/'))
    }

    /// The file of exactly this key.
    pub(super) fn file(&self, uri: &S3Uri) -> Option<PathBuf> {
        let path = self.path(uri);
        (!uri.key.is_empty() && !uri.key.ends_with('/') && path.is_file()).then_some(path)
    }

    /// Objects whose key begins with the URI's key, sorted: the object itself, what lies in the folder of that name,
    /// or else what begins with the last name of the key.
    pub(super) fn list(&self, uri: &S3Uri) -> io::Result<Vec<Found>> {
        if let Some(path) = self.file(uri) {
            let relative = PathBuf::from(path.file_name().unwrap_or_default());
            return Ok(vec![Found { relative, path }]);
        }
        let mut found = Vec::new();
        let path = self.path(uri);
        if path.is_dir() {
            collect(&path, Path::new(""), 0, &mut found)?;
        } else if let (false, Some(parent), Some(start)) = (uri.key.ends_with('/'), path.parent(), path.file_name())
            && parent.is_dir()
        {
            let start = start.to_string_lossy().into_owned();
            collect(parent, Path::new(""), 0, &mut found)?;
            found.retain(|object| object.relative.to_string_lossy().starts_with(&start));
        }
        found.sort_by(|a, b| a.relative.cmp(&b.relative));
        Ok(found)
    }

    /// A new object: write to its file, then `publish`.
    pub(super) fn create(&self, uri: &S3Uri) -> io::Result<NewObject> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        if uri.key.is_empty() || uri.key.ends_with('/') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{uri} names no object")));
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let aside = self.root.join(format!(".trainyard-{}-{number}.part", std::process::id()));
        let file = File::options().write(true).create_new(true).open(&aside)?;
        Ok(NewObject { objects: self.clone(), uri: uri.clone(), file, aside, published: false })
    }

    /// Removes an object if it is there.
    pub(super) fn remove(&self, uri: &S3Uri) -> io::Result<()> {
        self.forget_attributes(uri);
        match fs::remove_file(self.path(uri)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// `s3s-fs` keeps checksums and attributes beside the bucket; those of an object that we replace are no longer true.
    fn forget_attributes(&self, uri: &S3Uri) {
        let bucket = BASE64_URL_SAFE_NO_PAD.encode(&uri.bucket);
        let key = BASE64_URL_SAFE_NO_PAD.encode(&uri.key);
        for kind in ["internal", "metadata"] {
            let _ = fs::remove_file(self.root.join(format!(".bucket-{bucket}.object-{key}.{kind}.json")));
        }
    }
}

fn collect(folder: &Path, relative: &Path, depth: usize, found: &mut Vec<Found>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let relative = relative.join(entry.file_name());
        if path.is_dir() {
            if depth < MAX_DEPTH {
                collect(&path, &relative, depth + 1, found)?;
            }
        } else if path.is_file() {
            found.push(Found { relative, path });
        }
    }
    Ok(())
}

/// An object that is being written. Dropped unpublished, it leaves nothing behind.
pub(super) struct NewObject {
    objects: Objects,
    uri: S3Uri,
    pub(super) file: File,
    aside: PathBuf,
    published: bool,
}

impl NewObject {
    /// Puts the object in its place.
    pub(super) fn publish(mut self) -> io::Result<()> {
        let path = self.objects.path(&self.uri);
        let store = self.objects.root.canonicalize()?;
        let Some(folder) = path.parent() else { return Err(io::ErrorKind::InvalidInput.into()) };
        if !self.objects.bucket_exists(&self.uri) {
            let message = format!("the bucket {} does not exist", self.uri.bucket);
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        fs::create_dir_all(folder)?;
        if !folder.canonicalize()?.starts_with(&store) {
            let message = format!("{} leads out of the store", self.uri);
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
        self.file.sync_data()?;
        fs::rename(&self.aside, &path)?;
        self.published = true;
        self.objects.forget_attributes(&self.uri);
        Ok(())
    }
}

impl Drop for NewObject {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_file(&self.aside);
        }
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
