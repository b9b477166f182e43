//! Relaunch: the same request again, after a look at what it depends on.

use std::time::Duration;

use domain::{
    capsule::{DriftItem, DriftState, channel_drifts, image_drift, inputs_of, price_drift},
    ids::RunId,
    instance_type::InstanceTypeInfo,
    run::Run,
    time::Timestamp,
};

use crate::{LaunchSubmitted, ServiceError, Services};

/// Somebody waits for the page; a bucket of a million objects is not listed in that time.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a person should know before the same request is sent again.
#[derive(Clone, Debug)]
pub struct RelaunchCheck {
    pub run: Run,
    /// Made for this page: the same key is the same new run.
    pub idempotency_key: String,
    /// When the inputs were recorded; `None`: there is nothing to compare them with.
    pub recorded_at: Option<Timestamp>,
    pub items: Vec<DriftItem>,
}

impl Services {
    /// Compares everything that the run depended on with what there is now.
    pub async fn relaunch_check(&self, id: &RunId) -> Result<RelaunchCheck, ServiceError> {
        let run = self.run_get(id).await?.ok_or(ServiceError::NotFound { what: "run" })?;
        let capsule = self.capsule_get(id).await?;
        let mut items = Vec::new();
        if let Some(sha256) = &run.source_sha256 {
            items.push(match self.inner.store.source_meta_get(sha256).await? {
                Some(source) => DriftItem::new(
                    "Source",
                    DriftState::Same,
                    match run.git_origin() {
                        Some(git) => format!(
                            "What {} has at commit {} is held here, by the SHA-256 of its bytes: {sha256}.",
                            git.url, git.commit
                        ),
                        None => format!("{} is held here, by the SHA-256 of its bytes: {sha256}.", source.file_name),
                    },
                ),
                None => DriftItem::new("Source", DriftState::Gone, "Its archive is not held here any more."),
            });
        }
        let recorded_at = capsule.as_ref().map(|it| it.recorded_at);
        match capsule {
            _ if inputs_of(&run.request, run.source_sha256.is_some()).is_empty() => {
                items.push(DriftItem::new("Data", DriftState::Same, "The job has no input channel."));
            }
            None => items.push(DriftItem::new(
                "Data",
                DriftState::Unknown,
                "What its inputs were was not recorded when it was launched.",
            )),
            Some(capsule) => match tokio::time::timeout(PATIENCE, self.manifests_read(&run)).await {
                Ok(Ok(now)) => items.extend(channel_drifts(&capsule, &now)),
                Ok(Err(err)) => items.push(DriftItem::new("Data", DriftState::Unknown, err.public_message())),
                Err(_) => items.push(DriftItem::new(
                    "Data",
                    DriftState::Unknown,
                    format!("It could not be listed within {} seconds.", PATIENCE.as_secs()),
                )),
            },
        }
        items.push(image_drift(run.training_image()));
        let price = run.instance_type.as_deref().and_then(InstanceTypeInfo::find).and_then(|it| it.price.as_ref());
        items.push(price_drift(run.price.as_ref(), price));
        Ok(RelaunchCheck { run, idempotency_key: self.launch_key_new(), recorded_at, items })
    }

    /// Sends the run's request again, as a run of its own that names the first as its parent.
    pub async fn run_relaunch(&self, id: &RunId, key: &str) -> Result<LaunchSubmitted, ServiceError> {
        let draft = self.launch_clone(id).await?;
        self.launch_submit(key, draft, None).await
    }
}
