//! Looks into the buckets for the operations that are not S3's.

use std::path::Path;

use super::store::{Query, Store};

/// Bucket and key or prefix of an `s3://` URI.
pub(crate) fn split(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("s3://")?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    s3s::path::check_bucket_name(bucket).then_some((bucket, key))
}

/// Whether any object's key begins with `prefix`.
pub(crate) fn has_objects(root: &Path, bucket: &str, prefix: &str) -> bool {
    let query = Query { prefix: prefix.to_owned(), limit: 1, ..Query::default() };
    let store = Store::new(root.to_owned());
    store.bucket_exists(bucket) && store.list(bucket, &query).is_ok_and(|(found, _)| !found.is_empty())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn prefixes_are_found_by_their_beginning() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("bucket/data/empty")).unwrap();
        fs::write(root.path().join("bucket/data/part-0"), "x").unwrap();
        let has = |bucket: &str, prefix: &str| has_objects(root.path(), bucket, prefix);
        assert!(has("bucket", "") && has("bucket", "da") && has("bucket", "data/") && has("bucket", "data/part-"));
        assert!(!has("bucket", "data/empty") && !has("bucket", "data/x") && !has("bucket", "../bucket/data"));
        assert!(!has("other", ""));
        assert_eq!(split("s3://bucket/a/b"), Some(("bucket", "a/b")));
        assert_eq!(split("s3://bucket"), Some(("bucket", "")));
        assert_eq!(split("https://bucket/a"), None);
    }
}
