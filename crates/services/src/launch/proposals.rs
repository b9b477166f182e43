//! Metric definitions that the scripts of a source ask for, to choose from in the form.

use domain::metric_proposal::{MetricProposal, metric_proposals};

use super::resolve::blocking;
use crate::{ServiceError, Services, source};

/// A definition with the script it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptProposal {
    pub path: String,
    pub proposal: MetricProposal,
}

impl Services {
    /// Of a bundled sample.
    pub async fn sample_metric_proposals(&self, name: &str) -> Result<Vec<ScriptProposal>, ServiceError> {
        let samples = self.inner.config.samples.iter();
        let sample = samples.clone().find(|it| it.name == name).ok_or(ServiceError::NotFound { what: "sample" })?;
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        let scripts = sample.files.iter().filter(|it| it.path.strip_suffix(".py").is_some());
        let scripts = scripts.filter_map(|it| Some((it.path.clone(), text(&it.bytes)?))).collect();
        blocking(move || proposals(scripts)).await
    }

    /// Of an archive that was uploaded before. What cannot be read proposes nothing.
    pub async fn source_metric_proposals(&self, sha256: &str) -> Result<Vec<ScriptProposal>, ServiceError> {
        let kept =
            self.inner.store.source_get(sha256).await?.ok_or(ServiceError::NotFound { what: "source archive" })?;
        self.archive_work(move || source::source_scripts(&kept.bytes).map(proposals).unwrap_or_default()).await
    }

    /// Of one script that is not uploaded yet.
    pub async fn script_metric_proposals(
        &self,
        path: String,
        text: String,
    ) -> Result<Vec<ScriptProposal>, ServiceError> {
        blocking(move || proposals(vec![(path, text)])).await
    }
}

/// The first script that proposes a name has it.
fn proposals(scripts: Vec<(String, String)>) -> Vec<ScriptProposal> {
    let mut all: Vec<ScriptProposal> = Vec::new();
    for (path, text) in scripts {
        for proposal in metric_proposals(&text) {
            if !all.iter().any(|it| it.proposal.name == proposal.name) {
                all.push(ScriptProposal { path: path.clone(), proposal });
            }
        }
    }
    all
}
