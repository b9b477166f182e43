//! The wire types of answers. What is empty or absent is left out, as protobuf's JSON does.

use domain::{
    mlflow::{
        DatasetInput, DatasetSummary, Experiment, LoggedModel, Metric, ModelVersion, RegisteredModel, RunInfo, Tag,
        TrackingRun,
    },
    series::Point,
};
use serde::{Serialize, Serializer};

/// `{}`.
#[derive(Serialize)]
pub(super) struct Empty {}

#[derive(Serialize)]
pub(super) struct TagBody {
    key: String,
    value: String,
}

#[derive(Serialize)]
pub(super) struct ExperimentBody {
    experiment_id: String,
    name: String,
    artifact_location: String,
    lifecycle_stage: &'static str,
    last_update_time: i64,
    creation_time: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<TagBody>,
    workspace: &'static str,
}

#[derive(Serialize)]
pub(super) struct RunInfoBody {
    run_id: String,
    run_uuid: String,
    run_name: String,
    experiment_id: String,
    user_id: String,
    status: &'static str,
    start_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    artifact_uri: String,
    lifecycle_stage: &'static str,
}

#[derive(Serialize)]
pub(super) struct RunBody {
    info: RunInfoBody,
    data: RunDataBody,
    inputs: RunInputsBody,
    outputs: RunOutputsBody,
}

#[derive(Serialize)]
struct RunDataBody {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<MetricBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    params: Vec<TagBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<TagBody>,
}

#[derive(Serialize)]
struct RunInputsBody {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dataset_inputs: Vec<DatasetInputBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_inputs: Vec<ModelInputBody>,
}

#[derive(Serialize)]
struct RunOutputsBody {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_outputs: Vec<ModelOutputBody>,
}

#[derive(Serialize)]
struct ModelInputBody {
    model_id: String,
}

#[derive(Serialize)]
struct ModelOutputBody {
    model_id: String,
    step: i64,
}

#[derive(Serialize)]
struct DatasetInputBody {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<TagBody>,
    dataset: DatasetBody,
}

#[derive(Serialize)]
struct DatasetBody {
    name: String,
    digest: String,
    source_type: String,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<String>,
}

#[derive(Serialize)]
pub(super) struct MetricBody {
    key: String,
    #[serde(serialize_with = "metric_value")]
    value: f64,
    timestamp: i64,
    step: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset_digest: Option<String>,
}

#[derive(Serialize)]
pub(super) struct DatasetSummaryBody {
    experiment_id: String,
    name: String,
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
}

#[derive(Serialize)]
pub(super) struct LoggedModelBody {
    info: LoggedModelInfoBody,
    data: LoggedModelDataBody,
}

#[derive(Serialize)]
struct LoggedModelInfoBody {
    model_id: String,
    experiment_id: String,
    name: String,
    creation_timestamp_ms: i64,
    last_updated_timestamp_ms: i64,
    artifact_uri: String,
    status: &'static str,
    model_type: String,
    source_run_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<TagBody>,
}

#[derive(Serialize)]
struct LoggedModelDataBody {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    params: Vec<TagBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<MetricBody>,
}

#[derive(Serialize)]
pub(super) struct RegisteredModelBody {
    name: String,
    creation_timestamp: i64,
    last_updated_timestamp: i64,
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    latest_versions: Vec<ModelVersionBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<TagBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<AliasBody>,
}

#[derive(Serialize)]
struct AliasBody {
    alias: String,
    version: String,
}

#[derive(Serialize)]
pub(super) struct ModelVersionBody {
    name: String,
    version: String,
    creation_timestamp: i64,
    last_updated_timestamp: i64,
    current_stage: &'static str,
    description: String,
    source: String,
    run_id: String,
    /// Versions are there at once.
    status: &'static str,
    run_link: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<TagBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct FileBody {
    pub(super) path: String,
    pub(super) is_dir: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file_size: Option<u64>,
}

/// MLflow's databases hold no infinities: clients know them as the largest doubles.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn metric_value<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_nan() {
        serializer.serialize_str("NaN")
    } else {
        serializer.serialize_f64(value.clamp(f64::MIN, f64::MAX))
    }
}

impl From<Tag> for TagBody {
    fn from(tag: Tag) -> Self {
        Self { key: tag.key, value: tag.value }
    }
}

impl From<Experiment> for ExperimentBody {
    fn from(it: Experiment) -> Self {
        Self {
            experiment_id: it.id.to_string(),
            name: it.name,
            artifact_location: it.artifact_location,
            lifecycle_stage: it.lifecycle.as_str(),
            last_update_time: it.updated_at.unix_millis(),
            creation_time: it.created_at.unix_millis(),
            tags: it.tags.into_iter().map(TagBody::from).collect(),
            workspace: "default",
        }
    }
}

impl From<RunInfo> for RunInfoBody {
    fn from(it: RunInfo) -> Self {
        Self {
            run_id: it.id.as_str().to_owned(),
            run_uuid: it.id.as_str().to_owned(),
            run_name: it.name,
            experiment_id: it.experiment_id.to_string(),
            user_id: it.user_id,
            status: it.status.as_str(),
            start_time: it.start_ms,
            end_time: it.end_ms.filter(|it| *it != 0),
            artifact_uri: it.artifact_uri,
            lifecycle_stage: it.lifecycle.as_str(),
        }
    }
}

impl From<TrackingRun> for RunBody {
    fn from(it: TrackingRun) -> Self {
        let params = it.params.into_iter().map(|it| TagBody { key: it.key, value: it.value });
        let outputs = it.model_outputs.into_iter();
        Self {
            info: it.info.into(),
            data: RunDataBody {
                metrics: it.metrics.into_iter().map(MetricBody::from).collect(),
                params: params.collect(),
                tags: it.tags.into_iter().map(TagBody::from).collect(),
            },
            inputs: RunInputsBody {
                dataset_inputs: it.datasets.into_iter().map(DatasetInputBody::from).collect(),
                model_inputs: it.model_inputs.into_iter().map(|model_id| ModelInputBody { model_id }).collect(),
            },
            outputs: RunOutputsBody {
                model_outputs: outputs.map(|it| ModelOutputBody { model_id: it.model_id, step: it.step }).collect(),
            },
        }
    }
}

impl From<DatasetInput> for DatasetInputBody {
    fn from(it: DatasetInput) -> Self {
        let dataset = it.dataset;
        Self {
            tags: it.tags.into_iter().map(TagBody::from).collect(),
            dataset: DatasetBody {
                name: dataset.name,
                digest: dataset.digest,
                source_type: dataset.source_type,
                source: dataset.source,
                schema: dataset.schema,
                profile: dataset.profile,
            },
        }
    }
}

impl From<Metric> for MetricBody {
    fn from(it: Metric) -> Self {
        Self {
            key: it.key,
            value: it.value,
            timestamp: it.timestamp_ms,
            step: it.step,
            run_id: None,
            model_id: it.model_id,
            dataset_name: it.dataset_name,
            dataset_digest: it.dataset_digest,
        }
    }
}

impl MetricBody {
    /// A point of a history.
    pub(super) fn of_point(key: &str, point: &Point, run_id: Option<String>) -> Self {
        Self {
            key: key.to_owned(),
            value: point.value,
            timestamp: point.at.unix_millis(),
            step: point.step,
            run_id,
            model_id: None,
            dataset_name: None,
            dataset_digest: None,
        }
    }
}

impl From<LoggedModel> for LoggedModelBody {
    fn from(it: LoggedModel) -> Self {
        let metrics = it.metrics.into_iter();
        Self {
            info: LoggedModelInfoBody {
                model_id: it.id,
                experiment_id: it.experiment_id.to_string(),
                name: it.name,
                creation_timestamp_ms: it.created_at.unix_millis(),
                last_updated_timestamp_ms: it.updated_at.unix_millis(),
                artifact_uri: it.artifact_location,
                status: it.status.as_str(),
                model_type: it.model_type,
                source_run_id: it.source_run_id,
                tags: it.tags.into_iter().map(TagBody::from).collect(),
            },
            data: LoggedModelDataBody {
                params: it.params.into_iter().map(|it| TagBody { key: it.key, value: it.value }).collect(),
                metrics: metrics.map(|(it, run)| MetricBody { run_id: Some(run), ..it.into() }).collect(),
            },
        }
    }
}

impl From<RegisteredModel> for RegisteredModelBody {
    fn from(it: RegisteredModel) -> Self {
        let aliases = it.aliases.into_iter();
        Self {
            name: it.name,
            creation_timestamp: it.created_at.unix_millis(),
            last_updated_timestamp: it.updated_at.unix_millis(),
            description: it.description,
            latest_versions: it.latest_versions.into_iter().map(ModelVersionBody::from).collect(),
            tags: it.tags.into_iter().map(TagBody::from).collect(),
            aliases: aliases.map(|(alias, version)| AliasBody { alias, version: version.to_string() }).collect(),
        }
    }
}

impl From<ModelVersion> for ModelVersionBody {
    fn from(it: ModelVersion) -> Self {
        Self {
            name: it.name,
            version: it.version.to_string(),
            creation_timestamp: it.created_at.unix_millis(),
            last_updated_timestamp: it.updated_at.unix_millis(),
            current_stage: it.stage.as_str(),
            description: it.description,
            source: it.source,
            run_id: it.run_id,
            status: "READY",
            run_link: it.run_link,
            tags: it.tags.into_iter().map(TagBody::from).collect(),
            aliases: it.aliases,
        }
    }
}

impl From<DatasetSummary> for DatasetSummaryBody {
    fn from(it: DatasetSummary) -> Self {
        Self { experiment_id: it.experiment_id.to_string(), name: it.name, digest: it.digest, context: it.context }
    }
}
