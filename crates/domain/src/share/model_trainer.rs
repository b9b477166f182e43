//! A script for `ModelTrainer` of the SageMaker SDK v3 (package `sagemaker-train`), which makes the same job.
//!
//! The SDK would pack a local folder as the source; what has been in S3 since the job ran is named by script mode's two
//! hyperparameters instead, which the framework images read as before. Attested with `sagemaker-train` 1.27.

use std::{collections::BTreeSet, fmt::Write as _};

use serde_json::{Map, Value};

use super::{Shared, fault::Path, members::Kind, python::literal, visible::quoted};

/// What `ModelTrainer` has a parameter for, as it stands: member and parameter.
const PARAMETERS: [(&str, &str); 8] = [
    ("RoleArn", "role"),
    ("HyperParameters", "hyperparameters"),
    ("Environment", "environment"),
    ("OutputDataConfig", "output_data_config"),
    ("StoppingCondition", "stopping_condition"),
    ("CheckpointConfig", "checkpoint_config"),
    ("Tags", "tags"),
    ("ModelPackageConfig", "model_package_config"),
];

/// What it takes through a method: member and method.
const METHODS: [(&str, &str); 5] = [
    ("TensorBoardOutputConfig", "with_tensorboard_output_config"),
    ("RetryStrategy", "with_retry_strategy"),
    ("InfraCheckConfig", "with_infra_check_config"),
    ("RemoteDebugConfig", "with_remote_debug_config"),
    ("SessionChainingConfig", "with_session_chaining_config"),
];

const OF_ALGORITHM: [(&str, &str); 4] = [
    ("TrainingImage", "training_image"),
    ("AlgorithmName", "algorithm_name"),
    ("TrainingInputMode", "training_input_mode"),
    ("TrainingImageConfig", "training_image_config"),
];

/// These three make one object of the SDK.
const OF_NETWORK: [&str; 3] = ["VpcConfig", "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption"];

/// The SDK adds `-` and 14 digits of time, and cuts at 63.
const MAX_BASE_NAME: usize = 48;

pub(super) fn render(request: &Value, region: &str) -> Shared {
    let mut writer = Writer { classes: BTreeSet::new(), arguments: Vec::new(), methods: Vec::new(), notes: Vec::new() };
    let empty = Map::new();
    let members = request.as_object().unwrap_or(&empty);
    writer.base_name(members);
    for (name, value) in members {
        writer.member(name, value);
    }
    writer.network(members);
    writer.compute(members);
    writer.defaults(members);
    let channels = match members.get("InputDataConfig") {
        Some(value) => {
            let path = Path::default().member("InputDataConfig");
            let channels = writer.value(value, Kind::request().of_member("InputDataConfig"), &path, 4);
            format!("\n    input_data_config={channels},\n    wait=False,\n")
        }
        None => "wait=False".to_owned(),
    };
    let text = format!(
        "import boto3\nfrom sagemaker.core.helper.session_helper import Session\n{imports}\
         from sagemaker.train.model_trainer import ModelTrainer\n\n\
         session = Session(boto_session=boto3.Session(region_name={region}))\n\
         trainer = ModelTrainer(\n    sagemaker_session=session,\n{arguments})\n{methods}\
         trainer.train({channels})\nprint(trainer._latest_training_job.training_job_arn)\n",
        imports = imports(&writer.classes),
        region = quoted(region),
        arguments = writer.arguments.concat(),
        methods = writer.methods.concat(),
    );
    Shared { text, notes: writer.notes }
}

/// `Compute` and `Networking` are the SDK's own; the others are the API's shapes.
fn imports(classes: &BTreeSet<&'static str>) -> String {
    let (own, shapes): (Vec<&str>, Vec<&str>) =
        classes.iter().copied().partition(|it| ["Compute", "Networking"].contains(it));
    let line = |module: &str, names: Vec<&str>| {
        if names.is_empty() { String::new() } else { format!("from {module} import {}\n", names.join(", ")) }
    };
    line("sagemaker.core.shapes", shapes) + &line("sagemaker.core.training.configs", own)
}

struct Writer {
    classes: BTreeSet<&'static str>,
    arguments: Vec<String>,
    methods: Vec<String>,
    notes: Vec<String>,
}

impl Writer {
    fn argument(&mut self, name: &str, value: &str) {
        self.arguments.push(format!("    {name}={value},\n"));
    }

    fn base_name(&mut self, members: &Map<String, Value>) {
        let Some(name) = members.get("TrainingJobName").and_then(Value::as_str) else { return };
        let base: String = name.chars().take(MAX_BASE_NAME).collect();
        let base = base.trim_end_matches('-');
        self.argument("base_job_name", &quoted(base));
        self.notes.push(format!(
            "`TrainingJobName`: ModelTrainer gives every job a name of its own, `{base}-` and the time."
        ));
    }

    fn member(&mut self, name: &str, value: &Value) {
        let path = Path::default().member(name);
        let kind = Kind::request().of_member(name);
        if let Some((_, parameter)) = PARAMETERS.iter().find(|(member, _)| *member == name) {
            let value = self.value(value, kind, &path, 4);
            self.argument(parameter, &value);
        } else if let Some((_, method)) = METHODS.iter().find(|(member, _)| *member == name) {
            let value = self.value(value, kind, &path, 0);
            self.methods.push(format!("trainer.{method}({value})\n"));
        } else if name == "AlgorithmSpecification" {
            self.algorithm(value, &path);
        } else if !(OF_NETWORK.contains(&name)
            || ["TrainingJobName", "ResourceConfig", "InputDataConfig", "EnableManagedSpotTraining"].contains(&name))
        {
            self.notes.push(format!("`{name}`: left out, because ModelTrainer has no way to say it."));
        }
        if name == "HyperParameters" && value.get("sagemaker_submit_directory").is_some() {
            self.notes.push(
                "`HyperParameters.sagemaker_submit_directory`: the source stays the archive in S3 that this names. To \
                 train from a folder on your machine, remove it and `sagemaker_program`, and give \
                 `source_code=SourceCode(source_dir=..., entry_script=...)`."
                    .to_owned(),
            );
        }
    }

    fn algorithm(&mut self, value: &Value, path: &Path) {
        let Some(members) = value.as_object() else { return };
        let Some(kind) = Kind::request().of_member("AlgorithmSpecification") else { return };
        for (name, value) in members {
            let path = path.member(name);
            let kind = kind.of_member(name);
            if let Some((_, parameter)) = OF_ALGORITHM.iter().find(|(member, _)| member == name) {
                let value = self.value(value, kind, &path, 4);
                self.argument(parameter, &value);
            } else if name == "MetricDefinitions" {
                if value.as_array().is_some_and(|it| !it.is_empty()) {
                    let value = self.value(value, kind, &path, 0);
                    self.methods.push(format!("trainer.with_metric_definitions({value})\n"));
                }
            } else {
                self.notes.push(format!("`{path}`: left out, because ModelTrainer has no way to say it."));
            }
        }
    }

    fn network(&mut self, members: &Map<String, Value>) {
        let mut fields = Vec::new();
        if let (Some(Value::Object(vpc)), Some(kind)) =
            (members.get("VpcConfig"), Kind::request().of_member("VpcConfig"))
        {
            fields = self.fields(vpc, kind, &Path::default().member("VpcConfig"), 8);
        }
        for name in &OF_NETWORK[1..] {
            if let Some(value) = members.get(*name) {
                fields.push(format!("        {}={},\n", snake(name), literal(value, 8)));
            }
        }
        if !fields.is_empty() {
            self.classes.insert("Networking");
            self.argument("networking", &format!("Networking(\n{}    )", fields.concat()));
        }
    }

    fn compute(&mut self, members: &Map<String, Value>) {
        let mut fields = Vec::new();
        if let (Some(Value::Object(resources)), Some(kind)) =
            (members.get("ResourceConfig"), Kind::request().of_member("ResourceConfig"))
        {
            fields = self.fields(resources, kind, &Path::default().member("ResourceConfig"), 8);
        }
        if let Some(spot) = members.get("EnableManagedSpotTraining") {
            fields.push(format!("        enable_managed_spot_training={},\n", literal(spot, 8)));
        }
        if !fields.is_empty() {
            self.classes.insert("Compute");
            self.argument("compute", &format!("Compute(\n{}    )", fields.concat()));
        }
    }

    /// What the SDK fills in where the request says nothing.
    fn defaults(&mut self, members: &Map<String, Value>) {
        let lacks = |pointer: [&str; 2]| members.get(pointer[0]).is_none_or(|it| it.get(pointer[1]).is_none());
        for (pointer, default) in [
            (["AlgorithmSpecification", "TrainingInputMode"], "`File`"),
            (["StoppingCondition", "MaxRuntimeInSeconds"], "3600"),
            (["ResourceConfig", "VolumeSizeInGB"], "30"),
            (["OutputDataConfig", "S3OutputPath"], "a folder of the session's default bucket"),
        ] {
            if lacks(pointer) {
                self.notes.push(format!(
                    "`{}.{}`: the request does not say it, and ModelTrainer takes {default}.",
                    pointer[0], pointer[1]
                ));
            }
        }
    }

    /// A value as Python: structures as objects of the SDK's classes.
    fn value(&mut self, value: &Value, kind: Option<Kind>, path: &Path, indent: usize) -> String {
        match (value, kind) {
            (Value::Object(map), Some(kind @ Kind::Structure(node))) => {
                let fields = self.fields(map, kind, path, indent + 4);
                self.object(&node.shape, &fields, indent)
            }
            (Value::Array(items), Some(Kind::List(item))) if !items.is_empty() => {
                let inner = " ".repeat(indent + 4);
                let mut lines = String::new();
                for (index, it) in items.iter().enumerate() {
                    let value = self.value(it, Some(Kind::of(item)), &path.item(index), indent + 4);
                    let _ = writeln!(lines, "{inner}{value},");
                }
                format!("[\n{lines}{}]", " ".repeat(indent))
            }
            _ => literal(value, indent),
        }
    }

    fn object(&mut self, class: &'static str, fields: &[String], indent: usize) -> String {
        self.classes.insert(class);
        format!("{class}(\n{}{})", fields.concat(), " ".repeat(indent))
    }

    fn fields(&mut self, map: &Map<String, Value>, kind: Kind, path: &Path, indent: usize) -> Vec<String> {
        let mut fields = Vec::new();
        for (name, value) in map {
            let path = path.member(name);
            let Some(kind) = kind.of_member(name) else {
                self.notes.push(format!("`{path}`: left out, because ModelTrainer has no way to say it."));
                continue;
            };
            // The SDK takes an absent member and a null one for the same.
            if !value.is_null() {
                let value = self.value(value, Some(kind), &path, indent);
                fields.push(format!("{}{}={value},\n", " ".repeat(indent), snake(name)));
            }
        }
        fields
    }
}

/// The names of the API as the SDK and Terraform write them: `VolumeSizeInGB` is `volume_size_in_gb`.
pub(super) fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 8);
    for (index, c) in chars.iter().enumerate() {
        let follows_lower = index > 0 && !chars[index - 1].is_ascii_uppercase();
        let precedes_lower = index > 0 && chars.get(index + 1).is_some_and(char::is_ascii_lowercase);
        if c.is_ascii_uppercase() && (follows_lower || precedes_lower) {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
