//! A checked training job: what a draft becomes, and the CreateTrainingJob request it makes.

use crate::{
    git_source::GitOrigin,
    ids::{ExperimentName, JobName, RunId, SweepId},
    job_draft::{FieldError, JobDraft, SourceKind},
    quota::WaitPlan,
    training_job::{Fields, TrainingJobRequest},
};

mod fields;
mod own;
mod request;
#[cfg(test)]
mod tests;

pub use fields::is_tag_text;
pub use own::{TRACKING_URI_VARIABLE, own_removed, tracking_added};
pub use request::{canonical, fingerprint, sealed};

use fields::{entry_point, name_base, own_tags, script_hyperparameters, source_uri, typed_script};

/// A draft that passed every check that needs no network.
#[derive(Clone, Debug)]
pub struct JobSpec {
    pub experiment: ExperimentName,
    pub name_base: String,
    /// `None`: the image or the algorithm brings its own program.
    pub script: Option<Script>,
    /// What the script is made from, once launch has found the commit.
    pub git: Option<GitOrigin>,
    pub parent: Option<RunId>,
    pub sweep: Option<SweepId>,
    /// How the job waits when a quota has no room for it; `None`: it is refused then.
    pub wait: Option<WaitPlan>,
    /// Checkpoints are kept below the output path, in a folder of the job's name.
    has_default_checkpoints: bool,
    /// Without the name, the script's two hyperparameters and Trainyard's tags.
    pub request: TrainingJobRequest,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub entry_point: String,
    /// Where its archive lies already; `None` when launch puts it into S3.
    pub uri: Option<String>,
}

/// The tags by which Trainyard knows its own jobs again.
pub mod tag {
    pub const PREFIX: &str = "trainyard:";
    pub const RUN_ID: &str = "trainyard:run-id";
    pub const FINGERPRINT: &str = "trainyard:fingerprint";
    pub const EXPERIMENT: &str = "trainyard:experiment";
    /// The run that this one was cloned from.
    pub const PARENT: &str = "trainyard:parent";
    /// The sweep that this run is a trial of.
    pub const SWEEP: &str = "trainyard:sweep";
    /// `ml.m5.xlarge spot`: what a run wanted that took a fallback. Trials of a sweep take none, so a run has at most six
    /// of these tags.
    pub const WANTED: &str = "trainyard:wanted";
    /// The commit that the source was made from: a `GitOrigin`.
    pub const SOURCE: &str = "trainyard:source";
}

impl JobSpec {
    /// SageMaker allows 100; script mode's `sagemaker_program` and `sagemaker_submit_directory` are two of them.
    pub const MAX_HYPERPARAMETERS: usize = 98;
    /// AWS allows 50; Trainyard keeps 6 for its own.
    pub const MAX_TAGS: usize = 44;

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
        let script = match draft.source_kind() {
            SourceKind::Image => Some(None),
            SourceKind::Script => {
                script_hyperparameters(draft, &mut errors);
                typed_script(draft, &mut errors).map(|entry_point| Some(Script { entry_point, uri: None }))
            }
            kind => {
                script_hyperparameters(draft, &mut errors);
                let entry_point = keep(&mut errors, "entry_point", entry_point(&draft.entry_point));
                let uri = match kind {
                    SourceKind::Git => draft.git.parse().map(|_| None).map_err(|wrong| errors.extend(wrong)).ok(),
                    SourceKind::S3 => keep(&mut errors, "source_uri", source_uri(&draft.source_uri)).map(Some),
                    _ => Some(None),
                };
                entry_point.zip(uri).map(|(entry_point, uri)| Some(Script { entry_point, uri }))
            }
        };
        let git = (draft.source_kind() == SourceKind::Git).then(|| draft.git.origin()).flatten();
        own_tags(draft, &mut errors);
        let mut fields = draft.fields.clone();
        default_data_types(&mut fields);
        // It acts with managed spot only, and the form hides it without.
        if !fields.is_true("EnableManagedSpotTraining") {
            fields.remove("StoppingCondition.MaxWaitTimeInSeconds");
        }
        let has_default_checkpoints = draft.checkpoints && fields.get(CHECKPOINTS).trim().is_empty();
        if !draft.checkpoints {
            fields.remove("CheckpointConfig");
        } else if has_default_checkpoints {
            // Of the right form; the real one has the job's name in it.
            fields.set(CHECKPOINTS, "s3://bucket/checkpoints");
        }
        let wait = draft.quota.parse(&fields).unwrap_or_else(|wrong| {
            errors.extend(wrong);
            None
        });
        let request = fields.to_request().map_err(|wrong| {
            // A list that is too long for us is too long for SageMaker, too: said once.
            let named: Vec<String> = errors.iter().map(|it| it.field.clone()).collect();
            errors.extend(wrong.into_iter().filter(|it| !named.contains(&it.field)));
        });
        let request = request.ok();
        match (experiment, name_base, script, request) {
            (Some(experiment), Some(name_base), Some(script), Some(request)) if errors.is_empty() => {
                let (parent, sweep) = (draft.parent.clone(), draft.sweep.clone());
                Ok(Self { experiment, name_base, script, git, parent, sweep, wait, has_default_checkpoints, request })
            }
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

const CHECKPOINTS: &str = "CheckpointConfig.S3Uri";

/// A channel whose data type was left open reads a prefix.
fn default_data_types(fields: &mut Fields) {
    for row in fields.rows("InputDataConfig") {
        let source = format!("InputDataConfig[{row}].DataSource.S3DataSource");
        let is_open = fields.get(&format!("{source}.S3DataType")).trim().is_empty();
        if is_open && !fields.get(&format!("{source}.S3Uri")).trim().is_empty() {
            fields.set(format!("{source}.S3DataType"), "S3Prefix");
        }
    }
}

fn keep<T>(errors: &mut Vec<FieldError>, field: &str, result: Result<T, String>) -> Option<T> {
    result.map_err(|message| errors.push(FieldError::new(field, message))).ok()
}

/// A ULID alone is a valid job name; reached only if `name_base` were not one, which `parse` rules out.
fn unreachable_name(suffix: &str) -> JobName {
    JobName::parse(suffix).unwrap_or_else(|err| unreachable!("a ULID is a job name: {err}"))
}
