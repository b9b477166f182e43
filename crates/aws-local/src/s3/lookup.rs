//! Looks into the buckets' folders: an object is the file of its key below its bucket's folder.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// Bucket and key or prefix of an `s3://` URI.
pub(crate) fn split(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("s3://")?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    s3s::path::check_bucket_name(bucket).then_some((bucket, key))
}

/// The file or folder of a key; `None` when the key could lead outside of its bucket.
pub(super) fn path_of(root: &Path, bucket: &str, key: &str) -> Option<PathBuf> {
    let plain = Path::new(key).components().all(|part| matches!(part, Component::Normal(_)));
    (plain && s3s::path::check_bucket_name(bucket)).then(|| root.join(bucket).join(key))
}

/// Whether any object's key begins with `prefix`.
pub(crate) fn has_objects(root: &Path, bucket: &str, prefix: &str) -> bool {
    let (folder, begin) = prefix.rsplit_once('/').unwrap_or(("", prefix));
    let Some(folder) = path_of(root, bucket, folder) else {
        return false;
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(begin))
        .any(|entry| holds_file(&entry.path()))
}

fn holds_file(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(kind) if kind.is_dir() => {
            fs::read_dir(path).is_ok_and(|entries| entries.flatten().any(|entry| holds_file(&entry.path())))
        }
        Ok(kind) => kind.is_file(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_found_by_their_beginning() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("bucket/data/train/deep")).unwrap();
        fs::create_dir_all(root.path().join("bucket/empty/inner")).unwrap();
        fs::write(root.path().join("bucket/data/train/deep/iris.csv"), "1").unwrap();
        let has = |prefix| has_objects(root.path(), "bucket", prefix);
        for prefix in ["", "data", "data/", "data/tr", "data/train/", "data/train/deep/iris.csv"] {
            assert!(has(prefix), "{prefix:?}");
        }
        for prefix in ["empty", "empty/", "data/test", "data/train/deep/iris.csv/", "../bucket/data", "data/../data/"] {
            assert!(!has(prefix), "{prefix:?}");
        }
        assert!(!has_objects(root.path(), "other", ""));
        assert_eq!(split("s3://bucket/a/b"), Some(("bucket", "a/b")));
        assert_eq!(split("s3://bucket"), Some(("bucket", "")));
        assert_eq!(split("https://bucket/a"), None);
    }
}
