//! `SM_TRAINING_ENV`: what the toolkit knows about a job, as one object.
//!
//! Source: the properties of `Environment` in sagemaker-training toolkit 5.1.

use serde_json::{Map, Value, json};

use super::input_config::About;
use super::place::Place;
use super::plan::{InstanceGroup, Plan};

/// Members of `SM_TRAINING_ENV` that are also variables; two have another name there.
const TRAINING_ENV_MEMBERS: [(&str, &str); 27] = [
    ("HPS", "hyperparameters"),
    ("FRAMEWORK_PARAMS", "additional_framework_parameters"),
    ("CURRENT_HOST", "current_host"),
    ("CURRENT_INSTANCE_GROUP", "current_instance_group"),
    ("CURRENT_INSTANCE_GROUP_HOSTS", "current_instance_group_hosts"),
    ("CURRENT_INSTANCE_TYPE", "current_instance_type"),
    ("DISTRIBUTION_INSTANCE_GROUPS", "distribution_instance_groups"),
    ("FRAMEWORK_MODULE", "framework_module"),
    ("HOSTS", "hosts"),
    ("INPUT_CONFIG_DIR", "input_config_dir"),
    ("INPUT_DATA_CONFIG", "input_data_config"),
    ("INPUT_DIR", "input_dir"),
    ("INSTANCE_GROUPS", "instance_groups"),
    ("INSTANCE_GROUPS_DICT", "instance_groups_dict"),
    ("IS_HETERO", "is_hetero"),
    ("LOG_LEVEL", "log_level"),
    ("MODEL_DIR", "model_dir"),
    ("MODULE_DIR", "module_dir"),
    ("MODULE_NAME", "module_name"),
    ("NETWORK_INTERFACE_NAME", "network_interface_name"),
    ("NUM_CPUS", "num_cpus"),
    ("NUM_GPUS", "num_gpus"),
    ("NUM_NEURONS", "num_neurons"),
    ("OUTPUT_DATA_DIR", "output_data_dir"),
    ("OUTPUT_DIR", "output_dir"),
    ("OUTPUT_INTERMEDIATE_DIR", "output_intermediate_dir"),
    ("RESOURCE_CONFIG", "resource_config"),
];

/// `SM_TRAINING_ENV`: the toolkit's `Environment` as one object.
pub(super) fn of(
    values: &[(&'static str, Value)],
    about: &About<'_>,
    plan: &Plan,
    place: &Place,
    group: &InstanceGroup,
) -> Value {
    let value = |wanted: &str| values.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    let mut all: Map<String, Value> = TRAINING_ENV_MEMBERS
        .iter()
        .filter_map(|(name, member)| Some(((*member).to_owned(), value(name)?.clone())))
        .collect();
    let distribution = value("DISTRIBUTION_INSTANCE_GROUPS").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let distribution_hosts: Vec<&str> = plan
        .hosts()
        .filter(|(group, _)| distribution.iter().any(|name| *name == group.name.as_str()))
        .map(|(_, host)| host)
        .collect();
    let master = distribution_hosts.first().copied().unwrap_or("algo-1");
    let mut dirs = Map::new();
    for channel in plan.channels_of(group) {
        let path = place.seen_ml(format!("input/data/{}", channel.name));
        dirs.insert(channel.name.clone(), json!(path.display().to_string()));
    }
    for (member, value) in [
        ("channel_input_dirs", Value::Object(dirs)),
        ("is_master", json!(value("CURRENT_HOST").is_some_and(|host| *host == master))),
        ("master_hostname", json!(master)),
        ("distribution_hosts", json!(distribution_hosts)),
        ("job_name", json!(about.name)),
        ("user_entry_point", json!(about.entry_point)),
        ("topology", Value::Null),
        ("is_modelparallel_enabled", Value::Null),
        ("is_smddprun_installed", json!(false)),
        ("is_smddpmprun_installed", json!(false)),
    ] {
        all.insert(member.to_owned(), value);
    }
    Value::Object(all)
}
