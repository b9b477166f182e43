//! Tags by ARN, for resources that do not keep their own: in memory, and in one file per ARN.
//!
//! Invariants: a file is replaced whole (aside, synced, renamed); its name is a digest of the ARN, never the caller's
//! text; a resource without tags has no file.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Tags;
use crate::durable;

pub(crate) struct TagStore {
    folder: PathBuf,
    tags: Mutex<HashMap<String, Tags>>,
    turn: Mutex<()>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    arn: String,
    tags: Tags,
}

impl TagStore {
    /// Reads the store in `folder`, which is made when it is not there.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut tags = HashMap::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let stored: Stored = serde_json::from_slice(&fs::read(&path)?).map_err(io::Error::other)?;
                tags.insert(stored.arn, stored.tags);
            }
        }
        Ok(Self { folder: folder.to_owned(), tags: Mutex::new(tags), turn: Mutex::new(()) })
    }

    pub(in crate::sagemaker) fn get(&self, arn: &str) -> Tags {
        self.tags().get(arn).cloned().unwrap_or_default()
    }

    /// Makes these the tags of a resource. They are on disk when this returns.
    pub(in crate::sagemaker) fn put(&self, arn: &str, tags: &Tags) -> io::Result<()> {
        let mut all = self.tags();
        if tags.is_empty() {
            match fs::remove_file(self.file(arn)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            all.remove(arn);
        } else {
            durable::write(&self.file(arn), &Stored { arn: arn.to_owned(), tags: tags.clone() })?;
            all.insert(arn.to_owned(), tags.clone());
        }
        Ok(())
    }

    /// Held from reading a resource's tags to writing them, so that of two changes none is lost.
    pub(super) fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tags(&self) -> MutexGuard<'_, HashMap<String, Tags>> {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self, arn: &str) -> PathBuf {
        self.folder.join(format!("{}.json", hex::encode(&Sha256::digest(arn)[..16])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_there_after_a_new_start_until_they_are_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let tags: Tags = [("team".to_owned(), "vision".to_owned())].into();
        TagStore::open(folder.path()).unwrap().put("arn:1", &tags).unwrap();
        let again = TagStore::open(folder.path()).unwrap();
        assert_eq!(again.get("arn:1"), tags);
        again.put("arn:1", &Tags::new()).unwrap();
        assert_eq!(again.get("arn:1"), Tags::new());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
