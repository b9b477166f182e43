//! The launch form as it was typed: text only, nothing checked. `JobSpec::parse` makes it a request.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    git_source::GitSource,
    ids::{JobName, RunId, SweepId},
    job_spec::{own_removed, tag},
    quota::QuotaDraft,
    run::Run,
    training_job::Fields,
    typed_script::TypedScript,
};

/// Every field of the form. Kept per idempotency key, so that nothing typed is ever lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobDraft {
    pub experiment: String,
    /// The base of the job's name; the run's id is appended. Empty: made from the experiment's name.
    pub job_name: String,
    /// What brings the script: see [`SourceKind`].
    pub source: String,
    /// A git repository that brings it.
    pub git: GitSource,
    /// SHA-256 of the uploaded or fetched source once the server holds it.
    pub source_sha256: Option<String>,
    /// The uploaded file's name, to show it.
    pub source_file_name: Option<String>,
    /// An archive that lies in S3 already.
    pub source_uri: String,
    /// A script that is written in the form.
    pub script: TypedScript,
    /// The script inside the source: `train.py`.
    pub entry_point: String,
    /// The run that this form was cloned from.
    pub parent: Option<RunId>,
    /// The sweep that this is a trial of.
    pub sweep: Option<SweepId>,
    /// Whether checkpoints are kept; where, says `CheckpointConfig.S3Uri`, or else it is below the output path.
    pub checkpoints: bool,
    /// What happens when a quota has no room for the job.
    pub quota: QuotaDraft,
    /// The members of the request.
    pub fields: Fields,
}

/// What brings the script that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceKind<'a> {
    /// `sample:<name>`
    Sample(&'a str),
    /// `upload`: a file out of the browser.
    Upload,
    /// `script`: written or pasted in the form.
    Script,
    /// `git`: a folder of a git repository, at one commit.
    Git,
    /// `s3`: an archive in S3.
    S3,
    /// `image`: nothing, because the image or the algorithm brings its own program.
    Image,
}

impl JobDraft {
    /// A job name has 63 characters; a hyphen and the run's id take 27.
    pub const MAX_BASE_CHARS: usize = JobName::MAX_CHARS - 27;

    pub fn source_kind(&self) -> SourceKind<'_> {
        match self.source.as_str() {
            "git" => SourceKind::Git,
            "s3" => SourceKind::S3,
            "script" => SourceKind::Script,
            "image" => SourceKind::Image,
            other => other.strip_prefix("sample:").map_or(SourceKind::Upload, SourceKind::Sample),
        }
    }

    /// The script that runs, by its path in the source.
    pub fn script_name(&self) -> &str {
        if self.source_kind() == SourceKind::Script { &self.script.name } else { &self.entry_point }
    }

    /// The names of the metric definitions, in their order.
    pub fn metric_names(&self) -> Vec<String> {
        let list = "AlgorithmSpecification.MetricDefinitions";
        let names =
            self.fields.rows(list).into_iter().map(|row| self.fields.get(&format!("{list}[{row}].Name")).trim());
        names.filter(|it| !it.is_empty()).map(str::to_owned).collect()
    }

    /// The form that makes this request, whoever wrote it. Script mode with its archive in S3 becomes the source `s3`;
    /// what Trainyard adds by itself is left out.
    pub fn of_request(request: &Value) -> Result<Self, Vec<FieldError>> {
        let mut request = request.clone();
        let mut draft = Self { source: "image".to_owned(), fields: Fields::default(), ..Self::default() };
        draft.entry_point.clear();
        let Some(members) = request.as_object_mut() else { return Fields::read(&request).map(|_| draft) };
        if let Some(Value::String(name)) = members.remove("TrainingJobName") {
            draft.job_name = name;
        }
        if let Some(tags) = members.get("Tags").and_then(Value::as_array) {
            let experiment = tags.iter().find(|it| it["Key"] == tag::EXPERIMENT).and_then(|it| it["Value"].as_str());
            if let Some(experiment) = experiment {
                experiment.clone_into(&mut draft.experiment);
            }
        }
        own_removed(members);
        if let Some(parameters) = members.get_mut("HyperParameters").and_then(Value::as_object_mut) {
            let text = |name: &str| parameters.get(name).and_then(Value::as_str).map(str::to_owned);
            let script = text(SCRIPT_PARAMETERS[0]).zip(text(SCRIPT_PARAMETERS[1]));
            if let Some((entry_point, uri)) = script.filter(|(_, uri)| uri.starts_with("s3://")) {
                for name in SCRIPT_PARAMETERS {
                    parameters.remove(name);
                }
                if parameters.is_empty() {
                    members.remove("HyperParameters");
                }
                "s3".clone_into(&mut draft.source);
                draft.source_uri = uri;
                draft.entry_point = entry_point;
            }
        }
        draft.checkpoints = members.contains_key("CheckpointConfig");
        // An empty one says: kept, in the place that launch chooses.
        if members.get("CheckpointConfig").and_then(Value::as_object).is_some_and(serde_json::Map::is_empty) {
            members.remove("CheckpointConfig");
        }
        draft.fields = Fields::read(&request)?;
        Ok(draft)
    }

    /// The form that launches this run again; equal runs have equal forms. The end that was given to its name is left
    /// out, and the place that was made for its checkpoints: the new run gets its own.
    pub fn of_run(run: &Run) -> Result<Self, Vec<FieldError>> {
        let mut draft = Self::of_request(&run.request)?;
        run.experiment.as_str().clone_into(&mut draft.experiment);
        let suffix = format!("-{}", run.id.as_str().to_ascii_lowercase());
        let base = run.job_name.as_str().strip_suffix(&suffix).unwrap_or(run.job_name.as_str());
        let base: String = base.chars().take(Self::MAX_BASE_CHARS).collect();
        base.trim_end_matches('-').clone_into(&mut draft.job_name);
        let output = draft.fields.get("OutputDataConfig.S3OutputPath").trim_end_matches('/').to_owned();
        if draft.fields.get(CHECKPOINTS) == format!("{output}/{}/checkpoints", run.job_name) {
            draft.fields.remove(CHECKPOINTS);
        }
        Ok(draft)
    }
}

const CHECKPOINTS: &str = "CheckpointConfig.S3Uri";

/// The two hyperparameters by which the framework images' toolkit finds the script and its archive.
pub const SCRIPT_PARAMETERS: [&str; 2] = ["sagemaker_program", "sagemaker_submit_directory"];

/// One of them, out of a request. The SageMaker SDKs write hyperparameters in quotation marks.
pub(crate) fn script_parameter(request: &Value, index: usize) -> Option<&str> {
    let text = request.get("HyperParameters")?.get(SCRIPT_PARAMETERS[index])?.as_str()?;
    Some(text.trim_matches('"'))
}

impl Default for JobDraft {
    fn default() -> Self {
        let mut fields = Fields::default();
        for (path, text) in [
            ("AlgorithmSpecification.TrainingInputMode", "File"),
            ("AlgorithmSpecification.EnableSageMakerMetricsTimeSeries", "true"),
            ("ResourceConfig.InstanceType", "ml.m5.xlarge"),
            ("ResourceConfig.InstanceCount", "1"),
            ("ResourceConfig.VolumeSizeInGB", "30"),
            ("StoppingCondition.MaxRuntimeInSeconds", "3600"),
        ] {
            fields.set(path, text);
        }
        Self {
            experiment: "default".to_owned(),
            job_name: String::new(),
            source: String::new(),
            git: GitSource::default(),
            source_sha256: None,
            source_file_name: None,
            source_uri: String::new(),
            script: TypedScript::default(),
            entry_point: "train.py".to_owned(),
            parent: None,
            sweep: None,
            checkpoints: true,
            quota: QuotaDraft::default(),
            fields,
        }
    }
}

/// A wrong field: its form name, what is wrong with it and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The form name, with an index for rows: `HyperParameters[3].value`.
    pub field: String,
    /// The rule and the cure, one or two sentences.
    pub message: String,
}

impl FieldError {
    /// The message becomes a sentence: a capital at the beginning, a full stop at the end.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        let message: String = message.into();
        let mut chars = message.chars();
        let mut sentence: String = chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect();
        if !sentence.ends_with(['.', '?', '!']) {
            sentence.push('.');
        }
        Self { field: field.into(), message: sentence }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_sentence() {
        assert_eq!(FieldError::new("f", "give a number").message, "Give a number.");
        assert_eq!(FieldError::new("f", "Done?").message, "Done?");
        assert_eq!(FieldError::new("f", "`x` is wrong.").message, "`x` is wrong.");
    }

    #[test]
    fn drafts_of_older_writers_are_read() {
        let draft: JobDraft = serde_json::from_str(r#"{"experiment":"wine"}"#).expect("missing fields have defaults");
        assert_eq!(draft, JobDraft { experiment: "wine".to_owned(), ..JobDraft::default() });
    }
}
