//! CreateTrainingJob: the rules between members that the model does not hold, then the job host.
//!
//! Only the name's uniqueness is decided by the job host, atomically. Where the wording of the service is not publicly
//! attested, the message names the member and the cure.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::tags::tags_of;
use super::{experiments, job_arn, job_error};
use crate::field;
use crate::s3::lookup;
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};

/// 28 days: the most that a training job may run.
const MAX_RUNTIME_SECONDS: i64 = 28 * 24 * 3600;

/// Families of training instances that have storage of their own, on `NVMe` drives:
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/InstanceStorage.html>.
const LOCAL_STORAGE: [&str; 19] = [
    "g4dn",
    "g5",
    "g6",
    "g6e",
    "g7",
    "g7e",
    "p3dn",
    "p4d",
    "p4de",
    "p5",
    "p5e",
    "p5en",
    "p6-b200",
    "p6-b300",
    "p6e-gb200",
    "r5d",
    "trn1",
    "trn1n",
    "trn2",
];

pub(super) fn create_training_job(services: &Services, input: &Value) -> ApiResult {
    check(services, input)?;
    let tags = tags_of(input)?;
    let name = field::text(input, "TrainingJobName").unwrap_or_default();
    let arn = job_arn(services, name);
    let _admission = services.quotas.admit(&services.jobs, input)?;
    let start = || services.jobs.start(name, &arn, input, &tags).map_err(job_error);
    experiments::start_in_experiment(services, input, &arn, start)?;
    tracing::info!(job.name = name, "training job created");
    Ok(json!({ "TrainingJobArn": arn }))
}

/// Refuses what could not become a training job; nothing is started.
pub(super) fn check(services: &Services, input: &Value) -> Result<(), ApiError> {
    algorithm(input)?;
    resources(input)?;
    stopping(input)?;
    channels(services, input)
}

fn refuse(message: impl Into<String>) -> Result<(), ApiError> {
    Err(ApiError::validation(message))
}

/// The model made these members optional when serverless jobs came; ordinary jobs need them as ever.
fn required<'a>(input: &'a Value, name: &str) -> Result<&'a Value, ApiError> {
    input.get(name).ok_or_else(|| {
        let mut chars = name.chars();
        let path: String = chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect();
        ApiError::validation(format!(
            "1 validation error detected: Value null at '{path}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

fn algorithm(input: &Value) -> Result<(), ApiError> {
    if input.get("ServerlessJobConfig").is_some() {
        return refuse(
            "ServerlessJobConfig is not supported by the local endpoint: serverless jobs need models that only AWS has.",
        );
    }
    let algorithm = required(input, "AlgorithmSpecification")?;
    if algorithm.pointer("/TrainingImageConfig/TrainingRepositoryAccessMode").and_then(Value::as_str) == Some("Vpc")
        && input.get("VpcConfig").is_none()
    {
        return refuse("TrainingRepositoryAccessMode Vpc in TrainingImageConfig requires a VpcConfig.");
    }
    match (algorithm.get("TrainingImage"), algorithm.get("AlgorithmName")) {
        (Some(_), Some(_)) | (None, None) => {
            return refuse(
                "You must specify exactly one of TrainingImage and AlgorithmName in AlgorithmSpecification.",
            );
        }
        _ => {}
    }
    let mut names = HashSet::new();
    for definition in field::list(algorithm, "MetricDefinitions") {
        let name = field::text(definition, "Name").unwrap_or_default();
        let regex = field::text(definition, "Regex").unwrap_or_default();
        if !names.insert(name) {
            return refuse(format!("The metric definition {name:?} is given more than once in MetricDefinitions."));
        }
        match regex::Regex::new(regex) {
            Ok(compiled) if compiled.captures_len() < 2 => {
                return refuse(format!(
                    "The regex {regex:?} of the metric {name:?} has no capture group; one group must capture the metric's value."
                ));
            }
            Ok(_) => {}
            Err(error) => {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default();
                return refuse(format!("The regex {regex:?} of the metric {name:?} is invalid: {reason}"));
            }
        }
    }
    Ok(())
}

fn resources(input: &Value) -> Result<(), ApiError> {
    let resources = required(input, "ResourceConfig")?;
    let has = |name: &str| resources.get(name).is_some();
    let ways =
        usize::from(has("InstanceType")) + usize::from(has("InstanceGroups")) + usize::from(has("InstancePreferences"));
    if ways != 1 {
        return refuse(
            "You must specify exactly one of InstanceType with InstanceCount, InstanceGroups, and InstancePreferences in \
             ResourceConfig.",
        );
    }
    if has("InstanceType") && field::integer(resources, "InstanceCount").is_none_or(|count| count < 1) {
        return refuse("InstanceCount must be at least 1 when InstanceType is specified in ResourceConfig.");
    }
    if has("InstanceGroups") && (has("InstanceCount") || field::list(resources, "InstanceGroups").is_empty()) {
        return refuse("InstanceGroups must hold at least one group, and excludes InstanceCount in ResourceConfig.");
    }
    let mut groups = HashSet::new();
    for group in field::list(resources, "InstanceGroups") {
        let name = field::text(group, "InstanceGroupName").unwrap_or_default();
        if !groups.insert(name) {
            return refuse(format!("The instance group name {name:?} is used more than once."));
        }
        if field::integer(group, "InstanceCount").is_none_or(|count| count < 1) {
            return refuse(format!("InstanceCount of the instance group {name:?} must be at least 1."));
        }
    }
    volume_key(resources)?;
    let spot = field::boolean(input, "EnableManagedSpotTraining") == Some(true);
    if has("InstancePreferences") {
        if spot || has("InstancePlacementConfig") {
            return refuse("InstancePreferences excludes EnableManagedSpotTraining and InstancePlacementConfig.");
        }
        let mut types = HashSet::new();
        for preference in field::list(resources, "InstancePreferences") {
            let kind = field::text(preference, "InstanceType").unwrap_or_default();
            if !types.insert(kind) {
                return refuse(format!("The instance type {kind} is given more than once in InstancePreferences."));
            }
            let count = field::integer(preference, "InstanceCount");
            if count.is_some() == has("InstanceCount") {
                return refuse(
                    "Give InstanceCount either for every entry of InstancePreferences or once in ResourceConfig.",
                );
            }
        }
    }
    let planned = has("TrainingPlanArn");
    if planned && spot {
        return refuse("TrainingPlanArn in ResourceConfig excludes EnableManagedSpotTraining.");
    }
    let plans_of_preferences =
        field::list(resources, "InstancePreferences").iter().any(|one| one.get("TrainingPlanArns").is_some());
    if planned && plans_of_preferences {
        return refuse("Give training plans either in InstancePreferences or as TrainingPlanArn in ResourceConfig.");
    }
    if field::integer(resources, "KeepAlivePeriodInSeconds").is_some_and(|seconds| seconds > 0)
        && (spot || has("InstanceGroups"))
    {
        return refuse(
            "KeepAlivePeriodInSeconds (a warm pool) is not available with managed spot training or InstanceGroups.",
        );
    }
    Ok(())
}

/// A module of the instance encrypts its local storage, with a key of its own.
fn volume_key(resources: &Value) -> Result<(), ApiError> {
    if resources.get("VolumeKmsKeyId").is_none() {
        return Ok(());
    }
    let (groups, preferences) =
        (field::list(resources, "InstanceGroups"), field::list(resources, "InstancePreferences"));
    let all = std::iter::once(resources).chain(groups).chain(preferences);
    let local = all
        .filter_map(|it| field::text(it, "InstanceType"))
        .find(|kind| kind.split('.').nth(1).is_some_and(|family| LOCAL_STORAGE.contains(&family)));
    local.map_or(Ok(()), |kind| {
        refuse(format!(
            "VolumeKmsKeyId in ResourceConfig is not available with {kind}: its local storage is encrypted by the instance."
        ))
    })
}

fn stopping(input: &Value) -> Result<(), ApiError> {
    let stopping = required(input, "StoppingCondition")?;
    // The service's default, one day.
    let runtime = field::integer(stopping, "MaxRuntimeInSeconds").unwrap_or(86_400);
    if runtime > MAX_RUNTIME_SECONDS {
        return refuse(format!("MaxRuntimeInSeconds must not be longer than 28 days ({MAX_RUNTIME_SECONDS} seconds)."));
    }
    let spot = field::boolean(input, "EnableManagedSpotTraining") == Some(true);
    match (spot, field::integer(stopping, "MaxWaitTimeInSeconds")) {
        (true, None) => refuse(
            "MaxWaitTimeInSeconds must be specified in StoppingCondition when EnableManagedSpotTraining is true.",
        ),
        (true, Some(wait)) if wait < runtime => refuse(format!(
            "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds ({runtime})."
        )),
        (false, Some(_)) => refuse(
            "MaxWaitTimeInSeconds must only be specified when EnableManagedSpotTraining is true; leave it out of StoppingCondition.",
        ),
        _ => Ok(()),
    }
}

fn channels(services: &Services, input: &Value) -> Result<(), ApiError> {
    let groups: Vec<&str> = field::list(&input["ResourceConfig"], "InstanceGroups")
        .iter()
        .filter_map(|group| field::text(group, "InstanceGroupName"))
        .collect();
    let default_mode = field::text(&input["AlgorithmSpecification"], "TrainingInputMode").unwrap_or("File");
    let mut assigned = 0;
    let mut names = HashSet::new();
    for channel in field::list(input, "InputDataConfig") {
        let name = field::text(channel, "ChannelName").unwrap_or_default();
        if !names.insert(name) {
            return refuse(format!("The channel name {name:?} is used more than once in InputDataConfig."));
        }
        let source = channel.get("DataSource").unwrap_or(&Value::Null);
        let Some(s3) = source.get("S3DataSource") else {
            return refuse(format!(
                "The channel {name:?} must have an S3DataSource: file systems and data sets of AWS are not there locally."
            ));
        };
        let mode = field::text(channel, "InputMode").unwrap_or(default_mode);
        if mode == "FastFile" && field::text(s3, "S3DataType") != Some("S3Prefix") {
            return refuse(format!(
                "The channel {name:?} must have the S3DataType S3Prefix, because its mode is FastFile."
            ));
        }
        for member in ["CompressionType", "RecordWrapperType"] {
            if mode != "Pipe" && field::text(channel, member).is_some_and(|value| value != "None") {
                return refuse(format!("{member} of the channel {name:?} must be None, because its mode is {mode}."));
            }
        }
        let wanted = field::list(s3, "InstanceGroupNames");
        if let Some(unknown) = wanted.iter().filter_map(Value::as_str).find(|wanted| !groups.contains(wanted)) {
            return refuse(format!("The instance group {unknown:?} of the channel {name:?} is not in InstanceGroups."));
        }
        assigned += usize::from(!wanted.is_empty());
        prefix_has_objects(services, input, field::text(s3, "S3Uri").unwrap_or_default())?;
    }
    if assigned != 0 && assigned != names.len() {
        return refuse("InstanceGroupNames must be given for every channel of InputDataConfig or for none.");
    }
    Ok(())
}

fn prefix_has_objects(services: &Services, input: &Value, uri: &str) -> Result<(), ApiError> {
    let (bucket, prefix) =
        lookup::split(uri).ok_or_else(|| ApiError::validation(format!("The S3 URI {uri:?} is not valid.")))?;
    if lookup::has_objects(&services.s3_root, bucket, prefix) {
        return Ok(());
    }
    let role = field::text(input, "RoleArn").unwrap_or_default();
    refuse(format!(
        "No S3 objects found under S3 URL \"{uri}\" given in input data source. Please ensure that the bucket exists in the \
         selected region ({}), that objects exist under that S3 prefix, and that the role \"{role}\" has \"s3:ListBucket\" \
         permissions on bucket \"{bucket}\".",
        services.region
    ))
}
