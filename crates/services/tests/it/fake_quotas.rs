//! The fake engine's quotas: what Service Quotas says, and what creates are held against.

use async_trait::async_trait;
use domain::quota::{TrainingQuota, needs};
use serde_json::Value;
use services::engine::{EngineError, QuotaEngine};

use crate::fake::{FakeCloud, State};

#[async_trait]
impl QuotaEngine for FakeCloud {
    async fn training_quotas(&self) -> Result<Vec<TrainingQuota>, EngineError> {
        self.call("quotas", |state, _| match &state.quota_refusal {
            Some(refusal) => Err(refusal.clone()),
            None => Ok(state.quotas.clone()),
        })
        .await
    }
}

/// The engine's words for a create that would go over a quota.
pub(crate) fn over_quota(state: &State, request: &Value) -> Option<String> {
    for need in needs(request) {
        let is_of = |it: &&TrainingQuota| it.instance_type == need.instance_type && it.usage == need.usage;
        let Some(quota) = state.engine_quotas.iter().find(is_of) else { continue };
        let active = state.jobs.values().filter(|it| it.status == "InProgress" || it.status == "Stopping");
        let taken = active.flat_map(|it| needs(&it.request)).filter(|it| it.is_of(&need.instance_type, need.usage));
        let used: u32 = taken.map(|it| it.instances).sum();
        if used + need.instances > quota.instances {
            return Some(format!(
                "The account-level service limit '{}' is {} Instances, with current utilization of {used} Instances and a \
                 request delta of {} Instances.",
                need.quota_name(),
                quota.instances,
                need.instances
            ));
        }
    }
    None
}
