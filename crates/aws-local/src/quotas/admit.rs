//! The limit itself: a job is admitted when its instances and those of the jobs that are not over stay within it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::{UNLIMITED, Use};
use crate::field;
use crate::job::JobHost;
use crate::pricing;
use crate::wire::ApiError;

/// The configured quotas.
#[derive(Debug)]
pub(crate) struct Quotas {
    limits: BTreeMap<String, u64>,
    admission: Mutex<()>,
}

/// As long as it lives nobody else is admitted: the job that was is there before the next one is counted.
pub(crate) type Admission<'a> = MutexGuard<'a, ()>;

impl Quotas {
    /// Keys are `training:ml.g5.xlarge`, `spot:...` and `warm-pool:...`. The error is the first key that is none.
    pub(crate) fn new(limits: BTreeMap<String, u64>) -> Result<Self, String> {
        let known = |key: &str| {
            let (prefix, name) = key.split_once(':')?;
            let known = Use::ALL.iter().any(|quota| quota.prefix() == prefix);
            (known && pricing::rows().iter().any(|row| row.name == name)).then_some(())
        };
        match limits.keys().find(|key| known(key).is_none()) {
            Some(key) => Err(key.clone()),
            None => Ok(Self { limits, admission: Mutex::new(()) }),
        }
    }

    pub(super) fn limit(&self, quota: Use, instance_type: &str) -> u64 {
        self.configured(quota, instance_type).unwrap_or(UNLIMITED)
    }

    fn configured(&self, quota: Use, instance_type: &str) -> Option<u64> {
        self.limits.get(&format!("{}:{instance_type}", quota.prefix())).copied()
    }

    /// Refuses a CreateTrainingJob request that would go over a quota.
    pub(crate) fn admit(&self, jobs: &JobHost, request: &Value) -> Result<Admission<'_>, ApiError> {
        let admission = self.admission.lock().unwrap_or_else(PoisonError::into_inner);
        for quota in uses(request) {
            for (instance_type, delta) in instances(request) {
                let Some(limit) = self.configured(quota, &instance_type) else { continue };
                let running = jobs.list();
                let running = running.iter().filter(|job| !job.is_terminal() && uses(&job.request).contains(&quota));
                let used: u64 = running.filter_map(|job| instances(&job.request).get(&instance_type).copied()).sum();
                if used.saturating_add(delta) > limit {
                    return Err(exceeded(&quota.quota_name(&instance_type), limit, used, delta));
                }
            }
        }
        Ok(admission)
    }
}

fn exceeded(name: &str, limit: u64, used: u64, delta: u64) -> ApiError {
    ApiError::client(
        "ResourceLimitExceeded",
        format!(
            "The account-level service limit '{name}' is {limit} Instances, with current utilization of {used} Instances and \
             a request delta of {delta} Instances. Please contact AWS support to request an increase for this limit."
        ),
    )
}

fn uses(request: &Value) -> Vec<Use> {
    let spot = field::boolean(request, "EnableManagedSpotTraining") == Some(true);
    let keeps = request["ResourceConfig"].get("KeepAlivePeriodInSeconds").and_then(Value::as_u64).unwrap_or_default();
    let mut uses = vec![if spot { Use::Spot } else { Use::Training }];
    if keeps > 0 {
        uses.push(Use::WarmPool);
    }
    uses
}

/// Instances by type. With `InstancePreferences` the first one counts: here every type is to be had.
pub(crate) fn instances(request: &Value) -> BTreeMap<String, u64> {
    let resources = &request["ResourceConfig"];
    let count = |value: &Value| value.get("InstanceCount").and_then(Value::as_u64);
    let mut sums = BTreeMap::new();
    let mut add = |kind: &Value, count: u64| {
        if let Some(kind) = kind.as_str() {
            *sums.entry(kind.to_owned()).or_default() += count;
        }
    };
    add(&resources["InstanceType"], count(resources).unwrap_or(1));
    for group in field::list(resources, "InstanceGroups") {
        add(&group["InstanceType"], count(group).unwrap_or(1));
    }
    if let Some(first) = field::list(resources, "InstancePreferences").first() {
        add(&first["InstanceType"], count(first).or(count(resources)).unwrap_or(1));
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn instances_are_counted_by_type_and_unknown_quotas_are_refused() {
        let groups = json!({ "ResourceConfig": { "InstanceGroups": [
            { "InstanceType": "ml.m5.large", "InstanceCount": 2 }, { "InstanceType": "ml.m5.large", "InstanceCount": 1 }] } });
        assert_eq!(instances(&groups), BTreeMap::from([("ml.m5.large".to_owned(), 3)]));
        let spot = json!({ "EnableManagedSpotTraining": true, "ResourceConfig": { "InstanceType": "ml.m5.large", "InstanceCount": 1 } });
        assert_eq!(uses(&spot), [Use::Spot]);
        for bad in ["training", "training:m5", "other:ml.m5.large"] {
            assert_eq!(Quotas::new(BTreeMap::from([(bad.to_owned(), 1)])).unwrap_err(), bad);
        }
    }
}
