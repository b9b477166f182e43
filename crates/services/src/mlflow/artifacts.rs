//! Artifacts: objects in the engine's bucket, streamed through, named by the paths that clients use.
//!
//! An artifact root is `mlflow-artifacts:/...`, which is a folder of that bucket, or a place in S3 that somebody chose
//! for an experiment and that is only read. Nothing else is: the server opens no files and calls no addresses for a
//! client.

use bytes::Bytes;
use domain::mlflow::{ErrorCode, MlflowError, check};
use futures::stream::BoxStream;

use super::Result;
use crate::{EngineError, Services};

/// Where the artifacts are in the engine's bucket.
const FOLDER: &str = "mlflow-artifacts";
const S3_SCHEME: &str = "s3://";

/// What lies below an artifact root, one level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactList {
    pub root_uri: String,
    pub files: Vec<ArtifactFile>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactFile {
    /// From the root that was listed.
    pub path: String,
    /// `None` for a folder.
    pub size_bytes: Option<u64>,
}

/// An artifact on its way out.
pub struct ArtifactRead {
    pub name: String,
    pub size_bytes: Option<u64>,
    pub stream: BoxStream<'static, std::result::Result<Bytes, EngineError>>,
}

impl Services {
    /// Stores what arrives under `path`, over what was there. Nothing is there until all of it has arrived.
    pub async fn mlflow_artifact_put(
        &self,
        path: &str,
        body: BoxStream<'static, std::result::Result<Bytes, EngineError>>,
    ) -> Result<()> {
        let uri = self.file_uri(path)?;
        Ok(self.inner.engine.objects.put_stream(&uri, body).await?)
    }

    pub async fn mlflow_artifact_get(&self, path: &str) -> Result<ArtifactRead> {
        let uri = self.file_uri(path)?;
        self.artifact_read(&uri, path).await
    }

    /// The names in a folder, without the folder's.
    pub async fn mlflow_artifact_list(&self, path: &str) -> Result<Vec<ArtifactFile>> {
        let folder = check::artifact_path(path)?;
        let uri = self.folder_uri(&folder);
        self.artifact_files(&uri, "").await
    }

    /// Deletes a file, or a folder with everything in it. Nothing there is as good.
    pub async fn mlflow_artifact_delete(&self, path: &str) -> Result<()> {
        let uri = self.file_uri(path)?;
        let objects = &self.inner.engine.objects;
        objects.delete(&uri).await?;
        let folder = format!("{uri}/");
        loop {
            let page = match objects.list(&folder, true, None).await {
                Err(EngineError::NotFound) => return Ok(()),
                page => page?,
            };
            for object in &page.objects {
                objects.delete(&object.uri).await?;
            }
            if page.objects.is_empty() || page.next_token.is_none() {
                return Ok(());
            }
        }
    }

    /// What a run has in a folder of its own artifacts.
    pub async fn mlflow_run_artifact_list(&self, run: &str, path: &str) -> Result<ArtifactList> {
        let path = check::artifact_path(path)?;
        let root_uri = self.mlflow_run_get(run).await?.info.artifact_uri;
        self.artifacts_below(root_uri, &path).await
    }

    pub async fn mlflow_run_artifact_get(&self, run: &str, path: &str) -> Result<ArtifactRead> {
        let path = check::artifact_path(path)?;
        let root = self.mlflow_run_get(run).await?.info.artifact_uri;
        self.artifact_below(&root, &path).await
    }

    pub async fn mlflow_run_artifact_put(&self, run: &str, path: &str, body: Bytes) -> Result<()> {
        let path = file_path(path)?;
        let root = self.mlflow_run_get(run).await?.info.artifact_uri;
        if root.starts_with(S3_SCHEME) {
            // Anyone may name a place for an experiment, and jobs read their data from some.
            let why =
                format!("This server writes below mlflow-artifacts:/ only: put artifacts to {root} by a client of S3.");
            return Err(MlflowError::new(ErrorCode::NotImplemented, why).into());
        }
        let uri = format!("{}{path}", self.object_folder(&root)?);
        Ok(self.inner.engine.objects.put(&uri, body).await?)
    }

    /// Of a version in `mlflow-artifacts:` or S3, as it was registered.
    pub async fn mlflow_version_artifact_get(&self, name: &str, version: &str, path: &str) -> Result<ArtifactRead> {
        let path = check::artifact_path(path)?;
        let root = self.mlflow_version_get(name, version).await?.storage_location;
        self.artifact_below(&root, &path).await
    }

    pub(super) async fn artifacts_below(&self, root_uri: String, path: &str) -> Result<ArtifactList> {
        let root = self.object_folder(&root_uri)?;
        let (folder, prefix) =
            if path.is_empty() { (root, String::new()) } else { (format!("{root}{path}/"), format!("{path}/")) };
        Ok(ArtifactList { files: self.artifact_files(&folder, &prefix).await?, root_uri })
    }

    pub(super) async fn artifact_below(&self, root_uri: &str, path: &str) -> Result<ArtifactRead> {
        let uri = format!("{}{path}", self.object_folder(root_uri)?);
        self.artifact_read(&uri, path).await
    }

    async fn artifact_read(&self, uri: &str, path: &str) -> Result<ArtifactRead> {
        let object = match self.inner.engine.objects.get(uri).await {
            Err(EngineError::NotFound) => {
                return Err(MlflowError::missing(format!("No such artifact: '{path}'")).into());
            }
            object => object?,
        };
        let name = path.rsplit('/').next().unwrap_or(path).to_owned();
        Ok(ArtifactRead { name, size_bytes: object.size_bytes, stream: object.stream })
    }

    /// Folders and files below `folder`, by name, each with `prefix` before it.
    async fn artifact_files(&self, folder: &str, prefix: &str) -> Result<Vec<ArtifactFile>> {
        let mut files = Vec::new();
        let mut token = None;
        loop {
            let page = match self.inner.engine.objects.list(folder, false, token.as_deref()).await {
                // No bucket yet, no artifacts.
                Err(EngineError::NotFound) => break,
                page => page?,
            };
            let name = |uri: &str| uri.strip_prefix(folder).unwrap_or_default().trim_end_matches('/').to_owned();
            let folders = page.folders.iter().map(|it| (name(it), None));
            let objects = page.objects.iter().map(|it| (name(&it.uri), Some(it.size_bytes)));
            let named = folders.chain(objects).filter(|(name, _)| !name.is_empty());
            files.extend(named.map(|(name, size_bytes)| ArtifactFile { path: format!("{prefix}{name}"), size_bytes }));
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(files)
    }

    /// The object of a path that must name a file.
    fn file_uri(&self, path: &str) -> Result<String> {
        Ok(format!("s3://{}/{FOLDER}/{}", self.engine_info().bucket, file_path(path)?))
    }

    fn folder_uri(&self, path: &str) -> String {
        let bucket = &self.engine_info().bucket;
        if path.is_empty() { format!("s3://{bucket}/{FOLDER}/") } else { format!("s3://{bucket}/{FOLDER}/{path}/") }
    }

    /// The folder in S3 of an artifact root, with a slash at its end.
    fn object_folder(&self, root_uri: &str) -> Result<String> {
        if root_uri.starts_with(S3_SCHEME) {
            return Ok(format!("{}/", root_uri.trim_end_matches('/')));
        }
        let Some(path) = root_uri.strip_prefix("mlflow-artifacts:") else {
            let scheme = root_uri.split_once(':').map_or("file", |(scheme, _)| scheme);
            let why = format!(
                "This server reads artifacts below mlflow-artifacts:/ and s3:// only, and these are at {scheme}:; read \
                 them from where they are."
            );
            return Err(MlflowError::new(ErrorCode::NotImplemented, why).into());
        };
        // `mlflow-artifacts://host:port/path` names a server, which is this one.
        let path = match path.strip_prefix("//") {
            Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
            None => path,
        };
        let path = check::artifact_path(path.trim_start_matches('/'))?;
        Ok(self.folder_uri(&path))
    }
}

/// A path that must name a file.
fn file_path(path: &str) -> Result<String> {
    match check::artifact_path(path)? {
        path if path.is_empty() => Err(MlflowError::invalid("Invalid path").into()),
        path => Ok(path),
    }
}
