//! Warm pools: what a job keeps for the next one, for `KeepAlivePeriodInSeconds` after its end.
//!
//! A pool has no process. Its state follows from the job's end, the period (which `UpdateTrainingJob` may change), the
//! clock, and the file `pool.json`, which the server writes once: when another job takes the pool, or when it is ended
//! before its time. So it survives whatever happens to the server.
//!
//! What a matching job gains: its instances are there at once ([`super::JobConfig::start_delay_seconds`]). Prepared
//! Python environments are kept for every job, see `python_env`.
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html>

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::JobRecord;
use super::clock::now_ms;
use super::host::JobHost;
use super::types::WarmPool;
use crate::durable;

/// The end of a pool; `pool.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PoolEnd {
    pub(super) at_ms: i64,
    /// The job that took it; `None` when the period was set to a time that is over.
    pub(super) reused_by: Option<String>,
}

/// Members of a request that must be the same in a job that reuses the pool of another.
const KEYS: [&str; 9] = [
    "/RoleArn",
    "/ResourceConfig/InstanceCount",
    "/ResourceConfig/InstanceType",
    "/ResourceConfig/VolumeKmsKeyId",
    "/ResourceConfig/VolumeSizeInGB",
    "/VpcConfig/SecurityGroupIds",
    "/VpcConfig/Subnets",
    "/EnableInterContainerTrafficEncryption",
    "/EnableNetworkIsolation",
];

/// Whose pool a job runs on; `reuses.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Reuses {
    pub(super) job: String,
}

impl JobHost {
    /// Gives a new job the pool that fits, if there is one. Written first to the job that keeps it: no pool is ever
    /// given away twice.
    pub(super) fn take_pool(&self, name: &str, request: &Value) -> io::Result<()> {
        let now = now_ms();
        for kept in self.names() {
            let is_taken = self.with(&kept, |job| {
                let is_free = job.pool_end.is_none()
                    && job.asked_for_pool
                    && job.warm_pool(now).is_some_and(|pool| pool.status == "Available")
                    && matches(&job.request, request);
                if is_free {
                    job.end_pool(PoolEnd { at_ms: now, reused_by: Some(name.to_owned()) })?;
                }
                io::Result::Ok(is_free)
            });
            if is_taken.transpose()? == Some(true) {
                let reuses = Reuses { job: kept };
                return self.with(name, |job| durable::write(&job.dir.reuses(), &reuses)).unwrap_or(Ok(()));
            }
        }
        Ok(())
    }
}

/// `KeepAlivePeriodInSeconds`; `None` for a job that keeps nothing.
pub(super) fn keep_alive_seconds(request: &Value) -> Option<u64> {
    request.pointer("/ResourceConfig/KeepAlivePeriodInSeconds").and_then(Value::as_u64).filter(|seconds| *seconds > 0)
}

/// The pool of a job at a time. `asked`: whether the job asked for a pool when it was created.
pub(super) fn status(record: &JobRecord, asked: bool, end: Option<&PoolEnd>, now_ms: i64) -> Option<WarmPool> {
    if !asked {
        return None;
    }
    let pool = |status, until_ms: i64| {
        let kept_ms = until_ms - record.ended_at_ms.unwrap_or(until_ms);
        WarmPool {
            status,
            retained_billable_seconds: Some(u64::try_from(kept_ms / 1000).unwrap_or(0)),
            reused_by: end.and_then(|end| end.reused_by.clone()),
        }
    };
    if !record.is_terminal() {
        return Some(WarmPool { retained_billable_seconds: None, ..pool("InUse", now_ms) });
    }
    // What failed or was stopped may have left its instances in any state: nothing is kept of it.
    let Some(expires_at_ms) = expiry_ms(record).filter(|_| record.status == "Completed") else {
        return Some(pool("Terminated", record.ended_at_ms.unwrap_or(now_ms)));
    };
    if let Some(end) = end {
        return Some(pool(if end.reused_by.is_some() { "Reused" } else { "Terminated" }, end.at_ms));
    }
    Some(if now_ms < expires_at_ms { pool("Available", now_ms) } else { pool("Terminated", expires_at_ms) })
}

/// When the pool of a job that has ended is over, if nobody takes it before.
pub(super) fn expiry_ms(record: &JobRecord) -> Option<i64> {
    let seconds = keep_alive_seconds(&record.request).unwrap_or(0);
    let period_ms = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
    record.ended_at_ms.map(|at_ms| at_ms.saturating_add(period_ms))
}

/// True when a job with the request `wanted` can run on what a job with the request `kept` left. Spot jobs and
/// clusters of several groups have no pools.
pub(super) fn matches(kept: &Value, wanted: &Value) -> bool {
    let is_ordinary = |request: &Value| {
        request["EnableManagedSpotTraining"] != Value::Bool(true)
            && request["ResourceConfig"].get("InstanceGroups").is_none()
    };
    is_ordinary(wanted) && KEYS.iter().all(|key| same(kept.pointer(key), wanted.pointer(key)))
}

/// Equal; what is absent is false, and the order of subnets and groups says nothing.
fn same(left: Option<&Value>, right: Option<&Value>) -> bool {
    fn plain(value: Option<&Value>) -> Value {
        match value {
            None => Value::Bool(false),
            Some(Value::Array(items)) => {
                let mut items = items.clone();
                items.sort_by_key(Value::to_string);
                Value::Array(items)
            }
            Some(value) => value.clone(),
        }
    }
    plain(left) == plain(right)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::matches;

    #[test]
    fn only_the_same_instances_match() {
        let kept = json!({"RoleArn": "r", "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1,
            "VolumeSizeInGB": 1, "KeepAlivePeriodInSeconds": 60}, "VpcConfig": {"Subnets": ["b", "a"]}});
        let with = |pointer: &str, value: serde_json::Value| {
            let mut request = kept.clone();
            *request.pointer_mut(pointer).expect("a member") = value;
            request
        };
        assert!(matches(&kept, &with("/ResourceConfig/KeepAlivePeriodInSeconds", json!(0))));
        assert!(matches(&kept, &with("/VpcConfig/Subnets", json!(["a", "b"]))));
        let mut same = kept.clone();
        same["EnableNetworkIsolation"] = json!(false);
        assert!(matches(&kept, &same));
        for (pointer, value) in [
            ("/RoleArn", json!("other")),
            ("/ResourceConfig/InstanceCount", json!(2)),
            ("/ResourceConfig/VolumeSizeInGB", json!(2)),
            ("/VpcConfig/Subnets", json!(["a"])),
        ] {
            assert!(!matches(&kept, &with(pointer, value)), "{pointer}");
        }
        same["EnableManagedSpotTraining"] = json!(true);
        assert!(!matches(&kept, &same));
    }
}
