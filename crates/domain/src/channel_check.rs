//! What a channel of a job would find in S3, looked up before the job is launched.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    data_format::{DataFormat, is_json_object},
    s3_uri::S3Uri,
};

/// How a channel's URI is read: SageMaker's `S3DataType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelDataType {
    /// Every object whose key begins with the URI's.
    S3Prefix,
    /// A JSON list: a prefix, then keys below it.
    ManifestFile,
    /// JSON lines, an example in each.
    AugmentedManifestFile,
}

impl ChannelDataType {
    /// Left open it is a prefix, as at launch; `None` for what is checked in no other way.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "" | "S3Prefix" => Some(Self::S3Prefix),
            "ManifestFile" => Some(Self::ManifestFile),
            "AugmentedManifestFile" => Some(Self::AugmentedManifestFile),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChannelCheck {
    Objects(ChannelObjects),
    /// A manifest with so many entries; `is_more` when it was too long to be read to its end.
    Manifest {
        entries: u64,
        is_more: bool,
    },
    /// The manifest is there and is none.
    BadManifest {
        why: String,
    },
    /// The bucket is there, and nothing in it begins so; of a manifest, there is no such object.
    Nothing,
    Refused(S3Refusal),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelObjects {
    pub count: u64,
    pub size_bytes: u64,
    /// The count ended at its bound: there are more.
    pub is_more: bool,
    /// The first keys, without the folder that the URI names.
    pub names: Vec<String>,
    /// Of the first object that is not empty.
    pub format: Option<DataFormat>,
}

/// Why S3 shows nothing, with the cure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum S3Refusal {
    #[error("There is no bucket `{bucket}` here: check its name, or choose another by Browse.")]
    NoBucket { bucket: String },
    #[error(
        "Access denied: Trainyard's own credentials may not look there (`s3:ListBucket`, `s3:GetObject`). A job reads \
         with its execution role, which may be allowed to."
    )]
    Denied,
    #[error("S3 refused to look there ({code}): {message}")]
    Other { code: String, message: String },
}

/// The entries of a `ManifestFile`: `[{"prefix": "s3://bucket/"}, "key", ...]`.
pub fn manifest_entries(text: &str) -> Result<u64, String> {
    const FORM: &str = r#"a manifest is a JSON list, `[{"prefix": "s3://bucket/folder/"}, "key", ...]`"#;
    let parsed: Value = serde_json::from_str(text).map_err(|error| format!("it is not JSON ({error}): {FORM}"))?;
    let list = parsed.as_array().ok_or_else(|| format!("it is JSON, but no list: {FORM}"))?;
    let (first, keys) = list.split_first().ok_or_else(|| format!("it is an empty list: {FORM}"))?;
    let prefix = first.get("prefix").and_then(Value::as_str);
    if prefix.is_none_or(|it| S3Uri::parse(it).is_err()) {
        return Err(format!("its first element names no prefix in S3: {FORM}"));
    }
    match keys.iter().position(|it| !it.is_string()) {
        Some(at) => Err(format!("its element {} is no text: {FORM}", at + 2)),
        None => Ok(keys.len() as u64),
    }
}

/// The entries of an `AugmentedManifestFile`. A last line that is cut is not counted and not judged.
pub fn augmented_manifest_entries(text: &str, is_cut: bool) -> Result<u64, String> {
    let whole = if is_cut { text.rfind('\n').map_or("", |end| &text[..end]) } else { text };
    let mut entries = 0;
    for (index, line) in whole.lines().enumerate().filter(|(_, it)| !it.trim().is_empty()) {
        if !is_json_object(line) {
            return Err(format!(
                "its line {} is no JSON object: an augmented manifest has one on each line, for example \
                 `{{\"source-ref\": \"s3://bucket/image.jpg\", \"class\": 0}}`",
                index + 1
            ));
        }
        entries += 1;
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_manifest_are_its_entries() {
        assert_eq!(manifest_entries(r#"[{"prefix": "s3://team/a/"}, "1.csv", "b/2.csv"]"#), Ok(2));
        for (text, why) in [
            ("{", "not JSON"),
            ("{}", "no list"),
            ("[]", "empty list"),
            (r#"["1.csv"]"#, "names no prefix"),
            (r#"[{"prefix": "/a/"}, "1.csv"]"#, "names no prefix"),
            (r#"[{"prefix": "s3://team/a/"}, "1.csv", 2]"#, "element 3"),
        ] {
            let error = manifest_entries(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn each_line_of_an_augmented_manifest_is_an_entry() {
        let text = "{\"source-ref\": \"s3://team/1.jpg\"}\n\n{\"source-ref\": \"s3://team/2.jpg\"}\n{\"sou";
        assert_eq!(augmented_manifest_entries(text, true), Ok(2));
        let error = augmented_manifest_entries(text, false).expect_err("a cut line");
        assert!(error.contains("line 4"), "{error}");
        assert!(augmented_manifest_entries("[1]\n", false).is_err());
        assert_eq!(augmented_manifest_entries("", false), Ok(0));
    }

    #[test]
    fn a_data_type_that_is_left_open_is_a_prefix() {
        assert_eq!(ChannelDataType::parse(" "), Some(ChannelDataType::S3Prefix));
        assert_eq!(ChannelDataType::parse("ManifestFile"), Some(ChannelDataType::ManifestFile));
        assert_eq!(ChannelDataType::parse("Other"), None);
    }
}
