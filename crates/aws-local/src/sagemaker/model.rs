//! The API's own model, and the check of a request against it.
//!
//! `data/sagemaker_model.json` holds the input shapes as AWS publishes them (types, lengths, patterns, enums, required
//! members), so limits and the 225 instance types are data and not code. [`parse`] answers a request of known members
//! only; rules between members are `create`'s business. Messages have the service's own wording.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::wire::ApiError;

/// A value in a message is cut after this many characters; the service repeats it whole.
const SHOWN_CHARS: usize = 256;

/// More findings than this help nobody.
const SHOWN_FINDINGS: usize = 10;

#[derive(Deserialize)]
struct Model {
    inputs: HashMap<String, String>,
    shapes: HashMap<String, Shape>,
}

#[derive(Deserialize)]
struct Shape {
    #[serde(rename = "type")]
    kind: Kind,
    min: Option<i64>,
    max: Option<i64>,
    pattern: Option<String>,
    rust_pattern: Option<String>,
    #[serde(rename = "enum")]
    values: Option<Vec<String>>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    members: HashMap<String, String>,
    member: Option<String>,
    key: Option<String>,
    value: Option<String>,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Structure,
    List,
    Map,
    String,
    Integer,
    Long,
    Float,
    Double,
    Boolean,
    Timestamp,
}

#[expect(clippy::expect_used, reason = "the file is part of the binary; the tests below read all of it")]
static MODEL: LazyLock<Model> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../data/sagemaker_model.json")).expect("the bundled model is valid")
});

/// Checks an operation's input. The answer holds the model's members only, and no nulls.
pub(super) fn parse(operation: &str, input: &Value) -> Result<Value, ApiError> {
    let root = MODEL.inputs.get(operation).ok_or_else(|| ApiError::internal(format!("no model of {operation}")))?;
    let mut check = Check { findings: Vec::new() };
    let parsed = check.value(shape(root)?, input, "")?;
    if check.findings.is_empty() {
        return Ok(parsed);
    }
    let count = check.findings.len();
    let plural = if count == 1 { "error" } else { "errors" };
    check.findings.truncate(SHOWN_FINDINGS);
    Err(ApiError::validation(format!("{count} validation {plural} detected: {}", check.findings.join("; "))))
}

fn shape(name: &str) -> Result<&'static Shape, ApiError> {
    MODEL.shapes.get(name).ok_or_else(|| ApiError::internal(format!("no shape {name} in the model")))
}

struct Check {
    findings: Vec<String>,
}

impl Check {
    /// Findings are collected; only a value of another type ends the check at once, as the service's parser does.
    fn value(&mut self, shape: &'static Shape, value: &Value, path: &str) -> Result<Value, ApiError> {
        match (shape.kind, value) {
            (Kind::Structure, Value::Object(members)) => self.structure(shape, members, path),
            (Kind::List, Value::Array(items)) => {
                self.bounds(shape, items.len(), value, path);
                let member = shape_of(shape.member.as_deref())?;
                let parse =
                    |(index, item): (usize, &Value)| self.value(member, item, &format!("{path}.{}.member", index + 1));
                Ok(Value::Array(items.iter().enumerate().map(parse).collect::<Result<_, _>>()?))
            }
            (Kind::Map, Value::Object(entries)) => self.map(shape, entries, path),
            (Kind::String, Value::String(text)) => {
                let rules = rules(shape, text);
                self.findings.extend(rules.iter().map(|rule| finding(text, path, rule)));
                Ok(value.clone())
            }
            (Kind::Integer | Kind::Long, Value::Number(number)) => match number.as_i64() {
                Some(integer) => {
                    self.range(shape, integer, path);
                    Ok(value.clone())
                }
                None => Err(mistyped(value, "an Integer")),
            },
            (Kind::Boolean, Value::Bool(_)) | (Kind::Timestamp | Kind::Float | Kind::Double, Value::Number(_)) => {
                Ok(value.clone())
            }
            (Kind::Structure | Kind::List | Kind::Map, _) => Err(ApiError::client(
                "SerializationException",
                match shape.kind {
                    Kind::List => "Expected list or null",
                    _ => "Start of structure or map found where not expected.",
                },
            )),
            (Kind::String, _) => Err(mistyped(value, "a String")),
            (Kind::Integer | Kind::Long, _) => Err(mistyped(value, "an Integer")),
            (Kind::Float, _) => Err(mistyped(value, "a Float")),
            (Kind::Double, _) => Err(mistyped(value, "a Double")),
            (Kind::Boolean, _) => Err(mistyped(value, "a Boolean")),
            (Kind::Timestamp, _) => Err(mistyped(value, "a Timestamp")),
        }
    }

    fn structure(
        &mut self,
        shape: &'static Shape,
        members: &Map<String, Value>,
        path: &str,
    ) -> Result<Value, ApiError> {
        for name in &shape.required {
            if members.get(name).is_none_or(Value::is_null) {
                let path = member_path(path, name);
                self.findings
                    .push(format!("Value null at '{path}' failed to satisfy constraint: Member must not be null"));
            }
        }
        let mut parsed = Map::new();
        for (name, member) in members.iter().filter(|(_, member)| !member.is_null()) {
            // The service ignores what it does not know, so newer clients keep working.
            if let Some(kind) = shape.members.get(name) {
                parsed.insert(name.clone(), self.value(self::shape(kind)?, member, &member_path(path, name))?);
            }
        }
        Ok(Value::Object(parsed))
    }

    fn map(&mut self, shape: &'static Shape, entries: &Map<String, Value>, path: &str) -> Result<Value, ApiError> {
        let whole = || Value::Object(entries.clone());
        self.bounds(shape, entries.len(), &whole(), path);
        let (key_shape, value_shape) = (shape_of(shape.key.as_deref())?, shape_of(shape.value.as_deref())?);
        let mut parsed = Map::new();
        for (key, value) in entries {
            let text = match (value_shape.kind, value) {
                (Kind::String, Value::String(text)) => Some(text),
                (Kind::String, _) => return Err(mistyped(value, "a String")),
                // Texts are judged with their key below; what has members of its own says its own path.
                _ => None,
            };
            for (part, kind, text) in [("keys", key_shape, Some(key)), ("value", value_shape, text)] {
                let rules = text.map_or_else(Vec::new, |text| rules(kind, text));
                if !rules.is_empty() {
                    let rule = format!("Map {part} must satisfy constraint: [{}]", rules.join(", "));
                    self.findings.push(format!(
                        "{} (the entry {:?})",
                        finding(&shown(&whole()), path, &rule),
                        cut(key)
                    ));
                }
            }
            let value = match text {
                Some(_) => value.clone(),
                None => self.value(value_shape, value, &format!("{path}.{key}.member"))?,
            };
            parsed.insert(key.clone(), value);
        }
        Ok(Value::Object(parsed))
    }

    fn bounds(&mut self, shape: &Shape, length: usize, value: &Value, path: &str) {
        for rule in length_rules(shape, length) {
            self.findings.push(finding(&shown(value), path, &rule));
        }
    }

    fn range(&mut self, shape: &Shape, value: i64, path: &str) {
        if let Some(min) = shape.min.filter(|min| value < *min) {
            let rule = format!("Member must have value greater than or equal to {min}");
            self.findings.push(finding(&value.to_string(), path, &rule));
        }
        if let Some(max) = shape.max.filter(|max| value > *max) {
            let rule = format!("Member must have value less than or equal to {max}");
            self.findings.push(finding(&value.to_string(), path, &rule));
        }
    }
}

fn shape_of(name: Option<&str>) -> Result<&'static Shape, ApiError> {
    shape(name.unwrap_or_default())
}

/// The rules that a text breaks.
fn rules(shape: &'static Shape, text: &str) -> Vec<String> {
    if let Some(values) = &shape.values {
        let known = values.iter().any(|value| value == text);
        return if known {
            Vec::new()
        } else {
            vec![format!("Member must satisfy enum value set: [{}]", values.join(", "))]
        };
    }
    let mut rules = length_rules(shape, text.chars().count());
    if let (Some(pattern), Some(regex)) = (&shape.pattern, regex(shape))
        && !regex.is_match(text)
    {
        rules.push(format!("Member must satisfy regular expression pattern: {pattern}"));
    }
    rules
}

fn length_rules(shape: &Shape, length: usize) -> Vec<String> {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let mut rules = Vec::new();
    if let Some(max) = shape.max.filter(|max| length > *max) {
        rules.push(format!("Member must have length less than or equal to {max}"));
    }
    if let Some(min) = shape.min.filter(|min| length < *min) {
        rules.push(format!("Member must have length greater than or equal to {min}"));
    }
    rules
}

/// The pattern must match the whole text. `.*` and its like say nothing and are not compiled.
fn regex(shape: &'static Shape) -> Option<&'static Regex> {
    shape
        .compiled
        .get_or_init(|| {
            let pattern = shape.rust_pattern.as_ref().or(shape.pattern.as_ref())?;
            RegexBuilder::new(&format!(r"\A(?s:{pattern})\z")).size_limit(32 << 20).build().ok()
        })
        .as_ref()
}

fn finding(value: &str, path: &str, rule: &str) -> String {
    format!("Value '{}' at '{path}' failed to satisfy constraint: {rule}", cut(value))
}

/// `trainingJobName`, `inputDataConfig.1.member.channelName`: members in lower camel case.
fn member_path(path: &str, name: &str) -> String {
    let mut chars = name.chars();
    let name: String = chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect();
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

fn mistyped(value: &Value, wanted: &str) -> ApiError {
    let kind = match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(number) if number.is_f64() => "DECIMAL_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => "START_ARRAY",
        Value::Object(_) => "START_OBJECT",
    };
    ApiError::client("SerializationException", format!("{kind} can not be converted to {wanted}"))
}

/// Java's way to print maps and lists, which the service's messages show.
fn shown(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(name, member)| format!("{name}={}", shown(member))).collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(SHOWN_CHARS).collect();
    if cut.len() < text.len() {
        cut.push_str("...");
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_shape_of_the_model_is_there_and_every_pattern_compiles() {
        for (name, shape) in &MODEL.shapes {
            for child in shape.members.values().chain(&shape.member).chain(&shape.key).chain(&shape.value) {
                assert!(MODEL.shapes.contains_key(child), "{name} names {child}");
            }
            assert_eq!(regex(shape).is_some(), shape.pattern.is_some(), "the pattern of {name}");
        }
        assert_eq!(MODEL.shapes["TrainingInstanceType"].values.as_ref().unwrap().len(), 225);
    }

    #[test]
    fn messages_are_the_services() {
        let message = |input: Value| parse("DescribeTrainingJob", &input).unwrap_err().message;
        assert_eq!(
            message(json!({})),
            "1 validation error detected: Value null at 'trainingJobName' failed to satisfy constraint: Member must not be null"
        );
        assert_eq!(
            message(json!({ "TrainingJobName": "a--" })),
            "1 validation error detected: Value 'a--' at 'trainingJobName' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
        );
        assert_eq!(
            parse("ListTrainingJobs", &json!({ "MaxResults": 101, "SortBy": "Cost" })).unwrap_err().message,
            "2 validation errors detected: Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less \
             than or equal to 100; Value 'Cost' at 'sortBy' failed to satisfy constraint: Member must satisfy enum value set: \
             [Name, CreationTime, Status]"
        );
    }

    #[test]
    fn other_types_are_serialization_errors() {
        let error = parse("DescribeTrainingJob", &json!({ "TrainingJobName": 5 })).unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("SerializationException", "NUMBER_VALUE can not be converted to a String")
        );
    }

    #[test]
    fn unknown_members_and_nulls_are_dropped() {
        let parsed = parse("DescribeTrainingJob", &json!({ "TrainingJobName": "a", "New": 1 })).unwrap();
        assert_eq!(parsed, json!({ "TrainingJobName": "a" }));
        let parsed = parse("ListTrainingJobs", &json!({ "NextToken": null })).unwrap();
        assert_eq!(parsed, json!({}));
    }
}
