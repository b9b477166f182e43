//! One entry of `InputDataConfig`, parsed.

use serde_json::Value;

use super::objects::S3Uri;
use super::plan::{list, text, text_list};

/// How the data reaches a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InputMode {
    File,
    /// As files that the job cannot change.
    FastFile,
    /// Through a FIFO for each epoch.
    Pipe,
}

impl InputMode {
    pub(super) fn name(self) -> &'static str {
        match self {
            InputMode::File => "File",
            InputMode::FastFile => "FastFile",
            InputMode::Pipe => "Pipe",
        }
    }
}

/// What the channel's URI means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SourceKind {
    Prefix,
    Manifest,
    /// JSON lines, of which these attributes are sent in this order.
    AugmentedManifest(Vec<String>),
}

/// A channel. Invariant: what needs Pipe mode (compression, record wrapping, augmented manifests) has it.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) source: S3Uri,
    pub(super) kind: SourceKind,
    pub(super) is_sharded: bool,
    pub(super) content_type: Option<String>,
    pub(super) input_mode: InputMode,
    pub(super) is_gzip: bool,
    pub(super) is_record_io: bool,
    pub(super) shuffle_seed: Option<u64>,
    /// Instance groups that get the channel; empty means all.
    pub(super) groups: Vec<String>,
}

impl Channel {
    pub(super) fn parse(channel: &Value, default_mode: &str) -> Result<Channel, String> {
        let name = text(&channel["ChannelName"]);
        let is_name = !name.is_empty()
            && name.len() <= 64
            && !name.starts_with('.')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if !is_name {
            return Err(format!("{name:?} is not a channel name"));
        }
        let input_mode = match channel["InputMode"].as_str().unwrap_or(default_mode) {
            "File" => InputMode::File,
            "FastFile" => InputMode::FastFile,
            "Pipe" => InputMode::Pipe,
            other => return Err(format!("channel {name} has the unknown input mode {other}")),
        };
        let source = &channel["DataSource"]["S3DataSource"];
        if !source.is_object() {
            return Err(format!("channel {name} does not read from S3; the local engine reads channels from S3 only"));
        }
        let kind = match source["S3DataType"].as_str().unwrap_or("S3Prefix") {
            "S3Prefix" => SourceKind::Prefix,
            "ManifestFile" => SourceKind::Manifest,
            "AugmentedManifestFile" => SourceKind::AugmentedManifest(text_list(&source["AttributeNames"])),
            other => {
                return Err(format!(
                    "channel {name} has S3DataType {other}; the local engine reads S3Prefix, ManifestFile and \
                     AugmentedManifestFile"
                ));
            }
        };
        let is_gzip = channel["CompressionType"] == "Gzip";
        let is_record_io = channel["RecordWrapperType"] == "RecordIO";
        let is_augmented = matches!(kind, SourceKind::AugmentedManifest(_));
        for (is_asked, what) in [
            (is_gzip, "CompressionType Gzip"),
            (is_record_io, "RecordWrapperType RecordIO"),
            (is_augmented, "S3DataType AugmentedManifestFile"),
        ] {
            if is_asked && input_mode != InputMode::Pipe {
                let mode = input_mode.name();
                return Err(format!("channel {name} uses {what}, which needs input mode Pipe and not {mode}"));
            }
        }
        if kind == SourceKind::AugmentedManifest(Vec::new()) {
            return Err(format!("channel {name} reads an augmented manifest and names no AttributeNames"));
        }
        Ok(Channel {
            source: S3Uri::parse(&text(&source["S3Uri"]))?,
            kind,
            is_sharded: source["S3DataDistributionType"] == "ShardedByS3Key",
            content_type: channel["ContentType"].as_str().map(str::to_owned),
            input_mode,
            is_gzip,
            is_record_io,
            shuffle_seed: channel["ShuffleConfig"]["Seed"].as_i64().map(i64::cast_unsigned),
            groups: list(&source["InstanceGroupNames"]).iter().map(text).collect(),
            name,
        })
    }

    /// True if hosts of this instance group get the channel.
    pub(super) fn is_for(&self, group: &str) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|name| name == group)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Channel, InputMode};

    fn channel(change: &Value) -> Result<Channel, String> {
        let mut channel = json!({"ChannelName": "train", "DataSource": {"S3DataSource": {
            "S3DataType": "S3Prefix", "S3Uri": "s3://bucket/x"}}});
        for (key, value) in change.as_object().expect("an object") {
            channel[key] = value.clone();
        }
        Channel::parse(&channel, "File")
    }

    #[test]
    fn what_needs_pipe_mode_says_so() {
        for member in [json!({"CompressionType": "Gzip"}), json!({"RecordWrapperType": "RecordIO"})] {
            assert!(channel(&member).expect_err("refused").contains("needs input mode Pipe"));
            let mut piped = member;
            piped["InputMode"] = json!("Pipe");
            assert_eq!(channel(&piped).expect("good").input_mode, InputMode::Pipe);
        }
        assert!(channel(&json!({"ChannelName": ".."})).expect_err("refused").contains("channel name"));
        assert!(channel(&json!({"DataSource": {}})).expect_err("refused").contains("S3"));
    }
}
