//! A request in SageMaker's own JSON, with the members that Trainyard itself works with.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// SageMaker's own JSON, without `TrainingJobName` until launch adds it.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingJobRequest(Value);

/// What a job without `MaxRuntimeInSeconds` gets: one day.
pub(super) const DEFAULT_MAX_RUNTIME_SECONDS: u32 = 86_400;

impl TrainingJobRequest {
    pub(super) const fn of_checked(request: Value) -> Self {
        Self(request)
    }

    /// Of a request that is on record: it is not checked again.
    pub const fn of_recorded(request: Value) -> Self {
        Self(request)
    }

    pub fn as_value(&self) -> &Value {
        &self.0
    }

    pub fn into_value(self) -> Value {
        self.0
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.0.pointer(pointer).and_then(Value::as_str)
    }

    fn number(&self, pointer: &str) -> Option<u32> {
        self.0.pointer(pointer).and_then(Value::as_u64).and_then(|it| u32::try_from(it).ok())
    }

    pub fn training_image(&self) -> Option<&str> {
        self.text("/AlgorithmSpecification/TrainingImage")
    }

    pub fn output_path(&self) -> &str {
        self.text("/OutputDataConfig/S3OutputPath").unwrap_or_default().trim_end_matches('/')
    }

    /// Instance types with their counts: one, or a heterogeneous cluster's groups. Of a list of preferences the first.
    pub fn instances(&self) -> Vec<(String, u32)> {
        let of = |it: &Value, count: Option<u32>| {
            let own = it.get("InstanceCount").and_then(Value::as_u64).and_then(|it| u32::try_from(it).ok());
            it.get("InstanceType").and_then(Value::as_str).map(|name| (name.to_owned(), own.or(count).unwrap_or(1)))
        };
        let Some(config) = self.0.get("ResourceConfig") else { return Vec::new() };
        let common = self.number("/ResourceConfig/InstanceCount");
        if let Some(groups) = config.get("InstanceGroups").and_then(Value::as_array) {
            return groups.iter().filter_map(|it| of(it, None)).collect();
        }
        if let Some(preferences) = config.get("InstancePreferences").and_then(Value::as_array) {
            return preferences.first().and_then(|it| of(it, common)).into_iter().collect();
        }
        of(config, None).into_iter().collect()
    }

    /// All of them together. A cluster's groups have no maximum each: a sum beyond `u32` stays at its end.
    pub fn instance_count(&self) -> u32 {
        self.instances().iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    pub fn max_runtime_seconds(&self) -> u32 {
        self.number("/StoppingCondition/MaxRuntimeInSeconds").unwrap_or(DEFAULT_MAX_RUNTIME_SECONDS)
    }

    /// How long a spot job may take from its creation to its end, time without capacity included.
    pub fn max_wait_seconds(&self) -> Option<u32> {
        self.number("/StoppingCondition/MaxWaitTimeInSeconds")
    }

    /// `None` unless the instances are kept as a warm pool.
    pub fn keep_alive_seconds(&self) -> Option<u32> {
        self.number("/ResourceConfig/KeepAlivePeriodInSeconds").filter(|it| *it > 0)
    }

    pub fn volume_size_gb(&self) -> Option<u32> {
        self.number("/ResourceConfig/VolumeSizeInGB")
    }

    pub fn is_spot(&self) -> bool {
        self.0.get("EnableManagedSpotTraining").and_then(Value::as_bool).unwrap_or(false)
    }

    pub fn hyperparameters(&self) -> BTreeMap<String, String> {
        let entries = self.0.get("HyperParameters").and_then(Value::as_object).into_iter().flat_map(Map::iter);
        entries.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
    }
}
