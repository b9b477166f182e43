//! Multipart uploads: a folder each, a file for each part whose name says all that is known about it.
//!
//! Invariant: a part appears whole by one rename, and of parts with one number the newest counts.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::{Attributes, Store, Sum};
use crate::{clock, durable};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Upload {
    pub(crate) bucket: String,
    pub(crate) initiated_at_ms: i64,
    /// `CRC32`, ... of each part and of the object.
    pub(crate) algorithm: Option<String>,
    /// `FULL_OBJECT` or `COMPOSITE`.
    pub(crate) kind: Option<String>,
    pub(crate) attributes: Attributes,
}

#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) number: u32,
    pub(crate) md5: String,
    pub(crate) sum: Option<Sum>,
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
    pub(crate) path: PathBuf,
}

impl Store {
    fn upload_folder(&self, id: &str) -> Option<PathBuf> {
        let plain = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        plain.then(|| self.root.join(".uploads").join(id))
    }

    pub(crate) fn upload_begin(&self, upload: &Upload) -> io::Result<String> {
        let id = hex::encode(rand::rng().random::<[u8; 16]>());
        let folder = self.root.join(".uploads").join(&id);
        fs::create_dir_all(&folder)?;
        durable::write(&folder.join("upload.json"), upload)?;
        Ok(id)
    }

    /// The upload of this id, if it is one to this bucket and key.
    pub(crate) fn upload(&self, id: &str, bucket: &str, key: &str) -> Option<Upload> {
        let upload = self.upload_of(id)?;
        (upload.bucket == bucket && upload.attributes.key == key).then_some(upload)
    }

    fn upload_of(&self, id: &str) -> Option<Upload> {
        serde_json::from_slice(&fs::read(self.upload_folder(id)?.join("upload.json")).ok()?).ok()
    }

    /// Uploads to a bucket that are under way, by key and then by begin.
    pub(crate) fn uploads(&self, bucket: &str) -> Vec<(String, Upload)> {
        let entries = fs::read_dir(self.root.join(".uploads")).into_iter().flatten().flatten();
        let mut uploads: Vec<(String, Upload)> = entries
            .filter_map(|entry| {
                let id = entry.file_name().into_string().ok()?;
                let upload = self.upload_of(&id).filter(|upload| upload.bucket == bucket)?;
                Some((id, upload))
            })
            .collect();
        uploads.sort_by(|(id, a), (other, b)| {
            (&a.attributes.key, a.initiated_at_ms, id).cmp(&(&b.attributes.key, b.initiated_at_ms, other))
        });
        uploads
    }

    pub(crate) fn upload_end(&self, id: &str) -> io::Result<()> {
        let Some(folder) = self.upload_folder(id) else { return Ok(()) };
        // Without its description it is no upload any more, whatever happens to the rest.
        match fs::remove_file(folder.join("upload.json")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::remove_dir_all(folder)
    }

    pub(crate) fn part_put(
        &self,
        id: &str,
        number: u32,
        md5: &str,
        sum: Option<&Sum>,
        bytes: NamedTempFile,
    ) -> io::Result<()> {
        let folder = self.upload_folder(id).ok_or(io::ErrorKind::NotFound)?;
        let sum = sum.map_or_else(String::new, |sum| {
            let raw = STANDARD.decode(&sum.value).unwrap_or_default();
            format!("{}.{}", sum.algorithm, URL_SAFE_NO_PAD.encode(raw))
        });
        bytes.as_file().sync_data()?;
        let before: Vec<PathBuf> =
            self.parts(id).into_iter().filter(|part| part.number == number).map(|part| part.path).collect();
        let path = folder.join(format!("{number:05}.{md5}.{:x}.{sum}", clock::now_ms()));
        bytes.persist(&path).map_err(|error| error.error)?;
        durable::sync_folder(&folder)?;
        for old in before.into_iter().filter(|old| *old != path) {
            let _ = fs::remove_file(old);
        }
        Ok(())
    }

    /// The parts by their numbers.
    pub(crate) fn parts(&self, id: &str) -> Vec<Part> {
        let Some(folder) = self.upload_folder(id) else { return Vec::new() };
        let mut parts: Vec<Part> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| part(&entry.file_name().into_string().ok()?, entry.path()))
            .collect();
        // The newest of a number first: the others are dropped.
        parts.sort_by(|a, b| a.number.cmp(&b.number).then(b.modified.cmp(&a.modified)));
        parts.dedup_by_key(|part| part.number);
        parts
    }
}

fn part(name: &str, path: PathBuf) -> Option<Part> {
    let mut fields = name.split('.');
    let number = fields.next().filter(|number| number.len() == 5)?.parse().ok()?;
    let md5 = fields.next()?.to_owned();
    let _written_at = fields.next()?;
    let sum = match (fields.next(), fields.next()) {
        (Some(algorithm), Some(raw)) => Some(Sum {
            algorithm: algorithm.to_owned(),
            value: STANDARD.encode(URL_SAFE_NO_PAD.decode(raw).ok()?),
            kind: "FULL_OBJECT".to_owned(),
        }),
        _ => None,
    };
    let found = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file)?;
    Some(Part { number, md5, sum, size: found.len(), modified: found.modified().ok()?, path })
}
