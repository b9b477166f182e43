//! What a run's capsule holds beside its request and its source: what its input channels read, object by object.
//!
//! Invariants:
//! - A manifest is a fact about one moment (`recorded_at`); it is written once and never refreshed.
//! - Objects are in the order of their keys, so equal data have equal hashes, whoever listed them.
//! - What was not read is said (`fault`, `is_whole`); nothing stands for "no objects" but no objects.

mod drift;
mod reproduction;

pub use drift::{DriftItem, DriftState, channel_drifts, image_drift, price_drift};
pub use reproduction::{MetricComparison, Reproduction, Tolerance};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{job_draft::script_parameter, time::Timestamp};

/// Made once per run, when it is launched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capsule {
    pub recorded_at: Timestamp,
    /// In the order of the request; then the source archive, where it lies in S3 and Trainyard does not hold it.
    pub channels: Vec<ChannelManifest>,
}

/// What one input channel reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelManifest {
    /// `train`, or [`SOURCE_CHANNEL`].
    pub channel: String,
    /// `s3://bucket/prefix`; empty for what is not in S3.
    pub uri: String,
    /// The first [`MAX_OBJECTS`], by key.
    pub objects: Vec<ManifestObject>,
    /// Of all objects, also of those that are not kept one by one.
    pub object_count: u64,
    pub size_bytes: u64,
    /// Over the key, size and `ETag` of every object, in hex.
    pub sha256: String,
    /// `false`: there are more objects than were counted.
    pub is_whole: bool,
    /// Why there is nothing to see, in a sentence.
    pub fault: Option<String>,
}

/// One object as a listing has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestObject {
    /// The key in its bucket.
    pub key: String,
    pub size_bytes: u64,
    /// Without quotes. The MD5 of an object that was put in one piece, another value of the content otherwise.
    pub e_tag: String,
}

/// The name that the source archive has among the channels; no channel can have it.
pub const SOURCE_CHANNEL: &str = "(source)";
/// Objects that are kept one by one.
pub const MAX_OBJECTS: usize = 10_000;
/// Objects that are counted and hashed.
pub const MAX_COUNTED: u64 = 1_000_000;

/// A place that a job reads, out of its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    pub channel: String,
    /// `None`: a file system or a hub model, of which there is no listing.
    pub uri: Option<String>,
}

/// The inputs of a CreateTrainingJob request. `holds_source`: the archive is in Trainyard's own store, by its hash.
pub fn inputs_of(request: &Value, holds_source: bool) -> Vec<Input> {
    let channels = request.get("InputDataConfig").and_then(Value::as_array).into_iter().flatten();
    let mut inputs: Vec<Input> = channels
        .map(|it| Input {
            channel: it["ChannelName"].as_str().unwrap_or_default().to_owned(),
            uri: it.pointer("/DataSource/S3DataSource/S3Uri").and_then(Value::as_str).map(str::to_owned),
        })
        .collect();
    if let Some(uri) = script_parameter(request, 1).filter(|it| !holds_source && it.starts_with("s3://")) {
        inputs.push(Input { channel: SOURCE_CHANNEL.to_owned(), uri: Some(uri.to_owned()) });
    }
    inputs
}

/// A manifest under construction: objects are added in the order of their keys.
#[derive(Clone, Debug)]
pub struct ManifestBuilder {
    manifest: ChannelManifest,
    hash: Sha256,
}

impl ManifestBuilder {
    pub fn new(channel: &str, uri: &str) -> Self {
        let manifest = ChannelManifest {
            channel: channel.to_owned(),
            uri: uri.to_owned(),
            objects: Vec::new(),
            object_count: 0,
            size_bytes: 0,
            sha256: String::new(),
            is_whole: true,
            fault: None,
        };
        Self { manifest, hash: Sha256::new() }
    }

    /// `false`: enough were counted.
    pub fn push(&mut self, object: ManifestObject) -> bool {
        let manifest = &mut self.manifest;
        if manifest.object_count >= MAX_COUNTED {
            manifest.is_whole = false;
            return false;
        }
        self.hash.update(object.line());
        manifest.object_count += 1;
        manifest.size_bytes += object.size_bytes;
        if manifest.objects.len() < MAX_OBJECTS {
            manifest.objects.push(object);
        }
        true
    }

    pub fn finish(mut self) -> ChannelManifest {
        self.manifest.sha256 = hex::encode(self.hash.finalize());
        self.manifest
    }
}

impl ManifestObject {
    fn line(&self) -> String {
        format!("{}\t{}\t{}\n", self.key, self.size_bytes, self.e_tag)
    }
}

impl ChannelManifest {
    /// For a place that could not be listed.
    pub fn unread(channel: &str, uri: &str, fault: &str) -> Self {
        let manifest = ManifestBuilder::new(channel, uri).finish();
        Self { sha256: String::new(), is_whole: false, fault: Some(fault.to_owned()), ..manifest }
    }

    /// Whether every object is known by its name.
    pub fn has_every_object(&self) -> bool {
        self.is_whole && self.objects.len() as u64 == self.object_count
    }

    /// One line per object: key, size in bytes, `ETag`, separated by tabs; for the file of a downloaded capsule.
    pub fn lines(&self) -> String {
        self.objects.iter().map(ManifestObject::line).fold(String::new(), |lines, line| lines + &line)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn inputs_are_the_channels_and_an_archive_that_is_not_ours() {
        let request = json!({
            "HyperParameters": { "sagemaker_submit_directory": "\"s3://b/code.tar.gz\"" },
            "InputDataConfig": [
                { "ChannelName": "train", "DataSource": { "S3DataSource": { "S3Uri": "s3://b/train/" } } },
                { "ChannelName": "disk", "DataSource": { "FileSystemDataSource": { "FileSystemId": "fs-1" } } },
            ],
        });
        let of = |channel: &str, uri: Option<&str>| Input { channel: channel.to_owned(), uri: uri.map(str::to_owned) };
        let channels = [of("train", Some("s3://b/train/")), of("disk", None)];
        assert_eq!(inputs_of(&request, true), channels);
        let with_source: Vec<Input> =
            channels.into_iter().chain([of(SOURCE_CHANNEL, Some("s3://b/code.tar.gz"))]).collect();
        assert_eq!(inputs_of(&request, false), with_source);
        assert_eq!(inputs_of(&json!({}), false), []);
    }

    #[test]
    fn equal_objects_have_equal_hashes_and_each_part_counts() {
        let of = |key: &str, size_bytes: u64, e_tag: &str| {
            let mut builder = ManifestBuilder::new("train", "s3://b/train/");
            builder.push(ManifestObject { key: key.to_owned(), size_bytes, e_tag: e_tag.to_owned() });
            builder.finish()
        };
        let one = of("train/a", 1, "x");
        assert_eq!(one, of("train/a", 1, "x"));
        for other in [of("train/b", 1, "x"), of("train/a", 2, "x"), of("train/a", 1, "y")] {
            assert_ne!(one.sha256, other.sha256);
        }
        assert_eq!((one.object_count, one.size_bytes, one.has_every_object()), (1, 1, true));
        assert_eq!(one.lines(), "train/a\t1\tx\n");
    }

    #[test]
    fn beyond_what_is_kept_objects_are_still_counted_and_hashed() {
        let mut builder = ManifestBuilder::new("train", "s3://b/");
        for number in 0..=MAX_OBJECTS {
            let object = ManifestObject { key: format!("{number:06}"), size_bytes: 2, e_tag: "e".to_owned() };
            assert!(builder.push(object));
        }
        let manifest = builder.finish();
        assert_eq!((manifest.objects.len(), manifest.object_count), (MAX_OBJECTS, MAX_OBJECTS as u64 + 1));
        assert!(manifest.is_whole && !manifest.has_every_object());
    }
}
