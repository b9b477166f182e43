//! The groups and streams that clients made, in `DATA/logs`: a folder per group, a file per stream.
//!
//! Names are data, never paths: folders and files are named by digests of them. A group or stream appears whole and is
//! gone at once (renamed first), so a crash leaves no half of one.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::stream_file::StreamFile;

const HEAD: &str = "group.json";
const GONE: &str = ".gone-";

/// What a group is described by.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct GroupHead {
    pub name: String,
    pub created_at_ms: i64,
    pub retention_days: Option<i64>,
    pub kms_key_id: Option<String>,
    pub class: String,
    pub tags: BTreeMap<String, String>,
}

impl GroupHead {
    pub(super) fn new(name: &str, created_at_ms: i64) -> Self {
        Self {
            name: name.to_owned(),
            created_at_ms,
            retention_days: None,
            kms_key_id: None,
            class: "STANDARD".to_owned(),
            tags: BTreeMap::new(),
        }
    }
}

pub(super) type SharedStream = Arc<Mutex<StreamFile>>;

struct Group {
    head: GroupHead,
    streams: BTreeMap<String, SharedStream>,
}

pub(crate) struct LogStore {
    folder: PathBuf,
    groups: Mutex<BTreeMap<String, Group>>,
}

impl LogStore {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut groups = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(GONE)) {
                let _ = fs::remove_dir_all(&path);
                continue;
            }
            // Without its head a group was never answered for.
            let Ok(head) = fs::read(path.join(HEAD)) else { continue };
            match serde_json::from_slice::<GroupHead>(&head) {
                Ok(head) => {
                    let streams = streams(&path)?;
                    groups.insert(head.name.clone(), Group { head, streams });
                }
                Err(error) => tracing::warn!(path = %path.display(), %error, "a log group cannot be read"),
            }
        }
        Ok(Self { folder: folder.to_owned(), groups: Mutex::new(groups) })
    }

    /// False when there is such a group.
    pub(super) fn group_create(&self, head: GroupHead) -> io::Result<bool> {
        let mut groups = lock(&self.groups);
        if groups.contains_key(&head.name) {
            return Ok(false);
        }
        let folder = self.group_folder(&head.name);
        fs::create_dir_all(&folder)?;
        write_head(&folder, &head)?;
        groups.insert(head.name.clone(), Group { head, streams: BTreeMap::new() });
        Ok(true)
    }

    /// False when there is no such group.
    pub(super) fn group_delete(&self, name: &str) -> io::Result<bool> {
        let mut groups = lock(&self.groups);
        if !groups.contains_key(name) {
            return Ok(false);
        }
        let gone = self.folder.join(format!("{GONE}{}", digest(name)));
        fs::rename(self.group_folder(name), &gone)?;
        groups.remove(name);
        fs::remove_dir_all(gone)?;
        Ok(true)
    }

    /// Changes a group's head; `None` when there is no such group.
    pub(super) fn group_change<T>(
        &self,
        name: &str,
        change: impl FnOnce(&mut GroupHead) -> T,
    ) -> io::Result<Option<T>> {
        let mut groups = lock(&self.groups);
        let Some(group) = groups.get_mut(name) else { return Ok(None) };
        let mut head = group.head.clone();
        let changed = change(&mut head);
        write_head(&self.group_folder(name), &head)?;
        group.head = head;
        Ok(Some(changed))
    }

    pub(super) fn group(&self, name: &str) -> Option<GroupHead> {
        lock(&self.groups).get(name).map(|group| group.head.clone())
    }

    /// In order of name.
    pub(super) fn groups(&self) -> Vec<GroupHead> {
        lock(&self.groups).values().map(|group| group.head.clone()).collect()
    }

    /// False when there is such a stream.
    pub(super) fn stream_create(&self, group: &str, name: &str, now_ms: i64) -> io::Result<bool> {
        let mut groups = lock(&self.groups);
        let Some(group_streams) = groups.get_mut(group).map(|group| &mut group.streams) else { return Ok(false) };
        if group_streams.contains_key(name) {
            return Ok(false);
        }
        let path = self.group_folder(group).join(format!("{}.jsonl", digest(name)));
        let stream = StreamFile::create(&path, name, now_ms)?;
        group_streams.insert(name.to_owned(), Arc::new(Mutex::new(stream)));
        Ok(true)
    }

    /// False when there is no such stream.
    pub(super) fn stream_delete(&self, group: &str, name: &str) -> io::Result<bool> {
        let mut groups = lock(&self.groups);
        let Some(streams) = groups.get_mut(group).map(|group| &mut group.streams) else { return Ok(false) };
        let Some(stream) = streams.get(name) else { return Ok(false) };
        lock(stream).remove()?;
        streams.remove(name);
        Ok(true)
    }

    /// The streams of a group whose names begin so, in order of name.
    pub(super) fn streams(&self, group: &str, prefix: &str) -> Vec<SharedStream> {
        let groups = lock(&self.groups);
        let Some(group) = groups.get(group) else { return Vec::new() };
        group
            .streams
            .range(prefix.to_owned()..)
            .take_while(|(name, _)| name.starts_with(prefix))
            .map(|(_, stream)| Arc::clone(stream))
            .collect()
    }

    fn group_folder(&self, name: &str) -> PathBuf {
        self.folder.join(digest(name))
    }
}

fn streams(folder: &Path) -> io::Result<BTreeMap<String, SharedStream>> {
    let mut streams = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        match StreamFile::open(&path) {
            Ok(stream) => {
                streams.insert(stream.name.clone(), Arc::new(Mutex::new(stream)));
            }
            Err(error) => tracing::warn!(path = %path.display(), %error, "a log stream cannot be read"),
        }
    }
    Ok(streams)
}

fn write_head(folder: &Path, head: &GroupHead) -> io::Result<()> {
    write_whole(&folder.join(HEAD), &serde_json::to_vec(head)?)
}

/// Writes a file aside, synced, then renamed into its place.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("new");
    let mut file = File::create(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&aside, path)?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn digest(name: &str) -> String {
    hex::encode(&Sha256::digest(name)[..16])
}

/// A panic elsewhere leaves the map with or without an entry, which are both valid states.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_and_streams_are_there_after_a_restart_and_deleted_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = LogStore::open(folder.path()).unwrap();
        assert!(store.group_create(GroupHead::new("../a", 1)).unwrap());
        assert!(!store.group_create(GroupHead::new("../a", 2)).unwrap());
        assert!(store.group_create(GroupHead::new("b", 1)).unwrap());
        assert!(store.stream_create("../a", "x/../y", 5).unwrap() && store.stream_create("../a", "z", 6).unwrap());
        store.group_change("../a", |head| head.retention_days = Some(7)).unwrap().unwrap();
        assert!(store.stream_delete("../a", "z").unwrap() && store.group_delete("b").unwrap());

        let store = LogStore::open(folder.path()).unwrap();
        let groups: Vec<_> = store.groups().into_iter().map(|head| (head.name, head.retention_days)).collect();
        assert_eq!(groups, [("../a".to_owned(), Some(7))]);
        let names: Vec<_> = store.streams("../a", "").iter().map(|stream| lock(stream).name.clone()).collect();
        assert_eq!(names, ["x/../y"]);
    }
}
