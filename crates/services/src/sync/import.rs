//! A run made from a job that was created elsewhere: by boto3, in the console, or by us before a backup was restored.

use domain::{
    ids::RunId,
    instance_type::InstanceTypeInfo,
    job_spec::{fingerprint, tag},
    observation::JobObservation,
    run::{Run, RunOrigin},
    status::{LaunchState, Wish},
    time::Timestamp,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The same job gives the same id, so that two importers at once make one run. `id` is our own, from the job's tag,
/// when that is known to be free.
pub(crate) fn imported_run(seen: &JobObservation, id: Option<RunId>, now: Timestamp) -> Run {
    let id = id.unwrap_or_else(|| derived_id(seen));
    let instance_type = seen.instance_type();
    let own_fingerprint = seen.tags.as_ref().and_then(|it| it.get(tag::FINGERPRINT)).cloned();
    Run {
        id,
        experiment: seen.experiment(),
        job_name: seen.job_name.clone(),
        job_arn: Some(seen.job_arn.clone()),
        origin: RunOrigin::Imported,
        launch_state: LaunchState::Submitted,
        wish: Wish::Run,
        launch_message: None,
        status: Some(seen.status.clone()),
        secondary_status: Some(seen.secondary_status.clone()),
        failure_reason: seen.failure_reason.clone(),
        request: request_with_tags(seen),
        fingerprint: own_fingerprint.unwrap_or_else(|| fingerprint(&seen.request)),
        price: instance_type.as_deref().and_then(InstanceTypeInfo::find).and_then(|it| it.price.clone()),
        instance_type,
        instance_count: seen.instance_count(),
        spot: seen.is_spot(),
        hyperparameters: seen.hyperparameters(),
        created_at: seen.created_at,
        started_at: seen.started_at,
        ended_at: seen.ended_at,
        updated_at: now,
        training_seconds: seen.training_seconds,
        billable_seconds: seen.billable_seconds,
        model_artifact: seen.model_artifact.clone(),
        transitions: seen.transitions.clone(),
        final_metrics: seen.final_metrics.clone(),
        source_sha256: None,
    }
}

/// As it was created: the engine tells a job's tags apart from its description. Those of AWS itself (`aws:`) nobody can
/// give a job.
fn request_with_tags(seen: &JobObservation) -> Value {
    let mut request = seen.request.clone();
    let own = seen.tags.iter().flatten().filter(|(key, _)| !key.starts_with("aws:"));
    let tags: Vec<Value> = own.map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    if let Some(members) = request.as_object_mut().filter(|_| !tags.is_empty()) {
        members.insert("Tags".to_owned(), Value::Array(tags));
    }
    request
}

fn derived_id(seen: &JobObservation) -> RunId {
    let text = format!("{}\n{}", seen.job_arn, seen.created_at.unix_micros());
    let digest = Sha256::digest(text.as_bytes());
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    RunId::new(seen.created_at, u128::from_be_bytes(bytes))
}
