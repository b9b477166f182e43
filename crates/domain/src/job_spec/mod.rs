//! A checked training job: what a draft becomes, and the CreateTrainingJob request it makes.
//!
//! The limits are those of the SageMaker API model (CreateTrainingJob, 2017-07-24).

use std::collections::BTreeMap;

use crate::{
    ids::{ExperimentName, JobName, RunId},
    instance_type::InstanceType,
    job_draft::{FieldError, JobDraft},
    metric_definition::MetricDefinition,
};

mod fields;
mod request;
mod rows;
#[cfg(test)]
mod tests;

pub use request::{canonical, fingerprint};

use fields::{entry_point, max_wait, name_base, number, role_arn, s3_uri, training_image};
use rows::{ENVIRONMENT, HYPERPARAMETERS, TAGS, metric_definitions, rows};

/// A draft that passed every check that needs no network.
#[derive(Clone, Debug)]
pub struct JobSpec {
    pub experiment: ExperimentName,
    pub name_base: String,
    pub entry_point: String,
    pub training_image: String,
    pub role_arn: String,
    /// Ends without a slash.
    pub output_path: String,
    pub hyperparameters: BTreeMap<String, String>,
    pub metric_definitions: Vec<MetricDefinition>,
    pub environment: BTreeMap<String, String>,
    pub instance_type: InstanceType,
    pub instance_count: u32,
    pub volume_size_gb: u32,
    pub max_runtime_seconds: u32,
    /// Present for managed spot training only.
    pub max_wait_seconds: Option<u32>,
    pub checkpoints: bool,
    pub tags: BTreeMap<String, String>,
}

/// The tags by which Trainyard knows its own jobs again.
pub mod tag {
    pub const RUN_ID: &str = "trainyard:run-id";
    pub const FINGERPRINT: &str = "trainyard:fingerprint";
    pub const EXPERIMENT: &str = "trainyard:experiment";
}

impl JobSpec {
    /// SageMaker allows 100; script mode's `sagemaker_program` and `sagemaker_submit_directory` are two of them.
    pub const MAX_HYPERPARAMETERS: usize = 98;
    pub const MAX_HYPERPARAMETER_VALUE_CHARS: usize = 2_500;
    /// 28 days.
    pub const MAX_RUNTIME_SECONDS: u32 = 2_419_200;

    /// Checks every field and names all that are wrong, not only the first.
    pub fn parse(draft: &JobDraft) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let experiment = keep(
            &mut errors,
            "experiment",
            ExperimentName::parse(&draft.experiment).map_err(|err| {
                format!("{err}. Type the name of the experiment that this run belongs to, for example `wine-baseline`.")
            }),
        );
        let name_base = keep(&mut errors, "job_name", name_base(draft));
        let entry_point = keep(&mut errors, "entry_point", entry_point(&draft.entry_point));
        let training_image = keep(&mut errors, "training_image", training_image(&draft.training_image));
        let role_arn = keep(&mut errors, "role_arn", role_arn(&draft.role_arn));
        let output_path = keep(&mut errors, "output_path", s3_uri(&draft.output_path));
        let instance_type = keep(
            &mut errors,
            "instance_type",
            InstanceType::parse(&draft.instance_type).map_err(|err| err.to_string()),
        );
        let instance_count = keep(&mut errors, "instance_count", number(&draft.instance_count, 1, 100, "instances"));
        let volume_size_gb = keep(&mut errors, "volume_size_gb", number(&draft.volume_size_gb, 1, 16_384, "GB"));
        let max_runtime_seconds = keep(
            &mut errors,
            "max_runtime_seconds",
            number(&draft.max_runtime_seconds, 1, Self::MAX_RUNTIME_SECONDS, "seconds"),
        );
        let max_wait_seconds = match max_runtime_seconds {
            Some(max_runtime) => keep(&mut errors, "max_wait_seconds", max_wait(draft, max_runtime)),
            None => None,
        };
        let hyperparameters = rows(&mut errors, "hyperparameters", &draft.hyperparameters, &HYPERPARAMETERS);
        let environment = rows(&mut errors, "environment", &draft.environment, &ENVIRONMENT);
        let tags = rows(&mut errors, "tags", &draft.tags, &TAGS);
        let metric_definitions = metric_definitions(&mut errors, &draft.metric_definitions);
        match (
            experiment,
            name_base,
            entry_point,
            training_image,
            role_arn,
            output_path,
            instance_type,
            instance_count,
            volume_size_gb,
            max_runtime_seconds,
            max_wait_seconds,
        ) {
            (
                Some(experiment),
                Some(name_base),
                Some(entry_point),
                Some(training_image),
                Some(role_arn),
                Some(output_path),
                Some(instance_type),
                Some(instance_count),
                Some(volume_size_gb),
                Some(max_runtime_seconds),
                Some(max_wait_seconds),
            ) if errors.is_empty() => Ok(Self {
                experiment,
                name_base,
                entry_point,
                training_image,
                role_arn,
                output_path,
                hyperparameters,
                metric_definitions,
                environment,
                instance_type,
                instance_count,
                volume_size_gb,
                max_runtime_seconds,
                max_wait_seconds,
                checkpoints: draft.checkpoints,
                tags,
            }),
            _ => Err(errors),
        }
    }

    /// `<base>-<run id in lower case>`, cut to fit: derived once, never changed, unique because the id is.
    pub fn job_name(&self, run_id: &RunId) -> JobName {
        let suffix = run_id.as_str().to_ascii_lowercase();
        let room = JobName::MAX_CHARS - suffix.len() - 1;
        let base: String = self.name_base.chars().take(room).collect();
        let text = format!("{}-{suffix}", base.trim_end_matches('-'));
        JobName::parse(&text).unwrap_or_else(|_| unreachable_name(&suffix))
    }
}

fn keep<T>(errors: &mut Vec<FieldError>, field: &str, result: Result<T, String>) -> Option<T> {
    result.map_err(|message| errors.push(FieldError::new(field, message))).ok()
}

/// A ULID alone is a valid job name; reached only if `name_base` were not one, which `parse` rules out.
fn unreachable_name(suffix: &str) -> JobName {
    JobName::parse(suffix).unwrap_or_else(|err| unreachable!("a ULID is a job name: {err}"))
}
