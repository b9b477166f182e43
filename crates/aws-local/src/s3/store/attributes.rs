//! What S3 keeps about an object besides its bytes, in a file of its own whose name carries the stamp of the object's.
//!
//! An object that was written without them, as jobs and people do, has an entity tag that follows from its stamp.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attributes {
    pub(crate) key: String,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) content_type: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) content_disposition: Option<String>,
    pub(crate) content_language: Option<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) expires_at_ms: Option<i64>,
    pub(crate) storage_class: Option<String>,
    pub(crate) redirect: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) sum: Option<Sum>,
    /// Bytes of each part of a multipart upload, in order.
    pub(crate) part_bytes: Vec<u64>,
    /// The multipart upload that made it.
    pub(crate) upload: Option<String>,
}

/// A checksum as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sum {
    /// `CRC32`, ...
    pub(crate) algorithm: String,
    /// Base64; a composite one ends with `-<parts>`.
    pub(crate) value: String,
    /// `FULL_OBJECT` or `COMPOSITE`.
    pub(crate) kind: String,
}

/// The file of the attributes of an object whose file is this one.
pub(super) fn path(folder: &Path, key: &str, found: &Metadata) -> PathBuf {
    let hash = hex::encode(Sha256::digest(key));
    folder.join(&hash[..2]).join(format!("{hash}.{}.json", stamp(found)))
}

/// A rename keeps it; other bytes have another.
fn stamp(found: &Metadata) -> String {
    format!("{:x}-{:x}-{:x}-{:x}", found.ino(), found.mtime(), found.mtime_nsec(), found.len())
}

pub(super) fn read(path: &Path, key: &str, found: &Metadata) -> Attributes {
    let kept = fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    kept.unwrap_or_else(|| unknown(key, found))
}

/// Of an object about which nothing was said. Its tag looks like that of a multipart upload: it is not the bytes' MD5.
pub(super) fn unknown(key: &str, found: &Metadata) -> Attributes {
    let digest = hex::encode(Sha256::digest(stamp(found)));
    Attributes { key: key.to_owned(), etag: format!("{}-1", &digest[..32]), ..Attributes::default() }
}

/// The key of the object aside with this hash.
pub(super) fn key_of(folder: &Path, hash: &str, found: &Metadata) -> Option<String> {
    let path = folder.join(hash.get(..2)?).join(format!("{hash}.{}.json", stamp(found)));
    let attributes: Attributes = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    Some(attributes.key)
}
