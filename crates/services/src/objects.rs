//! Looking into S3 for the launch form: buckets, folders, and whether a channel's data is there.
//!
//! What S3 refuses is an answer here ([`S3Refusal`]), because the form shows it with its cure; an error is an engine that
//! cannot be asked. Nothing is read but names, sizes and first bytes, and a manifest up to a bound.

use std::time::Duration;

use bytes::Bytes;
use domain::{
    channel_check::{
        ChannelCheck, ChannelDataType, ChannelObjects, S3Refusal, augmented_manifest_entries, manifest_entries,
    },
    data_format::{DataFormat, SNIFF_BYTES},
    s3_uri::S3Uri,
};

use crate::{
    EngineError, ServiceError, Services,
    engine::{ObjectEntry, ObjectPage},
};

/// A check counts at most so many pages of 1,000 objects.
const MAX_PAGES: usize = 10;
/// So much of a manifest is read.
const MAX_MANIFEST_BYTES: u64 = 4 * 1024 * 1024;
/// First names that a check shows.
const NAMES: usize = 3;
/// Somebody waits for the answer in front of the form.
const PATIENCE: Duration = Duration::from_secs(10);

impl Services {
    pub async fn bucket_list(&self) -> Result<Result<Vec<String>, S3Refusal>, ServiceError> {
        answer(patient(self.inner.engine.objects.buckets()).await, "")
    }

    /// One page of the objects and folders whose keys begin with the URI's, one level deep.
    pub async fn object_list(
        &self,
        uri: &S3Uri,
        token: Option<&str>,
    ) -> Result<Result<ObjectPage, S3Refusal>, ServiceError> {
        answer(patient(self.inner.engine.objects.list(uri.as_str(), false, token)).await, uri.bucket())
    }

    /// What a channel with this URI would find now.
    pub async fn channel_check(&self, uri: &S3Uri, data_type: ChannelDataType) -> Result<ChannelCheck, ServiceError> {
        let checked = match data_type {
            ChannelDataType::S3Prefix => self.prefix_check(uri).await,
            manifest => self.manifest_check(uri, manifest).await,
        };
        Ok(answer(checked, uri.bucket())?.unwrap_or_else(ChannelCheck::Refused))
    }

    async fn prefix_check(&self, uri: &S3Uri) -> Result<ChannelCheck, EngineError> {
        let folder = uri.folder();
        let mut found = ChannelObjects::default();
        let mut first: Option<ObjectEntry> = None;
        let mut token = None;
        for _ in 0..MAX_PAGES {
            let page = patient(self.inner.engine.objects.list(uri.as_str(), true, token.as_deref())).await?;
            for object in page.objects.into_iter().filter(|it| !is_folder_marker(it)) {
                found.count += 1;
                found.size_bytes += object.size_bytes;
                if found.names.len() < NAMES {
                    found.names.push(object.uri.trim_start_matches(folder.as_str()).to_owned());
                }
                if first.is_none() && object.size_bytes > 0 {
                    first = Some(object);
                }
            }
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        found.is_more = token.is_some();
        if found.count == 0 {
            return Ok(ChannelCheck::Nothing);
        }
        found.format = match first {
            Some(object) => self.format_of(&object).await,
            None => None,
        };
        Ok(ChannelCheck::Objects(found))
    }

    /// An object that may be listed and not read has no format that could be told; the rest stands.
    async fn format_of(&self, object: &ObjectEntry) -> Option<DataFormat> {
        let head = patient(self.inner.engine.objects.get_head(&object.uri, SNIFF_BYTES)).await.ok()?;
        Some(DataFormat::sniff(&object.uri, &head))
    }

    async fn manifest_check(&self, uri: &S3Uri, data_type: ChannelDataType) -> Result<ChannelCheck, EngineError> {
        if uri.key().is_empty() {
            return Ok(ChannelCheck::BadManifest { why: "it is a bucket: name the manifest in it".to_owned() });
        }
        // One byte more says whether there is more.
        let read = patient(self.inner.engine.objects.get_head(uri.as_str(), MAX_MANIFEST_BYTES + 1)).await;
        let bytes = match read {
            // Of a bucket or of an object: the bucket's list tells.
            Err(EngineError::NotFound) => {
                patient(self.inner.engine.objects.list(uri.as_str(), true, None)).await?;
                return Ok(ChannelCheck::Nothing);
            }
            other => other?,
        };
        Ok(manifest_count(&bytes, data_type))
    }
}

fn manifest_count(bytes: &Bytes, data_type: ChannelDataType) -> ChannelCheck {
    let is_more = bytes.len() as u64 > MAX_MANIFEST_BYTES;
    let is_list = data_type == ChannelDataType::ManifestFile;
    if is_more && is_list {
        let why = "it has more than 4 MiB, which are not counted here: SageMaker reads it all the same".to_owned();
        return ChannelCheck::BadManifest { why };
    }
    let text = String::from_utf8_lossy(bytes);
    let entries = if is_list { manifest_entries(&text) } else { augmented_manifest_entries(&text, is_more) };
    match entries {
        Ok(entries) => ChannelCheck::Manifest { entries, is_more },
        Err(why) => ChannelCheck::BadManifest { why },
    }
}

/// What consoles put where somebody made a folder: no data.
fn is_folder_marker(object: &ObjectEntry) -> bool {
    object.size_bytes == 0 && object.uri.ends_with('/')
}

async fn patient<T>(call: impl Future<Output = Result<T, EngineError>>) -> Result<T, EngineError> {
    match tokio::time::timeout(PATIENCE, call).await {
        Ok(answer) => answer,
        Err(_) => Err(EngineError::Unknown { message: "S3 did not answer in time".to_owned() }),
    }
}

/// A refusal is an answer, a silence is an error.
fn answer<T>(result: Result<T, EngineError>, bucket: &str) -> Result<Result<T, S3Refusal>, ServiceError> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(EngineError::NotFound) => Ok(Err(S3Refusal::NoBucket { bucket: bucket.to_owned() })),
        Err(EngineError::Rejected { code, message }) => Ok(Err(refusal(code, message))),
        Err(other) => Err(other.into()),
    }
}

fn refusal(code: String, message: String) -> S3Refusal {
    // What has no body has its status for a code.
    let is_denied = ["AccessDenied", "AllAccessDisabled", "403"].iter().any(|it| code.starts_with(it));
    if is_denied { S3Refusal::Denied } else { S3Refusal::Other { code, message } }
}
