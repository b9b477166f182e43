//! Capsules: what a run's inputs were when it was launched, whether they are still that, and whether a repetition came
//! out the same.
//!
//! Invariants:
//! - A capsule is written once, by `task_capsules`, soon after the run is on record; launching does not wait for it.
//! - A place that the engine refuses to show is recorded as refused; one that it cannot show just now is asked again.
//! - Nothing here changes what a job reads; checking lists objects and reads none.

mod archive;
mod relaunch;
mod reproduction;

pub use archive::CapsuleArchive;
pub use relaunch::RelaunchCheck;
pub use reproduction::ReproductionCheck;
pub(crate) use reproduction::run_changes;

use domain::{
    capsule::{Capsule, ChannelManifest, Input, ManifestBuilder, ManifestObject, inputs_of},
    ids::RunId,
    run::Run,
};

use crate::{EngineError, ServiceError, Services, tasks::TaskOutcome};

/// Capsules made per pass.
const RUNS_PER_PASS: u32 = 20;
/// A run whose inputs could not be listed for so long goes without a capsule: they would not be what it read.
const GIVE_UP_AFTER_SECONDS: i64 = 24 * 3_600;

impl Services {
    /// Records the inputs of runs that have no capsule yet.
    pub async fn task_capsules(&self) -> Result<TaskOutcome, ServiceError> {
        let since = self.now().plus_seconds(-GIVE_UP_AFTER_SECONDS);
        let runs = self.inner.store.capsule_missing_list(since, RUNS_PER_PASS).await?;
        let again = runs.len() == RUNS_PER_PASS as usize;
        let (mut changed, mut failure) = (0, None);
        for run in runs {
            let recorded_at = self.now();
            match self.manifests_read(&run).await {
                Ok(channels) => {
                    let capsule = Capsule { recorded_at, channels };
                    changed += u64::from(self.inner.store.capsule_put(&run.id, &capsule).await?);
                }
                // The next pass is the retry; the other runs' inputs may be elsewhere.
                Err(err) => failure = Some(err),
            }
        }
        match failure {
            Some(err) => Err(err.into()),
            None => Ok(TaskOutcome { changed, again }),
        }
    }

    /// `None` until it is recorded.
    pub async fn capsule_get(&self, id: &RunId) -> Result<Option<Capsule>, ServiceError> {
        Ok(self.inner.store.capsule_get(id).await?)
    }

    /// What the run's inputs are now. An error only when asking again may help.
    pub(super) async fn manifests_read(&self, run: &Run) -> Result<Vec<ChannelManifest>, EngineError> {
        let inputs = inputs_of(&run.request, run.source_sha256.is_some());
        futures::future::try_join_all(inputs.iter().map(|it| self.manifest_read(it))).await
    }

    async fn manifest_read(&self, input: &Input) -> Result<ChannelManifest, EngineError> {
        let Some(uri) = &input.uri else {
            let fault = "It is not in S3: a file system or a model hub gives no listing.";
            return Ok(ChannelManifest::unread(&input.channel, "", fault));
        };
        let mut manifest = ManifestBuilder::new(&input.channel, uri);
        let mut token: Option<String> = None;
        loop {
            let page = match self.inner.engine.objects.list(uri, true, token.as_deref()).await {
                Ok(page) => page,
                Err(EngineError::NotFound) => {
                    return Ok(ChannelManifest::unread(&input.channel, uri, &format!("There is no bucket of {uri}.")));
                }
                Err(err @ EngineError::Rejected { .. }) => {
                    return Ok(ChannelManifest::unread(&input.channel, uri, &err.public_message()));
                }
                Err(err) => return Err(err),
            };
            let has_room = page.objects.into_iter().all(|it| {
                let key = it.uri.splitn(4, '/').nth(3).unwrap_or_default().to_owned();
                manifest.push(ManifestObject { key, size_bytes: it.size_bytes, e_tag: it.e_tag })
            });
            token = page.next_token;
            if token.is_none() || !has_room {
                return Ok(manifest.finish());
            }
        }
    }
}
