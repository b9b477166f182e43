//! What a request takes of which quota.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::QuotaUse;
use crate::training_job::TrainingJobRequest;

/// Instances of a type for a use, of one job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    pub instance_type: String,
    pub usage: QuotaUse,
    pub instances: u32,
}

impl Need {
    pub fn quota_name(&self) -> String {
        self.usage.quota_name(&self.instance_type)
    }

    pub fn is_of(&self, instance_type: &str, usage: QuotaUse) -> bool {
        self.instance_type == instance_type && self.usage == usage
    }
}

/// By type: a cluster's groups of one type count together. A job that keeps its instances needs the warm pool's quota,
/// too.
pub fn needs(request: &Value) -> Vec<Need> {
    let request = TrainingJobRequest::of_recorded(request.clone());
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for (instance_type, count) in request.instances() {
        let sum = counts.entry(instance_type).or_default();
        *sum = sum.saturating_add(count);
    }
    let mut usages = vec![if request.is_spot() { QuotaUse::Spot } else { QuotaUse::OnDemand }];
    if request.keep_alive_seconds().is_some() {
        usages.push(QuotaUse::WarmPool);
    }
    let of = |(instance_type, instances): (&String, &u32)| {
        let need =
            |usage: &QuotaUse| Need { instance_type: instance_type.clone(), usage: *usage, instances: *instances };
        usages.iter().map(need).collect::<Vec<_>>()
    };
    counts.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn groups_of_one_type_count_together_and_a_kept_cluster_twice() {
        let groups = json!({ "EnableManagedSpotTraining": true, "ResourceConfig": { "InstanceGroups": [
            { "InstanceGroupName": "a", "InstanceType": "ml.m5.large", "InstanceCount": 2 },
            { "InstanceGroupName": "b", "InstanceType": "ml.m5.large", "InstanceCount": 1 },
            { "InstanceGroupName": "c", "InstanceType": "ml.g5.xlarge", "InstanceCount": 1 }] } });
        let of = |it: &Need| (it.instance_type.clone(), it.usage, it.instances);
        assert_eq!(
            needs(&groups).iter().map(of).collect::<Vec<_>>(),
            [("ml.g5.xlarge".to_owned(), QuotaUse::Spot, 1), ("ml.m5.large".to_owned(), QuotaUse::Spot, 3)]
        );
        let kept = json!({ "ResourceConfig": { "InstanceType": "ml.m5.large", "InstanceCount": 2, "KeepAlivePeriodInSeconds": 60 } });
        let uses: Vec<QuotaUse> = needs(&kept).iter().map(|it| it.usage).collect();
        assert_eq!(uses, [QuotaUse::OnDemand, QuotaUse::WarmPool]);
        assert!(needs(&json!(null)).is_empty() && needs(&json!({ "ResourceConfig": [] })).is_empty());
    }
}
