//! The source of a form that names a git repository.
//!
//! Invariants:
//! - While the form is open its host is asked at each submit: somebody may have pushed a fix. A commit that was fetched
//!   before is the exception; it cannot have changed.
//! - Once a form has become a run, it has the run's commit, and no host is asked again.

use domain::{
    git_source::{GitOrigin, field},
    ids::RunId,
    job_draft::{FieldError, JobDraft, SourceKind},
};

use super::{launched_with_another, resolve::Resolved};
use crate::{ServiceError, Services};

impl Services {
    /// A wrong place is named by the parser of the form, beside its fields.
    pub(super) async fn git_resolve(&self, mut draft: JobDraft, is_open: bool) -> Result<Resolved, ServiceError> {
        let recalled = if is_open { None } else { draft.git.origin() };
        draft.git.commit = None;
        draft.source_sha256 = None;
        draft.source_file_name = None;
        let Ok(place) = draft.git.parse() else { return Ok(Resolved { draft, errors: Vec::new(), source: None }) };
        if let Some(origin) = recalled.or_else(|| place.fixed())
            && let Some(kept) = self.inner.store.git_source_get(&origin).await?
        {
            found(&mut draft, &origin, &kept.meta.sha256, &kept.meta.file_name);
            return Ok(Resolved { draft, errors: Vec::new(), source: Some(kept.into()) });
        }
        match self.git_fetch(place).await? {
            Ok((origin, source)) => {
                self.inner.store.git_source_put(&origin, &source, self.now()).await?;
                found(&mut draft, &origin, &source.sha256, &source.file_name);
                Ok(Resolved { draft, errors: Vec::new(), source: Some(source.into()) })
            }
            Err(error) => Ok(Resolved { draft, errors: vec![error], source: None }),
        }
    }

    /// Gives a form that became this run the run's commit. Names the fields that are not as they were launched.
    pub(super) async fn git_recall(
        &self,
        key: &str,
        id: &RunId,
        draft: &mut JobDraft,
    ) -> Result<Vec<FieldError>, ServiceError> {
        let kept = self.launch_draft_get(key).await?.map(|it| it.draft);
        let run = self.run_get(id).await?.ok_or(ServiceError::NotFound { what: "run" })?;
        let Some(origin) = run.git_origin() else { return Ok(vec![launched_with_another("source", id)]) };
        // A form that is forgotten by now is known by the run's tag.
        let then = kept.filter(|it| it.source_kind() == SourceKind::Git).map_or_else(
            || domain::git_source::GitSource { reference: draft.git.reference.clone(), ..origin.to_source() },
            |it| it.git,
        );
        let now = &draft.git;
        let fields = [
            (field::URL, &then.url, &now.url),
            (field::REFERENCE, &then.reference, &now.reference),
            (field::FOLDER, &then.folder, &now.folder),
        ];
        let changed = fields.into_iter().filter(|(_, then, now)| then.trim() != now.trim());
        let errors: Vec<FieldError> = changed.map(|(field, ..)| launched_with_another(field, id)).collect();
        draft.git.commit = Some(origin.commit);
        Ok(errors)
    }
}

fn found(draft: &mut JobDraft, origin: &GitOrigin, sha256: &str, file_name: &str) {
    draft.git.commit = Some(origin.commit.clone());
    draft.source_sha256 = Some(sha256.to_owned());
    draft.source_file_name = Some(file_name.to_owned());
}
