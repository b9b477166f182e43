//! The launch form as it was typed: text only, nothing checked. `JobSpec::parse` makes it a request.

use serde::{Deserialize, Serialize};

/// Every field of the form, by its form name. Kept per idempotency key, so that nothing typed is ever lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobDraft {
    pub experiment: String,
    /// The base of the job's name; the run's id is appended. Empty: made from the experiment's name.
    pub job_name: String,
    /// `sample:<name>` for a bundled sample, `upload` for an uploaded source.
    pub source: String,
    /// SHA-256 of the uploaded source once the server holds it.
    pub source_sha256: Option<String>,
    /// The uploaded file's name, to show it.
    pub source_file_name: Option<String>,
    /// The script inside the source: `train.py`.
    pub entry_point: String,
    pub training_image: String,
    pub role_arn: String,
    pub output_path: String,
    /// In the order typed; rows with an empty name and value are ignored.
    pub hyperparameters: Vec<NameValue>,
    pub metric_definitions: Vec<NameValue>,
    pub environment: Vec<NameValue>,
    pub instance_type: String,
    pub instance_count: String,
    pub volume_size_gb: String,
    pub max_runtime_seconds: String,
    pub spot: bool,
    pub max_wait_seconds: String,
    pub checkpoints: bool,
    pub tags: Vec<NameValue>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameValue {
    pub name: String,
    pub value: String,
}

impl NameValue {
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }

    pub fn is_blank(&self) -> bool {
        self.name.trim().is_empty() && self.value.trim().is_empty()
    }
}

impl Default for JobDraft {
    fn default() -> Self {
        Self {
            experiment: "default".to_owned(),
            job_name: String::new(),
            source: String::new(),
            source_sha256: None,
            source_file_name: None,
            entry_point: "train.py".to_owned(),
            training_image: String::new(),
            role_arn: String::new(),
            output_path: String::new(),
            hyperparameters: Vec::new(),
            metric_definitions: Vec::new(),
            environment: Vec::new(),
            instance_type: "ml.m5.xlarge".to_owned(),
            instance_count: "1".to_owned(),
            volume_size_gb: "30".to_owned(),
            max_runtime_seconds: "3600".to_owned(),
            spot: false,
            max_wait_seconds: String::new(),
            checkpoints: true,
            tags: Vec::new(),
        }
    }
}

/// A wrong field: its form name, what is wrong with it and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The form name, with an index for rows: `hyperparameters[3].value`.
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
