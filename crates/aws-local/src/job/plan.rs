//! The part of a CreateTrainingJob request that this engine acts on, parsed once.
//!
//! Requests come validated against SageMaker's model, so what is wrong here is what this engine cannot do; the message
//! becomes a `ClientError: ...` `FailureReason`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

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

/// One entry of `InputDataConfig`.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) source: S3Uri,
    pub(super) is_manifest: bool,
    pub(super) is_sharded: bool,
    pub(super) content_type: Option<String>,
    pub(super) input_mode: String,
    pub(super) record_wrapper: String,
}

/// `CheckpointConfig`.
#[derive(Debug, Clone)]
pub(super) struct Checkpoints {
    pub(super) uri: S3Uri,
    /// Below `/opt/ml`.
    pub(super) below_opt_ml: PathBuf,
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
            channels: list(&request["InputDataConfig"])
                .iter()
                .map(|channel| parse_channel(channel, default_mode))
                .collect::<Result<_, _>>()?,
            output: S3Uri::parse(&output)?,
            output_is_compressed: output_compression != Some("NONE"),
            groups: parse_groups(resources)?,
            volume_bytes: volume_gb.saturating_mul(1 << 30),
            max_runtime: Duration::from_secs(max_runtime),
            max_wait: stopping["MaxWaitTimeInSeconds"].as_u64().map(Duration::from_secs),
            spot: request["EnableManagedSpotTraining"].as_bool().unwrap_or(false),
            checkpoints: parse_checkpoints(&request["CheckpointConfig"])?,
            network_isolation: request["EnableNetworkIsolation"].as_bool().unwrap_or(false),
        })
    }

    /// All hosts, `algo-1` first.
    pub(super) fn hosts(&self) -> impl Iterator<Item = (&InstanceGroup, &str)> {
        self.groups.iter().flat_map(|group| group.hosts.iter().map(move |host| (group, host.as_str())))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text_list(value: &Value) -> Vec<String> {
    list(value).iter().map(text).collect()
}

fn text_map(value: &Value) -> BTreeMap<String, String> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), text(value))).collect()
}

fn parse_channel(channel: &Value, default_mode: &str) -> Result<Channel, String> {
    let name = text(&channel["ChannelName"]);
    let is_name = !name.is_empty()
        && name.len() <= 64
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !is_name {
        return Err(format!("{name:?} is not a channel name"));
    }
    let input_mode = channel["InputMode"].as_str().unwrap_or(default_mode).to_owned();
    if !matches!(input_mode.as_str(), "File" | "FastFile") {
        return Err(format!(
            "channel {name} uses input mode {input_mode}; the local engine offers File and FastFile (as files)"
        ));
    }
    let source = &channel["DataSource"]["S3DataSource"];
    if !source.is_object() {
        return Err(format!("channel {name} does not read from S3; the local engine reads channels from S3 only"));
    }
    let kind = source["S3DataType"].as_str().unwrap_or("S3Prefix");
    if !matches!(kind, "S3Prefix" | "ManifestFile") {
        return Err(format!("channel {name} has S3DataType {kind}; the local engine reads S3Prefix and ManifestFile"));
    }
    Ok(Channel {
        source: S3Uri::parse(&text(&source["S3Uri"]))?,
        is_manifest: kind == "ManifestFile",
        is_sharded: source["S3DataDistributionType"] == "ShardedByS3Key",
        content_type: channel["ContentType"].as_str().map(str::to_owned),
        record_wrapper: channel["RecordWrapperType"].as_str().unwrap_or("None").to_owned(),
        input_mode,
        name,
    })
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
    let local = config["LocalPath"].as_str().unwrap_or("/opt/ml/checkpoints").trim_end_matches('/');
    let below = local.strip_prefix("/opt/ml/").filter(|below| {
        !below.is_empty() && below.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
    });
    let Some(below) = below else {
        return Err(format!("CheckpointConfig.LocalPath is {local}; the local engine keeps checkpoints below /opt/ml"));
    };
    Ok(Some(Checkpoints { uri: S3Uri::parse(&text(&config["S3Uri"]))?, below_opt_ml: PathBuf::from(below) }))
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
        let source = json!({"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/x"}});
        let pipe = refused(json!({"InputDataConfig": [
            {"ChannelName": "train", "InputMode": "Pipe", "DataSource": source}]}));
        assert!(pipe.contains("Pipe"), "{pipe}");
        let hostile = refused(json!({"InputDataConfig": [{"ChannelName": "..", "DataSource": source}]}));
        assert!(hostile.contains("channel name"), "{hostile}");
        assert!(refused(json!({"ResourceConfig": {"InstanceCount": 1000}})).contains("1000"));
        let path = refused(json!({"CheckpointConfig": {"S3Uri": "s3://bucket/c", "LocalPath": "/opt/ml/../x"}}));
        assert!(path.contains("LocalPath"), "{path}");
    }
}
