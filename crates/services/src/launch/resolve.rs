//! Where a form's source comes from: an upload now, an upload kept from an earlier try, a script written in the form, a
//! bundled sample, or (see `git`) a repository.

use std::sync::Arc;

use domain::job_draft::{FieldError, JobDraft, SourceKind};
use store::{NewSource, Source, SourceMeta};

use super::Upload;
use crate::{ServiceError, Services, source};

/// A draft whose source is settled, as far as it could be.
pub(super) struct Resolved {
    pub(super) draft: JobDraft,
    pub(super) errors: Vec<FieldError>,
    /// `None` without errors: nothing is to be put into S3.
    pub(super) source: Option<ResolvedSource>,
}

/// A source that the store holds.
pub(super) struct ResolvedSource(Arc<NewSource>);

impl From<NewSource> for ResolvedSource {
    fn from(source: NewSource) -> Self {
        Self(Arc::new(source))
    }
}

impl From<Source> for ResolvedSource {
    fn from(kept: Source) -> Self {
        let SourceMeta { sha256, file_name, entries, .. } = kept.meta;
        NewSource { sha256, file_name, entries, bytes: kept.bytes }.into()
    }
}

impl ResolvedSource {
    pub(super) fn sha256(&self) -> &str {
        &self.0.sha256
    }

    /// Whether a script of it chooses its MLflow experiment by itself: MLflow's client refuses to go on in a run of
    /// another one, and the job would fail for it.
    pub(super) async fn chooses_experiment(&self) -> Result<bool, ServiceError> {
        let source = self.0.clone();
        let scripts = blocking(move || source::source_scripts(&source.bytes)).await?;
        // An archive that cannot be read has its own error, beside its field.
        Ok(scripts.is_ok_and(|all| all.iter().any(|(_, text)| text.contains("set_experiment("))))
    }

    /// The entry point's existence and encoding.
    pub(super) async fn entry_point_error(&self, entry_point: &str) -> Result<Option<FieldError>, ServiceError> {
        let (source, entry_point) = (self.0.clone(), entry_point.to_owned());
        let checked = blocking(move || source::check_entry_point(&source, &entry_point)).await?;
        Ok(checked.err().map(|err| err.to_field_error()))
    }
}

impl Services {
    pub(super) async fn source_resolve(
        &self,
        mut draft: JobDraft,
        upload: Option<Upload>,
        is_open: bool,
    ) -> Result<Resolved, ServiceError> {
        let upload = upload.filter(Upload::is_chosen);
        let kind = draft.source_kind();
        if kind == SourceKind::Git {
            return self.git_resolve(draft, is_open).await;
        }
        if kind != SourceKind::Upload {
            let sample = if let SourceKind::Sample(name) = kind { Some(name.to_owned()) } else { None };
            let is_script = kind == SourceKind::Script;
            draft.source_sha256 = None;
            draft.source_file_name = None;
            draft.git.commit = None;
            return match sample {
                Some(name) => self.sample_resolve(draft, &name).await,
                None if is_script => self.script_resolve(draft).await,
                None => Ok(Resolved { draft, errors: Vec::new(), source: None }),
            };
        }
        if let Some(upload) = upload {
            return self.upload_resolve(draft, upload).await;
        }
        let missing = |field: &str, message: &str| vec![FieldError::new(field, message)];
        let kept = match &draft.source_sha256 {
            Some(sha256) => self.inner.store.source_get(sha256).await?,
            None => None,
        };
        Ok(match kept {
            Some(kept) => {
                "upload".clone_into(&mut draft.source);
                draft.source_file_name.get_or_insert_with(|| kept.meta.file_name.clone());
                Resolved { draft, errors: Vec::new(), source: Some(kept.into()) }
            }
            None if draft.source.is_empty() => {
                let errors = missing("source", "choose a bundled sample, or upload a script or a source archive.");
                Resolved { draft, errors, source: None }
            }
            None => {
                let errors = missing(
                    "source_file",
                    "choose the file to upload: one `.py`, or a `.tar.gz`, `.tgz` or `.zip` of the source folder.",
                );
                draft.source_sha256 = None;
                Resolved { draft, errors, source: None }
            }
        })
    }

    async fn sample_resolve(&self, draft: JobDraft, name: &str) -> Result<Resolved, ServiceError> {
        let Some(sample) = self.inner.config.samples.iter().find(|it| it.name == name).cloned() else {
            let message = "there is no bundled sample of this name: pick one from the list, or upload a source.";
            return Ok(Resolved { draft, errors: vec![FieldError::new("source", message)], source: None });
        };
        let made = blocking(move || source::sample_normalise(&sample.name, &sample.files)).await?;
        self.keep(draft, made).await
    }

    /// A faulty script is named by the parser of the form, beside its field.
    async fn script_resolve(&self, draft: JobDraft) -> Result<Resolved, ServiceError> {
        if draft.script.fault_of_name().or_else(|| draft.script.fault_of_text()).is_some() {
            return Ok(Resolved { draft, errors: Vec::new(), source: None });
        }
        let (name, text) = (draft.script.name.trim(), draft.script.text.as_bytes());
        let made = source::source_normalise(name, text, self.inner.config.source_limits);
        self.keep(draft, made).await
    }

    /// Keeps an upload, packed anew, for launches to come. What cannot be a source is an answer, not an error.
    pub async fn source_put(&self, upload: Upload) -> Result<Result<SourceMeta, FieldError>, ServiceError> {
        let source = match self.upload_normalise(upload).await? {
            Ok(source) => source,
            Err(err) => return Ok(Err(err.to_field_error())),
        };
        self.inner.store.source_put(&source, self.now()).await?;
        let kept = self.inner.store.source_meta_get(&source.sha256).await?;
        kept.map(Ok).ok_or(ServiceError::NotFound { what: "source archive" })
    }

    async fn upload_normalise(&self, upload: Upload) -> Result<Result<NewSource, source::SourceError>, ServiceError> {
        let limits = self.inner.config.source_limits;
        self.archive_work(move || source::source_normalise(&upload.file_name, &upload.bytes, limits)).await
    }

    async fn upload_resolve(&self, mut draft: JobDraft, upload: Upload) -> Result<Resolved, ServiceError> {
        let made = self.upload_normalise(upload).await?;
        "upload".clone_into(&mut draft.source);
        draft.source_sha256 = made.as_ref().ok().map(|it| it.sha256.clone());
        draft.source_file_name = made.as_ref().ok().map(|it| it.file_name.clone());
        if let Ok(source) = &made
            && let [script] = source.entries.as_slice()
            && script.path == source.file_name
        {
            // A single uploaded script is the entry point, whatever the form's default says.
            draft.entry_point.clone_from(&script.path);
        }
        self.keep(draft, made).await
    }

    async fn keep(
        &self,
        draft: JobDraft,
        made: Result<NewSource, source::SourceError>,
    ) -> Result<Resolved, ServiceError> {
        match made {
            Ok(source) => {
                self.inner.store.source_put(&source, self.now()).await?;
                Ok(Resolved { draft, errors: Vec::new(), source: Some(source.into()) })
            }
            Err(err) => Ok(Resolved { draft, errors: vec![err.to_field_error()], source: None }),
        }
    }
}

impl Services {
    /// Work on whole archives: it takes seconds of CPU and their size in memory, so two at a time.
    pub(crate) async fn archive_work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let slots = &self.inner.upload_slots;
        let _slot = slots.acquire().await.map_err(|_| ServiceError::Internal { what: "archive" })?;
        blocking(work).await
    }
}

/// CPU-bound work off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ServiceError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ServiceError::Internal { what: "source check" })
}
