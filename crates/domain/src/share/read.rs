//! What was pasted, and the request in it.

use serde_json::{Map, Value};

use super::{
    aws_cli,
    fault::{Fault, ReadError},
    json,
    members::Kind,
    python, yaml,
};
use crate::{
    ids::JobName,
    training_job::{is_answer_only, request_of_answer},
};

/// What a pasted text turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Pasted {
    /// A CreateTrainingJob request; nothing but its form was checked.
    Request {
        request: Value,
        from: PastedFrom,
        /// What was left out or needs a look, in sentences.
        notes: Vec<String>,
    },
    /// A job to be described: only SageMaker knows what it is.
    Arn(JobArn),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PastedFrom {
    Json,
    Yaml,
    /// Code: boto3's call, or a dictionary of Python.
    Python,
    AwsCli,
}

/// `arn:aws:sagemaker:us-east-1:123456789012:training-job/name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobArn {
    pub text: String,
    pub region: String,
    pub account: String,
    pub job_name: JobName,
}

/// A request of 100 hyperparameters of 2,500 characters has a quarter of this.
const MAX_BYTES: usize = 1024 * 1024;

/// Recognises what `text` is and reads it.
pub fn read(text: &str) -> Result<Pasted, ReadError> {
    // Editors put a mark before the text; it is none of it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    pasted(text).map_err(|it| it.in_text(text))
}

fn pasted(text: &str) -> Result<Pasted, Fault> {
    if text.len() > MAX_BYTES {
        return Err(Fault::new(
            MAX_BYTES,
            format!(
                "the text has {} bytes, and a training job has less than {MAX_BYTES}. Paste the job alone.",
                text.len()
            ),
        ));
    }
    let start = text.len() - text.trim_start().len();
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(Fault::new(
            0,
            "there is nothing here. Paste a request as JSON or YAML, a description, boto3 code, an AWS CLI command or a \
             training job's ARN.",
        ));
    }
    if trimmed.starts_with("arn:") && !trimmed.contains(char::is_whitespace) {
        return job_arn(trimmed).map(Pasted::Arn).map_err(|it| it.shifted(start));
    }
    let (value, from, notes) = value(text, start, trimmed)?;
    let Value::Object(map) = value else {
        return Err(no_request(start));
    };
    request(map, from, notes).ok_or_else(|| no_request(start))
}

fn no_request(at: usize) -> Fault {
    Fault::new(
        at,
        "this is no training job: it has none of the members of CreateTrainingJob, such as `TrainingJobName` or \
         `AlgorithmSpecification`. Paste the object that has them.",
    )
}

type Found = (Value, PastedFrom, Vec<String>);

/// By the first characters, then by what is called.
fn value(text: &str, start: usize, trimmed: &str) -> Result<Found, Fault> {
    let plain = |from: PastedFrom| move |value: Value| (value, from, Vec::new());
    let noted = |from: PastedFrom| move |(value, notes): (Value, Vec<String>)| (value, from, notes);
    if trimmed.starts_with(['{', '[']) {
        let fault = match json::read(text) {
            Ok(value) => return Ok((value, PastedFrom::Json, Vec::new())),
            Err(fault) => fault,
        };
        // What Python prints for a dictionary is nearly JSON; and YAML's flow style has no quotes.
        let inside = trimmed[1..].trim_start();
        return match inside.chars().next() {
            Some('\'') => python::read(text).map(noted(PastedFrom::Python)),
            Some(c) if c.is_ascii_alphabetic() => yaml::read(text).map(plain(PastedFrom::Yaml)),
            _ => python::read(text).map(noted(PastedFrom::Python)).map_err(|_| fault),
        };
    }
    if begins_with_member(trimmed) {
        return yaml::read(text).map(plain(PastedFrom::Yaml));
    }
    if python::looks_like_python(text) {
        return python::read(text).map(noted(PastedFrom::Python));
    }
    if trimmed.contains("create-training-job") {
        return aws_cli::read(text).map(noted(PastedFrom::AwsCli));
    }
    if let Some(at) = text.find("ModelTrainer(").or_else(|| text.find("Estimator(")) {
        return Err(Fault::new(
            at,
            "this is code for the SageMaker SDK, which adds to a job what is not in the code. Run it, and paste the ARN of \
             its training job here.",
        ));
    }
    if let Some(at) = text.find("resource \"aws_sagemaker_training_job\"") {
        return Err(Fault::new(
            at,
            "this is Terraform, whose variables only Terraform knows. Apply it, and paste the ARN of its training job here.",
        ));
    }
    // `request = {...}`.
    let (name, rest) = trimmed.split_at(trimmed.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(0));
    if !name.is_empty() && rest.trim_start().strip_prefix('=').is_some_and(|it| it.trim_start().starts_with('{')) {
        return python::read(text).map(noted(PastedFrom::Python));
    }
    match yaml::read(text) {
        Ok(Value::Object(map)) => Ok((Value::Object(map), PastedFrom::Yaml, Vec::new())),
        Err(fault) if trimmed.contains(": ") || trimmed.contains(":\n") => Err(fault),
        _ => Err(Fault::new(
            start,
            "this is none of what can be read here: a request as JSON or YAML, a description, boto3 code with \
             `create_training_job(...)`, an AWS CLI command or a training job's ARN. Paste one of them, whole.",
        )),
    }
}

/// Whether the first line that says something is `---` or a member of the API with a colon, as in YAML.
fn begins_with_member(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|it| !it.is_empty() && !it.starts_with('#')).unwrap_or("");
    let Some((key, rest)) = first.split_once(':') else { return first.starts_with("---") };
    let key = key.trim_matches(['"', '\'']);
    (rest.is_empty() || rest.starts_with(' ')) && (is_member(key) || is_answer_only(key))
}

fn is_member(name: &str) -> bool {
    Kind::request().of_member(name).is_some()
}

/// The members that CreateTrainingJob takes. Nothing when it has none of them.
fn request(map: Map<String, Value>, from: PastedFrom, mut notes: Vec<String>) -> Option<Pasted> {
    let (map, left_out) = request_of_answer(map);
    if !map.keys().any(|it| is_member(it)) {
        return None;
    }
    if !left_out.is_empty() {
        notes.push(format!("Left out, because only a description has it: {}.", list(left_out.iter())));
        if !map.contains_key("Tags") {
            notes.push("A description does not say the job's tags: add those that you want.".to_owned());
        }
    }
    let unknown: Vec<&String> = map.keys().filter(|it| !is_member(it)).collect();
    if !unknown.is_empty() {
        notes.push(format!(
            "CreateTrainingJob has no member {}: check the name, or SageMaker will refuse the request.",
            list(unknown.into_iter())
        ));
    }
    Some(Pasted::Request { request: Value::Object(map), from, notes })
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ")
}

fn job_arn(text: &str) -> Result<JobArn, Fault> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let wrong = || {
        Fault::new(
            0,
            "this ARN is no training job's. Paste one like `arn:aws:sagemaker:us-east-1:123456789012:training-job/name`.",
        )
    };
    let [_, partition, "sagemaker", region, account, resource] = parts.as_slice() else { return Err(wrong()) };
    let name = resource.strip_prefix("training-job/").and_then(|it| JobName::parse(it).ok());
    let is_region = !region.is_empty() && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    match name {
        Some(job_name) if partition.starts_with("aws") && is_region && is_account => {
            Ok(JobArn { text: text.to_owned(), region: (*region).to_owned(), account: (*account).to_owned(), job_name })
        }
        _ => Err(wrong()),
    }
}
