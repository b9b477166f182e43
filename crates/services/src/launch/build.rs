//! From a checked spec to a run: name, request, fingerprint, price. And what two forms under one key differ in.

use domain::{
    ids::RunId,
    instance_type::InstanceTypeInfo,
    job_spec::{JobSpec, canonical, fingerprint, tag},
    run::{Run, RunOrigin},
    status::{LaunchState, Wish},
    time::Timestamp,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The run as it is committed: everything that will ever be sent is in it.
pub(super) fn run(spec: &JobSpec, source_uri: &str, source_sha256: &str, random: u128, now: Timestamp) -> Run {
    let id = RunId::new(now, random);
    let job_name = spec.job_name(&id);
    let request = spec.to_request(&id, &job_name, source_uri);
    let fingerprint = fingerprint(&request);
    let request = with_tag(request, tag::FINGERPRINT, &fingerprint);
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
        instance_type: Some(spec.instance_type.as_str().to_owned()),
        instance_count: spec.instance_count,
        spot: spec.max_wait_seconds.is_some(),
        hyperparameters: spec.hyperparameters.clone(),
        price: InstanceTypeInfo::find(spec.instance_type.as_str()).and_then(|it| it.price.clone()),
        created_at: now,
        started_at: None,
        ended_at: None,
        updated_at: now,
        training_seconds: None,
        billable_seconds: None,
        model_artifact: None,
        transitions: Vec::new(),
        final_metrics: Vec::new(),
        source_sha256: Some(source_sha256.to_owned()),
    }
}

fn with_tag(mut request: Value, key: &str, value: &str) -> Value {
    if let Some(tags) = request.get_mut("Tags").and_then(Value::as_array_mut) {
        tags.push(json!({ "Key": key, "Value": value }));
    }
    canonical(&request)
}

/// SHA-256 of what the form asks for, without the run's own id: equal forms have equal hashes.
pub(super) fn content_hash(spec: &JobSpec, source_uri: &str) -> String {
    let nobody = RunId::new(Timestamp::from_unix_micros(0), 0);
    let content = json!({
        "request": spec.to_request(&nobody, &spec.job_name(&nobody), source_uri),
        "experiment": spec.experiment.as_str(),
    });
    hex::encode(Sha256::digest(canonical(&content).to_string().as_bytes()))
}

/// The form's fields by the members of the request that they become.
const FIELDS: [(&str, &str); 13] = [
    ("/AlgorithmSpecification/TrainingImage", "training_image"),
    ("/AlgorithmSpecification/MetricDefinitions", "metric_definitions"),
    ("/RoleArn", "role_arn"),
    ("/OutputDataConfig/S3OutputPath", "output_path"),
    ("/ResourceConfig/InstanceType", "instance_type"),
    ("/ResourceConfig/InstanceCount", "instance_count"),
    ("/ResourceConfig/VolumeSizeInGB", "volume_size_gb"),
    ("/StoppingCondition/MaxRuntimeInSeconds", "max_runtime_seconds"),
    ("/EnableManagedSpotTraining", "spot"),
    ("/StoppingCondition/MaxWaitTimeInSeconds", "max_wait_seconds"),
    ("/Environment", "environment"),
    ("/HyperParameters/sagemaker_program", "entry_point"),
    ("/HyperParameters/sagemaker_submit_directory", "source_file"),
];

/// The form fields in which this spec differs from the run that was launched under its key.
pub(super) fn changed_fields(spec: &JobSpec, source_uri: &str, run: &Run) -> Vec<&'static str> {
    let job_name = spec.job_name(&run.id);
    let now = spec.to_request(&run.id, &run.job_name, source_uri);
    let mut changed = Vec::new();
    if spec.experiment != run.experiment {
        changed.push("experiment");
    }
    // The name's base follows the experiment unless it was typed.
    if job_name != run.job_name && changed.is_empty() {
        changed.push("job_name");
    }
    changed.extend(FIELDS.iter().filter(|(at, _)| now.pointer(at) != run.request.pointer(at)).map(|(_, field)| *field));
    if spec.hyperparameters != run.hyperparameters {
        changed.push("hyperparameters");
    }
    if now.get("CheckpointConfig").is_some() != run.request.get("CheckpointConfig").is_some() {
        changed.push("checkpoints");
    }
    if user_tags(&now) != user_tags(&run.request) {
        changed.push("tags");
    }
    changed
}

fn user_tags(request: &Value) -> Vec<&Value> {
    let is_own = |it: &&Value| it.get("Key").and_then(Value::as_str).is_none_or(|key| !key.starts_with("trainyard:"));
    request.get("Tags").and_then(Value::as_array).into_iter().flatten().filter(is_own).collect()
}
