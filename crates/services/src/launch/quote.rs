//! The quote of a form: what past runs say of the job before it is paid for.
//!
//! Invariant: a quote reads the store and nothing else, so that typing never waits for the engine and costs nothing.

use domain::{
    cost::{Program, Quote},
    job_draft::{JobDraft, SourceKind},
};

use super::resolve::blocking;
use crate::{ServiceError, Services, source};

impl Services {
    /// What a form would likely cost; it need not be valid yet.
    pub async fn launch_quote(&self, draft: &JobDraft) -> Result<Quote, ServiceError> {
        let request = draft.fields.to_partial_request();
        let Some(image) = request.training_image() else { return Ok(Quote::default()) };
        let program = Program {
            training_image: image.to_owned(),
            entry_point: (draft.source_kind() != SourceKind::Image).then(|| draft.script_name().trim().to_owned()),
            source_sha256: self.known_source(draft).await?,
        };
        let store = &self.inner.store;
        let runs = store.run_past_list(&program).await?;
        // Without a likely duration there is nothing that spot could make cheaper.
        let spot_runs = if runs.is_empty() { Vec::new() } else { store.run_past_spot_list().await? };
        Ok(Quote::of(&request, &program, &runs, &spot_runs))
    }

    /// The hash of the source that the form would launch; `None` when its file is not here.
    async fn known_source(&self, draft: &JobDraft) -> Result<Option<String>, ServiceError> {
        match draft.source_kind() {
            SourceKind::Sample(name) => {
                let Some(sample) = self.inner.config.samples.iter().find(|it| it.name == name).cloned() else {
                    return Ok(None);
                };
                let packed = blocking(move || source::sample_normalise(&sample.name, &sample.files)).await?;
                Ok(packed.ok().map(|it| it.sha256))
            }
            SourceKind::Upload => Ok(draft.source_sha256.clone()),
            SourceKind::Script => {
                let (script, limits) = (draft.script.clone(), self.inner.config.source_limits);
                let packed = blocking(move || source::source_normalise(&script.name, script.text.as_bytes(), limits));
                let packed = packed.await?;
                Ok(packed.ok().map(|it| it.sha256))
            }
            SourceKind::Git => {
                let Some(origin) = draft.git.parse().ok().and_then(|it| it.fixed()) else { return Ok(None) };
                Ok(self.inner.store.git_source_sha256_get(&origin).await?)
            }
            SourceKind::S3 | SourceKind::Image => Ok(None),
        }
    }
}
