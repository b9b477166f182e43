//! What only several members together can break. Sources: the API model's documentation of CreateTrainingJob and the
//! developer guide's pages on managed spot, warm pools, heterogeneous clusters and input modes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::parse::RowNumbers;
use crate::{
    instance_type::InstanceTypeInfo,
    job_draft::FieldError,
    metric_definition::{MetricDefinition, MetricDefinitionError},
};

/// 28 days.
pub(super) const MAX_RUNTIME_SECONDS: u64 = 2_419_200;

pub(super) fn check(request: &Value, rows: &RowNumbers, errors: &mut Vec<FieldError>) {
    let mut rules = Rules { request, rows, errors };
    // Serverless jobs bring their own image and resources.
    if !rules.has("/ServerlessJobConfig") {
        rules.algorithm();
        rules.resources();
    }
    rules.limits();
    rules.channels();
    rules.metrics();
    rules.tags();
}

struct Rules<'a> {
    request: &'a Value,
    rows: &'a RowNumbers,
    errors: &'a mut Vec<FieldError>,
}

impl Rules<'_> {
    fn has(&self, pointer: &str) -> bool {
        self.request.pointer(pointer).is_some()
    }

    fn is_true(&self, pointer: &str) -> bool {
        self.request.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
    }

    fn number(&self, pointer: &str) -> Option<u64> {
        self.request.pointer(pointer).and_then(Value::as_u64)
    }

    fn list(&self, pointer: &str) -> Vec<Value> {
        self.request.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default()
    }

    fn wrong(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.errors.push(FieldError::new(field, message));
    }

    /// Whether the member was typed and found wrong already: then what depends on it is not judged.
    fn is_named(&self, path: &str) -> bool {
        self.errors.iter().any(|it| it.field.starts_with(path))
    }

    /// The path of a list's element as it was typed.
    fn row(&self, list: &str, index: usize) -> String {
        let number = self.rows.get(list).and_then(|it| it.get(index)).copied().unwrap_or(index);
        format!("{list}[{number}]")
    }

    fn algorithm(&mut self) {
        const IMAGE: &str = "AlgorithmSpecification.TrainingImage";
        if self.is_named("AlgorithmSpecification.TrainingImage")
            || self.is_named("AlgorithmSpecification.AlgorithmName")
        {
            return;
        }
        let image = self.has("/AlgorithmSpecification/TrainingImage");
        match (image, self.has("/AlgorithmSpecification/AlgorithmName")) {
            (false, false) => self.wrong(IMAGE, "say what runs: a training image's URI, or an algorithm's name or ARN"),
            (true, true) => {
                self.wrong(IMAGE, "an image or an algorithm, not both: clear this or `AlgorithmName`");
            }
            _ => {}
        }
        if !self.has("/AlgorithmSpecification/TrainingInputMode")
            && !self.is_named("AlgorithmSpecification.TrainingInputMode")
        {
            self.wrong("AlgorithmSpecification.TrainingInputMode", "say how data comes: `File`, `FastFile` or `Pipe`");
        }
        let access = self.request.pointer("/AlgorithmSpecification/TrainingImageConfig/TrainingRepositoryAccessMode");
        if access.and_then(Value::as_str) == Some("Vpc") && !self.has("/VpcConfig") {
            self.wrong(
                "VpcConfig.Subnets",
                "a private registry in your VPC is reached through it: give subnets and security groups, or choose \
                 `Platform`",
            );
        }
    }

    fn resources(&mut self) {
        const TYPE: &str = "ResourceConfig.InstanceType";
        if !self.is_named("ResourceConfig.Instance") {
            let single = self.has("/ResourceConfig/InstanceType");
            let groups = self.has("/ResourceConfig/InstanceGroups");
            let preferences = self.has("/ResourceConfig/InstancePreferences");
            match [single, groups, preferences].into_iter().filter(|it| *it).count() {
                0 => self.wrong(TYPE, "say what it runs on: pick a type from the list, for example `ml.m5.xlarge`"),
                1 => {}
                _ => self.wrong(
                    TYPE,
                    "one instance type, instance groups or instance preferences: keep one of them and clear the others",
                ),
            }
            if single && self.number("/ResourceConfig/InstanceCount").is_none_or(|it| it == 0) {
                self.wrong(
                    "ResourceConfig.InstanceCount",
                    "give a whole number of instances, at least 1, in digits only",
                );
            }
        }
        self.preferences();
        let instance_type = self.request.pointer("/ResourceConfig/InstanceType").and_then(Value::as_str);
        let info = instance_type.and_then(InstanceTypeInfo::find);
        if info.is_some_and(|it| it.has_local_nvme) && self.has("/ResourceConfig/VolumeKmsKeyId") {
            self.wrong(
                "ResourceConfig.VolumeKmsKeyId",
                "this instance type has NVMe disks of its own, which are encrypted without a key: clear this",
            );
        }
        let keeps_alive = self.number("/ResourceConfig/KeepAlivePeriodInSeconds").is_some_and(|it| it > 0);
        let is_spot = self.is_true("/EnableManagedSpotTraining");
        if keeps_alive && is_spot {
            self.wrong(
                "ResourceConfig.KeepAlivePeriodInSeconds",
                "spot instances cannot be kept as a warm pool: clear this or turn managed spot training off",
            );
        }
        if keeps_alive && self.has("/ResourceConfig/InstanceGroups") {
            self.wrong(
                "ResourceConfig.KeepAlivePeriodInSeconds",
                "a heterogeneous cluster cannot be kept as a warm pool: clear this or the instance groups",
            );
        }
        if is_spot && self.has("/ResourceConfig/TrainingPlanArn") {
            self.wrong(
                "ResourceConfig.TrainingPlanArn",
                "a training plan's capacity is reserved, not spot: clear this or turn managed spot training off",
            );
        }
    }

    fn preferences(&mut self) {
        const LIST: &str = "ResourceConfig.InstancePreferences";
        let preferences = self.list("/ResourceConfig/InstancePreferences");
        if preferences.is_empty() {
            return;
        }
        let mut seen = BTreeSet::new();
        for (index, it) in preferences.iter().enumerate() {
            let name = it["InstanceType"].as_str().unwrap_or_default().to_owned();
            if !seen.insert(name.clone()) {
                let at = format!("{}.InstanceType", self.row(LIST, index));
                self.wrong(at, format!("`{name}` is in the list twice: keep one"));
            }
        }
        let counted = preferences.iter().filter(|it| it.get("InstanceCount").is_some()).count();
        let has_common = self.has("/ResourceConfig/InstanceCount");
        if counted > 0 && (has_common || counted < preferences.len()) {
            self.wrong(
                LIST,
                "counts stand either on every preference or once in `InstanceCount`: keep one of the two ways",
            );
        } else if counted == 0 && !has_common {
            self.wrong("ResourceConfig.InstanceCount", "give a whole number of instances, at least 1, in digits only");
        }
        for (pointer, name) in [
            ("/EnableManagedSpotTraining", "managed spot training"),
            ("/ResourceConfig/InstancePlacementConfig", "`InstancePlacementConfig`"),
        ] {
            let is_set = self.request.pointer(pointer).is_some_and(|it| *it != Value::Bool(false));
            if is_set {
                self.wrong(LIST, format!("instance preferences do not go with {name}: clear one of the two"));
            }
        }
    }

    fn limits(&mut self) {
        const RUNTIME: &str = "StoppingCondition.MaxRuntimeInSeconds";
        const WAIT: &str = "StoppingCondition.MaxWaitTimeInSeconds";
        let runtime = self.number("/StoppingCondition/MaxRuntimeInSeconds");
        let wait = self.number("/StoppingCondition/MaxWaitTimeInSeconds");
        for (field, value) in [(RUNTIME, runtime), (WAIT, wait)] {
            if value.is_some_and(|it| it > MAX_RUNTIME_SECONDS) {
                self.wrong(field, format!("give a whole number of seconds from 1 to {MAX_RUNTIME_SECONDS} (28 days)"));
            }
        }
        if !self.is_true("/EnableManagedSpotTraining") || self.is_named("StoppingCondition") {
            return;
        }
        let runtime = runtime.unwrap_or(u64::from(super::request::DEFAULT_MAX_RUNTIME_SECONDS));
        match wait {
            None => self.wrong(
                WAIT,
                format!(
                    "managed spot training needs a maximum wait: how long the job may take with all waiting for capacity. \
                     Give {runtime} seconds or more"
                ),
            ),
            Some(wait) if wait < runtime => self.wrong(
                WAIT,
                format!(
                    "the maximum wait ({wait} s) includes the running time, so it must be at least the maximum runtime \
                     ({runtime} s): give {runtime} or more, or lower the maximum runtime"
                ),
            ),
            Some(_) => {}
        }
    }

    fn channels(&mut self) {
        const LIST: &str = "InputDataConfig";
        let channels = self.list("/InputDataConfig");
        let mode = self.request.pointer("/AlgorithmSpecification/TrainingInputMode").and_then(Value::as_str);
        let mode = mode.unwrap_or("File").to_owned();
        let mut names = BTreeSet::new();
        let grouped = |it: &&Value| it.pointer("/DataSource/S3DataSource/InstanceGroupNames").is_some();
        let with_groups = channels.iter().filter(grouped).count();
        for (index, channel) in channels.iter().enumerate() {
            let at = self.row(LIST, index);
            let name = channel["ChannelName"].as_str().unwrap_or_default();
            if !name.is_empty() && !names.insert(name.to_owned()) {
                self.wrong(format!("{at}.ChannelName"), format!("the channel `{name}` is there twice: rename one"));
            }
            let mode = channel["InputMode"].as_str().unwrap_or(&mode).to_owned();
            self.channel(&at, channel, &mode);
            if with_groups > 0 && !grouped(&channel) {
                self.wrong(
                    format!("{at}.DataSource.S3DataSource.InstanceGroupNames"),
                    "instance groups stand on all channels or on none: name this channel's groups, or clear the others",
                );
            }
        }
    }

    fn channel(&mut self, at: &str, channel: &Value, mode: &str) {
        let sources = channel["DataSource"].as_object().map_or(0, serde_json::Map::len);
        if sources != 1 && !self.is_named(&format!("{at}.DataSource")) {
            self.wrong(
                format!("{at}.DataSource.S3DataSource.S3Uri"),
                "say where the data is, in one place: an S3 URI, for example `s3://my-bucket/train/`, or a file system",
            );
        }
        let s3 = &channel["DataSource"]["S3DataSource"];
        let is_file_system = !channel["DataSource"]["FileSystemDataSource"].is_null();
        if is_file_system && mode != "File" {
            self.wrong(format!("{at}.InputMode"), "a file system is mounted: it goes with the input mode `File` only");
        }
        if is_file_system && !self.has("/VpcConfig") {
            self.wrong(
                "VpcConfig.Subnets",
                "a file system is reached through your VPC: give its subnets and security groups",
            );
        }
        if mode == "FastFile" && s3["S3DataType"].as_str().is_some_and(|it| it != "S3Prefix") {
            self.wrong(format!("{at}.InputMode"), "`FastFile` reads a prefix: choose `S3Prefix`, or `File`");
        }
        for member in ["CompressionType", "RecordWrapperType"] {
            if mode != "Pipe" && channel[member].as_str().is_some_and(|it| it != "None") {
                self.wrong(
                    format!("{at}.{member}"),
                    "this acts on pipes only: choose `None`, or the input mode `Pipe`",
                );
            }
        }
        if s3.get("AttributeNames").is_some() && s3["S3DataType"] != "AugmentedManifestFile" {
            self.wrong(
                format!("{at}.DataSource.S3DataSource.AttributeNames"),
                "attributes are picked from an `AugmentedManifestFile` only: clear them, or choose that data type",
            );
        }
    }

    fn metrics(&mut self) {
        const LIST: &str = "AlgorithmSpecification.MetricDefinitions";
        let mut names = BTreeSet::new();
        for (index, it) in self.list("/AlgorithmSpecification/MetricDefinitions").iter().enumerate() {
            let at = self.row(LIST, index);
            let (Some(name), Some(regex)) = (it["Name"].as_str(), it["Regex"].as_str()) else { continue };
            if let Err(err) = MetricDefinition::parse(name, regex) {
                let part = if err == MetricDefinitionError::Name { "Name" } else { "Regex" };
                self.wrong(format!("{at}.{part}"), err.to_string());
            }
            if !names.insert(name.to_owned()) {
                self.wrong(format!("{at}.Name"), format!("the metric `{name}` is defined twice: keep one"));
            }
        }
    }

    fn tags(&mut self) {
        let mut keys = BTreeSet::new();
        for (index, it) in self.list("/Tags").iter().enumerate() {
            let Some(key) = it["Key"].as_str() else { continue };
            let at = format!("{}.Key", self.row("Tags", index));
            if key.starts_with("aws:") {
                self.wrong(at.clone(), "tags that begin with `aws:` are reserved: choose another name");
            }
            if !keys.insert(key.to_owned()) {
                self.wrong(at, format!("the tag `{key}` is there twice: keep one"));
            }
        }
    }
}
