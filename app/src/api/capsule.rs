//! What a run was made of, whether that is still there, and what two runs differ in.

use domain::{
    capsule::{ChannelManifest, DriftItem, Reproduction, Tolerance},
    draft_changes::Change,
    ids::RunId,
    money::NanoUsd,
    run::Run,
    run_diff::RunDiff,
    time::Timestamp,
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

/// The capsule tab of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CapsuleView {
    /// `None`: not (yet) recorded.
    pub recorded_at: Option<Timestamp>,
    /// Each with its first [`SHOWN_OBJECTS`] objects.
    pub channels: Vec<ChannelManifest>,
    /// `None`: the run comes from no other run.
    pub reproduction: Option<ReproductionView>,
}

/// The run beside the one that it came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReproductionView {
    pub parent: RunId,
    pub parent_name: String,
    /// Empty: this run repeats its parent.
    pub changes: Vec<Change>,
    /// Only of a repetition, once both have ended.
    pub verdict: Option<Reproduction>,
}

/// What a person should see before a run is launched again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RelaunchView {
    pub run: Run,
    pub idempotency_key: String,
    pub recorded_at: Option<Timestamp>,
    pub items: Vec<DriftItem>,
    /// What the new run can cost at most; `None`: unpriced.
    pub at_most: Option<NanoUsd>,
}

/// Of each channel; the downloaded capsule has all that were recorded.
pub const SHOWN_OBJECTS: usize = 50;

#[server(prefix = "/api/ui", endpoint = "capsule_get", input = Json)]
pub async fn capsule_get(id: RunId, tolerance: Tolerance) -> Result<CapsuleView, ApiError> {
    let services = super::context::services()?;
    let capsule = services.capsule_get(&id).await?;
    let reproduction = services.reproduction_get(&id, tolerance).await?;
    let recorded_at = capsule.as_ref().map(|it| it.recorded_at);
    let mut channels = capsule.map(|it| it.channels).unwrap_or_default();
    for channel in &mut channels {
        channel.objects.truncate(SHOWN_OBJECTS);
    }
    let reproduction = reproduction.map(|it| ReproductionView {
        parent: it.parent.id,
        parent_name: it.parent.job_name.to_string(),
        changes: it.changes,
        verdict: it.verdict,
    });
    Ok(CapsuleView { recorded_at, channels, reproduction })
}

#[server(prefix = "/api/ui", endpoint = "relaunch_check", input = Json)]
pub async fn relaunch_check(id: String) -> Result<RelaunchView, ApiError> {
    let services = super::context::services()?;
    let id = RunId::parse(&id).map_err(|_| ApiError::NotFound.with_status())?;
    let check = services.relaunch_check(&id).await?;
    let draft = domain::job_draft::JobDraft::of_run(&check.run).ok();
    let at_most = draft.and_then(|it| domain::cost::Estimate::of(&it.fields.to_partial_request()).at_most);
    Ok(RelaunchView {
        run: check.run,
        idempotency_key: check.idempotency_key,
        recorded_at: check.recorded_at,
        items: check.items,
        at_most,
    })
}

/// `other` is an id or a whole job name, as people paste it.
#[server(prefix = "/api/ui", endpoint = "diff_get", input = Json)]
pub async fn diff_get(id: String, other: String) -> Result<RunDiff, ApiError> {
    let services = super::context::services()?;
    let now = RunId::parse(&id).map_err(|_| ApiError::NotFound.with_status())?;
    let then = services.run_find(other.trim()).await?;
    let then = then.ok_or_else(|| ApiError::BadRequest(format!("no run is called `{other}`")).with_status())?;
    Ok(services.run_diff(&then.id, &now).await?)
}
