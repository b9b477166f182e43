//! Brings the data of input channels from the S3 store into `/opt/ml/input/data/<channel>`.
//!
//! The files are copies, so that nothing a job does to them reaches the store. Nothing of the job runs yet, so its
//! folders are as we made them.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::channel::{Channel, SourceKind};
use super::objects::{Found, Objects, S3Uri};
use super::place::Place;

/// Why a channel could not be filled.
#[derive(Debug)]
pub(super) enum ChannelError {
    /// The user's: missing data, a bad manifest.
    Client(String),
    Machine(io::Error),
    /// The job is to end, and what was begun does not matter any more.
    Interrupted,
}

impl From<io::Error> for ChannelError {
    fn from(error: io::Error) -> ChannelError {
        ChannelError::Machine(error)
    }
}

/// The objects of a channel that one host gets, in order. `host` is (index, number of hosts) among those that get it.
pub(super) fn find(
    objects: &Objects,
    channel: &Channel,
    host: (usize, usize),
    role: &str,
) -> Result<Vec<Found>, ChannelError> {
    let mut found = match &channel.kind {
        SourceKind::Manifest => manifest(objects, &channel.source)?,
        SourceKind::Prefix | SourceKind::AugmentedManifest(_) => objects.list(&channel.source)?,
    };
    if found.is_empty() {
        let uri = &channel.source;
        return Err(ChannelError::Client(format!(
            "No S3 objects found under S3 URL \"{uri}\" given in input data source. Please ensure that the bucket \
             exists in the selected region, that objects exist under that S3 prefix, and that the role \"{role}\" has \
             \"s3:ListBucket\" permissions on bucket \"{}\".",
            uri.bucket
        )));
    }
    if channel.is_sharded {
        let (index, count) = host;
        found = found.into_iter().enumerate().filter(|(n, _)| n % count == index).map(|(_, object)| object).collect();
    }
    Ok(found)
}

/// Fills one channel of one host with the objects that were found; `go_on` is asked before each file.
pub(super) fn fetch(
    found: Vec<Found>,
    channel: &Channel,
    place: &Place,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<u64, ChannelError> {
    let folder = place.ml().join("input/data").join(&channel.name);
    fs::create_dir_all(&folder)?;
    let mut bytes = 0;
    for object in found {
        if !go_on() {
            return Err(ChannelError::Interrupted);
        }
        let target = folder.join(&object.relative);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        bytes += copy(&object.path, &target)?;
    }
    Ok(bytes)
}

/// A copy that its owner may write.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<u64> {
    let mut source = fs::File::open(from)?;
    let mut target = fs::File::create(to)?;
    io::copy(&mut source, &mut target)
}

/// A manifest: `[{"prefix": "s3://bucket/a/"}, "b.csv", ...]`.
fn manifest(objects: &Objects, uri: &S3Uri) -> Result<Vec<Found>, ChannelError> {
    let client = |message: String| ChannelError::Client(format!("the manifest {uri} {message}"));
    let path = objects.file(uri).ok_or_else(|| client("does not exist".to_owned()))?;
    let value: Value =
        serde_json::from_slice(&fs::read(path)?).map_err(|error| client(format!("is not JSON: {error}")))?;
    let entries = value.as_array().filter(|entries| !entries.is_empty());
    let (first, names) =
        entries.and_then(|entries| entries.split_first()).ok_or_else(|| client("is empty".to_owned()))?;
    let prefix = first["prefix"].as_str().ok_or_else(|| client("does not begin with a prefix".to_owned()))?;
    let mut found = Vec::new();
    for name in names {
        let name = name.as_str().ok_or_else(|| client("has an entry that is not a name".to_owned()))?;
        let object = S3Uri::parse(&format!("{prefix}{name}")).map_err(client)?;
        let relative = PathBuf::from(name.trim_start_matches('/'));
        let is_inside = relative.components().all(|part| matches!(part, Component::Normal(_)));
        let path = objects.file(&object).filter(|_| is_inside);
        let path = path.ok_or_else(|| client(format!("names {object}, which does not exist")))?;
        found.push(Found { relative, path });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Channel, ChannelError, Objects, S3Uri, SourceKind, fetch, find};
    use crate::job::IsolationLevel;
    use crate::job::channel::InputMode;
    use crate::job::place::Place;

    #[test]
    fn channels_are_replicated_sharded_or_listed() {
        let folder = tempfile::tempdir().expect("a folder");
        let bucket = folder.path().join("s3/bucket");
        fs::create_dir_all(bucket.join("in")).expect("created");
        for name in ["a", "b", "c"] {
            fs::write(bucket.join("in").join(name), name).expect("written");
        }
        fs::write(bucket.join("list"), r#"[{"prefix": "s3://bucket/in/"}, "b"]"#).expect("written");
        fs::write(bucket.join("hostile"), r#"[{"prefix": "s3://bucket/in/"}, "../../../etc/passwd"]"#)
            .expect("written");
        let objects = Objects::new(folder.path().join("s3"));
        let seen = |uri: &str, is_sharded: bool, is_manifest: bool| {
            let place = Place::create(folder.path().join("host"), IsolationLevel::Plain).expect("created");
            let channel = Channel {
                name: "train".to_owned(),
                source: S3Uri::parse(uri).expect("good"),
                kind: if is_manifest { SourceKind::Manifest } else { SourceKind::Prefix },
                is_sharded,
                content_type: None,
                input_mode: InputMode::File,
                is_gzip: false,
                is_record_io: false,
                shuffle_seed: None,
                groups: Vec::new(),
            };
            fetch(find(&objects, &channel, (1, 2), "role")?, &channel, &place, &mut || true)?;
            let listing = fs::read_dir(place.ml().join("input/data/train")).expect("listed");
            let mut names: Vec<_> =
                listing.flatten().map(|entry| entry.file_name().into_string().expect("text")).collect();
            names.sort();
            fs::remove_dir_all(folder.path().join("host")).expect("removed");
            Ok::<_, ChannelError>(names)
        };
        assert_eq!(seen("s3://bucket/in", false, false).expect("fetched"), ["a", "b", "c"]);
        assert_eq!(seen("s3://bucket/in", true, false).expect("fetched"), ["b"]);
        assert_eq!(seen("s3://bucket/list", false, true).expect("fetched"), ["b"]);
        assert!(matches!(seen("s3://bucket/hostile", false, true), Err(ChannelError::Client(_))));
        assert!(
            matches!(seen("s3://bucket/none", false, false), Err(ChannelError::Client(text)) if text.contains("No S3 objects"))
        );
    }
}
