//! From a checked spec to a run: name, request, fingerprint, price. And what two forms under one key differ in.

use std::collections::BTreeSet;

use domain::{
    ids::RunId,
    job_draft::{JobDraft, SCRIPT_PARAMETERS},
    job_spec::{JobSpec, canonical, sealed, tracking_added},
    run::{Run, RunOrigin, RunPrice},
    status::{LaunchState, Wish},
    time::Timestamp,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::QuotaWait;

/// The run as it is committed: everything that will ever be sent is in it.
pub(super) fn run(
    spec: &JobSpec,
    source_uri: &str,
    source_sha256: Option<&str>,
    tracking_uri: Option<&str>,
    random: u128,
    now: Timestamp,
) -> Run {
    let id = RunId::new(now, random);
    let job_name = spec.job_name(&id);
    let request = spec.to_request(&id, &job_name, source_uri);
    let request = match tracking_uri {
        Some(uri) => tracking_added(request, &id, uri),
        None => request,
    };
    let (request, fingerprint) = sealed(request);
    let instances = spec.request.instances();
    let instance_type = instances.first().map(|(name, _)| name.clone());
    Run {
        id,
        experiment: spec.experiment.clone(),
        job_name,
        job_arn: None,
        origin: RunOrigin::Launched,
        launch_state: LaunchState::Requested,
        wish: Wish::Run,
        launch_message: None,
        status: None,
        secondary_status: None,
        failure_reason: None,
        request,
        fingerprint,
        price: RunPrice::of_instances(&instances),
        instance_type,
        instance_count: spec.request.instance_count(),
        spot: spec.request.is_spot(),
        hyperparameters: spec.request.hyperparameters(),
        created_at: now,
        started_at: None,
        ended_at: None,
        updated_at: now,
        training_seconds: None,
        billable_seconds: None,
        model_artifact: None,
        transitions: Vec::new(),
        final_metrics: Vec::new(),
        source_sha256: source_sha256.map(str::to_owned),
    }
}

/// SHA-256 of what the form asks for, without the run's own id: equal forms have equal hashes.
pub(super) fn content_hash(spec: &JobSpec, source_uri: &str) -> String {
    let nobody = RunId::new(Timestamp::from_unix_micros(0), 0);
    let mut content = json!({
        "request": spec.to_request(&nobody, &spec.job_name(&nobody), source_uri),
        "experiment": spec.experiment.as_str(),
    });
    if let Some(wait) = &spec.wait {
        content["wait"] = json!(wait);
    }
    hex::encode(Sha256::digest(canonical(&content).to_string().as_bytes()))
}

/// The form fields in which this spec differs from the run that was launched under its key; lists by their name.
/// `wait`: how that run waits, with the request that was wanted; what was sent instead is no change of the form.
pub(super) fn changed_fields(
    spec: &JobSpec,
    source_uri: &str,
    run: &Run,
    wait: Option<&QuotaWait>,
) -> BTreeSet<String> {
    let then = wait.map_or(&run.request, |it| &it.wanted);
    let now = spec.to_request(&run.id, &run.job_name, source_uri);
    let mut changed = BTreeSet::new();
    if spec.experiment != run.experiment {
        changed.insert("experiment".to_owned());
    } else if spec.job_name(&run.id) != run.job_name {
        // The name's base follows the experiment unless it was typed.
        changed.insert("job_name".to_owned());
    }
    for (name, field) in SCRIPT_PARAMETERS.iter().zip(["entry_point", "source_file"]) {
        let at = |request: &Value| request["HyperParameters"][name].clone();
        if at(&now) != at(then) {
            changed.insert(field.to_owned());
        }
    }
    if spec.wait.as_ref() != wait.map(|it| &it.plan) {
        changed.insert("quota.choice".to_owned());
    }
    let (Ok(now), Ok(then)) = (JobDraft::of_request(&now), JobDraft::of_request(then)) else { return changed };
    let differs = |(path, text): &(&str, &str), other: &JobDraft| other.fields.get(path) != *text;
    let of = |one: &JobDraft, other: &JobDraft| -> Vec<String> {
        let paths = one.fields.iter().filter(|it| differs(it, other)).map(|(path, _)| path);
        paths.map(|path| path.split('[').next().unwrap_or(path).to_owned()).collect()
    };
    changed.extend(of(&now, &then));
    changed.extend(of(&then, &now));
    if now.checkpoints != then.checkpoints {
        changed.retain(|it| !it.starts_with("CheckpointConfig"));
        changed.insert("checkpoints".to_owned());
    }
    changed
}
