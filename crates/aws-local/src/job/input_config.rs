//! The three files of `/opt/ml/input/config`, and the environment of a job.
//!
//! Sources: a real `resourceconfig.json` of 2025-12; environment variables of sagemaker-training toolkit 5.1.4. The
//! toolkit spells `SM_HP_LEARNING-RATE`, the SDK's newer drivers `SM_HP_LEARNING_RATE`; both are set.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use serde_json::{Map, Value, json};

use super::place::Place;
use super::plan::{InstanceGroup, Plan};
use super::program::Parameters;
use super::python_text::{to_environment, to_json};
use super::training_env;
use crate::signature::AccessKey;

/// The network interface on which the hosts of a job find each other: all are on this machine.
const NETWORK_INTERFACE: &str = "lo";

pub(super) fn resource_config(plan: &Plan, group: &InstanceGroup, host: &str) -> Value {
    let hosts: Vec<&str> = plan.hosts().map(|(_, host)| host).collect();
    let groups: Vec<Value> = plan
        .groups
        .iter()
        .map(|group| {
            json!({
                "hosts": group.hosts,
                "instance_group_name": group.name,
                "instance_type": group.instance_type,
            })
        })
        .collect();
    json!({
        "current_group_name": group.name,
        "current_host": host,
        "current_instance_type": group.instance_type,
        "hosts": hosts,
        "instance_groups": groups,
        "network_interface_name": NETWORK_INTERFACE,
        "topology": null,
    })
}

pub(super) fn input_data_config(plan: &Plan, group: &InstanceGroup) -> Value {
    let mut channels = Map::new();
    for channel in plan.channels_of(group) {
        let distribution = if channel.is_sharded { "ShardedByS3Key" } else { "FullyReplicated" };
        let mut entry = json!({
            "TrainingInputMode": channel.input_mode.name(),
            "S3DistributionType": distribution,
            "RecordWrapperType": if channel.is_record_io { "RecordIO" } else { "None" },
        });
        if let Some(content_type) = &channel.content_type {
            entry["ContentType"] = json!(content_type);
        }
        channels.insert(channel.name.clone(), entry);
    }
    Value::Object(channels)
}

/// Writes the configuration files of a host.
pub(super) fn write(place: &Place, plan: &Plan, group: &InstanceGroup, host: &str) -> io::Result<()> {
    let files = [
        ("hyperparameters.json", json!(plan.hyperparameters)),
        ("inputdataconfig.json", input_data_config(plan, group)),
        ("resourceconfig.json", resource_config(plan, group, host)),
    ];
    for (name, value) in files {
        fs::write(place.ml().join("input/config").join(name), to_json(&value))?;
    }
    Ok(())
}

/// Facts about a job that its environment tells.
pub(super) struct About<'a> {
    pub(super) name: &'a str,
    pub(super) arn: &'a str,
    pub(super) region: &'a str,
    pub(super) endpoint_url: Option<&'a str>,
    pub(super) access_key: Option<&'a AccessKey>,
    /// Of script mode.
    pub(super) entry_point: Option<&'a str>,
}

/// The environment of a host's command, without `PATH`. Nothing of the server's own environment is in it.
pub(super) fn environment(
    about: &About<'_>,
    place: &Place,
    plan: &Plan,
    parameters: &Parameters,
    group: &InstanceGroup,
    host: &str,
) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let mut set = |name: &str, value: String| variables.insert(name.to_owned(), value);
    set("HOME", place.seen_tmp("home").display().to_string());
    set("TMPDIR", place.seen_tmp("").display().to_string());
    set("LANG", "C.UTF-8".to_owned());
    set("PYTHONUNBUFFERED", "1".to_owned());
    set("PYTHONIOENCODING", "UTF-8".to_owned());
    set("PYTHONDONTWRITEBYTECODE", "1".to_owned());
    set("TRAINING_JOB_NAME", about.name.to_owned());
    set("TRAINING_JOB_ARN", about.arn.to_owned());
    set("AWS_REGION", about.region.to_owned());
    set("AWS_DEFAULT_REGION", about.region.to_owned());
    if let Some(url) = about.endpoint_url {
        let (id, secret) = about.access_key.map_or(("local", "local"), |key| (&key.id, &key.secret));
        set("AWS_ENDPOINT_URL", url.to_owned());
        set("AWS_ACCESS_KEY_ID", id.to_owned());
        set("AWS_SECRET_ACCESS_KEY", secret.to_owned());
    }
    if place.isolation == super::IsolationLevel::Plain {
        set("SAGEMAKER_BASE_DIR", place.seen_ml("").display().to_string());
    }
    for (name, value) in sm_values(about, place, plan, parameters, group, host) {
        set(&format!("SM_{name}"), to_environment(&value));
    }
    for (name, value) in &parameters.user {
        let name = name.to_uppercase();
        set(&format!("SM_HP_{name}"), to_environment(value));
        set(&format!("SM_HP_{}", name.replace('-', "_")), to_environment(value));
    }
    for channel in plan.channels_of(group) {
        let path = place.seen_ml(format!("input/data/{}", channel.name));
        set(&format!("SM_CHANNEL_{}", channel.name.to_uppercase()), path.display().to_string());
    }
    variables.extend(plan.environment.iter().map(|(name, value)| (name.clone(), value.clone())));
    variables.retain(|name, value| !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0'));
    variables
}

fn sm_values(
    about: &About<'_>,
    place: &Place,
    plan: &Plan,
    parameters: &Parameters,
    group: &InstanceGroup,
    host: &str,
) -> Vec<(&'static str, Value)> {
    let path = |below: &str| json!(place.seen_ml(below).display().to_string());
    let resources = resource_config(plan, group, host);
    let mut channels: Vec<&str> = plan.channels_of(group).map(|channel| channel.name.as_str()).collect();
    channels.sort_unstable();
    let hosts = resources["hosts"].clone();
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    let gpus = fs::read_dir("/proc/driver/nvidia/gpus").map_or(0, Iterator::count);
    let entry_point = about.entry_point.unwrap_or_default();
    let module = entry_point.strip_suffix(".py").unwrap_or(entry_point);
    let module_dir = parameters.framework.get("sagemaker_submit_directory").cloned().unwrap_or(path("code"));
    let rank = hosts.as_array().and_then(|hosts| hosts.iter().position(|name| name == host)).unwrap_or(0);
    let mut groups = Map::new();
    for entry in resources["instance_groups"].as_array().into_iter().flatten() {
        groups.insert(entry["instance_group_name"].as_str().unwrap_or_default().to_owned(), entry.clone());
    }
    let framework: Map<String, Value> = parameters.additional_framework_parameters();
    let distribution_groups = framework.get("sagemaker_distribution_instance_groups").cloned().unwrap_or_else(|| {
        let is_distributed = DISTRIBUTIONS.iter().any(|name| framework.get(*name).is_some_and(is_true));
        if is_distributed { json!([group.name]) } else { json!([]) }
    });
    let log_level = parameters.framework.get("sagemaker_container_log_level").cloned().unwrap_or(json!(20));
    let mut values = vec![
        ("HOSTS", hosts),
        ("HOST_COUNT", json!(plan.hosts().count())),
        ("CURRENT_HOST", json!(host)),
        ("CURRENT_HOST_RANK", json!(rank)),
        ("MASTER_ADDR", json!("algo-1")),
        ("MASTER_PORT", json!(7777)),
        ("CURRENT_INSTANCE_TYPE", json!(group.instance_type)),
        ("CURRENT_INSTANCE_GROUP", json!(group.name)),
        ("CURRENT_INSTANCE_GROUP_HOSTS", json!(group.hosts)),
        ("INSTANCE_GROUPS", json!(groups.keys().collect::<Vec<_>>())),
        ("INSTANCE_GROUPS_DICT", Value::Object(groups)),
        ("DISTRIBUTION_INSTANCE_GROUPS", distribution_groups),
        ("IS_HETERO", json!(plan.groups.len() > 1)),
        ("NETWORK_INTERFACE_NAME", json!(NETWORK_INTERFACE)),
        ("RESOURCE_CONFIG", resources),
        ("INPUT_DATA_CONFIG", input_data_config(plan, group)),
        ("CHANNELS", json!(channels)),
        ("HPS", Value::Object(parameters.user.clone())),
        ("FRAMEWORK_PARAMS", Value::Object(framework)),
        ("USER_ARGS", json!(parameters.arguments())),
        ("USER_ENTRY_POINT", json!(entry_point)),
        ("MODULE_NAME", json!(module)),
        ("MODULE_DIR", module_dir),
        ("FRAMEWORK_MODULE", Value::Null),
        ("LOG_LEVEL", log_level),
        ("INPUT_DIR", path("input")),
        ("INPUT_DATA_DIR", path("input/data")),
        ("INPUT_CONFIG_DIR", path("input/config")),
        ("OUTPUT_DIR", path("output")),
        ("OUTPUT_DATA_DIR", path("output/data")),
        ("OUTPUT_INTERMEDIATE_DIR", path("output/intermediate")),
        ("OUTPUT_FAILURE", path("output/failure")),
        ("MODEL_DIR", path("model")),
        ("NUM_CPUS", json!(cpus)),
        ("NUM_GPUS", json!(gpus)),
        ("NUM_NEURONS", json!(0)),
    ];
    values.push(("TRAINING_ENV", training_env::of(&values, about, plan, place, group)));
    values
}

/// Kinds of distributed training of the toolkit, each of which takes the job's own group as its instance group.
const DISTRIBUTIONS: [&str; 7] = [
    "sagemaker_mpi_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_distributed_dataparallel_enabled",
    "sagemaker_pytorch_ddp_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
    "sagemaker_torch_distributed_enabled",
];

/// What Python takes for true.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(is) => *is,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(entries) => !entries.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{About, environment, input_data_config, resource_config};
    use crate::job::IsolationLevel;
    use crate::job::place::Place;
    use crate::job::plan::Plan;
    use crate::job::program::Parameters;
    use crate::job::python_text::to_json;

    fn plan() -> Plan {
        Plan::parse(&json!({
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/runs"},
            "HyperParameters": {"learning-rate": "0.1", "s": "\"abc\"", "sagemaker_program": "train.py"},
            "Environment": {"A": "b", "SM_HP_S": "mine"},
            "ResourceConfig": {"InstanceType": "ml.c5.xlarge", "InstanceCount": 1},
            "InputDataConfig": [{"ChannelName": "train", "ContentType": "text/csv", "DataSource": {
                "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train"}}}],
        }))
        .expect("a plan")
    }

    #[test]
    fn config_files_are_as_sagemaker_writes_them() {
        let plan = plan();
        let text = to_json(&resource_config(&plan, &plan.groups[0], "algo-1"));
        let real = r#"{"current_group_name":"homogeneousCluster","current_host":"algo-1","current_instance_type":"ml.c5.xlarge","hosts":["algo-1"],"instance_groups":[{"hosts":["algo-1"],"instance_group_name":"homogeneousCluster","instance_type":"ml.c5.xlarge"}],"network_interface_name":"lo","topology":null}"#;
        assert_eq!(text, real);
        let wanted = json!({"train": {"ContentType": "text/csv", "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}});
        assert_eq!(input_data_config(&plan, &plan.groups[0]), wanted);
    }

    #[test]
    fn both_spellings_of_hyperparameters_and_the_jobs_own_variables() {
        let plan = plan();
        let place = Place { root: "/x".into(), isolation: IsolationLevel::Namespaces };
        let about = About {
            name: "job",
            arn: "arn",
            region: "us-east-1",
            endpoint_url: None,
            access_key: None,
            entry_point: Some("train.py"),
        };
        let variables = environment(&about, &place, &plan, &Parameters::of(&plan), &plan.groups[0], "algo-1");
        for (name, value) in [
            ("SM_HP_LEARNING-RATE", "0.1"),
            ("SM_HP_LEARNING_RATE", "0.1"),
            ("SM_HP_S", "mine"),
            ("SM_HPS", r#"{"learning-rate":0.1,"s":"abc"}"#),
            ("SM_CHANNEL_TRAIN", "/opt/ml/input/data/train"),
            ("SM_CHANNELS", r#"["train"]"#),
            ("SM_MODEL_DIR", "/opt/ml/model"),
            ("SM_OUTPUT_DATA_DIR", "/opt/ml/output/data"),
            ("SM_MODULE_NAME", "train"),
            ("SM_IS_HETERO", "false"),
            ("SM_USER_ARGS", r#"["--learning-rate","0.1","-s","abc"]"#),
            ("TRAINING_JOB_NAME", "job"),
            ("A", "b"),
        ] {
            assert_eq!(variables.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert!(!variables.contains_key("AWS_ENDPOINT_URL"));
    }
}
