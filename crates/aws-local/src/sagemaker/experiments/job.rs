//! The trial component of a training job: `<job>-aws-training-job`, made by the job's `ExperimentConfig`.
//!
//! It is there before the job and taken back if the job is refused, so that no job with an `ExperimentConfig` is without
//! its component, whenever the server dies.

use serde_json::{Map, Value, json};

use super::metrics::{Sample, Summary};
use super::not_found;
use super::store::{Entity, JobSource, Kind};
use crate::clock::{now_ms, seconds};
use crate::field;
use crate::job::JobRecord;
use crate::services::Services;
use crate::wire::ApiError;

/// Starts a job by `start`, in the experiment that its request names, if any.
pub(in crate::sagemaker) fn start_in_experiment(
    services: &Services,
    input: &Value,
    job_arn: &str,
    start: impl FnOnce() -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    let config = input.get("ExperimentConfig").and_then(Value::as_object).filter(|config| !config.is_empty());
    let Some(config) = config else { return start() };
    let member = |name: &str| config.get(name).and_then(Value::as_str);
    let job_name = field::text(input, "TrainingJobName").unwrap_or_default();
    let name = component_name(job_name);

    // Held until the job has begun: of two jobs with this name, the one that begins has the component.
    let mut held = services.experiments.hold();
    let mut trial = None;
    if let Some(experiment) = member("ExperimentName") {
        held.get(Kind::Experiment, experiment).ok_or_else(|| not_found(services, Kind::Experiment, experiment))?;
        // "If not specified, a new trial is created."
        trial = Some(member("TrialName").map_or_else(|| format!("{job_name}-aws-trial"), str::to_owned));
    }
    if let Some(named) = member("TrialName") {
        let known = held.get(Kind::Trial, named).ok_or_else(|| not_found(services, Kind::Trial, named))?;
        if let Some(experiment) = member("ExperimentName").filter(|wanted| known.experiment() != Some(wanted)) {
            return Err(ApiError::validation(format!(
                "The trial {named} in ExperimentConfig is not part of the experiment {experiment}."
            )));
        }
        trial = Some(named.to_owned());
    }
    if services.jobs.get(job_name).is_some() {
        return start();
    }
    let mut component = Entity::new(Kind::TrialComponent, &name, now_ms());
    if let Some(display) = member("TrialComponentDisplayName") {
        component.members.insert("DisplayName".to_owned(), display.into());
    }
    component.job = Some(JobSource {
        name: job_name.to_owned(),
        arn: job_arn.to_owned(),
        run_name: member("RunName").map(str::to_owned),
        settled: false,
        metrics: Vec::new(),
    });
    if let Some(trial) = trial {
        if held.get(Kind::Trial, &trial).is_none() {
            let mut made = Entity::new(Kind::Trial, &trial, now_ms());
            made.members.insert("ExperimentName".to_owned(), member("ExperimentName").into());
            held.put(made).map_err(ApiError::internal)?;
        }
        component.trials.insert(trial);
    }
    held.put(component).map_err(ApiError::internal)?;
    if let Err(refused) = start() {
        held.remove(Kind::TrialComponent, &name).map_err(ApiError::internal)?;
        return Err(refused);
    }
    if let Some(mut run) = member("RunName").and_then(|run| held.get(Kind::TrialComponent, run)).cloned() {
        run.sources.insert(job_arn.to_owned());
        held.put(run).map_err(ApiError::internal)?;
    }
    Ok(())
}

fn component_name(job: &str) -> String {
    format!("{job}-aws-training-job")
}

/// Keeps what jobs that are over have left in their components: a job may be deleted, its component stays. May be called
/// at any time, any number of times.
pub(in crate::sagemaker) fn settle(services: &Services) {
    let open: Vec<String> = {
        let held = services.experiments.hold();
        let components = held.list(Kind::TrialComponent);
        let open = components.filter(|component| component.job.as_ref().is_some_and(|job| !job.settled));
        open.map(|component| component.name.clone()).collect()
    };
    for name in open {
        let mut held = services.experiments.hold();
        let Some(mut component) = held.get(Kind::TrialComponent, &name).cloned() else { continue };
        let Some(from) = &mut component.job else { continue };
        match services.jobs.get(&from.name) {
            Some(job) if !job.is_terminal() => continue,
            Some(job) => {
                component.members = laid_over(members(&job), component.members);
                component.modified_at_ms = component.modified_at_ms.max(job.last_modified_ms);
                from.metrics = metrics(services, &job);
            }
            None => {}
        }
        from.settled = true;
        if let Err(error) = held.put(component) {
            tracing::warn!(component = name, %error, "a trial component could not be written");
        }
    }
}

/// What a component says about its job while nobody updates the component.
pub(super) fn members(job: &JobRecord) -> Map<String, Value> {
    let request = &job.request;
    let mut parameters = Map::new();
    for (name, value) in request.get("HyperParameters").and_then(Value::as_object).into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        parameters.insert(
            name.clone(),
            number.map_or_else(|| json!({ "StringValue": text }), |it| json!({ "NumberValue": it })),
        );
    }
    let resources = request.get("ResourceConfig").unwrap_or(&Value::Null);
    if let Some(kind) = field::text(resources, "InstanceType") {
        parameters.insert("SageMaker.InstanceType".to_owned(), json!({ "StringValue": kind }));
    }
    for member in ["InstanceCount", "VolumeSizeInGB"] {
        if let Some(count) = field::integer(resources, member) {
            parameters.insert(format!("SageMaker.{member}"), json!({ "NumberValue": count as f64 }));
        }
    }
    let mut inputs = Map::new();
    if let Some(image) = request.pointer("/AlgorithmSpecification/TrainingImage") {
        inputs.insert("SageMaker.ImageUri".to_owned(), json!({ "Value": image }));
    }
    for channel in field::list(request, "InputDataConfig") {
        if let (Some(name), Some(uri)) =
            (field::text(channel, "ChannelName"), channel.pointer("/DataSource/S3DataSource/S3Uri"))
        {
            let kind = field::text(channel, "ContentType").map(Value::from);
            inputs.insert(name.to_owned(), field::object([("MediaType", kind), ("Value", Some(uri.clone()))]));
        }
    }
    let outputs: Map<String, Value> =
        job.model_artifact.iter().map(|uri| ("SageMaker.ModelArtifact".to_owned(), json!({ "Value": uri }))).collect();
    let message = format!(
        "Status: {}, secondary status: {}, failure reason: {}.",
        job.status,
        job.secondary_status,
        job.failure_reason.as_deref().unwrap_or_default()
    );
    let message: String = message.chars().take(1024).collect();
    let mut members = Map::new();
    members.insert("Status".to_owned(), json!({ "PrimaryStatus": job.status, "Message": message }));
    members.extend(job.started_at_ms.map(|at| ("StartTime".to_owned(), json!(seconds(at)))));
    members.extend(job.ended_at_ms.map(|at| ("EndTime".to_owned(), json!(seconds(at)))));
    members.insert("Parameters".to_owned(), parameters.into());
    members.insert("InputArtifacts".to_owned(), inputs.into());
    members.insert("OutputArtifacts".to_owned(), outputs.into());
    members
}

/// Summaries of the job's algorithm metrics.
pub(super) fn metrics(services: &Services, job: &JobRecord) -> Vec<Value> {
    let mut summaries = std::collections::BTreeMap::<String, Summary>::new();
    for sample in services.jobs.metrics_read(&job.name, 0) {
        if sample.dimension.0 == "TrainingJobName" {
            let value = Sample { at_ms: sample.at_ms, step: None, value: sample.value };
            summaries.entry(sample.metric).or_default().add(&value);
        }
    }
    summaries.iter().map(|(metric, summary)| summary.to_json(metric, &job.arn)).collect()
}

/// The job's members, with what was written into the component on top; maps are merged.
pub(super) fn laid_over(mut below: Map<String, Value>, above: Map<String, Value>) -> Map<String, Value> {
    for (name, value) in above {
        match (below.get_mut(&name), value) {
            (Some(Value::Object(under)), Value::Object(over)) if name != "Status" => under.extend(over),
            (_, value) => {
                below.insert(name, value);
            }
        }
    }
    below
}
