//! The rules of repeated rows: hyperparameters, environment variables, tags, metric definitions.

use std::collections::BTreeMap;

use super::JobSpec;
use crate::{
    job_draft::{FieldError, NameValue},
    metric_definition::{MetricDefinition, MetricDefinitionError},
};

pub(super) struct RowRules {
    what: &'static str,
    max_rows: usize,
    /// Why not more, when SageMaker itself allows more.
    max_rows_reason: &'static str,
    max_name_chars: usize,
    max_value_chars: usize,
    /// What is wrong with a name or a value that is not too long, with the cure.
    name_fault: fn(&str) -> Option<&'static str>,
    value_fault: fn(&str) -> Option<&'static str>,
}

pub(super) const HYPERPARAMETERS: RowRules = RowRules {
    what: "hyperparameter",
    max_rows: JobSpec::MAX_HYPERPARAMETERS,
    max_rows_reason: " (SageMaker allows 100, and running your script takes 2)",
    max_name_chars: 256,
    max_value_chars: JobSpec::MAX_HYPERPARAMETER_VALUE_CHARS,
    name_fault: |name| {
        if name.starts_with("sagemaker_") {
            return Some("names that begin with `sagemaker_` belong to SageMaker: choose another");
        }
        name.chars().any(char::is_control).then_some("a hyperparameter's name has no control characters: retype it")
    },
    value_fault: |_| None,
};

pub(super) const ENVIRONMENT: RowRules = RowRules {
    what: "environment variable",
    max_rows: 100,
    max_rows_reason: "",
    max_name_chars: 512,
    max_value_chars: 512,
    name_fault: |name| {
        let is_name = !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        (!is_name).then_some(
            "an environment variable's name has letters, digits and `_` only and does not begin with a digit: rename it",
        )
    },
    value_fault: |_| None,
};

pub(super) const TAGS: RowRules = RowRules {
    what: "tag",
    max_rows: 45,
    max_rows_reason: " (AWS allows 50, and Trainyard keeps 5 for its own)",
    max_name_chars: 128,
    max_value_chars: 256,
    name_fault: |name| {
        if name.starts_with("aws:") || name.starts_with("trainyard:") {
            return Some("tags that begin with `aws:` or `trainyard:` are reserved: choose another name");
        }
        (!is_tag_text(name)).then_some(TAG_TEXT_RULE)
    },
    value_fault: |value| (!is_tag_text(value)).then_some(TAG_TEXT_RULE),
};

const TAG_TEXT_RULE: &str = "tags have letters, digits, spaces and `_ . : / = + - @` only: remove the other characters";

/// Tag names and values: `[\p{L}\p{Z}\p{N}_.:/=+\-@]*`.
pub(super) fn is_tag_text(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c))
}

pub(super) fn rows(
    errors: &mut Vec<FieldError>,
    field: &str,
    rows: &[NameValue],
    rules: &RowRules,
) -> BTreeMap<String, String> {
    let RowRules { what, max_rows, max_rows_reason, max_name_chars, max_value_chars, .. } = *rules;
    let mut map = BTreeMap::new();
    let used = rows.iter().filter(|it| !it.is_blank()).count();
    if used > max_rows {
        let message = format!(
            "at most {max_rows} {what}s are allowed{max_rows_reason}; there are {used}: remove {}",
            used - max_rows
        );
        errors.push(FieldError::new(field, message));
    }
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| !row.is_blank()) {
        let name = row.name.trim();
        let name_chars = name.chars().count();
        let value_chars = row.value.chars().count();
        let name_fault = if name.is_empty() {
            Some(format!("this {what} has a value but no name: name it or clear the row"))
        } else if name_chars > max_name_chars {
            Some(format!(
                "a {what}'s name has at most {max_name_chars} characters; this one has {name_chars}: shorten it"
            ))
        } else if let Some(fault) = (rules.name_fault)(name) {
            Some(fault.to_owned())
        } else if map.insert(name.to_owned(), row.value.clone()).is_some() {
            Some(format!("the {what} `{name}` is there twice: keep one"))
        } else {
            None
        };
        errors.extend(name_fault.map(|it| FieldError::new(format!("{field}[{index}].name"), it)));
        let value_fault = if value_chars > max_value_chars {
            Some(format!(
                "a {what}'s value has at most {max_value_chars} characters; this one has {value_chars}: put long values \
                 in a file of the source"
            ))
        } else {
            (rules.value_fault)(&row.value).map(str::to_owned)
        };
        errors.extend(value_fault.map(|it| FieldError::new(format!("{field}[{index}].value"), it)));
    }
    map
}

pub(super) fn metric_definitions(errors: &mut Vec<FieldError>, rows: &[NameValue]) -> Vec<MetricDefinition> {
    let used = rows.iter().filter(|it| !it.is_blank()).count();
    if used > MetricDefinition::MAX_PER_JOB {
        errors.push(FieldError::new(
            "metric_definitions",
            format!(
                "at most {} metric definitions are allowed; there are {used}: remove some",
                MetricDefinition::MAX_PER_JOB
            ),
        ));
    }
    let mut definitions: Vec<MetricDefinition> = Vec::new();
    for (index, row) in rows.iter().enumerate().filter(|(_, row)| !row.is_blank()) {
        match MetricDefinition::parse(row.name.trim(), &row.value) {
            Ok(definition) if definitions.iter().any(|it| it.name() == definition.name()) => {
                errors.push(FieldError::new(
                    format!("metric_definitions[{index}].name"),
                    format!("the metric `{}` is defined twice: keep one.", definition.name()),
                ));
            }
            Ok(definition) => definitions.push(definition),
            Err(err) => {
                let part = if err == MetricDefinitionError::Name { "name" } else { "value" };
                errors.push(FieldError::new(format!("metric_definitions[{index}].{part}"), format!("{err}.")));
            }
        }
    }
    definitions
}
