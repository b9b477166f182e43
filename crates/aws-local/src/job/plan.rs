//! The part of a CreateTrainingJob request that this engine acts on, parsed once.
//!
//! Requests come validated against SageMaker's model, so what is wrong here is what this engine cannot do; the message
//! becomes a `ClientError: ...` `FailureReason`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::channel::Channel;
use super::objects::S3Uri;

/// More hosts than this on one machine help nobody.
const HOSTS_MAX: u64 = 32;

/// What to run, with what, on how many hosts, for how long.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) hyperparameters: BTreeMap<String, String>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) image: String,
    pub(super) entrypoint: Vec<String>,
    pub(super) arguments: Vec<String>,
    /// (metric name, regular expression), as sent.
    pub(super) metric_definitions: Vec<(String, String)>,
    pub(super) channels: Vec<Channel>,
    pub(super) output: S3Uri,
    /// OutputDataConfig.CompressionType is not NONE.
    pub(super) output_is_compressed: bool,
    pub(super) groups: Vec<InstanceGroup>,
    pub(super) volume_bytes: u64,
    pub(super) max_runtime: Duration,
    pub(super) max_wait: Option<Duration>,
    pub(super) spot: bool,
    pub(super) checkpoints: Option<Checkpoints>,
    /// Folders that are copied to S3 while the job runs: TensorBoard's and the debugger's.
    pub(super) live_outputs: Vec<LiveOutput>,
    pub(super) network_isolation: bool,
}

/// Hosts of one kind; an ordinary job has one group named `homogeneousCluster`.
#[derive(Debug, Clone)]
pub(super) struct InstanceGroup {
    pub(super) name: String,
    pub(super) instance_type: String,
    /// `algo-<n>` names.
    pub(super) hosts: Vec<String>,
}

/// `CheckpointConfig`.
#[derive(Debug, Clone)]
pub(super) struct Checkpoints {
    pub(super) uri: S3Uri,
    /// Below `/opt/ml`.
    pub(super) below_opt_ml: PathBuf,
}

/// A folder below `/opt/ml` whose files appear below `<uri>/<job name>/<name>` as they are written.
#[derive(Debug, Clone)]
pub(super) struct LiveOutput {
    pub(super) uri: S3Uri,
    pub(super) below_opt_ml: PathBuf,
    pub(super) name: &'static str,
}

impl Plan {
    pub(super) fn parse(request: &Value) -> Result<Plan, String> {
        let algorithm = &request["AlgorithmSpecification"];
        let default_mode = algorithm["TrainingInputMode"].as_str().unwrap_or("File");
        let resources = &request["ResourceConfig"];
        let stopping = &request["StoppingCondition"];
        let max_runtime = stopping["MaxRuntimeInSeconds"].as_u64().unwrap_or(86_400);
        let volume_gb = resources["VolumeSizeInGB"].as_u64().unwrap_or(30).max(1);
        let output = text(&request["OutputDataConfig"]["S3OutputPath"]);
        let output_compression = request["OutputDataConfig"]["CompressionType"].as_str();
        let groups = parse_groups(resources)?;
        let channels: Vec<Channel> = list(&request["InputDataConfig"])
            .iter()
            .map(|channel| Channel::parse(channel, default_mode))
            .collect::<Result<_, _>>()?;
        for channel in &channels {
            if let Some(name) = channel.groups.iter().find(|name| groups.iter().all(|group| group.name != **name)) {
                return Err(format!(
                    "channel {} is for the instance group {name}, which the job does not have",
                    channel.name
                ));
            }
        }
        Ok(Plan {
            hyperparameters: text_map(&request["HyperParameters"]),
            environment: text_map(&request["Environment"]),
            image: text(&algorithm["TrainingImage"]),
            entrypoint: text_list(&algorithm["ContainerEntrypoint"]),
            arguments: text_list(&algorithm["ContainerArguments"]),
            metric_definitions: list(&algorithm["MetricDefinitions"])
                .iter()
                .map(|definition| (text(&definition["Name"]), text(&definition["Regex"])))
                .collect(),
            channels,
            output: S3Uri::parse(&output)?,
            output_is_compressed: output_compression != Some("NONE"),
            groups,
            volume_bytes: volume_gb.saturating_mul(1 << 30),
            max_runtime: Duration::from_secs(max_runtime),
            max_wait: stopping["MaxWaitTimeInSeconds"].as_u64().map(Duration::from_secs),
            spot: request["EnableManagedSpotTraining"].as_bool().unwrap_or(false),
            checkpoints: parse_checkpoints(&request["CheckpointConfig"])?,
            live_outputs: parse_live_outputs(request)?,
            network_isolation: request["EnableNetworkIsolation"].as_bool().unwrap_or(false),
        })
    }

    /// The channels that hosts of this group get.
    pub(super) fn channels_of(&self, group: &InstanceGroup) -> impl Iterator<Item = &Channel> {
        self.channels.iter().filter(move |channel| channel.is_for(&group.name))
    }

    /// All hosts, `algo-1` first.
    pub(super) fn hosts(&self) -> impl Iterator<Item = (&InstanceGroup, &str)> {
        self.groups.iter().flat_map(|group| group.hosts.iter().map(move |host| (group, host.as_str())))
    }
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn text_list(value: &Value) -> Vec<String> {
    list(value).iter().map(text).collect()
}

fn text_map(value: &Value) -> BTreeMap<String, String> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), text(value))).collect()
}

fn parse_groups(resources: &Value) -> Result<Vec<InstanceGroup>, String> {
    let mut wanted: Vec<(String, String, u64)> = list(&resources["InstanceGroups"])
        .iter()
        .map(|group| {
            let count = group["InstanceCount"].as_u64().unwrap_or(1);
            (text(&group["InstanceGroupName"]), text(&group["InstanceType"]), count)
        })
        .collect();
    if wanted.is_empty() {
        let count = resources["InstanceCount"].as_u64().unwrap_or(1);
        wanted.push(("homogeneousCluster".to_owned(), text(&resources["InstanceType"]), count));
    }
    let total: u64 = wanted.iter().map(|(_, _, count)| *count).fold(0, u64::saturating_add);
    if total == 0 || total > HOSTS_MAX {
        return Err(format!("{total} instances were asked for; the local engine runs 1 to {HOSTS_MAX} for one job"));
    }
    let mut number = 0_u64;
    let mut groups = Vec::new();
    for (name, instance_type, count) in wanted {
        let hosts = (number + 1..=number + count).map(|n| format!("algo-{n}")).collect();
        number += count;
        groups.push(InstanceGroup { name, instance_type, hosts });
    }
    Ok(groups)
}

fn parse_checkpoints(config: &Value) -> Result<Option<Checkpoints>, String> {
    if !config.is_object() {
        return Ok(None);
    }
    let below_opt_ml = local_path(config, "CheckpointConfig", "/opt/ml/checkpoints")?;
    Ok(Some(Checkpoints { uri: S3Uri::parse(&text(&config["S3Uri"]))?, below_opt_ml }))
}

/// The names of the folders in S3 are those that the SageMaker Python SDK looks for.
fn parse_live_outputs(request: &Value) -> Result<Vec<LiveOutput>, String> {
    let mut outputs = Vec::new();
    for (member, default, name) in [
        ("TensorBoardOutputConfig", "/opt/ml/output/tensorboard", "tensorboard-output"),
        ("DebugHookConfig", "/opt/ml/output/tensors", "debug-output"),
    ] {
        let config = &request[member];
        if config.is_object() {
            let uri = S3Uri::parse(&text(&config["S3OutputPath"]))?;
            outputs.push(LiveOutput { uri, below_opt_ml: local_path(config, member, default)?, name });
        }
    }
    Ok(outputs)
}

fn local_path(config: &Value, member: &str, default: &str) -> Result<PathBuf, String> {
    let local = config["LocalPath"].as_str().unwrap_or(default).trim_end_matches('/');
    let below = local.strip_prefix("/opt/ml/").filter(|below| {
        !below.is_empty() && below.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
    });
    below
        .map(PathBuf::from)
        .ok_or_else(|| format!("{member}.LocalPath is {local}; the local engine keeps such folders below /opt/ml"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Plan;

    #[test]
    fn hosts_are_numbered_across_groups() {
        let plan = Plan::parse(&json!({
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/runs"},
            "ResourceConfig": {"InstanceGroups": [
                {"InstanceGroupName": "a", "InstanceType": "ml.m5.large", "InstanceCount": 1},
                {"InstanceGroupName": "b", "InstanceType": "ml.c5.large", "InstanceCount": 2}]},
        }))
        .expect("a plan");
        let hosts: Vec<_> = plan.hosts().map(|(group, host)| format!("{}/{host}", group.name)).collect();
        assert_eq!(hosts, ["a/algo-1", "b/algo-2", "b/algo-3"]);
        assert_eq!(plan.max_runtime.as_secs(), 86_400);
    }

    #[test]
    fn what_this_engine_cannot_do_is_said() {
        let refused = |change: serde_json::Value| {
            let mut request = json!({"OutputDataConfig": {"S3OutputPath": "s3://bucket/runs"}});
            for (key, value) in change.as_object().expect("an object") {
                request[key] = value.clone();
            }
            Plan::parse(&request).expect_err("refused")
        };
        assert!(refused(json!({"ResourceConfig": {"InstanceCount": 1000}})).contains("1000"));
        let path = refused(json!({"CheckpointConfig": {"S3Uri": "s3://bucket/c", "LocalPath": "/opt/ml/../x"}}));
        assert!(path.contains("LocalPath"), "{path}");
    }
}
